/* board.h on the Arm MPS images that QEMU plays. */
#include "board.h"
#include "machine_config.h"
#include "mps.h"
#include "virtual_sensor.h"

#define FPGAIO_COUNTER (*(volatile uint32_t *)(FPGAIO_BASE + 0x18u))
#define FPGAIO_PRESCALE (*(volatile uint32_t *)(FPGAIO_BASE + 0x1Cu))
#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018u)
#define SYSTICK_ON 7u /* core clock, interrupt, enabled */
#define TICK_HZ 250u
#define TICKS_PER_WRAP (CORE_HZ / TICK_HZ)
#define PROBE_LOOPS 10000u
#define PROBE_INSTRUCTIONS (4u * PROBE_LOOPS)
#define PROBES 3

static volatile uint32_t wraps;
static bool counts_instructions;

const char *board_name(void) { return MACHINE_NAME; }

/* Wakes the processor; time is never counted here, for a loaded host merges interrupts. */
void mps_tick_interrupt(void) { wraps = wraps + 1u; }

static uint64_t ticks(void) {
    uint32_t before, value;
    do {
        before = wraps;
        value = SYSTICK_VALUE;
    } while (before != wraps);
    return (uint64_t)before * TICKS_PER_WRAP + (TICKS_PER_WRAP - 1u - value);
}

/* With -icount shift=4 a loop of known length takes exactly the ticks it should, every time; otherwise it does not. */
static bool ticks_follow_instructions(void) {
    const uint32_t expected = PROBE_INSTRUCTIONS / INSTRUCTIONS_PER_TICKS * INSTRUCTION_TICKS;
    for (int k = 0; k < PROBES; k++) {
        uint32_t loops = PROBE_LOOPS;
        uint64_t begin = ticks();
        __asm volatile("1: nop \n nop \n subs %0, #1 \n bne 1b \n" : "+l"(loops) : : "cc");
        uint32_t took = (uint32_t)(ticks() - begin);
        if (took < expected || took > expected + expected / 64u) return false;
    }
    return true;
}

bool board_init(void) {
    FPGAIO_PRESCALE = FPGAIO_MHZ - 1u;
    SYSTICK_RELOAD = TICKS_PER_WRAP - 1u;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = SYSTICK_ON;
    mps_uart_init();
    __asm volatile("cpsie i");
    counts_instructions = ticks_follow_instructions();
    return true;
}

uint32_t board_time_us(void) { return FPGAIO_COUNTER; }
size_t board_link_read(uint8_t *bytes, size_t room) { return mps_uart_read(bytes, room); }
size_t board_link_write(const uint8_t *bytes, size_t size) { return mps_uart_write(bytes, size); }

int board_i2c(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read, size_t read_size) {
    return virtual_sensor_transfer(address, write, write_size, read, read_size);
}

void board_idle(void) { __asm volatile("wfi"); }

bool board_counts_instructions(void) { return counts_instructions; }
uint32_t board_instructions(void) { return (uint32_t)(ticks() * INSTRUCTIONS_PER_TICKS / INSTRUCTION_TICKS); }
