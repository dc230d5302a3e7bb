/* Softmax in fixed point: exponentials in Q0.31 of differences in Q5.26, their sum in Q12, one Newton reciprocal. */
#include "nn_arith.h"

/* x * 2^e, saturated. */
static int32_t shifted(int32_t x, int32_t e) {
    const int64_t value = (int64_t)x * ((int64_t)1 << e);
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* exp(a) in Q0.31 for a <= 0 in Q5.26: a polynomial on [-1/4, 0), then a factor for each higher bit. */
static int32_t exponential(int32_t a) {
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << 24;
    const int32_t low = (a & (quarter - 1)) - quarter, rest = low - a;
    const int32_t x = shifted(low, 5) + (1 << 28);
    const int32_t x2 = nn_high_mul(x, x), x3 = nn_high_mul(x2, x), x4 = nn_high_mul(x2, x2);
    const int32_t tail = nn_round_shift(nn_high_mul(nn_round_shift(x4, 2) + x3, 715827883) + x2, 1);
    int32_t result = 1895147668 + nn_high_mul(1895147668, x + tail);
    if (a == 0) return INT32_MAX;
    for (int32_t k = 0; k < 7; k++)
        if (rest & (quarter << k)) result = nn_high_mul(result, factors[k]);
    return result;
}

/* Q0.31 of 1 / (1 + x) for x in Q0.31, by Newton's method. */
static int32_t one_over_one_plus(int32_t x) {
    const int64_t sum = (int64_t)x + INT32_MAX;
    const int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    int32_t estimate = 1515870810 + nn_high_mul(half, -1010580540);
    for (int32_t k = 0; k < 3; k++)
        estimate += shifted(nn_high_mul(estimate, (1 << 29) - nn_high_mul(half, estimate)), 2);
    return shifted(estimate, 1);
}

static int32_t leading_zeros(uint32_t x) {
    int32_t count = 0;
    for (; count < 32 && !(x & 0x80000000u); count++) x <<= 1;
    return count;
}

void nn_softmax_s8(const nn_softmax *layer, const int8_t *x, int8_t *y) {
    const int32_t n = layer->columns;
    for (int32_t row = 0; row < layer->rows; row++, x += n, y += n) {
        int32_t most = INT8_MIN, sum = 0;
        for (int32_t i = 0; i < n; i++)
            if (x[i] > most) most = x[i];
        for (int32_t i = 0; i < n; i++)
            if (x[i] - most >= layer->least)
                sum += nn_round_shift(exponential(nn_scaled(x[i] - most, layer->multiplier, layer->shift)), 12);
        const int32_t headroom = leading_zeros((uint32_t)sum);
        const int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - (1u << 31));
        const int32_t reciprocal = one_over_one_plus(fraction);
        for (int32_t i = 0; i < n; i++) {
            const int32_t difference = x[i] - most;
            y[i] = INT8_MIN;
            if (difference < layer->least) continue;
            const int32_t share = nn_high_mul(
                reciprocal, exponential(nn_scaled(difference, layer->multiplier, layer->shift)));
            y[i] = nn_clamp(nn_round_shift(share, 12 - headroom + 31 - 8) + INT8_MIN, INT8_MIN, INT8_MAX);
        }
    }
}
