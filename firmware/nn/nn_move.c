/* Tables and copies: what rearranges values without arithmetic. */
#include "nn_arith.h"

void nn_lookup_s8(const int8_t *table, const int8_t *x, int8_t *y, int32_t count) {
    int32_t i = 0;
#if NN_MVE
    for (; i < count; i += 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)(count - i));
        const uint8x16_t index = veorq_u8(vreinterpretq_u8_s8(vldrbq_z_s8(x + i, lanes)), vdupq_n_u8(0x80));
        vstrbq_p_s8(y + i, vldrbq_gather_offset_z_s8(table, index, lanes), lanes);
    }
#else
    for (; i < count; i++) y[i] = table[x[i] + 128];
#endif
}

static void copy(int32_t count, const int8_t *x, int32_t x_step, int8_t *y, int32_t y_step) {
    if (x_step == 1 && y_step == 1)
        memcpy(y, x, (size_t)count);
    else
        for (int32_t i = 0; i < count; i++) y[i * y_step] = x[i * x_step];
}

void nn_move_s8(const nn_move *layer, const int8_t *x, int8_t *y) {
    const int32_t *size = layer->size, *dx = layer->x_step, *dy = layer->y_step;
    for (int32_t a = 0; a < size[0]; a++)
        for (int32_t b = 0; b < size[1]; b++)
            for (int32_t c = 0; c < size[2]; c++)
                for (int32_t d = 0; d < size[3]; d++)
                    copy(size[4], x + a * dx[0] + b * dx[1] + c * dx[2] + d * dx[3], dx[4],
                         y + a * dy[0] + b * dy[1] + c * dy[2] + d * dy[3], dy[4]);
}

void nn_fill_s8(int8_t value, int8_t *y, int32_t count) { memset(y, value, (size_t)count); }

void nn_pick_s8(const nn_pick *layer, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < layer->outer; i++, x += layer->in_rows * layer->size)
        for (int32_t k = 0; k < layer->rows; k++, y += layer->size)
            memcpy(y, x + layer->index[k] * layer->size, (size_t)layer->size);
}
