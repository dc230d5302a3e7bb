/* INT8 neural-network kernels for generated models: C99, no heap, no state.
 *
 * Integer-exact to the reference kernels of TensorFlow Lite Micro. Each kernel has one portable form; where the
 * compiler offers Armv7E-M DSP or Armv8.1-M Helium instructions, the hot ones use them, with the same results.
 * NN_PORTABLE keeps to the portable form.
 *
 * Tensors are NHWC, so that a one-dimensional signal is a row of positions with all its channels side by side.
 * Sizes and steps count bytes of int8 data. */
#ifndef NN_H_
#define NN_H_

#include <stdint.h>

#define NN_AXES 5 /* most axes of a move */

/* What the generator has proven of a layer's accumulators. */
typedef enum {
    NN_EXACT = 0, /* nothing: rounds twice, as the reference does, for every accumulator */
    NN_SHORT = 1  /* |accumulator| < 2^30 and -30 <= shift <= -1: the short form gives the same */
} nn_rounding;

/* How accumulators become int8: multiplier (Q0.31) and shift (left if positive) for each channel. */
typedef struct {
    const int32_t *multiplier;
    const int8_t *shift;
    int16_t zero, low, high;
    uint8_t rounding; /* nn_rounding */
} nn_scale;

/* Where a window stands over its input. */
typedef struct {
    int32_t in_height, in_width, out_height, out_width;
    int32_t kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x, pad_top, pad_left;
    int32_t in_step;           /* bytes from one input position to the next */
    int32_t out_row, out_step; /* bytes from one output row and position to the next */
} nn_window;

/* Convolution. weights: [out][kernel_height][kernel_width][in]; bias holds the input's zero point times the weights
 * too, so that an input outside the border counts as the zero point. */
typedef struct {
    nn_window window;
    int32_t in_channels, out_channels, in_zero;
    const int8_t *weights;
    const int32_t *bias;
    nn_scale scale;
} nn_conv;

/* gather: kernel_height * kernel_width * in_channels bytes of scratch; unused where every run is contiguous. */
void nn_conv_s8(const nn_conv *layer, const int8_t *x, int8_t *y, int8_t *gather);

/* One filter a channel. weights: [kernel_height][kernel_width][channels]; bias and gather as above. */
void nn_depthwise_s8(const nn_conv *layer, const int8_t *x, int8_t *y, int8_t *gather);

/* Two inputs, one output, of up to four axes; the last axis steps by 0 or 1 in each input. In sums each input is scaled
 * by one half, which shift 0 stands for, or by less, with a shift of -30 to -1. */
typedef struct {
    int32_t size[4], a_step[4], b_step[4];
    int32_t a_zero, b_zero, out_zero;
    int32_t a_multiplier, b_multiplier, out_multiplier;
    int32_t a_shift, b_shift, out_shift;
    int32_t low, high;
    uint8_t rounding; /* nn_rounding, of the output; NN_SHORT in every sum */
} nn_binary;

void nn_add_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y);
void nn_sub_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y);
void nn_mul_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y);
void nn_squared_difference_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y);
void nn_maximum_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y);
void nn_minimum_s8(const nn_binary *layer, const int8_t *a, const int8_t *b, int8_t *y);

/* Pooling over a window; every position outside the border is left out. */
typedef struct {
    nn_window window;
    int32_t channels, low, high;
} nn_pool;

void nn_max_pool_s8(const nn_pool *layer, const int8_t *x, int8_t *y);
void nn_average_pool_s8(const nn_pool *layer, const int8_t *x, int8_t *y);

/* Reduction of the middle of three axes: x [outer][count][inner], y [outer][inner]. */
typedef struct {
    int32_t outer, count, inner;
    int32_t in_zero, out_zero, multiplier, shift;
} nn_reduce;

void nn_mean_s8(const nn_reduce *layer, const int8_t *x, int8_t *y);
void nn_reduce_max_s8(const nn_reduce *layer, const int8_t *x, int8_t *y);
void nn_reduce_min_s8(const nn_reduce *layer, const int8_t *x, int8_t *y);

/* Softmax of each row. A difference to the row's largest value below `least` counts as nothing. */
typedef struct {
    int32_t rows, columns, multiplier, shift, least;
} nn_softmax;

void nn_softmax_s8(const nn_softmax *layer, const int8_t *x, int8_t *y);

/* Products of matrices, batch by batch: y [rows][columns] = a [rows][depth] * b, both with free steps. */
typedef struct {
    int32_t batches, rows, columns, depth;
    int32_t a_batch, a_row, a_depth, b_batch, b_column, b_depth;
    int32_t a_zero, b_zero, out_zero, multiplier, shift, low, high;
} nn_matmul;

void nn_matmul_s8(const nn_matmul *layer, const int8_t *a, const int8_t *b, int8_t *y);

/* y[i] = table[x[i] + 128] */
void nn_lookup_s8(const int8_t *table, const int8_t *x, int8_t *y, int32_t count);

/* Copies between two arrangements: the first axis is the outermost. */
typedef struct {
    int32_t size[NN_AXES], x_step[NN_AXES], y_step[NN_AXES];
} nn_move;

void nn_move_s8(const nn_move *layer, const int8_t *x, int8_t *y);
void nn_fill_s8(int8_t value, int8_t *y, int32_t count);

/* Rows of `size` bytes picked by index, for each of `outer` blocks: x [outer][in_rows][size], y [outer][rows][size] */
typedef struct {
    const int16_t *index;
    int32_t outer, rows, in_rows, size;
} nn_pick;

void nn_pick_s8(const nn_pick *layer, const int8_t *x, int8_t *y);

#endif
