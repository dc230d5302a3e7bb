/* Convolution, dense layers and the phases of transposed convolution: dot products of contiguous runs.
 *
 * With one row and no dilation the inputs under a window lie side by side and are used where they are; elsewhere
 * they are gathered first. */
#include "nn_arith.h"

/* sums[k] += x . rows[k], four rows of `n` weights at once */
static inline void dot_4(const int8_t *x, const int8_t *weights, int32_t n, int32_t sums[4]) {
    const int8_t *w0 = weights, *w1 = w0 + n, *w2 = w1 + n, *w3 = w2 + n;
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
#if NN_MVE
    for (int32_t blocks = n >> 4; blocks > 0; blocks--, x += 16, w0 += 16, w1 += 16, w2 += 16, w3 += 16) {
        const int8x16_t v = vldrbq_s8(x);
        s0 = vmladavaq_s8(s0, v, vldrbq_s8(w0));
        s1 = vmladavaq_s8(s1, v, vldrbq_s8(w1));
        s2 = vmladavaq_s8(s2, v, vldrbq_s8(w2));
        s3 = vmladavaq_s8(s3, v, vldrbq_s8(w3));
    }
    if (n & 15) {
        const mve_pred16_t lanes = vctp8q((uint32_t)n & 15u);
        const int8x16_t v = vldrbq_z_s8(x, lanes);
        s0 = vmladavaq_p_s8(s0, v, vldrbq_z_s8(w0, lanes), lanes);
        s1 = vmladavaq_p_s8(s1, v, vldrbq_z_s8(w1, lanes), lanes);
        s2 = vmladavaq_p_s8(s2, v, vldrbq_z_s8(w2, lanes), lanes);
        s3 = vmladavaq_p_s8(s3, v, vldrbq_z_s8(w3, lanes), lanes);
    }
#else
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
#endif
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static inline int32_t dot_1(const int8_t *x, const int8_t *w, int32_t n, int32_t sum) {
#if NN_MVE
    for (int32_t i = 0; i < n; i += 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)(n - i));
        sum = vmladavaq_p_s8(sum, vldrbq_z_s8(x + i, lanes), vldrbq_z_s8(w + i, lanes), lanes);
    }
#else
    for (int32_t i = 0; i < n; i++) sum = nn_sum(sum, x[i] * w[i]);
#endif
    return sum;
}

/* All channels of one output position; x holds the n values under the window. */
static inline void position(const nn_conv *layer, const int8_t *x, int32_t n, int8_t *y) {
    const int8_t *weights = layer->weights;
    const int32_t *bias = layer->bias;
    const int32_t channels = layer->out_channels;
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4, weights += 4 * n) {
        int32_t sums[4] = {bias[c], bias[c + 1], bias[c + 2], bias[c + 3]};
        dot_4(x, weights, n, sums);
#if NN_MVE
        nn_requantize_x4(&layer->scale, vldrwq_s32(sums), c, 0xffff, y + c);
#else
        for (int32_t k = 0; k < 4; k++) y[c + k] = nn_requantize(&layer->scale, sums[k], c + k);
#endif
    }
    for (; c < channels; c++, weights += n)
        y[c] = nn_requantize(&layer->scale, dot_1(x, weights, n, bias[c]), c);
}

/* The values under the window whose first tap is at (top, left), the zero point where that is outside. */
static void gather_window(const nn_conv *layer, const int8_t *x, int32_t top, int32_t left, int8_t *out) {
    const nn_window *window = &layer->window;
    const size_t channels = (size_t)layer->in_channels;
    for (int32_t j = 0; j < window->kernel_height; j++) {
        const int32_t row = top + j * window->dilation_y;
        for (int32_t i = 0; i < window->kernel_width; i++, out += channels) {
            const int32_t column = left + i * window->dilation_x;
            if (row < 0 || row >= window->in_height || column < 0 || column >= window->in_width)
                memset(out, layer->in_zero, channels);
            else
                memcpy(out, x + (row * window->in_width + column) * window->in_step, channels);
        }
    }
}

void nn_conv_s8(const nn_conv *layer, const int8_t *x, int8_t *y, int8_t *gather) {
    const nn_window *window = &layer->window;
    const int32_t width = window->kernel_width;
    const int32_t n = window->kernel_height * width * layer->in_channels;
    const int side_by_side = window->kernel_height == 1 &&
                             (width == 1 || (window->dilation_x == 1 && window->in_step == layer->in_channels));
    for (int32_t j = 0; j < window->out_height; j++) {
        const int32_t top = j * window->stride_y - window->pad_top;
        const int inside = side_by_side && top >= 0 && top < window->in_height;
        int8_t *out = y + j * window->out_row;
        for (int32_t i = 0; i < window->out_width; i++, out += window->out_step) {
            const int32_t left = i * window->stride_x - window->pad_left;
            if (inside && left >= 0 && left + width <= window->in_width) {
                position(layer, x + (top * window->in_width + left) * window->in_step, n, out);
            } else {
                gather_window(layer, x, top, left, gather);
                position(layer, gather, n, out);
            }
        }
    }
}
