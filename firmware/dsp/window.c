#include "window.h"

#define GAIN_BITS 40
#define SQUARE_BITS 8 /* from squares of sixteenths to squares of 1/256 */

static uint64_t square_root(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 62; bit != 0; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static int64_t between(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

void window_quantize(const window_rule_t *rule, const int32_t *history, uint32_t room, uint32_t first,
                     int8_t *input) {
    int64_t n = rule->length, sum = 0;
    for (uint32_t k = 0; k < rule->length; k++) sum += history[(first + k) % room];
    int64_t mean = floor_divide(2 * sum + n, 2 * n);
    uint64_t squares = 0;
    for (uint32_t k = 0; k < rule->length; k++) {
        int64_t d = history[(first + k) % room] - mean;
        squares += (uint64_t)(d * d);
    }
    uint64_t spread = square_root((squares / rule->length << SQUARE_BITS) + rule->epsilon_variance);
    spread += rule->epsilon_deviation;
    int64_t gain = (int64_t)(rule->gain / (spread != 0 ? spread : 1));
    for (uint32_t k = 0; k < rule->length; k++) {
        int64_t d = history[(first + k) % room] - mean;
        int64_t q = (d * gain + ((int64_t)1 << (GAIN_BITS - 1))) >> GAIN_BITS;
        q = between(q, rule->clip_low, rule->clip_high) + rule->zero_point;
        input[k] = (int8_t)between(q, -128, 127);
    }
}
