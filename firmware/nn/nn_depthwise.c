/* Depthwise convolution: channels side by side are worked on together, tap by tap. */
#include "nn_window.h"

/* Where one position's taps are: bytes between rows and columns of taps in memory. */
typedef struct {
    const int8_t *first;
    int32_t row, column;
} taps;

#if NN_MVE

/* Eight channels at a time: even and odd ones are summed apart, as the multiplications deliver them. */
static void position(const nn_conv *layer, taps feet, int8_t *y) {
    const nn_scale *scale = &layer->scale;
    const int32_t channels = layer->out_channels;
    const int32_t height = layer->window.kernel_height, width = layer->window.kernel_width;
    int32_t c = 0;
    for (; c + 8 <= channels; c += 8) {
        const int8_t *w = layer->weights + c, *row = feet.first + c;
        const int32x4x2_t bias = vld2q_s32(layer->bias + c);
        int32x4_t even = bias.val[0], odd = bias.val[1];
        for (int32_t j = 0; j < height; j++, row += feet.row) {
            const int8_t *x = row;
            for (int32_t i = width; i > 0; i--, x += feet.column, w += channels) {
                const int16x8_t values = vldrbq_s16(x), weights = vldrbq_s16(w);
                even = vaddq_s32(even, vmullbq_int_s16(values, weights));
                odd = vaddq_s32(odd, vmulltq_int_s16(values, weights));
            }
        }
        const int32x4x2_t multiplier = vld2q_s32(scale->multiplier + c);
        const int16x8_t shift = vldrbq_s16(scale->shift + c);
        even = nn_any_scaled_x4(scale, even, multiplier.val[0], vmovlbq_s16(shift));
        odd = nn_any_scaled_x4(scale, odd, multiplier.val[1], vmovltq_s16(shift));
        int16x8_t both = vmovnbq_s32(vdupq_n_s16(0), nn_clamped_x4(scale, even));
        both = vmovntq_s32(both, nn_clamped_x4(scale, odd));
        vstrbq_s16(y + c, both);
    }
    for (; c < channels; c += 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)(channels - c));
        const int8_t *w = layer->weights + c, *row = feet.first + c;
        int32x4_t sums = vldrwq_z_s32(layer->bias + c, lanes);
        for (int32_t j = 0; j < height; j++, row += feet.row) {
            const int8_t *x = row;
            for (int32_t i = width; i > 0; i--, x += feet.column, w += channels)
                sums = vaddq_s32(sums, vmulq_s32(vldrbq_z_s32(x, lanes), vldrbq_z_s32(w, lanes)));
        }
        const int32x4_t multiplier = vldrwq_z_s32(scale->multiplier + c, lanes);
        sums = nn_any_scaled_x4(scale, sums, multiplier, vldrbq_z_s32(scale->shift + c, lanes));
        vstrbq_p_s32(y + c, nn_clamped_x4(scale, sums), lanes);
    }
}

#else

static inline void four_channels(const nn_conv *layer, const taps *feet, int32_t c, int8_t *y, int is_short) {
    const int32_t channels = layer->out_channels;
    const int8_t *w = layer->weights + c, *row = feet->first + c;
    const int32_t *bias = layer->bias + c;
    int32_t sums[4] = {bias[0], bias[1], bias[2], bias[3]};
    for (int32_t j = layer->window.kernel_height; j > 0; j--, row += feet->row) {
        const int8_t *x = row;
        for (int32_t i = layer->window.kernel_width; i > 0; i--, x += feet->column, w += channels) {
#if NN_DSP
            const uint32_t inputs = nn_word(x), weights = nn_word(w);
            const int16x2_t even = __sxtb16(inputs), odd = nn_odd_bytes(inputs);
            const int16x2_t even_w = __sxtb16(weights), odd_w = nn_odd_bytes(weights);
            sums[0] = __smlabb(even, even_w, sums[0]);
            sums[1] = __smlabb(odd, odd_w, sums[1]);
            sums[2] = __smlatt(even, even_w, sums[2]);
            sums[3] = __smlatt(odd, odd_w, sums[3]);
#else
            for (int32_t k = 0; k < 4; k++) sums[k] = nn_sum(sums[k], x[k] * w[k]);
#endif
        }
    }
    for (int32_t k = 0; k < 4; k++)
        y[c + k] = is_short ? nn_requantize_short(&layer->scale, sums[k], c + k)
                         : nn_requantize(&layer->scale, sums[k], c + k);
}

static void position(const nn_conv *layer, taps feet, int8_t *y) {
    const int32_t channels = layer->out_channels;
    int32_t c = 0;
    if (layer->scale.rounding == NN_SHORT)
        for (; c + 4 <= channels; c += 4) four_channels(layer, &feet, c, y, 1);
    for (; c + 4 <= channels; c += 4) four_channels(layer, &feet, c, y, 0);
    for (; c < channels; c++) {
        const int8_t *w = layer->weights + c, *row = feet.first + c;
        int32_t sum = layer->bias[c];
        for (int32_t j = 0; j < layer->window.kernel_height; j++, row += feet.row)
            for (int32_t i = 0; i < layer->window.kernel_width; i++, w += channels)
                sum = nn_sum(sum, row[i * feet.column] * *w);
        y[c] = nn_requantize(&layer->scale, sum, c);
    }
}

#endif

void nn_depthwise_s8(const nn_conv *layer, const int8_t *x, int8_t *y, int8_t *gather) {
    const nn_window *window = &layer->window;
    const int32_t channels = layer->out_channels;
    const taps in_place = {NULL, window->dilation_y * window->in_width * channels, window->dilation_x * channels};
    for (int32_t j = 0; j < window->out_height; j++) {
        const int32_t top = j * window->stride_y - window->pad_top;
        int8_t *out = y + j * window->out_row;
        for (int32_t i = 0; i < window->out_width; i++, out += window->out_step) {
            const int32_t left = i * window->stride_x - window->pad_left;
            taps feet = in_place;
            if (nn_inside(window, top, left)) {
                feet.first = x + (top * window->in_width + left) * channels;
            } else {
                nn_gather(window, x, channels, layer->in_zero, top, left, gather);
                feet = (taps){gather, window->kernel_width * channels, channels};
            }
            position(layer, feet, out);
        }
    }
}
