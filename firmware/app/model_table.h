/* The models built into this image: written by `heartkit-engine evb build`. */
#ifndef HEARTKIT_MODEL_TABLE_H
#define HEARTKIT_MODEL_TABLE_H

#include <stdint.h>

#include "window.h"

typedef struct {
    const char *name;
    void (*invoke)(const int8_t *input, int8_t *output, int8_t *arena);
    const window_rule_t *rule; /* NULL: runs on input sent by the host only */
    uint16_t hop;              /* at the models' rate, even */
    uint16_t input_bytes, output_bytes;
    uint8_t classes;         /* of a model that names a class for every sample; else 0 */
    uint32_t self_test_hash; /* FNV-1a of the output for the self-test's input; 0: not known */
} model_t;

extern const model_t MODELS[];
extern const uint8_t MODEL_COUNT;
extern int8_t MODEL_ARENA[]; /* one at a time runs */

/* The largest of all models, and the windows' rate; generated into model_sizes.h. */
#include "model_sizes.h"

#endif
