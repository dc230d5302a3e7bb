/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_CORE_H
#define HEARTKIT_STANDIN_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t id;
} nsx_api_standin_t;

typedef struct {
    const nsx_api_standin_t *api;
} nsx_core_config_t;

extern const nsx_api_standin_t nsx_core_V1_0_0;

uint32_t nsx_core_init(nsx_core_config_t *config);
void nsx_interrupt_master_enable(void);

#endif
