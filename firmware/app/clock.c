#include "clock.h"

#include "board.h"

#define US_PER_S 1000000u

uint64_t clock_us(void) {
    static uint64_t now_us;
    now_us += (uint32_t)(board_time_us() - (uint32_t)now_us);
    return now_us;
}

void sample_clock_set(sample_clock_t *clock, uint32_t rate_hz) {
    clock->begin_us = clock_us();
    clock->rate_hz = rate_hz;
    clock->taken = 0;
}

uint32_t sample_clock_due(const sample_clock_t *clock) {
    uint64_t all = (clock_us() - clock->begin_us) * clock->rate_hz / US_PER_S;
    return (uint32_t)all - clock->taken;
}

void sample_clock_take(sample_clock_t *clock, uint32_t samples) { clock->taken += samples; }
