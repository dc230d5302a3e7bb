#include "sample_ring.h"

#define VALUES 16384u /* over a second of 12 leads at 1000 Hz */

static struct {
    int16_t values[VALUES];
    uint32_t leads, room;
    uint32_t head, tail; /* sample indices, free running */
    uint32_t place;      /* of `tail` in samples */
    uint32_t dropped;
} ring;

void sample_ring_start(uint32_t leads) {
    ring.leads = leads;
    ring.room = VALUES / leads;
    ring.head = ring.tail = 0;
    ring.place = 0;
    ring.dropped = 0;
}

uint32_t sample_ring_room(void) { return ring.room; }
uint32_t sample_ring_head(void) { return ring.head; }
uint32_t sample_ring_tail(void) { return ring.tail; }
uint32_t sample_ring_dropped(void) { return ring.dropped; }

static int16_t *slot(uint32_t index) {
    return ring.values + (ring.place + (index - ring.tail)) % ring.room * ring.leads;
}

void sample_ring_push(const int16_t *values) {
    if (ring.head - ring.tail == ring.room) {
        sample_ring_consume(1);
        ring.dropped++;
    }
    int16_t *to = slot(ring.head);
    for (uint32_t k = 0; k < ring.leads; k++) to[k] = values[k];
    ring.head++;
}

void sample_ring_skip(uint32_t samples) {
    ring.dropped += ring.head - ring.tail + samples;
    ring.head += samples;
    ring.tail = ring.head;
    ring.place = 0;
}

const int16_t *sample_ring_at(uint32_t index) { return slot(index); }

void sample_ring_consume(uint32_t samples) {
    ring.tail += samples;
    ring.place = (ring.place + samples) % ring.room;
}
