/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_SYSTEM_H
#define HEARTKIT_STANDIN_SYSTEM_H

#include "nsx_core.h"

typedef enum { NSX_PERF_HIGH = 2 } nsx_perf_mode_e;

typedef struct {
    nsx_perf_mode_e perf_mode;
    bool enable_cache, enable_sram, spot_mgr_profile;
} nsx_system_config_t;

uint32_t nsx_system_init(const nsx_system_config_t *config);

#endif
