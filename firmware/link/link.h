/* Frames on the wire (docs/protocol.md): writing them, and finding them in a stream of bytes. No heap. */
#ifndef HEARTKIT_LINK_H
#define HEARTKIT_LINK_H

#include "messages.h"

typedef struct {
    uint8_t bad; /* 0: good; else enum link_bad_reason, and the rest is not to be used */
    uint8_t version;
    uint8_t type;
    uint16_t sequence;
    uint16_t size;       /* of the body */
    const uint8_t *body; /* valid until the next byte is received */
} link_frame_t;

typedef struct {
    uint8_t buffer[LINK_MOST_WIRE_BYTES - 1u];
    uint16_t used;
    bool overlong;
    uint32_t frames_good;
    uint32_t frames_bad;
} link_receiver_t;

void link_receiver_init(link_receiver_t *receiver);

/* Takes one byte; true when it ended a frame, good or bad. Empty frames end nothing. */
bool link_receive(link_receiver_t *receiver, uint8_t byte, link_frame_t *frame);

/* Writes a whole frame and returns its size, or 0 when the body is longer than LINK_MOST_BODY_BYTES. */
size_t link_encode(uint8_t type, uint16_t sequence, const uint8_t *body, size_t size,
                   uint8_t wire[LINK_MOST_WIRE_BYTES]);

/* CRC-16/CCITT-FALSE; start with 0xFFFF. */
uint16_t link_crc16(uint16_t crc, const uint8_t *data, size_t size);

/* FNV-1a, the hash of RESULT and OUTPUT; start with LINK_FNV1A_START. */
#define LINK_FNV1A_START 2166136261u
uint32_t link_fnv1a(uint32_t hash, const void *data, size_t size);

/* Pairs of class and length (1-255) for RESULT; returns their bytes, or 0 when `room` is too small. */
size_t link_class_runs(const uint8_t *classes, size_t count, uint8_t *runs, size_t room);

#endif
