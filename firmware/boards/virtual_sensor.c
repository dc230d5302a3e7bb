#include "virtual_sensor.h"

#include "clock.h"
#include "max86150.h"
#include "max86150_model.h"
#include "replay.h"

#define FIRST_RECORDING 1u
#define FIRST_LEAD 1u           /* mask */
#define ELECTRODE_OFFSET_UV 3000 /* what skin and electrodes add; the driver's filter takes it off */
#define MOST_AT_ONCE 96u        /* more would only overflow the FIFO again */

static struct {
    bool powered, running;
    max86150_model_t part;
    replay_t replay;
    sample_clock_t clock;
} sensor;

static int32_t code_of(int16_t uv) {
    return (int32_t)(((int64_t)uv + ELECTRODE_OFFSET_UV) * 10000 / (int64_t)(MAX86150_NV_PER_CODE * 10.0));
}

static void catch_up(void) {
    bool running = max86150_model_running(&sensor.part);
    if (running && !sensor.running) {
        replay_start(&sensor.replay, FIRST_RECORDING, MAX86150_RATE_HZ, FIRST_LEAD);
        sample_clock_set(&sensor.clock, MAX86150_RATE_HZ);
    }
    sensor.running = running;
    if (!running) return;
    uint32_t due = sample_clock_due(&sensor.clock);
    sample_clock_take(&sensor.clock, due);
    for (uint32_t k = 0; k < due && k < MOST_AT_ONCE; k++) {
        int16_t uv;
        replay_next(&sensor.replay, &uv);
        max86150_model_sample(&sensor.part, code_of(uv));
    }
}

int virtual_sensor_transfer(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read,
                            size_t read_size) {
    if (!sensor.powered) {
        max86150_model_reset(&sensor.part);
        sensor.powered = true;
    }
    catch_up();
    int fault = max86150_model_transfer(&sensor.part, address, write, write_size, read, read_size);
    sensor.running = sensor.running && max86150_model_running(&sensor.part);
    return fault;
}
