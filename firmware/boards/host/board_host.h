/* What the process beside board.h needs. */
#ifndef HEARTKIT_BOARD_HOST_H
#define HEARTKIT_BOARD_HOST_H

#include <stdbool.h>

/* Listens on 127.0.0.1 (port 0: a free one) and returns the port, or -1. With `watch_parent` the process ends when its
 * standard input is closed, so that it never outlives the program that started it. */
int board_host_listen(unsigned port, bool watch_parent);

#endif
