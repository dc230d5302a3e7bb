#include "biquad.h"

void biquad_start(biquad_t *filter, const biquad_cascade_t *cascade) {
    filter->cascade = cascade;
    filter->settled = false;
}

double biquad_push(biquad_t *filter, double x) {
    const biquad_cascade_t *cascade = filter->cascade;
    if (!filter->settled) {
        for (uint32_t k = 0; k < cascade->sections; k++)
            for (uint32_t i = 0; i < 2; i++) filter->state[k][i] = cascade->section[k].settled[i] * x;
        filter->settled = true;
    }
    for (uint32_t k = 0; k < cascade->sections; k++) {
        const biquad_section_t *s = &cascade->section[k];
        double *state = filter->state[k];
        double y = s->b0 * x + state[0];
        state[0] = s->b1 * x - s->a1 * y + state[1];
        state[1] = s->b2 * x - s->a2 * y;
        x = y;
    }
    return x;
}
