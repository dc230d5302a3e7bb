/* The sensor of boards that have none: a MAX86150 at register level, seeing the first built-in recording. */
#ifndef HEARTKIT_VIRTUAL_SENSOR_H
#define HEARTKIT_VIRTUAL_SENSOR_H

#include <stddef.h>
#include <stdint.h>

/* One I2C transaction at the board's present time; as board_i2c. */
int virtual_sensor_transfer(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read,
                            size_t read_size);

#endif
