/* Depthwise convolution: channels side by side are worked on together, tap by tap. */
#include "nn_arith.h"

/* Where one position's taps are. */
typedef struct {
    const int8_t *first; /* inputs of the first tap; NULL: not all taps are inside */
    int32_t row, column; /* bytes between taps in the input */
    int32_t top, left;   /* position of the first tap */
    const int8_t *x, *blank;
} footprint;

static inline const int8_t *tap(const nn_window *window, const footprint *feet, int32_t j, int32_t i) {
    if (feet->first) return feet->first + j * feet->row + i * feet->column;
    const int32_t row = feet->top + j * window->dilation_y, column = feet->left + i * window->dilation_x;
    if (row < 0 || row >= window->in_height || column < 0 || column >= window->in_width) return feet->blank;
    return feet->x + (row * window->in_width + column) * window->in_step;
}

static inline void position(const nn_conv *layer, const footprint *feet, int8_t *y) {
    const nn_window *window = &layer->window;
    const int32_t channels = layer->out_channels;
    int32_t c = 0;
#if NN_MVE
    for (; c < channels; c += 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)(channels - c));
        const int8_t *w = layer->weights + c;
        int32x4_t sums = vldrwq_z_s32(layer->bias + c, lanes);
        for (int32_t j = 0; j < window->kernel_height; j++)
            for (int32_t i = 0; i < window->kernel_width; i++, w += channels) {
                const int32x4_t v = vldrbq_z_s32(tap(window, feet, j, i) + c, lanes);
                sums = vaddq_s32(sums, vmulq_s32(v, vldrbq_z_s32(w, lanes)));
            }
        nn_requantize_x4(&layer->scale, sums, c, lanes, y + c);
    }
#else
    for (; c + 4 <= channels; c += 4) {
        const int8_t *w = layer->weights + c;
        const int32_t *bias = layer->bias + c;
        int32_t s0 = bias[0], s1 = bias[1], s2 = bias[2], s3 = bias[3];
        for (int32_t j = 0; j < window->kernel_height; j++)
            for (int32_t i = 0; i < window->kernel_width; i++, w += channels) {
                const int8_t *v = tap(window, feet, j, i) + c;
#if NN_DSP
                const uint32_t inputs = nn_word(v), weights = nn_word(w);
                const int16x2_t even = __sxtb16(inputs), odd = nn_odd_bytes(inputs);
                const int16x2_t even_w = __sxtb16(weights), odd_w = nn_odd_bytes(weights);
                s0 = __smlabb(even, even_w, s0);
                s1 = __smlabb(odd, odd_w, s1);
                s2 = __smlatt(even, even_w, s2);
                s3 = __smlatt(odd, odd_w, s3);
#else
                s0 = nn_sum(s0, v[0] * w[0]);
                s1 = nn_sum(s1, v[1] * w[1]);
                s2 = nn_sum(s2, v[2] * w[2]);
                s3 = nn_sum(s3, v[3] * w[3]);
#endif
            }
        y[c] = nn_requantize(&layer->scale, s0, c);
        y[c + 1] = nn_requantize(&layer->scale, s1, c + 1);
        y[c + 2] = nn_requantize(&layer->scale, s2, c + 2);
        y[c + 3] = nn_requantize(&layer->scale, s3, c + 3);
    }
    for (; c < channels; c++) {
        const int8_t *w = layer->weights + c;
        int32_t sum = layer->bias[c];
        for (int32_t j = 0; j < window->kernel_height; j++)
            for (int32_t i = 0; i < window->kernel_width; i++, w += channels)
                sum = nn_sum(sum, tap(window, feet, j, i)[c] * *w);
        y[c] = nn_requantize(&layer->scale, sum, c);
    }
#endif
}

void nn_depthwise_s8(const nn_conv *layer, const int8_t *x, int8_t *y, int8_t *blank) {
    const nn_window *window = &layer->window;
    const int32_t reach_y = (window->kernel_height - 1) * window->dilation_y;
    const int32_t reach_x = (window->kernel_width - 1) * window->dilation_x;
    footprint feet = {NULL, window->dilation_y * window->in_width * window->in_step,
                      window->dilation_x * window->in_step, 0, 0, x, blank};
    memset(blank, layer->in_zero, (size_t)layer->out_channels);
    for (int32_t j = 0; j < window->out_height; j++) {
        int8_t *out = y + j * window->out_row;
        feet.top = j * window->stride_y - window->pad_top;
        for (int32_t i = 0; i < window->out_width; i++, out += window->out_step) {
            feet.left = i * window->stride_x - window->pad_left;
            const int inside = feet.top >= 0 && feet.top + reach_y < window->in_height && feet.left >= 0 &&
                               feet.left + reach_x < window->in_width;
            feet.first = inside ? x + (feet.top * window->in_width + feet.left) * window->in_step : NULL;
            position(layer, &feet, out);
        }
    }
}
