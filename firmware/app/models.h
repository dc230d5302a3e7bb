/* Models on the stream: which are on, which window is due, and what each said. */
#ifndef HEARTKIT_MODELS_H
#define HEARTKIT_MODELS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t latency_us;
    uint32_t instructions; /* 0: not counted */
    uint32_t input_hash, output_hash;
} model_run_t;

/* The stream begins; `results` is a link_results. */
void models_start(uint32_t rate_hz, uint8_t results, uint32_t mask);

/* False when a bit names no model, or one that runs on input sent by the host only. */
bool models_allowed(uint32_t mask);
void models_set(uint32_t mask);
uint32_t models_mask(void);

/* The next sample of the first streamed lead; CODE_NONE ends the stretch of signal. */
void models_push(uint32_t index, int16_t code);

/* Samples were never made: the stretch of signal ends. */
void models_break(void);

/* Runs at most one window that is due and queues its RESULT; true when it ran one. */
bool models_work(void);

/* Queues MODEL_STATS of the models that are on. */
void models_report(void);

/* Runs model `id` once; output is MODEL_MOST_OUTPUT bytes. */
model_run_t model_run(uint32_t id, const int8_t *input, int8_t *output);

#endif
