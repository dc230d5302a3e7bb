#include "nn_window.h"

void nn_gather(const nn_window *window, const int8_t *x, int32_t channels, int32_t zero, int32_t top, int32_t left,
               int8_t *out) {
    for (int32_t j = 0; j < window->kernel_height; j++) {
        const int32_t row = top + j * window->dilation_y;
        const int8_t *from = x + row * window->in_width * window->in_step;
        for (int32_t i = 0; i < window->kernel_width; i++, out += channels) {
            const int32_t column = left + i * window->dilation_x;
            if (row < 0 || row >= window->in_height || column < 0 || column >= window->in_width)
                memset(out, zero, (size_t)channels);
            else
                nn_copy(out, from + column * window->in_step, channels);
        }
    }
}
