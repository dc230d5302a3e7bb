#include "max86150.h"

#include <stdbool.h>

enum {
    REG_FIFO_WRITE = 0x04,
    REG_FIFO_DATA = 0x07,
    REG_FIFO_CONFIG = 0x08,
    REG_SLOTS_1 = 0x09,
    REG_SLOTS_2 = 0x0A,
    REG_SYSTEM = 0x0D,
    REG_ECG_1 = 0x3C,
    REG_ECG_3 = 0x3E,
    REG_PART_ID = 0xFF
};

enum {
    PART_ID = 0x1E,
    SYSTEM_RESET = 0x01,
    SYSTEM_FIFO_ON = 0x04,
    CONFIG_ROLL_ON = 0x1F, /* new samples replace the oldest when full; the counter tells */
    SLOT_ECG = 0x09,
    ECG_200_HZ = 0x03,
    ECG_GAIN_9_5_BY_8 = 0x0D,
    POINTER_MASK = 0x1F,
    BYTES_PER_SAMPLE = 3,
    RESET_TRIES = 100 /* at 400 kHz about ten milliseconds */
};

static int write_register(max86150_t *part, uint8_t number, uint8_t value) {
    const uint8_t bytes[2] = {number, value};
    return part->bus(MAX86150_ADDRESS, bytes, sizeof bytes, NULL, 0);
}

static int read_registers(max86150_t *part, uint8_t number, uint8_t *values, size_t count) {
    return part->bus(MAX86150_ADDRESS, &number, 1, values, count);
}

/* While it resets the part may not answer; the bit falls when it is done. */
static bool reset(max86150_t *part) {
    if (write_register(part, REG_SYSTEM, SYSTEM_RESET) != 0) return false;
    for (int k = 0; k < RESET_TRIES; k++) {
        uint8_t system = SYSTEM_RESET;
        if (read_registers(part, REG_SYSTEM, &system, 1) == 0 && (system & SYSTEM_RESET) == 0) return true;
    }
    return false;
}

int max86150_start(max86150_t *part) {
    static const uint8_t sequence[][2] = {
        {REG_FIFO_CONFIG, CONFIG_ROLL_ON}, {REG_SLOTS_1, SLOT_ECG},         {REG_SLOTS_2, 0},
        {REG_ECG_1, ECG_200_HZ},           {REG_ECG_3, ECG_GAIN_9_5_BY_8}, {REG_FIFO_WRITE, 0},
        {REG_FIFO_WRITE + 1, 0},           {REG_FIFO_WRITE + 2, 0},        {REG_SYSTEM, SYSTEM_FIFO_ON},
    };
    uint8_t id = 0;
    part->lost = 0;
    if (read_registers(part, REG_PART_ID, &id, 1) != 0) return MAX86150_BUS;
    if (id != PART_ID) return MAX86150_NO_PART;
    if (!reset(part)) return MAX86150_BUS;
    for (size_t k = 0; k < sizeof sequence / sizeof sequence[0]; k++)
        if (write_register(part, sequence[k][0], sequence[k][1]) != 0) return MAX86150_BUS;
    return MAX86150_OK;
}

static int32_t signed_code(const uint8_t bytes[BYTES_PER_SAMPLE]) {
    int32_t code = (int32_t)((uint32_t)(bytes[0] & 3u) << 16 | (uint32_t)bytes[1] << 8 | bytes[2]);
    return code >= 1 << 17 ? code - (1 << 18) : code;
}

int max86150_read(max86150_t *part, int32_t codes[MAX86150_FIFO_SAMPLES], uint32_t *lost) {
    uint8_t pointers[3]; /* write, overflow counter, read */
    *lost = 0;
    if (read_registers(part, REG_FIFO_WRITE, pointers, sizeof pointers) != 0) return MAX86150_BUS;
    int waiting = ((pointers[0] & POINTER_MASK) - (pointers[2] & POINTER_MASK)) & POINTER_MASK;
    uint32_t discarded = pointers[1] & POINTER_MASK;
    if (discarded != 0) waiting = MAX86150_FIFO_SAMPLES;
    for (int k = 0; k < waiting; k++) {
        uint8_t bytes[BYTES_PER_SAMPLE];
        if (read_registers(part, REG_FIFO_DATA, bytes, sizeof bytes) != 0) return k > 0 ? k : MAX86150_BUS;
        codes[k] = signed_code(bytes);
        if (k == 0) { /* reading a sample clears the part's counter */
            *lost = discarded;
            part->lost += discarded;
        }
    }
    return waiting;
}
