/* A window of resampled values as the int8 input of a model: layer_norm, clip and quantisation in integers. The rule
 * is written down in engine/devices/board_input.py, which the constants come from. */
#ifndef HEARTKIT_WINDOW_H
#define HEARTKIT_WINDOW_H

#include <stdint.h>

typedef struct {
    uint16_t length;
    int16_t zero_point;
    int16_t clip_low, clip_high; /* in steps of the quantiser, before the zero point */
    uint64_t gain;
    uint64_t epsilon_variance;
    uint32_t epsilon_deviation;
} window_rule_t;

/* Values are history[(first + k) % room], k < rule->length; `room` is a power of two. */
void window_quantize(const window_rule_t *rule, const int32_t *history, uint32_t room, uint32_t first,
                     int8_t *input);

#endif
