/* Convolution, dense layers and the phases of transposed convolution: dot products of contiguous runs.
 *
 * With one row and no dilation the inputs under a window lie side by side and are used where they are; elsewhere
 * they are gathered first. */
#include "nn_window.h"

/* Windows to work on one after the other: `n` values each, the first at x. */
typedef struct {
    const int8_t *x;
    int32_t n, x_step, count;
    int8_t *y;
    int32_t y_step;
} run;

#if NN_MVE

static inline int32_t dot_1(const int8_t *x, const int8_t *w, int32_t n, int32_t sum) {
    for (int32_t i = 0; i < n; i += 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)(n - i));
        sum = vmladavaq_p_s8(sum, vldrbq_z_s8(x + i, lanes), vldrbq_z_s8(w + i, lanes), lanes);
    }
    return sum;
}

/* x . w of four rows of n weights */
static inline int32x4_t dot_4(const int8_t *x, const int8_t *w0, int32_t n) {
    const int8_t *w1 = w0 + n, *w2 = w1 + n, *w3 = w2 + n;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t blocks = n >> 4; blocks > 0; blocks--, x += 16, w0 += 16, w1 += 16, w2 += 16, w3 += 16) {
        const int8x16_t v = vldrbq_s8(x);
        s0 = vmladavaq_s8(s0, v, vldrbq_s8(w0));
        s1 = vmladavaq_s8(s1, v, vldrbq_s8(w1));
        s2 = vmladavaq_s8(s2, v, vldrbq_s8(w2));
        s3 = vmladavaq_s8(s3, v, vldrbq_s8(w3));
    }
    if (n & 15) {
        const mve_pred16_t lanes = vctp8q((uint32_t)n & 15u);
        const int8x16_t v = vldrbq_z_s8(x, lanes); /* zero where there is no weight */
        s0 = vmladavaq_s8(s0, v, vldrbq_z_s8(w0, lanes));
        s1 = vmladavaq_s8(s1, v, vldrbq_z_s8(w1, lanes));
        s2 = vmladavaq_s8(s2, v, vldrbq_z_s8(w2, lanes));
        s3 = vmladavaq_s8(s3, v, vldrbq_z_s8(w3, lanes));
    }
    int32x4_t sums = vdupq_n_s32(s0);
    sums = vsetq_lane_s32(s1, sums, 1);
    sums = vsetq_lane_s32(s2, sums, 2);
    return vsetq_lane_s32(s3, sums, 3);
}

/* Four channels at a time, window after window, so that what belongs to the channels stays in registers. */
static void work(const nn_conv *layer, const run *windows) {
    const nn_scale *scale = &layer->scale;
    const int32_t n = windows->n, count = windows->count, x_step = windows->x_step, y_step = windows->y_step;
    const int8_t *weights = layer->weights;
    int32_t c = 0;
    for (; c + 4 <= layer->out_channels; c += 4, weights += 4 * n) {
        const int32x4_t bias = vldrwq_s32(layer->bias + c);
        const int32x4_t multiplier = vldrwq_s32(scale->multiplier + c), shift = vldrbq_s32(scale->shift + c);
        const int8_t *x = windows->x;
        int8_t *y = windows->y + c;
        if (scale->rounding == NN_SHORT) {
            for (int32_t i = 0; i < count; i++, x += x_step, y += y_step) {
                const int32x4_t sums = vaddq_s32(bias, dot_4(x, weights, n));
                vstrbq_s32(y, nn_clamped_x4(scale, nn_scaled_short_x4(sums, multiplier, shift)));
            }
        } else {
            for (int32_t i = 0; i < count; i++, x += x_step, y += y_step) {
                const int32x4_t sums = vaddq_s32(bias, dot_4(x, weights, n));
                vstrbq_s32(y, nn_clamped_x4(scale, nn_scaled_x4(sums, multiplier, shift)));
            }
        }
    }
    for (; c < layer->out_channels; c++, weights += n)
        for (int32_t i = 0; i < count; i++)
            windows->y[i * y_step + c] =
                nn_requantize(scale, dot_1(windows->x + i * x_step, weights, n, layer->bias[c]), c);
}

#else

/* sums[k] += x . rows[k], four rows of n weights at once */
static inline void dot_4(const int8_t *x, const int8_t *weights, int32_t n, int32_t sums[4]) {
    const int8_t *w0 = weights, *w1 = w0 + n, *w2 = w1 + n, *w3 = w2 + n;
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    int32_t i = 0;
#if NN_DSP
    for (; i + 4 <= n; i += 4) {
        const uint32_t v = nn_word(x + i);
        const int16x2_t even = __sxtb16(v), odd = nn_odd_bytes(v);
        const uint32_t v0 = nn_word(w0 + i), v1 = nn_word(w1 + i), v2 = nn_word(w2 + i), v3 = nn_word(w3 + i);
        s0 = __smlad(odd, nn_odd_bytes(v0), __smlad(even, __sxtb16(v0), s0));
        s1 = __smlad(odd, nn_odd_bytes(v1), __smlad(even, __sxtb16(v1), s1));
        s2 = __smlad(odd, nn_odd_bytes(v2), __smlad(even, __sxtb16(v2), s2));
        s3 = __smlad(odd, nn_odd_bytes(v3), __smlad(even, __sxtb16(v3), s3));
    }
#endif
    for (; i < n; i++) {
        const int32_t v = x[i];
        s0 = nn_sum(s0, v * w0[i]);
        s1 = nn_sum(s1, v * w1[i]);
        s2 = nn_sum(s2, v * w2[i]);
        s3 = nn_sum(s3, v * w3[i]);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static inline int32_t dot_1(const int8_t *x, const int8_t *w, int32_t n, int32_t sum) {
    for (int32_t i = 0; i < n; i++) sum = nn_sum(sum, x[i] * w[i]);
    return sum;
}

/* All channels of one window. */
static inline void window_channels(const nn_conv *layer, const int8_t *x, int32_t n, int8_t *y, int is_short) {
    const int8_t *weights = layer->weights;
    const int32_t *bias = layer->bias;
    const int32_t channels = layer->out_channels;
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4, weights += 4 * n) {
        int32_t sums[4] = {bias[c], bias[c + 1], bias[c + 2], bias[c + 3]};
        dot_4(x, weights, n, sums);
        for (int32_t k = 0; k < 4; k++)
            y[c + k] = is_short ? nn_requantize_short(&layer->scale, sums[k], c + k)
                             : nn_requantize(&layer->scale, sums[k], c + k);
    }
    for (; c < channels; c++, weights += n)
        y[c] = nn_requantize(&layer->scale, dot_1(x, weights, n, bias[c]), c);
}

static void work(const nn_conv *layer, const run *windows) {
    const int8_t *x = windows->x;
    int8_t *y = windows->y;
    if (layer->scale.rounding == NN_SHORT)
        for (int32_t i = 0; i < windows->count; i++, x += windows->x_step, y += windows->y_step)
            window_channels(layer, x, windows->n, y, 1);
    else
        for (int32_t i = 0; i < windows->count; i++, x += windows->x_step, y += windows->y_step)
            window_channels(layer, x, windows->n, y, 0);
}

#endif

/* How many windows in a row from position i on lie inside the input. */
static int32_t insiders(const nn_window *window, int32_t i) {
    const int32_t left = i * window->stride_x - window->pad_left;
    if (left < 0) return 0;
    const int32_t room = window->in_width - window->kernel_width - left;
    if (room < 0) return 0;
    const int32_t count = room / window->stride_x + 1;
    return count < window->out_width - i ? count : window->out_width - i;
}

void nn_conv_s8(const nn_conv *layer, const int8_t *x, int8_t *y, int8_t *gather) {
    const nn_window *window = &layer->window;
    const int32_t width = window->kernel_width;
    const int side_by_side = window->kernel_height == 1 &&
                             (width == 1 || (window->dilation_x == 1 && window->in_step == layer->in_channels));
    run windows = {.n = window->kernel_height * width * layer->in_channels,
                   .x_step = window->stride_x * window->in_step,
                   .y_step = window->out_step};
    for (int32_t j = 0; j < window->out_height; j++) {
        const int32_t top = j * window->stride_y - window->pad_top;
        const int in_place = side_by_side && top >= 0 && top < window->in_height;
        for (int32_t i = 0; i < window->out_width; i += windows.count) {
            const int32_t left = i * window->stride_x - window->pad_left;
            windows.y = y + j * window->out_row + i * window->out_step;
            windows.count = in_place ? insiders(window, i) : 0;
            if (windows.count > 0) {
                windows.x = x + (top * window->in_width + left) * window->in_step;
            } else {
                nn_gather(window, x, layer->in_channels, layer->in_zero, top, left, gather);
                windows.x = gather;
                windows.count = 1;
            }
            work(layer, &windows);
        }
    }
}
