#include "replay.h"

#define QUARTERS 4u /* places between stored samples: 250 Hz gives 1000, 500, 250 and 200 Hz exactly */

/* Cubic through four neighbours (E. Catmull, R. Rom 1974), in 1/128, for 1/4, 1/2 and 3/4 of the way. */
static const int16_t CUBIC[QUARTERS][4] = {{0, 128, 0, 0}, {-9, 111, 29, -3}, {-8, 72, 72, -8}, {-3, 29, 111, -9}};

bool replay_start(replay_t *replay, uint32_t item, uint32_t rate_hz, uint32_t lead_mask) {
    if (item > REPLAY_RECORDING_COUNT || REPLAY_RECORDING_COUNT == 0) return false;
    if (item == 0) item = lead_mask == 1u || REPLAY_RECORDING_COUNT < 2u ? 1u : 2u;
    replay->recording = &REPLAY_RECORDINGS[item - 1u];
    replay->lead_mask = lead_mask;
    replay->sample = replay->quarter = 0;
    replay->step = QUARTERS * REPLAY_RATE_HZ / rate_hz;
    return true;
}

static int32_t stored_value(const replay_t *replay, uint32_t stored_lead) {
    const replay_recording_t *recording = replay->recording;
    const int16_t *weights = CUBIC[replay->quarter];
    int32_t sum = 64;
    for (uint32_t k = 0; k < 4u; k++) {
        uint32_t sample = (replay->sample + recording->samples + k - 1u) % recording->samples;
        sum += weights[k] * recording->codes[sample * recording->stored_leads + stored_lead];
    }
    return sum >> 7;
}

static int16_t lead_value(const replay_t *replay, const replay_lead_t *lead) {
    int32_t sum = 0;
    if ((lead->weight[0] | lead->weight[1]) == 0) return CODE_NONE;
    for (uint32_t k = 0; k < 2u; k++)
        if (lead->weight[k] != 0) sum += lead->weight[k] * stored_value(replay, lead->stored[k]);
    return code_clamped(sum >> 1);
}

void replay_next(replay_t *replay, int16_t *values) {
    uint32_t streamed = 0;
    for (uint32_t lead = 0; lead < LEADS; lead++)
        if ((replay->lead_mask >> lead & 1u) != 0) values[streamed++] = lead_value(replay, &replay->recording->leads[lead]);
    replay->quarter += replay->step;
    replay->sample = (replay->sample + replay->quarter / QUARTERS) % replay->recording->samples;
    replay->quarter %= QUARTERS;
}
