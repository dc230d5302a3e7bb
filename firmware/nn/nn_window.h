/* Windows over an input: gathering what lies under one. */
#ifndef NN_WINDOW_H_
#define NN_WINDOW_H_

#include "nn_arith.h"

/* Short copies without a call. */
static inline void nn_copy(int8_t *to, const int8_t *from, int32_t size) {
#if NN_MVE
    for (; size > 0; size -= 16, to += 16, from += 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)size);
        vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
    }
#elif NN_DSP
    for (; size >= 4; size -= 4, to += 4, from += 4) {
        const uint32_t word = nn_word(from);
        __builtin_memcpy(to, &word, sizeof word);
    }
    for (; size > 0; size--) *to++ = *from++;
#else
    memcpy(to, from, (size_t)size);
#endif
}

/* Whether all taps of the window whose first tap is at (top, left) lie inside the input. */
static inline int nn_inside(const nn_window *window, int32_t top, int32_t left) {
    return top >= 0 && top + (window->kernel_height - 1) * window->dilation_y < window->in_height && left >= 0 &&
           left + (window->kernel_width - 1) * window->dilation_x < window->in_width;
}

/* `channels` bytes at every tap, one after the other; `zero` where a tap is outside. */
void nn_gather(const nn_window *window, const int8_t *x, int32_t channels, int32_t zero, int32_t top, int32_t left,
               int8_t *out);

#endif
