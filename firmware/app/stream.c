#include "stream.h"

#include <string.h>

#include "clock.h"
#include "codes.h"
#include "inject.h"
#include "models.h"
#include "noise.h"
#include "outbox.h"
#include "replay.h"
#include "sample_ring.h"
#include "sensor.h"

#define FRAMES_PER_S 10u
#define MOST_COUNT 255u
#define SAMPLES_HEAD_BYTES 6u
#define EVENT_HEAD_BYTES 9u
#define BATCH 64u /* samples taken at a time, so that the link is served in between */

const uint16_t STREAM_RATES_HZ[] = {250, 500, 1000, 200, 0};

static struct {
    bool running;
    link_start_t setup;
    uint32_t leads, per_frame;
    uint8_t item; /* of REPLAY */
    replay_t replay;
    sample_clock_t clock;
    bool clock_runs;
    uint64_t sent_us; /* the last frame of samples */
    uint32_t worst_gap_us;
    uint32_t told_dropped;
    bool told_silent; /* of the sensor */
} stream;

static stream_answer_t refused(uint8_t status, const char *detail) { return (stream_answer_t){status, detail}; }

static const stream_answer_t DONE = {LINK_STATUS_OK, NULL};

void stream_reset(void) { memset(&stream, 0, sizeof stream); }

bool stream_running(void) { return stream.running; }
uint32_t stream_index(void) { return stream.running ? sample_ring_head() : 0u; }
uint8_t stream_source(void) { return stream.setup.source; }
uint32_t stream_leads(void) { return stream.leads; }

static uint32_t count_leads(uint32_t mask) {
    uint32_t count = 0;
    for (; mask != 0; mask &= mask - 1u) count++;
    return count;
}

static bool rate_is_known(uint16_t rate_hz) {
    for (uint32_t k = 0; STREAM_RATES_HZ[k] != 0; k++)
        if (STREAM_RATES_HZ[k] == rate_hz) return true;
    return false;
}

static uint32_t most_per_frame(uint32_t leads, uint32_t bits) {
    uint32_t most = (LINK_MOST_BODY_BYTES - SAMPLES_HEAD_BYTES) / (leads * bits / 8u);
    return most < MOST_COUNT ? most : MOST_COUNT;
}

/* Ten frames a second, or as many as the frame size asks for. */
static uint32_t usual_per_frame(uint32_t rate_hz, uint32_t most) {
    uint32_t tenth = rate_hz / FRAMES_PER_S;
    uint32_t frames = (tenth + most - 1u) / most;
    return (tenth + frames - 1u) / frames;
}

static stream_answer_t begin_source(uint8_t source, uint8_t item) {
    switch (source) {
    case LINK_SOURCE_SENSOR:
        if (!sensor_start(stream.setup.rate_hz)) return refused(LINK_STATUS_FAILED, "the sensor does not answer");
        break;
    case LINK_SOURCE_REPLAY:
        if (!replay_start(&stream.replay, item, stream.setup.rate_hz, stream.setup.lead_mask))
            return refused(LINK_STATUS_BAD_VALUE, "no such recording");
        stream.item = item;
        break;
    default:
        inject_start(stream.leads);
        break;
    }
    stream.setup.source = source;
    sample_clock_set(&stream.clock, stream.setup.rate_hz);
    stream.clock_runs = source == LINK_SOURCE_REPLAY;
    return DONE;
}

static stream_answer_t check(const link_start_t *wanted, uint32_t leads) {
    if (!rate_is_known(wanted->rate_hz)) return refused(LINK_STATUS_BAD_VALUE, "rates are 200, 250, 500 and 1000 Hz");
    if (wanted->lead_mask == 0 || wanted->lead_mask >> LEADS != 0)
        return refused(LINK_STATUS_BAD_VALUE, "there are 12 leads");
    if (wanted->sample_bits != 16 && wanted->sample_bits != 24)
        return refused(LINK_STATUS_BAD_VALUE, "samples have 16 or 24 bits");
    if (wanted->source > LINK_SOURCE_INJECT) return refused(LINK_STATUS_BAD_VALUE, "no such source");
    if (wanted->results > LINK_RESULTS_CLASS_RUNS) return refused(LINK_STATUS_BAD_VALUE, "no such form of results");
    if (wanted->samples_per_frame > most_per_frame(leads, wanted->sample_bits))
        return refused(LINK_STATUS_BAD_VALUE, "so many samples do not fit a frame");
    if (!models_allowed(wanted->model_mask)) return refused(LINK_STATUS_BAD_VALUE, "no such model on the stream");
    return DONE;
}

stream_answer_t stream_start(const link_start_t *wanted) {
    uint32_t leads = count_leads(wanted->lead_mask);
    stream_answer_t answer = check(wanted, leads);
    if (answer.status != LINK_STATUS_OK) return answer;
    stream.running = false;
    stream.setup = *wanted;
    stream.leads = leads;
    stream.per_frame = wanted->samples_per_frame != 0
                           ? wanted->samples_per_frame
                           : usual_per_frame(wanted->rate_hz, most_per_frame(leads, wanted->sample_bits));
    answer = begin_source(wanted->source, stream.item);
    if (answer.status != LINK_STATUS_OK) return answer;
    sample_ring_start(leads);
    noise_start(wanted->rate_hz);
    models_start(wanted->rate_hz, wanted->results, wanted->model_mask);
    stream.sent_us = clock_us();
    stream.worst_gap_us = 0;
    stream.told_dropped = 0;
    stream.running = true;
    return DONE;
}

stream_answer_t stream_set_source(const link_set_source_t *wanted) {
    if (wanted->source > LINK_SOURCE_INJECT) return refused(LINK_STATUS_BAD_VALUE, "no such source");
    if (!stream.running) {
        if (wanted->source == LINK_SOURCE_REPLAY) {
            if (wanted->item > REPLAY_RECORDING_COUNT) return refused(LINK_STATUS_BAD_VALUE, "no such recording");
            stream.item = wanted->item;
        }
        stream.setup.source = wanted->source;
        return DONE;
    }
    stream_answer_t answer = begin_source(wanted->source, wanted->item);
    if (answer.status != LINK_STATUS_OK) return answer;
    models_break(); /* the signals before and after have nothing to do with each other */
    stream_event(LINK_EVENT_KIND_SOURCE, wanted->source, NULL, 0);
    return DONE;
}

static void take(int16_t *values) {
    noise_add(values, stream.leads);
    models_push(sample_ring_head(), values[0]);
    sample_ring_push(values);
}

static void tell_of_silence(void) {
    static const uint8_t words[] = "the sensor gives no samples";
    bool silent = sensor_silent();
    if (silent && !stream.told_silent) stream_event(LINK_EVENT_KIND_SENSOR_FAULT, 0, words, sizeof words - 1u);
    stream.told_silent = silent;
}

static bool sample_sensor(void) {
    int16_t made[SENSOR_MOST_SAMPLES];
    int16_t values[LEADS];
    uint32_t count = sensor_poll(made);
    tell_of_silence();
    for (uint32_t k = 0; k < count; k++) {
        for (uint32_t lead = 0; lead < stream.leads; lead++) values[lead] = CODE_NONE;
        if ((stream.setup.lead_mask & 1u) != 0) values[0] = made[k];
        take(values);
    }
    return count > 0;
}

static bool sample_by_clock(void) {
    int16_t values[LEADS];
    uint32_t due = sample_clock_due(&stream.clock);
    if (due > sample_ring_room()) {
        /* The board stood still for longer than the ring holds: that time is a hole, never made up for. */
        uint32_t missed = due - sample_ring_room() / 2u;
        sample_ring_skip(missed);
        sample_clock_take(&stream.clock, missed);
        models_break();
        due -= missed;
    }
    if (due > BATCH) due = BATCH;
    for (uint32_t k = 0; k < due; k++) {
        if (stream.setup.source == LINK_SOURCE_REPLAY)
            replay_next(&stream.replay, values);
        else
            inject_next(values);
        take(values);
    }
    sample_clock_take(&stream.clock, due);
    return due > 0;
}

bool stream_sample(void) {
    if (!stream.running) return false;
    if (stream.setup.source == LINK_SOURCE_SENSOR) return sample_sensor();
    if (!stream.clock_runs) {
        if (!inject_begun()) return false;
        sample_clock_set(&stream.clock, stream.setup.rate_hz);
        stream.clock_runs = true;
    }
    return sample_by_clock();
}

static size_t write_values(uint8_t *to, uint32_t index, uint32_t count) {
    uint8_t *begin = to;
    bool wide = stream.setup.sample_bits == 24;
    for (uint32_t k = 0; k < count; k++) {
        const int16_t *values = sample_ring_at(index + k);
        for (uint32_t lead = 0; lead < stream.leads; lead++) {
            uint32_t bits = (uint32_t)(int32_t)values[lead];
            if (wide && values[lead] == CODE_NONE) bits = (uint32_t)LINK_NO_VALUE_24;
            *to++ = (uint8_t)bits;
            *to++ = (uint8_t)(bits >> 8);
            if (wide) *to++ = (uint8_t)(bits >> 16);
        }
    }
    return (size_t)(to - begin);
}

static void send_frame(uint32_t count) {
    static uint8_t values[LINK_MOST_BODY_BYTES], body[LINK_MOST_BODY_BYTES];
    uint32_t index = sample_ring_tail();
    uint64_t now_us = clock_us();
    uint32_t gap_us = (uint32_t)(now_us - stream.sent_us);
    int size;
    write_values(values, index, count);
    if (stream.setup.sample_bits == 24) {
        link_samples24_t frame = {index, (uint8_t)stream.leads, (uint8_t)count, values};
        size = link_pack_samples24(&frame, body, sizeof body);
        outbox_send(LINK_TYPE_SAMPLES24, body, size);
    } else {
        link_samples_t frame = {index, (uint8_t)stream.leads, (uint8_t)count, values};
        size = link_pack_samples(&frame, body, sizeof body);
        outbox_send(LINK_TYPE_SAMPLES, body, size);
    }
    sample_ring_consume(count);
    if (gap_us > stream.worst_gap_us) stream.worst_gap_us = gap_us;
    stream.sent_us = now_us;
}

bool stream_send(void) {
    bool any = false;
    if (!stream.running) return false;
    while (sample_ring_head() - sample_ring_tail() >= stream.per_frame && outbox_waiting() < OUTBOX_SAMPLES_BELOW) {
        send_frame(stream.per_frame);
        any = true;
    }
    return any;
}

/* What is short of a whole frame goes too, while there is room: nothing that was sampled is left behind. */
void stream_stop(void) {
    while (stream.running && sample_ring_head() != sample_ring_tail() && outbox_has_room(2)) {
        uint32_t waiting = sample_ring_head() - sample_ring_tail();
        send_frame(waiting < stream.per_frame ? waiting : stream.per_frame);
    }
    stream.running = false;
}

void stream_report(uint16_t cpu_permille, uint32_t frames_good, uint32_t frames_bad) {
    static uint8_t body[LINK_MOST_BODY_BYTES];
    bool sensor = stream.setup.source == LINK_SOURCE_SENSOR;
    link_stats_t stats = {
        .device_time_us = clock_us(),
        .sample_index = sample_ring_head(),
        .samples_dropped = sample_ring_dropped(),
        .frames_received = frames_good,
        .frames_bad = frames_bad,
        .worst_gap_us = stream.worst_gap_us,
        .sensor_errors = sensor ? sensor_errors() : 0u,
        .queue_high_bytes = outbox_most_waited(),
        .model_mask = models_mask(),
        .lead_off_mask = 0,
        .cpu_permille = cpu_permille,
        .source = stream.setup.source,
        .battery_percent = 255,
    };
    outbox_send(LINK_TYPE_STATS, body, link_pack_stats(&stats, body, sizeof body));
    if (sample_ring_dropped() != stream.told_dropped)
        stream_event(LINK_EVENT_KIND_OVERFLOW, sample_ring_dropped() - stream.told_dropped, NULL, 0);
    stream.told_dropped = sample_ring_dropped();
    stream.worst_gap_us = 0;
}

void stream_event(uint8_t kind, uint32_t value, const uint8_t *text, uint16_t size) {
    static uint8_t body[LINK_MOST_BODY_BYTES];
    const uint16_t most = LINK_MOST_BODY_BYTES - EVENT_HEAD_BYTES; /* a MARK may be longer than fits an EVENT */
    link_event_t event = {stream_index(), kind, value, text, size < most ? size : most};
    outbox_send(LINK_TYPE_EVENT, body, link_pack_event(&event, body, sizeof body));
}
