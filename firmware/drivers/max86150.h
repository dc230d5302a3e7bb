/* MAX86150 ECG front end, 200 samples a second, written from the register map of its data sheet. */
#ifndef HEARTKIT_MAX86150_H
#define HEARTKIT_MAX86150_H

#include <stddef.h>
#include <stdint.h>

#define MAX86150_ADDRESS 0x5Eu
#define MAX86150_FIFO_SAMPLES 32
#define MAX86150_RATE_HZ 200
#define MAX86150_MOST_LOST 31 /* how far the part counts samples that it discarded */
/* 12.247 uV a code at the converter, by the gain of 9.5 * 8: nanovolts a code referred to the input. */
#define MAX86150_NV_PER_CODE 161.1447

typedef int (*max86150_bus_t)(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read,
                              size_t read_size);

enum max86150_fault { MAX86150_OK = 0, MAX86150_BUS = -1, MAX86150_NO_PART = -2 };

typedef struct {
    max86150_bus_t bus;
    uint32_t lost; /* samples that the part says it discarded because its FIFO was full, since start */
} max86150_t;

/* Resets the part and starts ECG sampling: MAX86150_OK, or why not. */
int max86150_start(max86150_t *part);

/* Takes what the FIFO holds, oldest first, as signed 18-bit codes; returns how many, or MAX86150_BUS. `lost` tells how
 * many samples were discarded before the first of them, MAX86150_MOST_LOST meaning so many or more. Poll at least every 100 ms: a full FIFO whose pointers met is
 * told from an empty one by the part's overflow counter alone. */
int max86150_read(max86150_t *part, int32_t codes[MAX86150_FIFO_SAMPLES], uint32_t *lost);

#endif
