#include "sensor.h"

#include "biquad.h"
#include "board.h"
#include "clock.h"
#include "codes.h"
#include "filter_tables.h"
#include "max86150.h"

#define POLL_US 20000u          /* four samples; the FIFO holds 32 */
#define SETTLING_SAMPLES 200u   /* the part's first second is not the heart */
#define FIFTHS 5u               /* places between two samples of the part: 1000, 500, 250 and 200 Hz fall on them */
#define NEIGHBOURS 4
#define WEIGHT_SUM 250

static struct {
    max86150_t part;
    biquad_t filter;
    uint64_t polled_us;
    uint32_t bus_errors;
    uint32_t settling;
    int16_t recent[NEIGHBOURS]; /* oldest first; outputs lie between the middle two */
    uint32_t place, step;       /* in fifths: of the next output after the second of them, and between outputs */
} sensor;

bool sensor_start(uint32_t rate_hz) {
    sensor.part.bus = board_i2c;
    sensor.bus_errors = 0;
    sensor.polled_us = clock_us();
    sensor.settling = SETTLING_SAMPLES;
    sensor.place = 0;
    sensor.step = FIFTHS * MAX86150_RATE_HZ / rate_hz;
    for (int k = 0; k < NEIGHBOURS; k++) sensor.recent[k] = CODE_NONE;
    biquad_start(&sensor.filter, &FILTER_SENSOR);
    return max86150_start(&sensor.part) == MAX86150_OK;
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

uint32_t sensor_poll(int16_t *values) {
    uint32_t made = 0, lost = 0;
    int32_t codes[MAX86150_FIFO_SAMPLES];
    if (clock_us() - sensor.polled_us < POLL_US) return 0;
    sensor.polled_us = clock_us();
    int waiting = max86150_read(&sensor.part, codes, &lost);
    if (waiting < 0) {
        sensor.bus_errors++;
        return 0;
    }
    for (; lost > 0; lost--) made += take(CODE_NONE, values + made);
    for (int k = 0; k < waiting; k++) {
        int16_t value = filtered(codes[k]);
        made += take(sensor.settling > 0 ? CODE_NONE : value, values + made);
        if (sensor.settling > 0) sensor.settling--;
    }
    return made;
}

uint32_t sensor_errors(void) { return sensor.bus_errors + sensor.part.lost; }
