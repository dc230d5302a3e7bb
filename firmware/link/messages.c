/* Written by python -m engine.devices.protocol.generator: change engine/devices/protocol/messages.py. */
#include "messages.h"

static void put_u8(uint8_t *at, uint8_t value) { at[0] = value; }

static void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *at, uint32_t value)
{
    put_u16(at, (uint16_t)value);
    put_u16(at + 2, (uint16_t)(value >> 16));
}

static void put_u64(uint8_t *at, uint64_t value)
{
    put_u32(at, (uint32_t)value);
    put_u32(at + 4, (uint32_t)(value >> 32));
}

static void put_bytes(uint8_t *at, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++) at[i] = from[i];
}

static uint8_t get_u8(const uint8_t *at) { return at[0]; }
static uint16_t get_u16(const uint8_t *at) { return (uint16_t)(at[0] | (uint16_t)at[1] << 8); }
static uint32_t get_u32(const uint8_t *at) { return get_u16(at) | (uint32_t)get_u16(at + 2) << 16; }
static uint64_t get_u64(const uint8_t *at) { return get_u32(at) | (uint64_t)get_u32(at + 4) << 32; }

static bool shape_ok(uint8_t leads, uint8_t count, size_t width)
{
    return leads >= 1u && leads <= LINK_MOST_LEADS && count >= 1u && leads * count * width < LINK_MOST_BODY_BYTES;
}

static bool part_ok(size_t offset, size_t size, size_t total)
{
    return offset + size <= total && (size > 0u || total == 0u);
}

int link_pack_info(const link_info_t *message, uint8_t *body, size_t room)
{
    const size_t size = 4u + (size_t)message->data_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (!part_ok(message->offset, message->data_size, message->total)) return -1;
    put_u16(body + 0, message->offset);
    put_u16(body + 2, message->total);
    put_bytes(body + 4, message->data, message->data_size);
    return (int)size;
}

bool link_unpack_info(link_info_t *message, const uint8_t *body, size_t size)
{
    if (size < 4u || size > LINK_MOST_BODY_BYTES) return false;
    message->offset = get_u16(body + 0);
    message->total = get_u16(body + 2);
    message->data = body + 4;
    message->data_size = (uint16_t)(size - 4u);
    if (!part_ok(message->offset, message->data_size, message->total)) return false;
    return true;
}

int link_pack_start(const link_start_t *message, uint8_t *body, size_t room)
{
    const size_t size = 12u;
    if (room < size) return -1;
    if (message->rate_hz < 1u) return -1;
    if (message->lead_mask < 1u) return -1;
    put_u16(body + 0, message->rate_hz);
    put_u16(body + 2, message->lead_mask);
    put_u8(body + 4, message->samples_per_frame);
    put_u8(body + 5, message->sample_bits);
    put_u8(body + 6, message->source);
    put_u8(body + 7, message->results);
    put_u32(body + 8, message->model_mask);
    return (int)size;
}

bool link_unpack_start(link_start_t *message, const uint8_t *body, size_t size)
{
    if (size != 12u) return false;
    message->rate_hz = get_u16(body + 0);
    message->lead_mask = get_u16(body + 2);
    message->samples_per_frame = get_u8(body + 4);
    message->sample_bits = get_u8(body + 5);
    message->source = get_u8(body + 6);
    message->results = get_u8(body + 7);
    message->model_mask = get_u32(body + 8);
    if (message->rate_hz < 1u) return false;
    if (message->lead_mask < 1u) return false;
    return true;
}

int link_pack_ack(const link_ack_t *message, uint8_t *body, size_t room)
{
    const size_t size = 8u + (size_t)message->detail_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    put_u8(body + 0, message->request);
    put_u16(body + 1, message->request_sequence);
    put_u8(body + 3, message->status);
    put_u32(body + 4, message->value);
    put_bytes(body + 8, message->detail, message->detail_size);
    return (int)size;
}

bool link_unpack_ack(link_ack_t *message, const uint8_t *body, size_t size)
{
    if (size < 8u || size > LINK_MOST_BODY_BYTES) return false;
    message->request = get_u8(body + 0);
    message->request_sequence = get_u16(body + 1);
    message->status = get_u8(body + 3);
    message->value = get_u32(body + 4);
    message->detail = body + 8;
    message->detail_size = (uint16_t)(size - 8u);
    return true;
}

int link_pack_set_source(const link_set_source_t *message, uint8_t *body, size_t room)
{
    const size_t size = 2u;
    if (room < size) return -1;
    put_u8(body + 0, message->source);
    put_u8(body + 1, message->item);
    return (int)size;
}

bool link_unpack_set_source(link_set_source_t *message, const uint8_t *body, size_t size)
{
    if (size != 2u) return false;
    message->source = get_u8(body + 0);
    message->item = get_u8(body + 1);
    return true;
}

int link_pack_set_models(const link_set_models_t *message, uint8_t *body, size_t room)
{
    const size_t size = 4u;
    if (room < size) return -1;
    put_u32(body + 0, message->model_mask);
    return (int)size;
}

bool link_unpack_set_models(link_set_models_t *message, const uint8_t *body, size_t size)
{
    if (size != 4u) return false;
    message->model_mask = get_u32(body + 0);
    return true;
}

int link_pack_set_noise(const link_set_noise_t *message, uint8_t *body, size_t room)
{
    const size_t size = 8u;
    if (room < size) return -1;
    put_u16(body + 0, message->baseline_uv);
    put_u16(body + 2, message->muscle_uv);
    put_u16(body + 4, message->electrode_uv);
    put_u16(body + 6, message->mains_uv);
    return (int)size;
}

bool link_unpack_set_noise(link_set_noise_t *message, const uint8_t *body, size_t size)
{
    if (size != 8u) return false;
    message->baseline_uv = get_u16(body + 0);
    message->muscle_uv = get_u16(body + 2);
    message->electrode_uv = get_u16(body + 4);
    message->mains_uv = get_u16(body + 6);
    return true;
}

int link_pack_mark(const link_mark_t *message, uint8_t *body, size_t room)
{
    const size_t size = 0u + (size_t)message->text_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    put_bytes(body + 0, message->text, message->text_size);
    return (int)size;
}

bool link_unpack_mark(link_mark_t *message, const uint8_t *body, size_t size)
{
    if (size > LINK_MOST_BODY_BYTES) return false;
    message->text = body + 0;
    message->text_size = (uint16_t)(size - 0u);
    return true;
}

int link_pack_samples(const link_samples_t *message, uint8_t *body, size_t room)
{
    const size_t size = 6u + (size_t)message->leads * message->count * 2u;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (!shape_ok(message->leads, message->count, 2u)) return -1;
    put_u32(body + 0, message->index);
    body[4] = message->leads;
    body[5] = message->count;
    put_bytes(body + 6, message->values, size - 6u);
    return (int)size;
}

bool link_unpack_samples(link_samples_t *message, const uint8_t *body, size_t size)
{
    if (size < 6u) return false;
    message->index = get_u32(body + 0);
    message->leads = body[4];
    message->count = body[5];
    message->values = body + 6;
    if (size != 6u + (size_t)message->leads * message->count * 2u) return false;
    if (!shape_ok(message->leads, message->count, 2u)) return false;
    return true;
}

int link_pack_result(const link_result_t *message, uint8_t *body, size_t room)
{
    const size_t size = 30u + (size_t)message->data_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (!part_ok(message->offset, message->data_size, message->total)) return -1;
    put_u32(body + 0, message->index);
    put_u32(body + 4, message->window);
    put_u8(body + 8, message->model);
    put_u8(body + 9, message->encoding);
    put_u32(body + 10, message->latency_us);
    put_u32(body + 14, message->instructions);
    put_u32(body + 18, message->input_hash);
    put_u32(body + 22, message->output_hash);
    put_u16(body + 26, message->offset);
    put_u16(body + 28, message->total);
    put_bytes(body + 30, message->data, message->data_size);
    return (int)size;
}

bool link_unpack_result(link_result_t *message, const uint8_t *body, size_t size)
{
    if (size < 30u || size > LINK_MOST_BODY_BYTES) return false;
    message->index = get_u32(body + 0);
    message->window = get_u32(body + 4);
    message->model = get_u8(body + 8);
    message->encoding = get_u8(body + 9);
    message->latency_us = get_u32(body + 10);
    message->instructions = get_u32(body + 14);
    message->input_hash = get_u32(body + 18);
    message->output_hash = get_u32(body + 22);
    message->offset = get_u16(body + 26);
    message->total = get_u16(body + 28);
    message->data = body + 30;
    message->data_size = (uint16_t)(size - 30u);
    if (!part_ok(message->offset, message->data_size, message->total)) return false;
    return true;
}

int link_pack_stats(const link_stats_t *message, uint8_t *body, size_t room)
{
    const size_t size = 46u;
    if (room < size) return -1;
    put_u64(body + 0, message->device_time_us);
    put_u32(body + 8, message->sample_index);
    put_u32(body + 12, message->samples_dropped);
    put_u32(body + 16, message->frames_received);
    put_u32(body + 20, message->frames_bad);
    put_u32(body + 24, message->worst_gap_us);
    put_u32(body + 28, message->sensor_errors);
    put_u32(body + 32, message->queue_high_bytes);
    put_u32(body + 36, message->model_mask);
    put_u16(body + 40, message->lead_off_mask);
    put_u16(body + 42, message->cpu_permille);
    put_u8(body + 44, message->source);
    put_u8(body + 45, message->battery_percent);
    return (int)size;
}

bool link_unpack_stats(link_stats_t *message, const uint8_t *body, size_t size)
{
    if (size != 46u) return false;
    message->device_time_us = get_u64(body + 0);
    message->sample_index = get_u32(body + 8);
    message->samples_dropped = get_u32(body + 12);
    message->frames_received = get_u32(body + 16);
    message->frames_bad = get_u32(body + 20);
    message->worst_gap_us = get_u32(body + 24);
    message->sensor_errors = get_u32(body + 28);
    message->queue_high_bytes = get_u32(body + 32);
    message->model_mask = get_u32(body + 36);
    message->lead_off_mask = get_u16(body + 40);
    message->cpu_permille = get_u16(body + 42);
    message->source = get_u8(body + 44);
    message->battery_percent = get_u8(body + 45);
    return true;
}

int link_pack_log(const link_log_t *message, uint8_t *body, size_t room)
{
    const size_t size = 0u + (size_t)message->text_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    put_bytes(body + 0, message->text, message->text_size);
    return (int)size;
}

bool link_unpack_log(link_log_t *message, const uint8_t *body, size_t size)
{
    if (size > LINK_MOST_BODY_BYTES) return false;
    message->text = body + 0;
    message->text_size = (uint16_t)(size - 0u);
    return true;
}

int link_pack_event(const link_event_t *message, uint8_t *body, size_t room)
{
    const size_t size = 9u + (size_t)message->text_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    put_u32(body + 0, message->index);
    put_u8(body + 4, message->kind);
    put_u32(body + 5, message->value);
    put_bytes(body + 9, message->text, message->text_size);
    return (int)size;
}

bool link_unpack_event(link_event_t *message, const uint8_t *body, size_t size)
{
    if (size < 9u || size > LINK_MOST_BODY_BYTES) return false;
    message->index = get_u32(body + 0);
    message->kind = get_u8(body + 4);
    message->value = get_u32(body + 5);
    message->text = body + 9;
    message->text_size = (uint16_t)(size - 9u);
    return true;
}

int link_pack_samples24(const link_samples24_t *message, uint8_t *body, size_t room)
{
    const size_t size = 6u + (size_t)message->leads * message->count * 3u;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (!shape_ok(message->leads, message->count, 3u)) return -1;
    put_u32(body + 0, message->index);
    body[4] = message->leads;
    body[5] = message->count;
    put_bytes(body + 6, message->values, size - 6u);
    return (int)size;
}

bool link_unpack_samples24(link_samples24_t *message, const uint8_t *body, size_t size)
{
    if (size < 6u) return false;
    message->index = get_u32(body + 0);
    message->leads = body[4];
    message->count = body[5];
    message->values = body + 6;
    if (size != 6u + (size_t)message->leads * message->count * 3u) return false;
    if (!shape_ok(message->leads, message->count, 3u)) return false;
    return true;
}

int link_pack_model_stats(const link_model_stats_t *message, uint8_t *body, size_t room)
{
    const size_t size = 21u;
    if (room < size) return -1;
    put_u8(body + 0, message->model);
    put_u32(body + 1, message->windows);
    put_u32(body + 5, message->skipped);
    put_u32(body + 9, message->last_us);
    put_u32(body + 13, message->worst_us);
    put_u32(body + 17, message->instructions);
    return (int)size;
}

bool link_unpack_model_stats(link_model_stats_t *message, const uint8_t *body, size_t size)
{
    if (size != 21u) return false;
    message->model = get_u8(body + 0);
    message->windows = get_u32(body + 1);
    message->skipped = get_u32(body + 5);
    message->last_us = get_u32(body + 9);
    message->worst_us = get_u32(body + 13);
    message->instructions = get_u32(body + 17);
    return true;
}

int link_pack_inject(const link_inject_t *message, uint8_t *body, size_t room)
{
    const size_t size = 6u + (size_t)message->leads * message->count * 2u;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (!shape_ok(message->leads, message->count, 2u)) return -1;
    put_u32(body + 0, message->index);
    body[4] = message->leads;
    body[5] = message->count;
    put_bytes(body + 6, message->values, size - 6u);
    return (int)size;
}

bool link_unpack_inject(link_inject_t *message, const uint8_t *body, size_t size)
{
    if (size < 6u) return false;
    message->index = get_u32(body + 0);
    message->leads = body[4];
    message->count = body[5];
    message->values = body + 6;
    if (size != 6u + (size_t)message->leads * message->count * 2u) return false;
    if (!shape_ok(message->leads, message->count, 2u)) return false;
    return true;
}

int link_pack_model_begin(const link_model_begin_t *message, uint8_t *body, size_t room)
{
    const size_t size = 10u + (size_t)message->name_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (message->model > 31u) return -1;
    if (message->size < 1u) return -1;
    put_u8(body + 0, message->model);
    put_u8(body + 1, message->format);
    put_u32(body + 2, message->size);
    put_u32(body + 6, message->crc32);
    put_bytes(body + 10, message->name, message->name_size);
    return (int)size;
}

bool link_unpack_model_begin(link_model_begin_t *message, const uint8_t *body, size_t size)
{
    if (size < 10u || size > LINK_MOST_BODY_BYTES) return false;
    message->model = get_u8(body + 0);
    message->format = get_u8(body + 1);
    message->size = get_u32(body + 2);
    message->crc32 = get_u32(body + 6);
    message->name = body + 10;
    message->name_size = (uint16_t)(size - 10u);
    if (message->model > 31u) return false;
    if (message->size < 1u) return false;
    return true;
}

int link_pack_model_data(const link_model_data_t *message, uint8_t *body, size_t room)
{
    const size_t size = 4u + (size_t)message->data_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    put_u32(body + 0, message->offset);
    put_bytes(body + 4, message->data, message->data_size);
    return (int)size;
}

bool link_unpack_model_data(link_model_data_t *message, const uint8_t *body, size_t size)
{
    if (size < 4u || size > LINK_MOST_BODY_BYTES) return false;
    message->offset = get_u32(body + 0);
    message->data = body + 4;
    message->data_size = (uint16_t)(size - 4u);
    return true;
}

int link_pack_model_commit(const link_model_commit_t *message, uint8_t *body, size_t room)
{
    const size_t size = 1u;
    if (room < size) return -1;
    if (message->model > 31u) return -1;
    put_u8(body + 0, message->model);
    return (int)size;
}

bool link_unpack_model_commit(link_model_commit_t *message, const uint8_t *body, size_t size)
{
    if (size != 1u) return false;
    message->model = get_u8(body + 0);
    if (message->model > 31u) return false;
    return true;
}

int link_pack_input(const link_input_t *message, uint8_t *body, size_t room)
{
    const size_t size = 5u + (size_t)message->data_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (message->model > 31u) return -1;
    if (message->total < 1u) return -1;
    if (!part_ok(message->offset, message->data_size, message->total)) return -1;
    put_u8(body + 0, message->model);
    put_u16(body + 1, message->offset);
    put_u16(body + 3, message->total);
    put_bytes(body + 5, message->data, message->data_size);
    return (int)size;
}

bool link_unpack_input(link_input_t *message, const uint8_t *body, size_t size)
{
    if (size < 5u || size > LINK_MOST_BODY_BYTES) return false;
    message->model = get_u8(body + 0);
    message->offset = get_u16(body + 1);
    message->total = get_u16(body + 3);
    message->data = body + 5;
    message->data_size = (uint16_t)(size - 5u);
    if (message->model > 31u) return false;
    if (message->total < 1u) return false;
    if (!part_ok(message->offset, message->data_size, message->total)) return false;
    return true;
}

int link_pack_infer(const link_infer_t *message, uint8_t *body, size_t room)
{
    const size_t size = 1u;
    if (room < size) return -1;
    if (message->model > 31u) return -1;
    put_u8(body + 0, message->model);
    return (int)size;
}

bool link_unpack_infer(link_infer_t *message, const uint8_t *body, size_t size)
{
    if (size != 1u) return false;
    message->model = get_u8(body + 0);
    if (message->model > 31u) return false;
    return true;
}

int link_pack_output(const link_output_t *message, uint8_t *body, size_t room)
{
    const size_t size = 19u + (size_t)message->data_size;
    if (room < size || size > LINK_MOST_BODY_BYTES) return -1;
    if (!part_ok(message->offset, message->data_size, message->total)) return -1;
    put_u8(body + 0, message->model);
    put_u16(body + 1, message->request_sequence);
    put_u32(body + 3, message->latency_us);
    put_u32(body + 7, message->instructions);
    put_u32(body + 11, message->output_hash);
    put_u16(body + 15, message->offset);
    put_u16(body + 17, message->total);
    put_bytes(body + 19, message->data, message->data_size);
    return (int)size;
}

bool link_unpack_output(link_output_t *message, const uint8_t *body, size_t size)
{
    if (size < 19u || size > LINK_MOST_BODY_BYTES) return false;
    message->model = get_u8(body + 0);
    message->request_sequence = get_u16(body + 1);
    message->latency_us = get_u32(body + 3);
    message->instructions = get_u32(body + 7);
    message->output_hash = get_u32(body + 11);
    message->offset = get_u16(body + 15);
    message->total = get_u16(body + 17);
    message->data = body + 19;
    message->data_size = (uint16_t)(size - 19u);
    if (!part_ok(message->offset, message->data_size, message->total)) return false;
    return true;
}

int link_check_body(uint8_t type, const uint8_t *body, size_t size)
{
    union {
        link_info_t info;
        link_start_t start;
        link_ack_t ack;
        link_set_source_t set_source;
        link_set_models_t set_models;
        link_set_noise_t set_noise;
        link_mark_t mark;
        link_samples_t samples;
        link_result_t result;
        link_stats_t stats;
        link_log_t log;
        link_event_t event;
        link_samples24_t samples24;
        link_model_stats_t model_stats;
        link_inject_t inject;
        link_model_begin_t model_begin;
        link_model_data_t model_data;
        link_model_commit_t model_commit;
        link_input_t input;
        link_infer_t infer;
        link_output_t output;
    } any;
    bool good;
    switch (type) {
    case LINK_TYPE_HELLO: good = size == 0u; break;
    case LINK_TYPE_INFO: good = link_unpack_info(&any.info, body, size); break;
    case LINK_TYPE_START: good = link_unpack_start(&any.start, body, size); break;
    case LINK_TYPE_STOP: good = size == 0u; break;
    case LINK_TYPE_ACK: good = link_unpack_ack(&any.ack, body, size); break;
    case LINK_TYPE_SET_SOURCE: good = link_unpack_set_source(&any.set_source, body, size); break;
    case LINK_TYPE_SET_MODELS: good = link_unpack_set_models(&any.set_models, body, size); break;
    case LINK_TYPE_SET_NOISE: good = link_unpack_set_noise(&any.set_noise, body, size); break;
    case LINK_TYPE_MARK: good = link_unpack_mark(&any.mark, body, size); break;
    case LINK_TYPE_SELF_TEST: good = size == 0u; break;
    case LINK_TYPE_RESET: good = size == 0u; break;
    case LINK_TYPE_SAMPLES: good = link_unpack_samples(&any.samples, body, size); break;
    case LINK_TYPE_RESULT: good = link_unpack_result(&any.result, body, size); break;
    case LINK_TYPE_STATS: good = link_unpack_stats(&any.stats, body, size); break;
    case LINK_TYPE_LOG: good = link_unpack_log(&any.log, body, size); break;
    case LINK_TYPE_EVENT: good = link_unpack_event(&any.event, body, size); break;
    case LINK_TYPE_SAMPLES24: good = link_unpack_samples24(&any.samples24, body, size); break;
    case LINK_TYPE_MODEL_STATS: good = link_unpack_model_stats(&any.model_stats, body, size); break;
    case LINK_TYPE_INJECT: good = link_unpack_inject(&any.inject, body, size); break;
    case LINK_TYPE_MODEL_BEGIN: good = link_unpack_model_begin(&any.model_begin, body, size); break;
    case LINK_TYPE_MODEL_DATA: good = link_unpack_model_data(&any.model_data, body, size); break;
    case LINK_TYPE_MODEL_COMMIT: good = link_unpack_model_commit(&any.model_commit, body, size); break;
    case LINK_TYPE_INPUT: good = link_unpack_input(&any.input, body, size); break;
    case LINK_TYPE_INFER: good = link_unpack_infer(&any.infer, body, size); break;
    case LINK_TYPE_OUTPUT: good = link_unpack_output(&any.output, body, size); break;
    default: return LINK_BAD_REASON_TYPE;
    }
    return good ? 0 : LINK_BAD_REASON_BODY;
}
