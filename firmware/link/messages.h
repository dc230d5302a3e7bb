/* Written by python -m engine.devices.protocol.generator: change engine/devices/protocol/messages.py. */
#ifndef HEARTKIT_LINK_MESSAGES_H
#define HEARTKIT_LINK_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_VERSION 1u
#define LINK_MOST_FRAME_BYTES 512u
#define LINK_MOST_BODY_BYTES 506u
#define LINK_MOST_WIRE_BYTES 516u /* a whole frame after byte stuffing, closing zero included */
#define LINK_MOST_LEADS 16u
#define LINK_NO_VALUE_16 (-32768)
#define LINK_NO_VALUE_24 (-8388608)

/* link_pack_NAME writes a body and returns its size, or -1 when it does not fit `room` or a value is not allowed.
 * link_unpack_NAME is false when the body does not fit the table; pointers then filled in lead into `body`. */

/* Where the board takes its samples from. */
enum link_source {
    LINK_SOURCE_SENSOR = 0,
    LINK_SOURCE_REPLAY = 1,
    LINK_SOURCE_INJECT = 2
};

/* How a request ended. */
enum link_status {
    LINK_STATUS_OK = 0,
    LINK_STATUS_UNKNOWN_MESSAGE = 1,
    LINK_STATUS_BAD_VALUE = 2,
    LINK_STATUS_NOT_SUPPORTED = 3,
    LINK_STATUS_WRONG_STATE = 4,
    LINK_STATUS_BUSY = 5,
    LINK_STATUS_TOO_LARGE = 6,
    LINK_STATUS_CRC_MISMATCH = 7,
    LINK_STATUS_FAILED = 8
};

/* What the data of a RESULT are. */
enum link_results {
    LINK_RESULTS_HASH_ONLY = 0,
    LINK_RESULTS_TENSOR = 1,
    LINK_RESULTS_CLASS_RUNS = 2
};

/* What happened at a sample. */
enum link_event_kind {
    LINK_EVENT_KIND_BOOT = 0,
    LINK_EVENT_KIND_BUTTON = 1,
    LINK_EVENT_KIND_MARK = 2,
    LINK_EVENT_KIND_LEAD_OFF = 3,
    LINK_EVENT_KIND_LEAD_ON = 4,
    LINK_EVENT_KIND_SOURCE = 5,
    LINK_EVENT_KIND_SENSOR_FAULT = 6,
    LINK_EVENT_KIND_OVERFLOW = 7
};

/* What an uploaded model is. */
enum link_model_format {
    LINK_MODEL_FORMAT_TFLITE = 0,
    LINK_MODEL_FORMAT_PLAN = 1
};

/* Why a received frame was refused; both sides apply these tests in this order. */
enum link_bad_reason {
    LINK_BAD_REASON_OVERLONG = 1,
    LINK_BAD_REASON_COBS = 2,
    LINK_BAD_REASON_SHORT = 3,
    LINK_BAD_REASON_CRC = 4,
    LINK_BAD_REASON_VERSION = 5,
    LINK_BAD_REASON_TYPE = 6,
    LINK_BAD_REASON_BODY = 7
};

enum link_type {
    LINK_TYPE_HELLO = 1,
    LINK_TYPE_INFO = 2,
    LINK_TYPE_START = 3,
    LINK_TYPE_STOP = 4,
    LINK_TYPE_ACK = 5,
    LINK_TYPE_SET_SOURCE = 6,
    LINK_TYPE_SET_MODELS = 7,
    LINK_TYPE_SET_NOISE = 8,
    LINK_TYPE_MARK = 9,
    LINK_TYPE_SELF_TEST = 10,
    LINK_TYPE_RESET = 11,
    LINK_TYPE_SAMPLES = 16,
    LINK_TYPE_RESULT = 17,
    LINK_TYPE_STATS = 18,
    LINK_TYPE_LOG = 19,
    LINK_TYPE_EVENT = 20,
    LINK_TYPE_SAMPLES24 = 21,
    LINK_TYPE_MODEL_STATS = 22,
    LINK_TYPE_INJECT = 32,
    LINK_TYPE_MODEL_BEGIN = 48,
    LINK_TYPE_MODEL_DATA = 49,
    LINK_TYPE_MODEL_COMMIT = 50,
    LINK_TYPE_INPUT = 51,
    LINK_TYPE_INFER = 52,
    LINK_TYPE_OUTPUT = 53
};

/* HELLO, host to board: Who are you? The board answers with INFO, streaming or not. */
#define LINK_HELLO_BODY_BYTES 0u

/* INFO, board to host: One piece of the board's description, a JSON document. */
typedef struct {
    uint16_t offset; /* where this piece starts in the document, bytes */
    uint16_t total; /* size of the document, bytes */
    const uint8_t *data; /* the piece, UTF-8 */
    uint16_t data_size;
} link_info_t;

int link_pack_info(const link_info_t *message, uint8_t *body, size_t room);
bool link_unpack_info(link_info_t *message, const uint8_t *body, size_t size);

/* START, host to board: Stream from now on; the sample index starts at 0, also when the board was streaming.
 * Answer: ACK. */
typedef struct {
    uint16_t rate_hz; /* nominal sampling rate, one that INFO lists, Hz */
    uint16_t lead_mask; /* leads wanted, bit 0 = first lead of INFO */
    uint8_t samples_per_frame; /* samples of each lead in a frame; 0: the board chooses */
    uint8_t sample_bits; /* 16: SAMPLES, 24: SAMPLES24, bits */
    uint8_t source; /* where samples come from: enum link_source */
    uint8_t results; /* how much of each result is sent: enum link_results */
    uint32_t model_mask; /* models to run, bit n = model id n of INFO */
} link_start_t;

int link_pack_start(const link_start_t *message, uint8_t *body, size_t room);
bool link_unpack_start(link_start_t *message, const uint8_t *body, size_t size);

/* STOP, host to board: Stop streaming. Answer: ACK, then a last STATS. */
#define LINK_STOP_BODY_BYTES 0u

/* ACK, board to host: Answer to every message except HELLO: what became of it. */
typedef struct {
    uint8_t request; /* number of the message answered */
    uint16_t request_sequence; /* sequence of the frame answered */
    uint8_t status; /* how it ended: enum link_status */
    uint32_t value; /* INJECT: room for samples; MODEL_DATA, INPUT: bytes held so far; otherwise 0 */
    const uint8_t *detail; /* the fault in words, or empty */
    uint16_t detail_size;
} link_ack_t;

int link_pack_ack(const link_ack_t *message, uint8_t *body, size_t room);
bool link_unpack_ack(link_ack_t *message, const uint8_t *body, size_t size);

/* SET_SOURCE, host to board: Change the source while streaming or before. Answer: ACK; an EVENT tells the
 * sample of the change. */
typedef struct {
    uint8_t source; /* where samples come from: enum link_source */
    uint8_t item; /* REPLAY: which of INFO's recordings */
} link_set_source_t;

int link_pack_set_source(const link_set_source_t *message, uint8_t *body, size_t room);
bool link_unpack_set_source(link_set_source_t *message, const uint8_t *body, size_t size);

/* SET_MODELS, host to board: Switch models on and off. Answer: ACK. */
typedef struct {
    uint32_t model_mask; /* models to run, bit n = model id n of INFO */
} link_set_models_t;

int link_pack_set_models(const link_set_models_t *message, uint8_t *body, size_t room);
bool link_unpack_set_models(link_set_models_t *message, const uint8_t *body, size_t size);

/* SET_NOISE, host to board: Noise the board adds to its samples, whatever their source; 0 is none. Answer: ACK.
 * */
typedef struct {
    uint16_t baseline_uv; /* baseline wander, RMS, µV */
    uint16_t muscle_uv; /* muscle noise, RMS, µV */
    uint16_t electrode_uv; /* electrode motion, RMS, µV */
    uint16_t mains_uv; /* mains hum, RMS, µV */
} link_set_noise_t;

int link_pack_set_noise(const link_set_noise_t *message, uint8_t *body, size_t room);
bool link_unpack_set_noise(link_set_noise_t *message, const uint8_t *body, size_t size);

/* MARK, host to board: Mark the present sample. Answer: ACK, and an EVENT of kind MARK with the same text. */
typedef struct {
    const uint8_t *text; /* what to note */
    uint16_t text_size;
} link_mark_t;

int link_pack_mark(const link_mark_t *message, uint8_t *body, size_t room);
bool link_unpack_mark(link_mark_t *message, const uint8_t *body, size_t size);

/* SELF_TEST, host to board: Check memory, clock, sensor and models; not while streaming. Answer: LOG lines,
 * then ACK. */
#define LINK_SELF_TEST_BODY_BYTES 0u

/* RESET, host to board: Start again as after power-on. Answer: ACK, then an EVENT of kind BOOT. */
#define LINK_RESET_BODY_BYTES 0u

/* SAMPLES, board to host: Consecutive samples. A hole in the index is a hole in the signal, exactly as wide. */
typedef struct {
    uint32_t index; /* index of the first sample since START; wraps at 2^32, samples */
    uint8_t leads;
    uint8_t count; /* samples of each lead */
    const uint8_t *values; /* i16 little-endian, [count][leads]; codes; INFO says how many µV one is */
} link_samples_t;

int link_pack_samples(const link_samples_t *message, uint8_t *body, size_t room);
bool link_unpack_samples(link_samples_t *message, const uint8_t *body, size_t size);

/* RESULT, board to host: What one model made of one window, or one piece of it. */
typedef struct {
    uint32_t index; /* index of the window's first sample, samples */
    uint32_t window; /* length of the window at the streaming rate, samples */
    uint8_t model; /* model id of INFO */
    uint8_t encoding; /* what the data are: enum link_results */
    uint32_t latency_us; /* time the model took, µs */
    uint32_t instructions; /* instructions it took; 0: not counted */
    uint32_t input_hash; /* FNV-1a of the model's input tensor */
    uint32_t output_hash; /* FNV-1a of the model's output tensor */
    uint16_t offset; /* where this piece starts in the result, bytes */
    uint16_t total; /* size of the result, bytes */
    const uint8_t *data; /* TENSOR: the output as it is; CLASS_RUNS: pairs of class and length 1-255 */
    uint16_t data_size;
} link_result_t;

int link_pack_result(const link_result_t *message, uint8_t *body, size_t room);
bool link_unpack_result(link_result_t *message, const uint8_t *body, size_t size);

/* STATS, board to host: How the board is doing: once a second while streaming and once after STOP. Counters run
 * since START. */
typedef struct {
    uint64_t device_time_us; /* the board's clock when `sample_index` was taken, µs */
    uint32_t sample_index; /* index of the next sample, samples */
    uint32_t samples_dropped; /* samples discarded because the link was too slow, samples */
    uint32_t frames_received; /* good frames from the host, since boot */
    uint32_t frames_bad; /* damaged frames from the host, since boot */
    uint32_t worst_gap_us; /* longest time between two sample frames since the last STATS, µs */
    uint32_t sensor_errors; /* bus errors and overflows of the sensor */
    uint32_t queue_high_bytes; /* most bytes ever waiting for the link, bytes */
    uint32_t model_mask; /* models running */
    uint16_t lead_off_mask; /* leads without contact, bit 0 = first lead of INFO */
    uint16_t cpu_permille; /* share of time not idle; 65535: not known, 1/1000 */
    uint8_t source; /* where samples come from: enum link_source */
    uint8_t battery_percent; /* charge; 255: not known, % */
} link_stats_t;

int link_pack_stats(const link_stats_t *message, uint8_t *body, size_t room);
bool link_unpack_stats(link_stats_t *message, const uint8_t *body, size_t size);

/* LOG, board to host: One line for people. */
typedef struct {
    const uint8_t *text; /* the line */
    uint16_t text_size;
} link_log_t;

int link_pack_log(const link_log_t *message, uint8_t *body, size_t room);
bool link_unpack_log(link_log_t *message, const uint8_t *body, size_t size);

/* EVENT, board to host: Something happened at a sample. */
typedef struct {
    uint32_t index; /* the sample, samples */
    uint8_t kind; /* what happened: enum link_event_kind */
    uint32_t value; /* LEAD_OFF, LEAD_ON: mask of leads; SOURCE: the source; OVERFLOW: samples lost */
    const uint8_t *text; /* in words, or empty */
    uint16_t text_size;
} link_event_t;

int link_pack_event(const link_event_t *message, uint8_t *body, size_t room);
bool link_unpack_event(link_event_t *message, const uint8_t *body, size_t size);

/* SAMPLES24, board to host: As SAMPLES, with values of 24 bits. */
typedef struct {
    uint32_t index; /* index of the first sample since START; wraps at 2^32, samples */
    uint8_t leads;
    uint8_t count; /* samples of each lead */
    const uint8_t *values; /* i24 little-endian, [count][leads]; codes; INFO says how many µV one is */
} link_samples24_t;

int link_pack_samples24(const link_samples24_t *message, uint8_t *body, size_t room);
bool link_unpack_samples24(link_samples24_t *message, const uint8_t *body, size_t size);

/* MODEL_STATS, board to host: How one running model is doing: once a second while streaming. Counters run since
 * START. */
typedef struct {
    uint8_t model; /* model id of INFO */
    uint32_t windows; /* windows done */
    uint32_t skipped; /* windows left out for want of time */
    uint32_t last_us; /* time of the last window, µs */
    uint32_t worst_us; /* longest time of a window, µs */
    uint32_t instructions; /* instructions of the last window; 0: not counted */
} link_model_stats_t;

int link_pack_model_stats(const link_model_stats_t *message, uint8_t *body, size_t room);
bool link_unpack_model_stats(link_model_stats_t *message, const uint8_t *body, size_t size);

/* INJECT, host to board: Samples for the source INJECT, in the codes of SAMPLES. Answer: ACK with the room
 * left. */
typedef struct {
    uint32_t index; /* index of the first sample since the source was chosen, samples */
    uint8_t leads;
    uint8_t count; /* samples of each lead */
    const uint8_t *values; /* i16 little-endian, [count][leads]; codes, one column for each lead that is streamed */
} link_inject_t;

int link_pack_inject(const link_inject_t *message, uint8_t *body, size_t room);
bool link_unpack_inject(link_inject_t *message, const uint8_t *body, size_t size);

/* MODEL_BEGIN, host to board: A model follows. Answer: ACK; NOT_SUPPORTED or TOO_LARGE by INFO's
 * `upload_formats` and `upload_bytes`. */
typedef struct {
    uint8_t model; /* model id to give it */
    uint8_t format; /* what the bytes are: enum link_model_format */
    uint32_t size; /* size of the model, bytes */
    uint32_t crc32; /* CRC-32 (zlib, Ethernet) of the model */
    const uint8_t *name; /* name for INFO */
    uint16_t name_size;
} link_model_begin_t;

int link_pack_model_begin(const link_model_begin_t *message, uint8_t *body, size_t room);
bool link_unpack_model_begin(link_model_begin_t *message, const uint8_t *body, size_t size);

/* MODEL_DATA, host to board: One piece of the model, in order. Answer: ACK with the bytes held; a wrong offset
 * is BAD_VALUE. */
typedef struct {
    uint32_t offset; /* where this piece starts, bytes */
    const uint8_t *data; /* the piece */
    uint16_t data_size;
} link_model_data_t;

int link_pack_model_data(const link_model_data_t *message, uint8_t *body, size_t room);
bool link_unpack_model_data(link_model_data_t *message, const uint8_t *body, size_t size);

/* MODEL_COMMIT, host to board: The model is complete: check its CRC and make it ready. Answer: ACK; HELLO then
 * tells of it. */
typedef struct {
    uint8_t model; /* model id */
} link_model_commit_t;

int link_pack_model_commit(const link_model_commit_t *message, uint8_t *body, size_t room);
bool link_unpack_model_commit(link_model_commit_t *message, const uint8_t *body, size_t size);

/* INPUT, host to board: One piece of an input tensor, in order. Answer: ACK with the bytes held. */
typedef struct {
    uint8_t model; /* model id */
    uint16_t offset; /* where this piece starts in the tensor, bytes */
    uint16_t total; /* size of the tensor, bytes */
    const uint8_t *data; /* the piece */
    uint16_t data_size;
} link_input_t;

int link_pack_input(const link_input_t *message, uint8_t *body, size_t room);
bool link_unpack_input(link_input_t *message, const uint8_t *body, size_t size);

/* INFER, host to board: Run a model once on the input sent. Answer: ACK, and OUTPUT when done. */
typedef struct {
    uint8_t model; /* model id */
} link_infer_t;

int link_pack_infer(const link_infer_t *message, uint8_t *body, size_t room);
bool link_unpack_infer(link_infer_t *message, const uint8_t *body, size_t size);

/* OUTPUT, board to host: One piece of the output tensor of INFER. */
typedef struct {
    uint8_t model; /* model id */
    uint16_t request_sequence; /* sequence of the INFER frame */
    uint32_t latency_us; /* time the model took, µs */
    uint32_t instructions; /* instructions it took; 0: not counted */
    uint32_t output_hash; /* FNV-1a of the output tensor */
    uint16_t offset; /* where this piece starts in the tensor, bytes */
    uint16_t total; /* size of the tensor, bytes */
    const uint8_t *data; /* the piece */
    uint16_t data_size;
} link_output_t;

int link_pack_output(const link_output_t *message, uint8_t *body, size_t room);
bool link_unpack_output(link_output_t *message, const uint8_t *body, size_t size);

/* 0 when the body is well formed, else LINK_BAD_REASON_TYPE or LINK_BAD_REASON_BODY. */
int link_check_body(uint8_t type, const uint8_t *body, size_t size);

#endif
