#include "self_test.h"

#include "board.h"
#include "clock.h"
#include "commands.h"
#include "max86150.h"
#include "model_table.h"
#include "models.h"
#include "outbox.h"
#include "sensor.h"
#include "text.h"

static void tell(const char *what, const char *name, const char *verdict, uint32_t hash) {
    char line[120];
    text_t text = {line, sizeof line, 0};
    text_add(&text, "selftest=");
    text_add(&text, what);
    if (name != NULL) {
        text_add(&text, " name=");
        text_add(&text, name);
        text_add(&text, " hash=");
        text_add_hex(&text, hash);
    }
    text_add(&text, " verdict=");
    text_add(&text, verdict);
    commands_log(&text);
}

/* The counter moves, and not backward: a stuck one would stop the stream without a word. */
static bool clock_works(void) {
    uint32_t begin = board_time_us(), last = begin;
    for (uint32_t k = 0; k < 1000000u && last == begin; k++) last = board_time_us();
    return last != begin && last - begin < UINT32_MAX / 2u;
}

/* A ramp from a linear congruence: the same bytes on every board and in engine/export/firmware. */
static void fill_input(int8_t *input, uint32_t size) {
    uint32_t state = 1;
    for (uint32_t k = 0; k < size; k++) {
        state = state * 1664525u + 1013904223u;
        input[k] = (int8_t)(state >> 24);
    }
}

static bool model_works(uint32_t id) {
    static int8_t input[MODEL_MOST_INPUT], output[MODEL_MOST_OUTPUT];
    const model_t *model = &MODELS[id];
    fill_input(input, model->input_bytes);
    model_run_t run = model_run(id, input, output);
    bool known = model->self_test_hash != 0, same = run.output_hash == model->self_test_hash;
    tell("model", model->name, !known ? "unknown" : same ? "ok" : "failed", run.output_hash);
    return !known || same;
}

bool self_test_run(bool models) {
    bool passed = clock_works();
    tell("clock", NULL, passed ? "ok" : "failed", 0);
    tell("sensor", NULL, sensor_start(MAX86150_RATE_HZ) ? "ok" : "absent", 0);
    for (uint32_t id = 0; models && id < MODEL_COUNT; id++) passed &= model_works(id);
    return passed;
}
