/* Time since boot, and the sample clock that is made of it. */
#ifndef HEARTKIT_CLOCK_H
#define HEARTKIT_CLOCK_H

#include <stdint.h>

/* Microseconds since boot. Must be called at least once an hour: the counter below wraps after 71 minutes. */
uint64_t clock_us(void);

/* Counts the samples that are due at a rate, from the time it was set: never faster than real time. */
typedef struct {
    uint64_t begin_us;
    uint32_t rate_hz;
    uint32_t taken;
} sample_clock_t;

void sample_clock_set(sample_clock_t *clock, uint32_t rate_hz);

/* Samples due and not taken yet. */
uint32_t sample_clock_due(const sample_clock_t *clock);

void sample_clock_take(sample_clock_t *clock, uint32_t samples);

#endif
