/* Samples that the host supplies (INJECT), played at the board's own rate. */
#ifndef HEARTKIT_INJECT_H
#define HEARTKIT_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "link.h"

void inject_start(uint32_t leads);

/* True once the first samples came: only then does the sample clock of this source run. */
bool inject_begun(void);

uint32_t inject_room(void); /* samples */

/* A link_status. Samples that came before are passed over; a hole before them becomes samples without a value. */
int inject_take(const link_inject_t *message);

/* The next values of the streamed leads: without a value where the host is late. */
void inject_next(int16_t *values);

#endif
