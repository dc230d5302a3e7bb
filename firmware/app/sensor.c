#include "sensor.h"

#include "biquad.h"
#include "board.h"
#include "clock.h"
#include "codes.h"
#include "filter_tables.h"
#include "max86150.h"

#define POLL_US 20000u          /* four samples; the FIFO holds 32 */
#define SETTLING_SAMPLES 200u   /* the part's first second is not the heart */
#define SAMPLE_US (1000000u / MAX86150_RATE_HZ)
#define SILENT_US 1000000u
#define OWED_AT_ONCE 32u        /* of a poll, so that SENSOR_MOST_SAMPLES hold */
#define FIFTHS 5u               /* places between two samples of the part: 1000, 500, 250 and 200 Hz fall on them */
#define NEIGHBOURS 4
#define WEIGHT_SUM 250

static struct {
    max86150_t part;
    biquad_t filter;
    uint64_t polled_us;
    uint64_t heard_us; /* until then the part's samples are accounted for */
    uint64_t started_us;
    bool silent;
    int32_t codes[MAX86150_FIFO_SAMPLES];
    uint32_t held; /* codes not handed on */
    uint32_t owed; /* samples that the part lost before them, not handed on */
    uint32_t bus_errors, missed;
    uint32_t settling;
    int16_t recent[NEIGHBOURS]; /* oldest first; outputs lie between the middle two */
    uint32_t place, step;       /* in fifths: of the next output after the second of them, and between outputs */
} sensor;

static bool start_part(void) {
    sensor.started_us = clock_us();
    sensor.settling = SETTLING_SAMPLES;
    biquad_start(&sensor.filter, &FILTER_SENSOR);
    return max86150_start(&sensor.part) == MAX86150_OK;
}

bool sensor_start(uint32_t rate_hz) {
    sensor.part.bus = board_i2c;
    sensor.bus_errors = sensor.missed = 0;
    sensor.polled_us = sensor.heard_us = clock_us();
    sensor.silent = false;
    sensor.held = sensor.owed = 0;
    sensor.place = 0;
    sensor.step = FIFTHS * MAX86150_RATE_HZ / rate_hz;
    for (int k = 0; k < NEIGHBOURS; k++) sensor.recent[k] = CODE_NONE;
    return start_part();
}

static int16_t filtered(int32_t code) {
    double uv = biquad_push(&sensor.filter, (double)code * (MAX86150_NV_PER_CODE / 1000.0));
    double limited = uv > 32767.0 ? 32767.0 : uv < -32767.0 ? -32767.0 : uv;
    return code_clamped((int32_t)(limited < 0 ? limited - 0.5 : limited + 0.5));
}

/* Cubic through four neighbours (E. Catmull, R. Rom 1974) at `k` fifths of the way between the middle two. */
static int16_t between(int32_t k) {
    const int32_t weights[NEIGHBOURS] = {-25 * k + 10 * k * k - k * k * k, WEIGHT_SUM - 25 * k * k + 3 * k * k * k,
                                         25 * k + 20 * k * k - 3 * k * k * k, -5 * k * k + k * k * k};
    int32_t sum = 0;
    for (int n = 0; n < NEIGHBOURS; n++) {
        if (sensor.recent[n] == CODE_NONE) return CODE_NONE;
        sum += weights[n] * sensor.recent[n];
    }
    return code_clamped((sum + (sum < 0 ? -WEIGHT_SUM / 2 : WEIGHT_SUM / 2)) / WEIGHT_SUM);
}

/* The next sample of the part; writes the outputs that are complete with it and returns how many. */
static uint32_t take(int16_t value, int16_t *outputs) {
    uint32_t made = 0;
    for (int k = 1; k < NEIGHBOURS; k++) sensor.recent[k - 1] = sensor.recent[k];
    sensor.recent[NEIGHBOURS - 1] = value;
    for (; sensor.place < FIFTHS; sensor.place += sensor.step) outputs[made++] = between((int32_t)sensor.place);
    sensor.place -= FIFTHS;
    return made;
}

/* So many samples never came before those that are held. */
static void owe(uint32_t samples) {
    sensor.owed = samples;
    sensor.missed += samples;
}

static uint32_t samples_since_heard(uint64_t now_us) { return (uint32_t)((now_us - sensor.heard_us) / SAMPLE_US); }

static void take_over(uint32_t held, uint32_t lost, uint64_t now_us) {
    uint32_t due = samples_since_heard(now_us);
    if (sensor.silent) { /* what the part held meanwhile stands in the stream as missing already */
        held = held < due ? held : due;
        lost = 0;
    }
    /* The part counts no further than that; then the clock tells. */
    if (lost >= MAX86150_MOST_LOST && due > held + lost) lost = due - held;
    sensor.held = held;
    owe(lost);
    sensor.heard_us = now_us;
    sensor.silent = false;
}

/* The part may have been without power: it is started again. Until it is back the board's clock makes the samples. */
static void do_without(uint64_t now_us) {
    owe(samples_since_heard(now_us));
    sensor.heard_us += (uint64_t)sensor.owed * SAMPLE_US;
    if (!sensor.silent || now_us - sensor.started_us >= SILENT_US) (void)start_part();
    sensor.silent = true;
}

static void read_part(void) {
    uint64_t now_us = clock_us();
    uint32_t lost;
    if (now_us - sensor.polled_us < POLL_US) return;
    sensor.polled_us = now_us;
    int count = max86150_read(&sensor.part, sensor.codes, &lost);
    if (count < 0) sensor.bus_errors++;
    if (count > 0) {
        take_over((uint32_t)count, lost, now_us);
    } else if (sensor.silent || now_us - sensor.heard_us >= SILENT_US) {
        do_without(now_us);
    }
}

uint32_t sensor_poll(int16_t *values) {
    uint32_t made = 0;
    if (sensor.owed == 0) read_part();
    for (uint32_t k = 0; k < OWED_AT_ONCE && sensor.owed > 0; k++, sensor.owed--)
        made += take(CODE_NONE, values + made);
    if (sensor.owed > 0) return made;
    for (uint32_t k = 0; k < sensor.held; k++) {
        int16_t value = filtered(sensor.codes[k]);
        made += take(sensor.settling > 0 ? CODE_NONE : value, values + made);
        if (sensor.settling > 0) sensor.settling--;
    }
    sensor.held = 0;
    return made;
}

bool sensor_silent(void) { return sensor.silent; }

uint32_t sensor_errors(void) { return sensor.bus_errors + sensor.missed; }
