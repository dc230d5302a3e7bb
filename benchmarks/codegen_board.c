/* A bare-metal program for QEMU's MPS boards: runs each generated model once on one window, compares every byte of its
 * output, and tells the emulated instructions by SysTick (deterministic under -icount). Output is by semihosting. */
#include <stdint.h>
#include <string.h>

#include "models.h"

extern uint32_t stack_top, bss_start, bss_end;

#define SYSTICK ((volatile uint32_t *)0xE000E010u)
#define SHIFT 4 /* of -icount */

static volatile uint32_t wraps;
static int8_t arena[MODELS_ARENA_BYTES] __attribute__((aligned(16)));
static int8_t output[MODELS_OUTPUT_BYTES];

static uint32_t host(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void text(const char *message) { host(0x04, message); }

static void number(uint64_t value) {
    char digits[21];
    int at = 20;
    digits[20] = '\0';
    do digits[--at] = (char)('0' + value % 10u);
    while ((value /= 10u) != 0);
    text(digits + at);
}

static uint64_t ticks(void) {
    uint32_t before, value;
    do {
        before = wraps;
        value = SYSTICK[2];
    } while (before != wraps);
    return ((uint64_t)before << 24) + (0xFFFFFFu - value);
}

static void measure(const benchmark_model *model) {
    uint32_t differing = 0;
    const uint64_t begin = ticks();
    model->invoke(model->input, output, arena);
    const uint64_t took = ticks() - begin;
    for (uint32_t k = 0; k < model->output_bytes; k++) differing += output[k] != model->expected[k];
    text(model->name);
    text(" ");
    number(took * TICK_PS / 1000u >> SHIFT);
    text(" ");
    number(differing);
    text("\n");
}

void tick(void) { wraps = wraps + 1u; }

static void fault(void) {
    text("fault\n");
    host(0x18, (const void *)0x20023);
    for (;;) {
    }
}

__attribute__((used)) void start(void) {
    static const uint32_t finished[2] = {0x20026, 0};
    for (uint32_t *p = &bss_start; p < &bss_end;) *p++ = 0;
    SYSTICK[1] = 0xFFFFFFu;
    SYSTICK[2] = 0;
    SYSTICK[0] = 7u;
    while (SYSTICK[2] == 0) { /* it reads 0 until its first tick */
    }
    for (uint32_t k = 0; k < sizeof models / sizeof *models; k++) measure(&models[k]);
    host(0x20, finished);
    fault();
}

__attribute__((naked, noreturn)) void reset(void) {
    __asm__ volatile(
        "ldr r0, =stack_top \n msr msp, r0 \n"
        "ldr r0, =0xE000ED88 \n ldr r1, [r0] \n orr r1, r1, #0x00F00000 \n str r1, [r0] \n"
        "dsb \n isb \n b start \n");
}

__attribute__((section(".vectors"), used)) void (*const vectors[16])(void) = {
    (void (*)(void))&stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, tick,
};

/* Without a C library these are slow on purpose: no kernel may lean on them. */
void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    char *t = to;
    const char *f = from;
    for (; size > 0; size--) *t++ = *f++;
    return to;
}

void *memset(void *to, int value, size_t size) {
    char *t = to;
    for (; size > 0; size--) *t++ = (char)value;
    return to;
}
