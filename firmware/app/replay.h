/* Recordings built into the firmware, played in a loop. */
#ifndef HEARTKIT_REPLAY_H
#define HEARTKIT_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "codes.h"

#define REPLAY_RATE_HZ 250u /* of the stored samples */

/* Where a lead of a recording comes from: the sum of two stored ones by weights in halves (aVR = -(I + II) / 2). */
typedef struct {
    int8_t weight[2];
    uint8_t stored[2];
} replay_lead_t;

typedef struct {
    uint32_t samples;
    uint8_t stored_leads;
    const int16_t *codes;       /* [samples][stored_leads] */
    replay_lead_t leads[LEADS]; /* both weights 0: the recording does not have it */
} replay_recording_t;

/* Generated: the recordings that INFO lists after item 0, which means "as fits the leads asked for": the first for the
 * first lead alone, else the second. */
extern const replay_recording_t REPLAY_RECORDINGS[];
extern const uint8_t REPLAY_RECORDING_COUNT;

typedef struct {
    const replay_recording_t *recording;
    uint32_t lead_mask;
    uint32_t sample, quarter; /* the next place; a stored sample has four quarters */
    uint32_t step;            /* in quarters */
} replay_t;

/* From the beginning; false when there is no such item. */
bool replay_start(replay_t *replay, uint32_t item, uint32_t rate_hz, uint32_t lead_mask);

/* The next values of the leads in the mask. */
void replay_next(replay_t *replay, int16_t *values);

#endif
