/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_SYSTEM_H
#define HEARTKIT_STANDIN_SYSTEM_H

#include "nsx_core.h"

typedef struct nsx_system_config nsx_system_config_t;

uint32_t nsx_system_init(const nsx_system_config_t *config);

#endif
