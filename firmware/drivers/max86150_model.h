/* The MAX86150 as its driver sees it: registers, FIFO, pointers and overflow counter. For tests and virtual boards. */
#ifndef HEARTKIT_MAX86150_MODEL_H
#define HEARTKIT_MAX86150_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t registers[256];
    uint8_t fifo[32][3];
    uint8_t next_byte; /* of the sample being read */
    uint8_t held;      /* samples in the FIFO */
    uint8_t resetting; /* transactions that it will not answer */
} max86150_model_t;

void max86150_model_reset(max86150_model_t *model);

/* True when the driver has switched ECG sampling on. */
bool max86150_model_running(const max86150_model_t *model);

/* The converter made a sample, a signed 18-bit code. */
void max86150_model_sample(max86150_model_t *model, int32_t code);

/* One I2C transaction, as board_i2c. */
int max86150_model_transfer(max86150_model_t *model, uint8_t address, const uint8_t *write, size_t write_size,
                            uint8_t *read, size_t read_size);

#endif
