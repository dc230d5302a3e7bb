/* Arm CMSDK APB UART: bytes are received by interrupt into a ring; sending never waits. */
#include "machine_config.h"
#include "mps.h"

#define UART_CLOCK_HZ 25000000u
#define BAUD 921600u
#define ROOM 4096u /* a power of two */

enum { STATE_TX_FULL = 1, STATE_RX_FULL = 2 };
enum { CONTROL_TX = 1, CONTROL_RX = 2, CONTROL_RX_INTERRUPT = 8 };
enum { CLEAR_RX = 2 };

typedef struct {
    volatile uint32_t data, state, control, interrupt, divider;
} uart_t;

#define UART ((uart_t *)UART_BASE)
#define INTERRUPT_ENABLE ((volatile uint32_t *)0xE000E100u)

static volatile uint8_t received[ROOM];
static volatile uint32_t head, tail; /* written by the interrupt and by mps_uart_read, each its own */

void mps_uart_init(void) {
    UART->divider = UART_CLOCK_HZ / BAUD;
    UART->control = CONTROL_TX | CONTROL_RX | CONTROL_RX_INTERRUPT;
    INTERRUPT_ENABLE[UART_RX_INTERRUPT / 32u] = 1u << UART_RX_INTERRUPT % 32u;
}

/* A full ring leaves the rest in the UART, where it holds up the sender, and the interrupt off until there is room. */
void mps_uart_interrupt(void) {
    UART->interrupt = CLEAR_RX;
    while ((UART->state & STATE_RX_FULL) != 0) {
        if (head - tail == ROOM) {
            UART->control = CONTROL_TX | CONTROL_RX;
            return;
        }
        received[head % ROOM] = (uint8_t)UART->data;
        head = head + 1u;
    }
}

size_t mps_uart_read(uint8_t *bytes, size_t room) {
    size_t count = 0;
    while (count < room && tail != head) {
        bytes[count++] = received[tail % ROOM];
        tail = tail + 1u;
    }
    if ((UART->control & CONTROL_RX_INTERRUPT) == 0 && count > 0) {
        UART->control = CONTROL_TX | CONTROL_RX | CONTROL_RX_INTERRUPT;
        __asm volatile("cpsid i");
        mps_uart_interrupt();
        __asm volatile("cpsie i");
    }
    return count;
}

size_t mps_uart_write(const uint8_t *bytes, size_t size) {
    size_t count = 0;
    while (count < size && (UART->state & STATE_TX_FULL) == 0) UART->data = bytes[count++];
    return count;
}
