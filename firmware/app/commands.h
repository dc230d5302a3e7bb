/* What the host asks for: every message from host to board, and its answer. */
#ifndef HEARTKIT_COMMANDS_H
#define HEARTKIT_COMMANDS_H

#include <stdbool.h>

#include "link.h"
#include "text.h"

enum commands_outcome { COMMANDS_DONE, COMMANDS_RESET };

void commands_reset(void);

/* Carries out one good frame and queues the answer; COMMANDS_RESET: the board is to start again. */
enum commands_outcome commands_take(const link_frame_t *frame);

/* Queues INFO, which says what this board is and which protocol it speaks. */
void commands_introduce(void);

/* True once after STOP: the last STATS is owed. */
bool commands_stopped(void);

/* Queues a LOG line. */
void commands_log(const text_t *line);

#endif
