#include "max86150_model.h"

#include <string.h>

enum {
    ADDRESS = 0x5E,
    REG_WRITE = 0x04,
    REG_OVERFLOW = 0x05,
    REG_READ = 0x06,
    REG_DATA = 0x07,
    REG_SYSTEM = 0x0D,
    REG_PART_ID = 0xFF,
    PART_ID = 0x1E,
    DEPTH = 32,
    MOST_OVERFLOW = 31,
    RESET_TRANSACTIONS = 3
};

void max86150_model_reset(max86150_model_t *model) {
    memset(model, 0, sizeof *model);
    model->registers[REG_PART_ID] = PART_ID;
}

bool max86150_model_running(const max86150_model_t *model) { return (model->registers[REG_SYSTEM] & 0x04) != 0; }

static void advance(uint8_t *pointer) { *pointer = (uint8_t)((*pointer + 1) % DEPTH); }

void max86150_model_sample(max86150_model_t *model, int32_t code) {
    uint8_t *registers = model->registers;
    if (!max86150_model_running(model)) return;
    if (model->held == DEPTH) {
        if (registers[REG_OVERFLOW] < MOST_OVERFLOW) registers[REG_OVERFLOW]++;
        advance(&registers[REG_READ]);
        model->held--;
    }
    uint32_t bits = (uint32_t)code;
    uint8_t *place = model->fifo[registers[REG_WRITE]];
    place[0] = (uint8_t)(bits >> 16 & 3u);
    place[1] = (uint8_t)(bits >> 8);
    place[2] = (uint8_t)bits;
    advance(&registers[REG_WRITE]);
    model->held++;
}

static uint8_t fifo_byte(max86150_model_t *model) {
    uint8_t *registers = model->registers;
    uint8_t byte = model->fifo[registers[REG_READ]][model->next_byte];
    if (++model->next_byte == 3) {
        model->next_byte = 0;
        registers[REG_OVERFLOW] = 0;
        if (model->held > 0) {
            advance(&registers[REG_READ]);
            model->held--;
        }
    }
    return byte;
}

int max86150_model_transfer(max86150_model_t *model, uint8_t address, const uint8_t *write, size_t write_size,
                            uint8_t *read, size_t read_size) {
    if (address != ADDRESS || write_size == 0) return 1;
    if (model->resetting > 0) {
        model->resetting--;
        return 1;
    }
    uint8_t number = write[0];
    for (size_t k = 1; k < write_size; k++, number++) {
        if (number == REG_SYSTEM && (write[k] & 1u) != 0) {
            max86150_model_reset(model);
            model->resetting = RESET_TRANSACTIONS;
            continue;
        }
        model->registers[number] = write[k];
        if (number == REG_WRITE || number == REG_READ) {
            model->registers[number] %= DEPTH;
            model->held = 0;
            model->next_byte = 0;
        }
    }
    for (size_t k = 0; k < read_size; k++) read[k] = number == REG_DATA ? fifo_byte(model) : model->registers[number++];
    return 0;
}
