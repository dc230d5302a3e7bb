#include "link.h"

enum { HEAD_BYTES = 4, CRC_BYTES = 2, FULL_GROUP = 255 };

uint16_t link_crc16(uint16_t crc, const uint8_t *data, size_t size)
{
    static const uint16_t of_nibble[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
                                           0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF};
    for (size_t i = 0; i < size; i++) {
        crc = (uint16_t)(crc << 4 ^ of_nibble[crc >> 12 ^ data[i] >> 4]);
        crc = (uint16_t)(crc << 4 ^ of_nibble[crc >> 12 ^ (data[i] & 15)]);
    }
    return crc;
}

uint32_t link_fnv1a(uint32_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

size_t link_class_runs(const uint8_t *classes, size_t count, uint8_t *runs, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < count;) {
        size_t run = 1;
        while (run < 255 && i + run < count && classes[i + run] == classes[i]) run++;
        if (used + 2 > room) return 0;
        runs[used++] = classes[i];
        runs[used++] = (uint8_t)run;
        i += run;
    }
    return used;
}

/* Byte stuffing as the bytes come: `code_at` waits for the length of the group being written. */
typedef struct {
    uint8_t *wire;
    size_t at;
    size_t code_at;
    unsigned code;
} stuffer_t;

static void close_group(stuffer_t *s)
{
    s->wire[s->code_at] = (uint8_t)s->code;
    s->code_at = s->at++;
    s->code = 1;
}

static void stuff(stuffer_t *s, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (s->code == FULL_GROUP) close_group(s);
        if (data[i] == 0) {
            close_group(s);
        } else {
            s->wire[s->at++] = data[i];
            s->code++;
        }
    }
}

size_t link_encode(uint8_t type, uint16_t sequence, const uint8_t *body, size_t size,
                   uint8_t wire[LINK_MOST_WIRE_BYTES])
{
    const uint8_t head[HEAD_BYTES] = {LINK_VERSION, type, (uint8_t)sequence, (uint8_t)(sequence >> 8)};
    uint8_t tail[CRC_BYTES];
    uint16_t crc;
    stuffer_t s = {wire, 1, 0, 1};
    if (size > LINK_MOST_BODY_BYTES) return 0;
    crc = link_crc16(link_crc16(0xFFFF, head, HEAD_BYTES), body, size);
    tail[0] = (uint8_t)crc;
    tail[1] = (uint8_t)(crc >> 8);
    stuff(&s, head, HEAD_BYTES);
    stuff(&s, body, size);
    stuff(&s, tail, CRC_BYTES);
    wire[s.code_at] = (uint8_t)s.code;
    wire[s.at++] = 0;
    return s.at;
}

/* In place; the size of the result, or -1 when no encoder made this. */
static int unstuff(uint8_t *data, size_t size)
{
    size_t from = 0, to = 0;
    while (from < size) {
        const size_t code = data[from];
        const size_t end = from + code;
        if (code == 0 || end > size) return -1;
        while (++from < end) data[to++] = data[from];
        if (code < FULL_GROUP && end < size) data[to++] = 0;
    }
    return (int)to;
}

static uint8_t open_frame(uint8_t *data, size_t size, link_frame_t *frame)
{
    const int plain = unstuff(data, size);
    uint16_t crc;
    if (plain < 0) return LINK_BAD_REASON_COBS;
    if (plain > (int)LINK_MOST_FRAME_BYTES) return LINK_BAD_REASON_OVERLONG;
    if (plain < HEAD_BYTES + CRC_BYTES) return LINK_BAD_REASON_SHORT;
    size = (size_t)plain - CRC_BYTES;
    crc = (uint16_t)(data[size] | (uint16_t)data[size + 1] << 8);
    if (link_crc16(0xFFFF, data, size) != crc) return LINK_BAD_REASON_CRC;
    frame->version = data[0];
    frame->type = data[1];
    frame->sequence = (uint16_t)(data[2] | (uint16_t)data[3] << 8);
    frame->body = data + HEAD_BYTES;
    frame->size = (uint16_t)(size - HEAD_BYTES);
    if (frame->version != LINK_VERSION) return LINK_BAD_REASON_VERSION;
    return (uint8_t)link_check_body(frame->type, frame->body, frame->size);
}

void link_receiver_init(link_receiver_t *receiver)
{
    receiver->used = 0;
    receiver->overlong = false;
    receiver->frames_good = 0;
    receiver->frames_bad = 0;
}

bool link_receive(link_receiver_t *receiver, uint8_t byte, link_frame_t *frame)
{
    static const link_frame_t nothing = {0, 0, 0, 0, 0, NULL};
    const size_t used = receiver->used;
    if (byte != 0) {
        if (used < sizeof receiver->buffer) {
            receiver->buffer[receiver->used++] = byte;
        } else {
            receiver->overlong = true;
        }
        return false;
    }
    if (used == 0) return false;
    *frame = nothing;
    frame->bad = receiver->overlong ? (uint8_t)LINK_BAD_REASON_OVERLONG : open_frame(receiver->buffer, used, frame);
    if (frame->bad == 0) {
        receiver->frames_good++;
    } else {
        receiver->frames_bad++;
    }
    receiver->used = 0;
    receiver->overlong = false;
    return true;
}
