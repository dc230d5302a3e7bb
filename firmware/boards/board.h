/* Everything the portable firmware needs from a board. Each folder beside this one is one board. */
#ifndef HEARTKIT_BOARD_H
#define HEARTKIT_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Name for INFO, for example "qemu_an547". */
const char *board_name(void);

/* Clocks, counters, link and sensor bus. False: the board cannot work. */
bool board_init(void);

/* Microseconds from a free-running hardware counter; wraps at 2^32. */
uint32_t board_time_us(void);

/* The link to the host. Neither call waits; both return how many bytes were taken. */
size_t board_link_read(uint8_t *bytes, size_t room);
size_t board_link_write(const uint8_t *bytes, size_t size);

/* Writes, then reads (either may be 0 bytes) in one I2C transaction. 0: done, else a bus error. */
int board_i2c(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read, size_t read_size);

/* Sleeps until something may have happened, a few milliseconds at most. */
void board_idle(void);

/* A counter of executed instructions, where the board has one that repeats exactly; wraps at 2^32. */
bool board_counts_instructions(void);
uint32_t board_instructions(void);

#endif
