#include "resampler.h"

#define DROPPED_BITS 12 /* of the 16 of the taps: 4 stay in the output */

void resampler_start(resampler_t *resampler, const resampler_bank_t *bank) {
    resampler->bank = bank;
    resampler->received = 0;
    resampler->middle = 0;
    resampler->phase = 0;
}

static int32_t output_at(const resampler_t *resampler) {
    const resampler_bank_t *bank = resampler->bank;
    uint32_t taps = 2u * bank->reach + 1u;
    const int32_t *tap = bank->taps + (uint32_t)resampler->phase * taps;
    uint32_t place = resampler->middle - bank->reach; /* wraps below 0, where the first input was put */
    int64_t sum = 1 << (DROPPED_BITS - 1);
    for (uint32_t k = 0; k < taps; k++)
        sum += (int64_t)tap[k] * resampler->history[(place + k) % RESAMPLER_HISTORY];
    return (int32_t)(sum >> DROPPED_BITS);
}

bool resampler_push(resampler_t *resampler, int16_t code, int32_t *output) {
    const resampler_bank_t *bank = resampler->bank;
    if (resampler->received == 0)
        for (uint32_t k = 0; k < RESAMPLER_HISTORY; k++) resampler->history[k] = code;
    resampler->history[resampler->received % RESAMPLER_HISTORY] = code;
    resampler->received++;
    if (resampler->received - resampler->middle <= bank->reach) return false;
    *output = output_at(resampler);
    resampler->middle += bank->down / bank->up;
    resampler->phase = (uint16_t)(resampler->phase + bank->down % bank->up);
    if (resampler->phase >= bank->up) {
        resampler->phase = (uint16_t)(resampler->phase - bank->up);
        resampler->middle++;
    }
    return true;
}
