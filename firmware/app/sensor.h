/* The MAX86150 as a source: one lead at 200 Hz, in microvolts, without the electrodes' offset. */
#ifndef HEARTKIT_SENSOR_H
#define HEARTKIT_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#define SENSOR_RATE_HZ 200u
#define SENSOR_MOST_SAMPLES 64u /* of one poll: what was lost counts */

/* False: no answer, or another part. */
bool sensor_start(void);

/* Samples since the last poll, at most SENSOR_MOST_SAMPLES; those that the part lost have no value. */
uint32_t sensor_poll(int16_t *values);

/* Bus errors and lost samples since start. */
uint32_t sensor_errors(void);

#endif
