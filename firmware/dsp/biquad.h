/* Cascades of second-order sections, equal bit for bit to the engine's causal filters (engine/signals/filters.py):
 * double precision, the same order of operations, no fused multiply-add (compile with -ffp-contract=off). */
#ifndef HEARTKIT_BIQUAD_H
#define HEARTKIT_BIQUAD_H

#include <stdbool.h>
#include <stdint.h>

#define BIQUAD_MOST_SECTIONS 3u

typedef struct {
    double b0, b1, b2, a1, a2;
    double settled[2]; /* state after a constant 1 */
} biquad_section_t;

typedef struct {
    uint16_t rate_hz;
    uint8_t sections;
    const biquad_section_t *section;
} biquad_cascade_t;

typedef struct {
    const biquad_cascade_t *cascade;
    bool settled;
    double state[BIQUAD_MOST_SECTIONS][2];
} biquad_t;

/* The next sample starts the filter settled on itself. */
void biquad_start(biquad_t *filter, const biquad_cascade_t *cascade);

double biquad_push(biquad_t *filter, double x);

#endif
