/* Frames on their way to the host: kept in order, retried while the link is busy, never waited for. */
#ifndef HEARTKIT_OUTBOX_H
#define HEARTKIT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"

/* Samples wait in their ring while more than this is queued, so that answers are never far behind. */
#define OUTBOX_SAMPLES_BELOW (2u * LINK_MOST_WIRE_BYTES)

void outbox_reset(void);

/* Queues one message; false, and nothing queued, when there is no room. `size` as link_pack_NAME returned it. */
bool outbox_send(uint8_t type, const uint8_t *body, int size);

/* True when that many whole frames would be taken now. */
bool outbox_has_room(uint32_t frames);

size_t outbox_waiting(void);
uint32_t outbox_most_waited(void);

/* Gives the link what it takes; true when it took something. */
bool outbox_flush(void);

#endif
