#include "outbox.h"

#include "board.h"

#define ROOM 16384u /* a power of two */

static struct {
    uint8_t bytes[ROOM];
    uint32_t head, tail; /* free running */
    uint32_t most;
    uint16_t sequence;
} outbox;

/* Begins with the end of a frame: the half one that a reset cut must not swallow the first new one. */
void outbox_reset(void) {
    outbox.bytes[0] = 0;
    outbox.head = 1;
    outbox.tail = outbox.most = 0;
    outbox.sequence = 0;
}

size_t outbox_waiting(void) { return outbox.head - outbox.tail; }

uint32_t outbox_most_waited(void) { return outbox.most; }

bool outbox_has_room(uint32_t frames) { return ROOM - outbox_waiting() >= frames * LINK_MOST_WIRE_BYTES; }

bool outbox_send(uint8_t type, const uint8_t *body, int size) {
    static uint8_t wire[LINK_MOST_WIRE_BYTES];
    if (size < 0 || !outbox_has_room(1)) return false;
    size_t bytes = link_encode(type, outbox.sequence, body, (size_t)size, wire);
    if (bytes == 0) return false;
    outbox.sequence++;
    for (size_t k = 0; k < bytes; k++) outbox.bytes[(outbox.head + k) % ROOM] = wire[k];
    outbox.head += (uint32_t)bytes;
    if (outbox_waiting() > outbox.most) outbox.most = (uint32_t)outbox_waiting();
    return true;
}

bool outbox_flush(void) {
    bool any = false;
    while (outbox_waiting() > 0) {
        uint32_t place = outbox.tail % ROOM;
        size_t stretch = ROOM - place < outbox_waiting() ? ROOM - place : outbox_waiting();
        size_t taken = board_link_write(outbox.bytes + place, stretch);
        outbox.tail += (uint32_t)taken;
        any = any || taken > 0;
        if (taken < stretch) break;
    }
    return any;
}
