/* Element-wise arithmetic of two inputs, with broadcasting. */
#include "nn_arith.h"

#define HEADROOM 20       /* bits by which the inputs of a sum are shifted up before they are scaled */
#define SQUARE_HEADROOM 7 /* the same where a difference is squared */

typedef void row_kernel(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y);

static inline void each_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y, row_kernel *kernel) {
    for (int32_t i = 0; i < layer->size[0]; i++)
        for (int32_t j = 0; j < layer->size[1]; j++)
            for (int32_t k = 0; k < layer->size[2]; k++, y += layer->size[3])
                kernel(layer, a + i * layer->a_step[0] + j * layer->a_step[1] + k * layer->a_step[2],
                       b + i * layer->b_step[0] + j * layer->b_step[1] + k * layer->b_step[2], y);
}

#if NN_MVE

static inline int32x4_t values(const int8_t *p, int32_t step, int32_t zero, mve_pred16_t lanes) {
    return vsubq_n_s32(step ? vldrbq_z_s32(p, lanes) : vdupq_n_s32(*p), zero);
}

/* One side of a sum; shift 0 stands for one half. */
static inline int32x4_t side(int32x4_t x, int32_t multiplier, int32_t shift) {
    if (shift == 0) return vshlq_n_s32(x, HEADROOM - 1);
    x = vqrdmulhq_n_s32(vshlq_n_s32(x, HEADROOM), multiplier);
    return vrshlq_n_s32(vaddq_s32(x, vshrq_n_s32(x, 31)), shift);
}

static inline void store(const nn_binary *layer, int32x4_t x, mve_pred16_t lanes, int8_t *y) {
    if (layer->rounding == NN_SHORT) {
        x = vqrdmulhq_n_s32(x, layer->out_multiplier);
        x = vrshlq_n_s32(vaddq_s32(x, vshrq_n_s32(x, 31)), layer->out_shift);
    } else {
        x = nn_scaled_x4(x, vdupq_n_s32(layer->out_multiplier), vdupq_n_s32(layer->out_shift));
    }
    x = vaddq_n_s32(x, layer->out_zero);
    x = vminq_s32(vmaxq_s32(x, vdupq_n_s32(layer->low)), vdupq_n_s32(layer->high));
    vstrbq_p_s32(y, x, lanes);
}

/* sign 1: a + b; sign -1: a - b */
static inline void sum_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y, int32_t sign) {
    const int32_t a_step = layer->a_step[3], b_step = layer->b_step[3], n = layer->size[3];
    for (int32_t i = 0; i < n; i += 4, a += 4 * a_step, b += 4 * b_step) {
        const mve_pred16_t lanes = vctp32q((uint32_t)(n - i));
        const int32x4_t left = side(values(a, a_step, layer->a_zero, lanes), layer->a_multiplier, layer->a_shift);
        const int32x4_t right = side(values(b, b_step, layer->b_zero, lanes), layer->b_multiplier, layer->b_shift);
        store(layer, sign > 0 ? vaddq_s32(left, right) : vsubq_s32(left, right), lanes, y + i);
    }
}

static void mul_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    const int32_t a_step = layer->a_step[3], b_step = layer->b_step[3], n = layer->size[3];
    for (int32_t i = 0; i < n; i += 4, a += 4 * a_step, b += 4 * b_step) {
        const mve_pred16_t lanes = vctp32q((uint32_t)(n - i));
        const int32x4_t left = values(a, a_step, layer->a_zero, lanes);
        store(layer, vmulq_s32(left, values(b, b_step, layer->b_zero, lanes)), lanes, y + i);
    }
}

#else

/* One side of a sum; shift 0 stands for one half. */
static inline int32_t side(int32_t x, int32_t multiplier, int32_t shift) {
    return shift == 0 ? x * (1 << (HEADROOM - 1)) : nn_scaled_short(x * (1 << HEADROOM), multiplier, shift);
}

static inline int8_t finished(const nn_binary *layer, int32_t value) {
    const int32_t scaled = layer->rounding == NN_SHORT
                               ? nn_scaled_short(value, layer->out_multiplier, layer->out_shift)
                               : nn_scaled(value, layer->out_multiplier, layer->out_shift);
    return nn_clamp(scaled + layer->out_zero, layer->low, layer->high);
}

/* sign 1: a + b; sign -1: a - b */
static inline void sum_row(const nn_binary *given, const int8_t *a, const int8_t *b, int8_t *y, int32_t sign) {
    const nn_binary layer = *given; /* a copy that stores to y cannot change */
    for (int32_t i = 0; i < layer.size[3]; i++, a += layer.a_step[3], b += layer.b_step[3]) {
        const int32_t left = side(*a - layer.a_zero, layer.a_multiplier, layer.a_shift);
        const int32_t right = side(*b - layer.b_zero, layer.b_multiplier, layer.b_shift);
        y[i] = finished(&layer, left + sign * right);
    }
}

static void mul_row(const nn_binary *given, const int8_t *a, const int8_t *b, int8_t *y) {
    const nn_binary layer = *given;
    for (int32_t i = 0; i < layer.size[3]; i++, a += layer.a_step[3], b += layer.b_step[3])
        y[i] = finished(&layer, (*a - layer.a_zero) * (*b - layer.b_zero));
}

#endif

static void add_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    sum_row(layer, a, b, y, 1);
}

static void sub_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    sum_row(layer, a, b, y, -1);
}

static void squared_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    for (int32_t i = 0; i < layer->size[3]; i++, a += layer->a_step[3], b += layer->b_step[3]) {
        const int32_t u = (*a - layer->a_zero) * (1 << SQUARE_HEADROOM);
        const int32_t v = (*b - layer->b_zero) * (1 << SQUARE_HEADROOM);
        const int32_t difference = nn_scaled(u, layer->a_multiplier, layer->a_shift) -
                                   nn_scaled(v, layer->b_multiplier, layer->b_shift);
        const int32_t value = nn_scaled(difference * difference, layer->out_multiplier, layer->out_shift);
        y[i] = nn_clamp(value + layer->out_zero, layer->low, layer->high);
    }
}

static void maximum_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    for (int32_t i = 0; i < layer->size[3]; i++, a += layer->a_step[3], b += layer->b_step[3])
        y[i] = *a > *b ? *a : *b;
}

static void minimum_row(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    for (int32_t i = 0; i < layer->size[3]; i++, a += layer->a_step[3], b += layer->b_step[3])
        y[i] = *a < *b ? *a : *b;
}

void nn_add_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    each_row(layer, a, b, y, add_row);
}

void nn_sub_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    each_row(layer, a, b, y, sub_row);
}

void nn_mul_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    each_row(layer, a, b, y, mul_row);
}

void nn_squared_difference_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    each_row(layer, a, b, y, squared_row);
}

void nn_maximum_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    each_row(layer, a, b, y, maximum_row);
}

void nn_minimum_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    each_row(layer, a, b, y, minimum_row);
}
