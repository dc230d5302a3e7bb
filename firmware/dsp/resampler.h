/* From the sampling rate to the models' rate, one lead, sample by sample; the same integers as
 * engine/devices/board_input.py, where the rule is written down. */
#ifndef HEARTKIT_RESAMPLER_H
#define HEARTKIT_RESAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#define RESAMPLER_HISTORY 512u /* a power of two, at least the longest filter */

typedef struct {
    uint16_t rate_hz; /* of the input */
    uint16_t up, down;
    uint16_t reach;      /* inputs before and after an output that it rests on */
    const int32_t *taps; /* [up][2 * reach + 1], 1/65536 */
} resampler_bank_t;

typedef struct {
    const resampler_bank_t *bank;
    int16_t history[RESAMPLER_HISTORY];
    uint32_t received; /* inputs since the stretch began */
    uint32_t middle;   /* input under the next output */
    uint16_t phase;
} resampler_t;

/* Begins a stretch: the first input is taken to have stood for ever. */
void resampler_start(resampler_t *resampler, const resampler_bank_t *bank);

/* Takes one input; true when that made an output, in sixteenths of a code. */
bool resampler_push(resampler_t *resampler, int16_t code, int32_t *output);

#endif
