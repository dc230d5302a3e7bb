#include "models.h"

#include "board.h"
#include "clock.h"
#include "codes.h"
#include "link.h"
#include "model_table.h"
#include "outbox.h"
#include "resampler.h"
#include "resampler_tables.h"

#define MOST_MODELS 32u
#define RESULT_HEAD_BYTES 30u /* of a RESULT without its data */
#define RESULT_PIECE (LINK_MOST_BODY_BYTES - RESULT_HEAD_BYTES)

typedef struct {
    uint32_t next; /* first sample of the next window, at the models' rate in this stretch */
    uint32_t windows, skipped, last_us, worst_us, instructions;
} progress_t;

static struct {
    uint32_t rate_hz, mask;
    uint8_t results;
    bool running;    /* inside a stretch of signal */
    uint32_t origin; /* stream index of its first sample */
    uint32_t made;   /* samples of it at the models' rate */
    resampler_t resampler;
    int32_t history[MODEL_HISTORY];
    progress_t progress[MOST_MODELS];
    int8_t input[MODEL_MOST_INPUT];
    int8_t output[MODEL_MOST_OUTPUT];
} models;

void models_start(uint32_t rate_hz, uint8_t results, uint32_t mask) {
    models.rate_hz = rate_hz;
    models.results = results;
    models.running = false;
    models.mask = mask;
    for (uint32_t k = 0; k < MOST_MODELS; k++) models.progress[k] = (progress_t){0, 0, 0, 0, 0, 0};
}

bool models_allowed(uint32_t mask) {
    for (uint32_t k = 0; k < MOST_MODELS; k++)
        if ((mask >> k & 1u) != 0 && (k >= MODEL_COUNT || MODELS[k].rule == NULL)) return false;
    return true;
}

/* A model that is switched on in the midst of a stretch begins with the next whole window. */
static void join(uint32_t id) {
    uint32_t hop = MODELS[id].hop;
    models.progress[id].next = models.running ? (models.made + hop - 1u) / hop * hop : 0u;
}

void models_set(uint32_t mask) {
    for (uint32_t k = 0; k < MODEL_COUNT; k++)
        if (((mask & ~models.mask) >> k & 1u) != 0) join(k);
    models.mask = mask;
}

uint32_t models_mask(void) { return models.mask; }

void models_break(void) { models.running = false; }

void models_push(uint32_t index, int16_t code) {
    if (code == CODE_NONE) {
        models.running = false;
        return;
    }
    if (!models.running) {
        models.running = true;
        models.origin = index;
        models.made = 0;
        resampler_start(&models.resampler, resampler_bank(models.rate_hz));
        for (uint32_t k = 0; k < MODEL_COUNT; k++) models.progress[k].next = 0;
    }
    int32_t value;
    if (resampler_push(&models.resampler, code, &value)) models.history[models.made++ % MODEL_HISTORY] = value;
}

model_run_t model_run(uint32_t id, const int8_t *input, int8_t *output) {
    const model_t *model = &MODELS[id];
    bool counted = board_counts_instructions();
    model_run_t run;
    uint64_t begin_us = clock_us();
    uint32_t begin = counted ? board_instructions() : 0u;
    model->invoke(input, output, MODEL_ARENA);
    run.instructions = counted ? board_instructions() - begin : 0u;
    run.latency_us = (uint32_t)(clock_us() - begin_us);
    run.input_hash = link_fnv1a(LINK_FNV1A_START, input, model->input_bytes);
    run.output_hash = link_fnv1a(LINK_FNV1A_START, output, model->output_bytes);
    return run;
}

static size_t class_runs(const model_t *model, uint8_t *runs, size_t room) {
    static uint8_t classes[MODEL_MOST_OUTPUT];
    uint32_t samples = model->output_bytes / model->classes;
    for (uint32_t k = 0; k < samples; k++) {
        const int8_t *scores = models.output + k * model->classes;
        uint8_t best = 0;
        for (uint8_t c = 1; c < model->classes; c++)
            if (scores[c] > scores[best]) best = c;
        classes[k] = best;
    }
    return link_class_runs(classes, samples, runs, room);
}

static void send_result(uint32_t id, uint32_t first, const model_run_t *run) {
    static uint8_t runs[2u * MODEL_MOST_OUTPUT], body[LINK_MOST_BODY_BYTES];
    const model_t *model = &MODELS[id];
    const resampler_bank_t *bank = models.resampler.bank;
    const uint8_t *data = (const uint8_t *)models.output;
    size_t total = model->output_bytes;
    uint8_t encoding = models.results;
    if (encoding == LINK_RESULTS_CLASS_RUNS && model->classes > 0) {
        data = runs;
        total = class_runs(model, runs, sizeof runs);
    } else if (encoding == LINK_RESULTS_HASH_ONLY) {
        total = 0;
    } else {
        encoding = LINK_RESULTS_TENSOR;
    }
    for (size_t offset = 0; offset == 0 || offset < total; offset += RESULT_PIECE) {
        link_result_t result = {
            .index = models.origin + first * bank->down / bank->up,
            .window = (uint32_t)model->rule->length * bank->down / bank->up,
            .model = (uint8_t)id,
            .encoding = encoding,
            .latency_us = run->latency_us,
            .instructions = run->instructions,
            .input_hash = run->input_hash,
            .output_hash = run->output_hash,
            .offset = (uint16_t)offset,
            .total = (uint16_t)total,
            .data = data + offset,
            .data_size = (uint16_t)(total - offset < RESULT_PIECE ? total - offset : RESULT_PIECE),
        };
        outbox_send(LINK_TYPE_RESULT, body, link_pack_result(&result, body, sizeof body));
    }
}

static void run_window(uint32_t id) {
    progress_t *progress = &models.progress[id];
    uint32_t first = progress->next;
    progress->next += MODELS[id].hop;
    window_quantize(MODELS[id].rule, models.history, MODEL_HISTORY, first, models.input);
    model_run_t run = model_run(id, models.input, models.output);
    progress->windows++;
    progress->last_us = run.latency_us;
    if (run.latency_us > progress->worst_us) progress->worst_us = run.latency_us;
    progress->instructions = run.instructions;
    send_result(id, first, &run);
}

bool models_work(void) {
    if (!models.running) return false;
    for (uint32_t id = 0; id < MODEL_COUNT; id++) {
        progress_t *progress = &models.progress[id];
        if ((models.mask >> id & 1u) == 0) continue;
        while ((int32_t)(models.made - progress->next) > (int32_t)MODEL_HISTORY) {
            progress->next += MODELS[id].hop; /* its samples are gone */
            progress->skipped++;
        }
        if ((int32_t)(models.made - progress->next) < MODELS[id].rule->length) continue;
        if (!outbox_has_room(MODEL_MOST_OUTPUT / RESULT_PIECE + 2u)) return false; /* later, or skipped */
        run_window(id);
        return true;
    }
    return false;
}

void models_report(void) {
    static uint8_t body[LINK_MOST_BODY_BYTES];
    for (uint32_t id = 0; id < MODEL_COUNT; id++) {
        const progress_t *p = &models.progress[id];
        if ((models.mask >> id & 1u) == 0) continue;
        link_model_stats_t stats = {(uint8_t)id, p->windows, p->skipped, p->last_us, p->worst_us, p->instructions};
        outbox_send(LINK_TYPE_MODEL_STATS, body, link_pack_model_stats(&stats, body, sizeof body));
    }
}
