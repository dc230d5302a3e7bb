/* Fixed-point arithmetic of the kernels, as in gemmlowp: an accumulator is scaled by a Q0.31 multiplier and a shift
 * with two roundings, the second half away from zero. */
#ifndef NN_ARITH_H_
#define NN_ARITH_H_

#include <stdint.h>
#include <string.h>

#include "nn.h"
#include "nn_simd.h"

/* Sum that wraps, as the reference's accumulators do on two's complement. */
static inline int32_t nn_sum(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* Half the product of two Q0.31 values, rounded; saturates for the one product that does not fit. */
static inline int32_t nn_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* x / 2^e rounded half away from zero, 0 <= e <= 31. */
static inline int32_t nn_round_shift(int32_t x, int32_t e) {
    const int32_t mask = (int32_t)((1u << e) - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> e) + ((x & mask) > threshold);
}

/* Scaled for every x, multiplier and shift; a left shift wraps as the reference's does on two's complement. */
static inline int32_t nn_scaled(int32_t x, int32_t multiplier, int32_t shift) {
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    return nn_round_shift(nn_high_mul((int32_t)((uint32_t)x << left), multiplier), right);
}

/* The same for |x| < 2^30 and -30 <= shift <= -1: nothing can overflow, so rounding is one addition. */
static inline int32_t nn_scaled_short(int32_t x, int32_t multiplier, int32_t shift) {
#if NN_DSP
    const int32_t high = nn_smmulr(2 * x, multiplier);
#else
    const int32_t high = (int32_t)(((int64_t)x * multiplier + (1 << 30)) >> 31);
#endif
    return (high + (high >> 31) + (1 << (-shift - 1))) >> -shift;
}

static inline int8_t nn_clamp(int32_t value, int32_t low, int32_t high) {
    return (int8_t)(value < low ? low : value > high ? high : value);
}

/* The int8 value of channel c's accumulator. */
static inline int8_t nn_requantize(const nn_scale *scale, int32_t accumulator, int32_t c) {
    const int32_t low = scale->low - scale->zero, high = scale->high - scale->zero;
    const int32_t value = scale->rounding == NN_SHORT
                              ? nn_scaled_short(accumulator, scale->multiplier[c], scale->shift[c])
                              : nn_scaled(accumulator, scale->multiplier[c], scale->shift[c]);
    return (int8_t)(scale->zero + (value < low ? low : value > high ? high : value));
}

/* The same where the layer's rounding is NN_SHORT. */
static inline int8_t nn_requantize_short(const nn_scale *scale, int32_t accumulator, int32_t c) {
    const int32_t value = nn_scaled_short(accumulator, scale->multiplier[c], scale->shift[c]);
    return nn_clamp(scale->zero + value, scale->low, scale->high);
}

#if NN_MVE
/* As nn_scaled, four at a time. */
static inline int32x4_t nn_scaled_x4(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
    const int32x4_t none = vdupq_n_s32(0);
    const int32x4_t right = vminq_s32(shift, none);
    x = vqrdmulhq_s32(vshlq_s32(x, vmaxq_s32(shift, none)), multiplier);
    const int32x4_t away = vshrq_n_s32(vandq_s32(x, right), 31); /* -1 where a negative value is shifted */
    return vrshlq_s32(vqaddq_s32(x, away), right);
}

/* As nn_scaled_short, four at a time. */
static inline int32x4_t nn_scaled_short_x4(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
    x = vqrdmulhq_s32(x, multiplier);
    return vrshlq_s32(vaddq_s32(x, vshrq_n_s32(x, 31)), shift);
}

static inline int32x4_t nn_any_scaled_x4(const nn_scale *scale, int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
    return scale->rounding == NN_SHORT ? nn_scaled_short_x4(x, multiplier, shift) : nn_scaled_x4(x, multiplier, shift);
}

/* Scaled values as codes. */
static inline int32x4_t nn_clamped_x4(const nn_scale *scale, int32x4_t value) {
    value = vqaddq_n_s32(value, scale->zero);
    return vminq_s32(vmaxq_s32(value, vdupq_n_s32(scale->low)), vdupq_n_s32(scale->high));
}
#endif

#endif
