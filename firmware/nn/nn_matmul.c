/* Products of two computed matrices. */
#include "nn_arith.h"

void nn_matmul_s8(const nn_matmul *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    for (int32_t batch = 0; batch < layer->batches; batch++, a += layer->a_batch, b += layer->b_batch)
        for (int32_t row = 0; row < layer->rows; row++)
            for (int32_t column = 0; column < layer->columns; column++) {
                const int8_t *left = a + row * layer->a_row, *right = b + column * layer->b_column;
                int32_t sum = 0;
                for (int32_t k = 0; k < layer->depth; k++, left += layer->a_depth, right += layer->b_depth)
                    sum += (*left - layer->a_zero) * (*right - layer->b_zero);
                sum = nn_scaled(sum, layer->multiplier, layer->shift) + layer->out_zero;
                *y++ = nn_clamp(sum, layer->low, layer->high);
            }
}
