#include "inject.h"

#include "codes.h"

#define VALUES 16384u

static struct {
    int16_t values[VALUES];
    uint32_t leads, room;
    uint32_t head, tail; /* samples since the source was chosen, free running */
    uint32_t write, read;
    bool begun;
} queue;

void inject_start(uint32_t leads) {
    queue.leads = leads;
    queue.room = VALUES / leads;
    queue.head = queue.tail = queue.write = queue.read = 0;
    queue.begun = false;
}

bool inject_begun(void) { return queue.begun; }

uint32_t inject_room(void) { return queue.room - (queue.head - queue.tail); }

static void put(const uint8_t *wire) {
    int16_t *to = queue.values + queue.write * queue.leads;
    for (uint32_t k = 0; k < queue.leads; k++)
        to[k] = wire != NULL ? (int16_t)(uint16_t)(wire[2u * k] | wire[2u * k + 1u] << 8) : CODE_NONE;
    queue.write = (queue.write + 1u) % queue.room;
    queue.head++;
}

int inject_take(const link_inject_t *message) {
    if (message->leads != queue.leads) return LINK_STATUS_BAD_VALUE;
    int32_t ahead = (int32_t)(message->index - queue.head);
    uint32_t skip = ahead < 0 ? queue.head - message->index : 0u;
    if (skip >= message->count) return LINK_STATUS_OK;
    uint32_t hole = ahead > 0 ? (uint32_t)ahead : 0u;
    if (hole > queue.room || hole + message->count - skip > inject_room()) return LINK_STATUS_BUSY;
    while (hole-- > 0) put(NULL);
    for (uint32_t k = skip; k < message->count; k++) put(message->values + 2u * queue.leads * k);
    queue.begun = true;
    return LINK_STATUS_OK;
}

void inject_next(int16_t *values) {
    bool empty = queue.head == queue.tail;
    for (uint32_t k = 0; k < queue.leads; k++)
        values[k] = empty ? CODE_NONE : queue.values[queue.read * queue.leads + k];
    if (empty) return;
    queue.read = (queue.read + 1u) % queue.room;
    queue.tail++;
}
