/* What the process beside board.h needs. */
#ifndef HEARTKIT_BOARD_HOST_H
#define HEARTKIT_BOARD_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* Listens on 127.0.0.1 (port 0: a free one) and returns the port, or -1. With `watch_parent` the process ends when its
 * standard input is closed, so that it never outlives the program that started it. */
int board_host_listen(unsigned port, bool watch_parent);

/* The board's clock runs so many times as fast as ours: a minute of streaming in a few seconds, for tests. */
void board_host_hurry(uint32_t times);

#endif
