/* The sensor as a source on a clock of our own: steady, held up, unplugged. Prints "name ok" or "name FAILED". */
#include <stdio.h>

#include "board.h"
#include "codes.h"
#include "filter_tables.h"
#include "max86150.h"
#include "max86150_model.h"
#include "sensor.h"

#define RATE_HZ 250u
#define SAMPLE_US 5000u
#define VALUE_CODE 6206 /* 1000 uV */

static const biquad_section_t through[] = {{1, 0, 0, 0, 0, {0, 0}}};
const biquad_cascade_t FILTER_SENSOR = {200, 1, through};

static max86150_model_t part;
static uint64_t now_us, sampled_us;
static bool unplugged;

static struct {
    uint32_t all, with_value, silences;
    bool silent;
    int16_t last;
} heard;

uint32_t board_time_us(void) { return (uint32_t)now_us; }

int board_i2c(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read, size_t read_size) {
    return unplugged ? 1 : max86150_model_transfer(&part, address, write, write_size, read, read_size);
}

static void check(const char *name, int good) { printf("%s %s\n", name, good ? "ok" : "FAILED"); }

static void pass(uint64_t us) {
    now_us += us;
    for (; sampled_us + SAMPLE_US <= now_us; sampled_us += SAMPLE_US) max86150_model_sample(&part, VALUE_CODE);
}

static void poll(void) {
    int16_t values[SENSOR_MOST_SAMPLES];
    uint32_t count = sensor_poll(values);
    for (uint32_t k = 0; k < count; k++) heard.with_value += values[k] != CODE_NONE;
    if (count > 0) heard.last = values[count - 1u];
    heard.all += count;
    heard.silences += sensor_silent() && !heard.silent;
    heard.silent = sensor_silent();
}

static void run(uint32_t milliseconds) {
    for (uint32_t k = 0; k < milliseconds; k++) {
        pass(1000);
        poll();
    }
}

/* Samples at the streaming rate are as many as the time since `begin_us` asks for, within a tenth of a second. */
static bool in_step(uint64_t begin_us) {
    int64_t wanted = (int64_t)((now_us - begin_us) * RATE_HZ / 1000000u);
    int64_t off = (int64_t)heard.all - wanted;
    return off <= (int64_t)RATE_HZ / 10 && off >= -(int64_t)RATE_HZ / 10;
}

static uint64_t begin(void) {
    max86150_model_reset(&part);
    unplugged = false;
    heard.all = heard.with_value = heard.silences = 0;
    heard.silent = false;
    check("starts", sensor_start(RATE_HZ));
    return now_us;
}

static void steady(void) {
    uint64_t begin_us = begin();
    run(10000);
    uint32_t without = heard.all - heard.with_value;
    check("steady_in_step", in_step(begin_us));
    check("first_second_without_value", without >= RATE_HZ && without < RATE_HZ + 10u);
    check("microvolts", heard.last == 1000 && sensor_errors() == 0);
}

static void held_up(void) {
    uint64_t begin_us = begin();
    run(3000);
    uint32_t without = heard.all - heard.with_value;
    pass(250000); /* 18 samples more than the FIFO holds: the part counts them */
    run(500);
    check("short_stop_in_step", in_step(begin_us) && sensor_errors() == 18);
    pass(3000000); /* far more than it can count */
    run(500);
    check("long_stop_in_step", in_step(begin_us));
    without = heard.all - heard.with_value - without;
    check("hole_as_wide_as_the_stop", without > 2900u * RATE_HZ / 1000u && without < 3100u * RATE_HZ / 1000u);
    check("stop_counted", sensor_errors() > 580 && sensor_errors() < 620);
    check("stop_is_no_silence", heard.silences == 0 && heard.last == 1000);
}

static void pulled(bool power_lost) {
    uint64_t begin_us = begin();
    run(3000);
    unplugged = true;
    run(500);
    check("short_break_is_no_silence", !sensor_silent());
    run(4500);
    check("break_in_step", in_step(begin_us) && heard.last == CODE_NONE && sensor_errors() > 900);
    check("silence_told_once", sensor_silent() && heard.silences == 1);
    if (power_lost) max86150_model_reset(&part);
    unplugged = false;
    run(3500);
    check(power_lost ? "starts_after_power_loss" : "goes_on", !sensor_silent() && heard.last == 1000);
    check("in_step_after_break", in_step(begin_us));
}

int main(void) {
    steady();
    held_up();
    pulled(false);
    pulled(true);
    return 0;
}
