/* Noise that the board adds to its samples on request (SET_NOISE), whatever their source. */
#ifndef HEARTKIT_NOISE_H
#define HEARTKIT_NOISE_H

#include <stdint.h>

typedef struct {
    uint16_t baseline_uv, muscle_uv, electrode_uv, mains_uv; /* RMS */
} noise_levels_t;

void noise_start(uint32_t rate_hz);
void noise_set(const noise_levels_t *levels);

/* Moves on by one sample and adds to every lead; codes without a value stay so. */
void noise_add(int16_t *values, uint32_t leads);

#endif
