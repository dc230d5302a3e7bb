/* The MAX86150 as a source: one lead, in microvolts, without the electrodes' offset. The part samples at 200 Hz and is
 * the clock of this source; other rates are interpolated from its samples, five for four, two or one of them. */
#ifndef HEARTKIT_SENSOR_H
#define HEARTKIT_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#define SENSOR_MOST_SAMPLES 320u /* of one poll at 1000 Hz: a full FIFO, and a part of what was lost before it */

/* At 200, 250, 500 or 1000 Hz. False: no answer, or another part. */
bool sensor_start(uint32_t rate_hz);

/* Samples since the last poll, at most SENSOR_MOST_SAMPLES. Time in which the part lost samples, or gave none, is there
 * too, without values: so many samples as the board's clock says. */
uint32_t sensor_poll(int16_t *values);

/* The part has given nothing for a second; it is started again every second. */
bool sensor_silent(void);

/* Bus errors, and samples without value for want of the part's, since start. */
uint32_t sensor_errors(void);

#endif
