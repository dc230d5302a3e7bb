/* Samples between the sampler and the link. When it is full the oldest are dropped and counted: the sample index jumps,
 * so that the host sees a hole of the right width. */
#ifndef HEARTKIT_SAMPLE_RING_H
#define HEARTKIT_SAMPLE_RING_H

#include <stdint.h>

void sample_ring_start(uint32_t leads);

/* One value of each lead. */
void sample_ring_push(const int16_t *values);

/* The sampler could not keep up: the next `samples` were never made. What waits is dropped with them. */
void sample_ring_skip(uint32_t samples);

/* Most samples that can wait. */
uint32_t sample_ring_room(void);

uint32_t sample_ring_head(void);    /* index of the next sample to come */
uint32_t sample_ring_tail(void);    /* index of the oldest one waiting */
uint32_t sample_ring_dropped(void); /* since start */

/* The values of the sample `index`, tail <= index < head. */
const int16_t *sample_ring_at(uint32_t index);

void sample_ring_consume(uint32_t samples);

#endif
