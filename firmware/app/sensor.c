#include "sensor.h"

#include "biquad.h"
#include "board.h"
#include "clock.h"
#include "codes.h"
#include "filter_tables.h"
#include "max86150.h"

#define POLL_US 20000u          /* four samples; the FIFO holds 32 */
#define SETTLING_SAMPLES 200u   /* the part's first second is not the heart */

static struct {
    max86150_t part;
    biquad_t filter;
    uint64_t polled_us;
    uint32_t bus_errors;
    uint32_t settling;
} sensor;

bool sensor_start(void) {
    sensor.part.bus = board_i2c;
    sensor.bus_errors = 0;
    sensor.polled_us = clock_us();
    sensor.settling = SETTLING_SAMPLES;
    biquad_start(&sensor.filter, &FILTER_SENSOR);
    return max86150_start(&sensor.part) == MAX86150_OK;
}

static int16_t filtered(int32_t code) {
    double uv = biquad_push(&sensor.filter, (double)code * (MAX86150_NV_PER_CODE / 1000.0));
    double limited = uv > 32767.0 ? 32767.0 : uv < -32767.0 ? -32767.0 : uv;
    return code_clamped((int32_t)(limited < 0 ? limited - 0.5 : limited + 0.5));
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
    for (; made < lost; made++) values[made] = CODE_NONE;
    for (int k = 0; k < waiting; k++, made++) {
        int16_t value = filtered(codes[k]);
        values[made] = sensor.settling > 0 ? CODE_NONE : value;
        if (sensor.settling > 0) sensor.settling--;
    }
    return made;
}

uint32_t sensor_errors(void) { return sensor.bus_errors + sensor.part.lost; }
