#include "commands.h"

#include <string.h>

#include "board.h"
#include "inject.h"
#include "info_document.h"
#include "model_table.h"
#include "models.h"
#include "noise.h"
#include "outbox.h"
#include "self_test.h"
#include "stream.h"

#define INFO_HEAD_BYTES 4u
#define OUTPUT_HEAD_BYTES 19u

static struct {
    bool stopped;
    int8_t input[MODEL_MOST_INPUT]; /* of raw inference */
    uint8_t input_model;
    uint32_t input_held;
    int8_t output[MODEL_MOST_OUTPUT];
} commands;

void commands_reset(void) {
    commands.stopped = false;
    commands.input_held = 0;
}

bool commands_stopped(void) {
    bool stopped = commands.stopped;
    commands.stopped = false;
    return stopped;
}

void commands_log(const text_t *line) {
    static uint8_t body[LINK_MOST_BODY_BYTES];
    link_log_t log = {(const uint8_t *)line->start, (uint16_t)line->size};
    outbox_send(LINK_TYPE_LOG, body, link_pack_log(&log, body, sizeof body));
}

static void answer(const link_frame_t *request, uint8_t status, uint32_t value, const char *detail) {
    static uint8_t body[LINK_MOST_BODY_BYTES];
    link_ack_t ack = {.request = request->type, .request_sequence = request->sequence, .status = status, .value = value};
    ack.detail = (const uint8_t *)detail;
    ack.detail_size = (uint16_t)(detail != NULL ? strlen(detail) : 0u);
    outbox_send(LINK_TYPE_ACK, body, link_pack_ack(&ack, body, sizeof body));
}

void commands_introduce(void) {
    static char document[INFO_DOCUMENT_BYTES + 32u];
    static uint8_t body[LINK_MOST_BODY_BYTES];
    text_t text = {document, sizeof document, 0};
    for (size_t k = 0; k < sizeof INFO_DOCUMENT / sizeof INFO_DOCUMENT[0]; k++) text_add(&text, INFO_DOCUMENT[k]);
    if (board_counts_instructions()) text_add(&text, ",\"instructions\":true");
    text_add(&text, "}");
    const size_t piece = LINK_MOST_BODY_BYTES - INFO_HEAD_BYTES;
    for (size_t offset = 0; offset < text.size; offset += piece) {
        link_info_t info = {.offset = (uint16_t)offset, .total = (uint16_t)text.size};
        info.data = (const uint8_t *)document + offset;
        info.data_size = (uint16_t)(text.size - offset < piece ? text.size - offset : piece);
        outbox_send(LINK_TYPE_INFO, body, link_pack_info(&info, body, sizeof body));
    }
}

static void start(const link_frame_t *request, const link_start_t *wanted) {
    stream_answer_t done = stream_start(wanted);
    answer(request, done.status, 0, done.detail);
}

static void set_source(const link_frame_t *request, const link_set_source_t *wanted) {
    stream_answer_t done = stream_set_source(wanted);
    answer(request, done.status, 0, done.detail);
}

static void set_models(const link_frame_t *request, uint32_t mask) {
    if (!models_allowed(mask)) {
        answer(request, LINK_STATUS_BAD_VALUE, 0, "no such model on the stream");
        return;
    }
    models_set(mask);
    answer(request, LINK_STATUS_OK, 0, NULL);
}

static void inject(const link_frame_t *request, const link_inject_t *message) {
    if (!stream_running() || stream_source() != LINK_SOURCE_INJECT) {
        answer(request, LINK_STATUS_WRONG_STATE, 0, "start the source INJECT first");
        return;
    }
    uint8_t status = (uint8_t)inject_take(message);
    const char *detail = status == LINK_STATUS_BAD_VALUE ? "as many leads as are streamed" : NULL;
    answer(request, status, inject_room(), detail);
}

static void take_input(const link_frame_t *request, const link_input_t *piece) {
    if (piece->model >= MODEL_COUNT || piece->total != MODELS[piece->model].input_bytes) {
        answer(request, LINK_STATUS_BAD_VALUE, 0, "no such model, or not the size of its input");
        return;
    }
    if (piece->offset == 0) {
        commands.input_model = piece->model;
        commands.input_held = 0;
    }
    if (piece->model != commands.input_model || piece->offset != commands.input_held) {
        answer(request, LINK_STATUS_BAD_VALUE, commands.input_held, "pieces come in order");
        return;
    }
    memcpy(commands.input + piece->offset, piece->data, piece->data_size);
    commands.input_held += piece->data_size;
    answer(request, LINK_STATUS_OK, commands.input_held, NULL);
}

static void infer(const link_frame_t *request, uint8_t id) {
    static uint8_t body[LINK_MOST_BODY_BYTES];
    const uint32_t piece = LINK_MOST_BODY_BYTES - OUTPUT_HEAD_BYTES;
    if (id >= MODEL_COUNT || commands.input_model != id || commands.input_held != MODELS[id].input_bytes) {
        answer(request, LINK_STATUS_WRONG_STATE, 0, "send its whole input first");
        return;
    }
    uint32_t total = MODELS[id].output_bytes;
    if (!outbox_has_room(total / piece + 2u)) {
        answer(request, LINK_STATUS_BUSY, 0, NULL);
        return;
    }
    answer(request, LINK_STATUS_OK, 0, NULL);
    model_run_t run = model_run(id, commands.input, commands.output);
    for (uint32_t offset = 0; offset < total; offset += piece) {
        link_output_t output = {
            .model = id,
            .request_sequence = request->sequence,
            .latency_us = run.latency_us,
            .instructions = run.instructions,
            .output_hash = run.output_hash,
            .offset = (uint16_t)offset,
            .total = (uint16_t)total,
            .data = (const uint8_t *)commands.output + offset,
            .data_size = (uint16_t)(total - offset < piece ? total - offset : piece),
        };
        outbox_send(LINK_TYPE_OUTPUT, body, link_pack_output(&output, body, sizeof body));
    }
}

static void self_test(const link_frame_t *request) {
    if (stream_running()) {
        answer(request, LINK_STATUS_WRONG_STATE, 0, "stop streaming first");
        return;
    }
    bool passed = self_test_run(true);
    answer(request, passed ? LINK_STATUS_OK : LINK_STATUS_FAILED, 0, passed ? NULL : "the lines of LOG tell what failed");
}

enum commands_outcome commands_take(const link_frame_t *frame) {
    union {
        link_start_t start;
        link_set_source_t source;
        link_set_models_t models;
        link_set_noise_t noise;
        link_mark_t mark;
        link_inject_t inject;
        link_input_t input;
        link_infer_t infer;
    } of;
    switch (frame->type) {
    case LINK_TYPE_HELLO: commands_introduce(); break;
    case LINK_TYPE_START:
        if (link_unpack_start(&of.start, frame->body, frame->size)) start(frame, &of.start);
        break;
    case LINK_TYPE_STOP:
        commands.stopped = stream_running();
        stream_stop();
        answer(frame, LINK_STATUS_OK, 0, NULL);
        break;
    case LINK_TYPE_SET_SOURCE:
        if (link_unpack_set_source(&of.source, frame->body, frame->size)) set_source(frame, &of.source);
        break;
    case LINK_TYPE_SET_MODELS:
        if (link_unpack_set_models(&of.models, frame->body, frame->size)) set_models(frame, of.models.model_mask);
        break;
    case LINK_TYPE_SET_NOISE:
        if (link_unpack_set_noise(&of.noise, frame->body, frame->size)) {
            const link_set_noise_t *n = &of.noise;
            noise_set(&(noise_levels_t){n->baseline_uv, n->muscle_uv, n->electrode_uv, n->mains_uv});
            answer(frame, LINK_STATUS_OK, 0, NULL);
        }
        break;
    case LINK_TYPE_MARK:
        if (link_unpack_mark(&of.mark, frame->body, frame->size)) {
            answer(frame, LINK_STATUS_OK, 0, NULL);
            stream_event(LINK_EVENT_KIND_MARK, 0, of.mark.text, of.mark.text_size);
        }
        break;
    case LINK_TYPE_SELF_TEST: self_test(frame); break;
    case LINK_TYPE_RESET: answer(frame, LINK_STATUS_OK, 0, NULL); return COMMANDS_RESET;
    case LINK_TYPE_INJECT:
        if (link_unpack_inject(&of.inject, frame->body, frame->size)) inject(frame, &of.inject);
        break;
    case LINK_TYPE_INPUT:
        if (link_unpack_input(&of.input, frame->body, frame->size)) take_input(frame, &of.input);
        break;
    case LINK_TYPE_INFER:
        if (link_unpack_infer(&of.infer, frame->body, frame->size)) infer(frame, of.infer.model);
        break;
    case LINK_TYPE_MODEL_BEGIN:
    case LINK_TYPE_MODEL_DATA:
    case LINK_TYPE_MODEL_COMMIT:
        answer(frame, LINK_STATUS_NOT_SUPPORTED, 0, "models are compiled in: build the firmware again (deploy)");
        break;
    default: answer(frame, LINK_STATUS_UNKNOWN_MESSAGE, 0, NULL); break;
    }
    return COMMANDS_DONE;
}
