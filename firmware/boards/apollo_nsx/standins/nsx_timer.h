/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_TIMER_H
#define HEARTKIT_STANDIN_TIMER_H

#include "nsx_core.h"

typedef enum { NSX_TIMER_COUNTER = 0 } nsx_timers_e;

typedef struct {
    const nsx_api_standin_t *api;
    nsx_timers_e timer;
    bool enableInterrupt;
} nsx_timer_config_t;

extern const nsx_api_standin_t nsx_timer_V1_0_0;

uint32_t nsx_timer_init(nsx_timer_config_t *config);
uint32_t nsx_timer_us_read(nsx_timer_config_t *config);

#endif
