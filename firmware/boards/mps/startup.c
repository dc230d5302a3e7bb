/* From reset to main: vector table, FPU and Helium on, .data copied, .bss cleared. */
#include <stdint.h>

#include "machine_config.h"
#include "mps.h"

#define SYSTEM_VECTORS 16u
#define INTERRUPTS 64u
#define SYSTICK_VECTOR 15u
#define VTOR (*(volatile uint32_t *)0xE000ED08u)

extern uint32_t __stack_top, __data_start, __data_end, __data_load, __bss_start, __bss_end;

int main(void);
void Reset_Handler(void);
void start_in_c(void);

static void stop_here(void) {
    for (;;) __asm volatile("bkpt 0");
}

typedef union {
    void (*handler)(void);
    const uint32_t *stack;
} vector_t;

#define FAULT {stop_here}
#define FAULTS_8 FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT

/* Interrupts are few, and the table of them is in RAM: install_vectors() fills it. */
__attribute__((section(".vectors"), used)) static const vector_t boot_vectors[SYSTEM_VECTORS] = {
    {.stack = &__stack_top}, {Reset_Handler}, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULTS_8,
};

static vector_t vectors[128] __attribute__((aligned(512)));

static void install_vectors(void) {
    for (uint32_t k = 0; k < SYSTEM_VECTORS + INTERRUPTS; k++)
        vectors[k] = k < SYSTEM_VECTORS ? boot_vectors[k] : (vector_t){stop_here};
    vectors[SYSTICK_VECTOR].handler = mps_tick_interrupt;
    vectors[SYSTEM_VECTORS + UART_RX_INTERRUPT].handler = mps_uart_interrupt;
    VTOR = (uint32_t)(uintptr_t)vectors;
}

/* Bits 20-23 of CPACR switch on the FPU and Helium; no C before that. */
__attribute__((naked, noreturn)) void Reset_Handler(void) {
    __asm volatile("ldr r0, =__stack_top \n msr msp, r0 \n"
                   "ldr r0, =0xE000ED88 \n ldr r1, [r0] \n orr r1, r1, #0x00F00000 \n str r1, [r0] \n"
                   "dsb \n isb \n b start_in_c \n");
}

__attribute__((noreturn, used)) void start_in_c(void) {
    const uint32_t *from = &__data_load;
    for (uint32_t *to = &__data_start; to < &__data_end;) *to++ = *from++;
    for (uint32_t *to = &__bss_start; to < &__bss_end;) *to++ = 0;
    install_vectors();
    main();
    for (;;) __asm volatile("wfi");
}
