/* The driver against the part at register level; prints one line a behaviour, "name ok" or "name FAILED". */
#include <stdio.h>
#include <string.h>

#include "max86150.h"
#include "max86150_model.h"

static max86150_model_t part;
static int broken; /* the bus fails from this transaction on; 0: never */

static int bus(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read, size_t read_size) {
    if (broken == 1) return 1;
    if (broken > 0) broken--;
    return max86150_model_transfer(&part, address, write, write_size, read, read_size);
}

/* A part whose reset never ends. */
static int deaf(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read, size_t read_size) {
    int fault = bus(address, write, write_size, read, read_size);
    if (write[0] == 0x0D && read_size == 1) read[0] = 1;
    return fault;
}

static void check(const char *name, int good) { printf("%s %s\n", name, good ? "ok" : "FAILED"); }

static max86150_t fresh(void) {
    max86150_t driver = {bus, 0};
    max86150_model_reset(&part);
    broken = 0;
    max86150_start(&driver);
    return driver;
}

static void start_and_absence(void) {
    max86150_t driver = {bus, 0};
    max86150_model_reset(&part);
    check("starts", max86150_start(&driver) == MAX86150_OK && max86150_model_running(&part));
    part.registers[0xFF] = 0x15;
    check("other_part", max86150_start(&driver) == MAX86150_NO_PART);
    for (int k = 1; k < 15; k++) {
        max86150_model_reset(&part);
        broken = k;
        if (max86150_start(&driver) != MAX86150_BUS) check("bus_fault_at_start", 0);
    }
    check("bus_fault_at_start", 1);
    broken = 0;
    max86150_model_reset(&part);
    driver.bus = deaf;
    check("reset_without_end_is_given_up", max86150_start(&driver) == MAX86150_BUS);
}

static void empty(void) {
    max86150_t driver = fresh();
    int32_t codes[MAX86150_FIFO_SAMPLES];
    uint32_t lost;
    check("empty_fifo_is_empty", max86150_read(&driver, codes, &lost) == 0 && lost == 0);
}

static void signs(void) {
    static const int32_t values[] = {0, 1, -1, 131071, -131072, 100000, -100000};
    max86150_t driver = fresh();
    int32_t codes[MAX86150_FIFO_SAMPLES];
    uint32_t lost;
    for (size_t k = 0; k < 7; k++) max86150_model_sample(&part, values[k]);
    int n = max86150_read(&driver, codes, &lost);
    check("codes_are_signed", n == 7 && memcmp(codes, values, sizeof values) == 0);
}

static void rounds(void) {
    max86150_t driver = fresh();
    int32_t codes[MAX86150_FIFO_SAMPLES], next = -70000, expected = -70000;
    uint32_t lost;
    int good = 1;
    for (int round = 0; round < 2000; round++) {
        int count = (round * 7) % 32;
        for (int k = 0; k < count; k++) max86150_model_sample(&part, next++);
        int n = max86150_read(&driver, codes, &lost);
        good = good && n == count && lost == 0;
        for (int k = 0; k < n; k++) good = good && codes[k] == expected++;
    }
    check("nothing_lost_in_2000_rounds", good && driver.lost == 0);
}

static void overflow(void) {
    max86150_t driver = fresh();
    int32_t codes[MAX86150_FIFO_SAMPLES];
    uint32_t lost;
    for (int k = 0; k < 40; k++) max86150_model_sample(&part, k);
    int n = max86150_read(&driver, codes, &lost);
    check("overflow_is_counted", n == 32 && lost == 8 && driver.lost == 8 && codes[0] == 8 && codes[31] == 39);
    max86150_model_sample(&part, 99);
    n = max86150_read(&driver, codes, &lost);
    check("goes_on_after_overflow", n == 1 && lost == 0 && codes[0] == 99);
    for (int k = 0; k < 32; k++) max86150_model_sample(&part, k);
    n = max86150_read(&driver, codes, &lost);
    check("exactly_full_reads_as_empty", n == 0 && lost == 0); /* why it is polled well before */
}

static void bus_fault(void) {
    max86150_t driver = fresh();
    int32_t codes[MAX86150_FIFO_SAMPLES];
    uint32_t lost;
    for (int k = 0; k < 5; k++) max86150_model_sample(&part, k);
    broken = 1;
    check("bus_fault_at_pointers", max86150_read(&driver, codes, &lost) == MAX86150_BUS);
    broken = 4;
    int n = max86150_read(&driver, codes, &lost);
    check("bus_fault_keeps_what_came", n == 2 && codes[0] == 0 && codes[1] == 1);
}

int main(void) {
    start_and_absence();
    empty();
    signs();
    rounds();
    overflow();
    bus_fault();
    return 0;
}
