/* Pooling and reduction. */
#include "nn_arith.h"

/* Taps first .. last - 1 of a window at `start` that lie inside 0 .. size - 1 (no dilation). */
static inline int32_t first_tap(int32_t start) { return start < 0 ? -start : 0; }

static inline int32_t last_tap(int32_t start, int32_t kernel, int32_t size) {
    return start + kernel > size ? size - start : kernel;
}

typedef struct {
    const int8_t *x; /* first tap that is inside */
    int32_t rows, columns;
} covered;

static covered cover(const nn_pool *layer, const int8_t *x, int32_t j, int32_t i) {
    const nn_window *window = &layer->window;
    const int32_t top = j * window->stride_y - window->pad_top, left = i * window->stride_x - window->pad_left;
    const int32_t row = first_tap(top), column = first_tap(left);
    const covered part = {x + ((top + row) * window->in_width + left + column) * layer->channels,
                          last_tap(top, window->kernel_height, window->in_height) - row,
                          last_tap(left, window->kernel_width, window->in_width) - column};
    return part;
}

void nn_max_pool_s8(const nn_pool *layer, const int8_t *x, int8_t *y) {
    const nn_window *window = &layer->window;
    const int32_t channels = layer->channels, row = window->in_width * channels;
    for (int32_t j = 0; j < window->out_height; j++)
        for (int32_t i = 0; i < window->out_width; i++, y += channels) {
            const covered part = cover(layer, x, j, i);
#if NN_MVE
            for (int32_t c = 0; c < channels; c += 16) {
                const mve_pred16_t lanes = vctp8q((uint32_t)(channels - c));
                int8x16_t most = vdupq_n_s8((int8_t)layer->low);
                for (int32_t b = 0; b < part.rows; b++)
                    for (int32_t a = 0; a < part.columns; a++)
                        most = vmaxq_s8(most, vldrbq_z_s8(part.x + b * row + a * channels + c, lanes));
                vstrbq_p_s8(y + c, vminq_s8(most, vdupq_n_s8((int8_t)layer->high)), lanes);
            }
#else
            for (int32_t c = 0; c < channels; c++) {
                int32_t most = layer->low;
                for (int32_t b = 0; b < part.rows; b++)
                    for (int32_t a = 0; a < part.columns; a++) {
                        const int32_t value = part.x[b * row + a * channels + c];
                        if (value > most) most = value;
                    }
                y[c] = (int8_t)(most > layer->high ? layer->high : most);
            }
#endif
        }
}

void nn_average_pool_s8(const nn_pool *layer, const int8_t *x, int8_t *y) {
    const nn_window *window = &layer->window;
    const int32_t channels = layer->channels, row = window->in_width * channels;
    for (int32_t j = 0; j < window->out_height; j++)
        for (int32_t i = 0; i < window->out_width; i++, y += channels) {
            const covered part = cover(layer, x, j, i);
            const int32_t count = part.rows * part.columns;
            for (int32_t c = 0; c < channels; c++) {
                int32_t sum = 0;
                for (int32_t b = 0; b < part.rows; b++)
                    for (int32_t a = 0; a < part.columns; a++) sum += part.x[b * row + a * channels + c];
                sum = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
                y[c] = nn_clamp(sum, layer->low, layer->high);
            }
        }
}

void nn_mean_s8(const nn_reduce *layer, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < layer->outer; i++, x += layer->count * layer->inner, y += layer->inner)
        for (int32_t c = 0; c < layer->inner; c++) {
            int32_t sum = -layer->in_zero * layer->count;
            for (int32_t k = 0; k < layer->count; k++) sum += x[k * layer->inner + c];
            y[c] = nn_clamp(nn_scaled(sum, layer->multiplier, layer->shift) + layer->out_zero, INT8_MIN, INT8_MAX);
        }
}

void nn_reduce_max_s8(const nn_reduce *layer, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < layer->outer; i++, x += layer->count * layer->inner, y += layer->inner)
        for (int32_t c = 0; c < layer->inner; c++) {
            int8_t most = x[c];
            for (int32_t k = 1; k < layer->count; k++)
                if (x[k * layer->inner + c] > most) most = x[k * layer->inner + c];
            y[c] = most;
        }
}

void nn_reduce_min_s8(const nn_reduce *layer, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < layer->outer; i++, x += layer->count * layer->inner, y += layer->inner)
        for (int32_t c = 0; c < layer->inner; c++) {
            int8_t least = x[c];
            for (int32_t k = 1; k < layer->count; k++)
                if (x[k * layer->inner + c] < least) least = x[k * layer->inner + c];
            y[c] = least;
        }
}
