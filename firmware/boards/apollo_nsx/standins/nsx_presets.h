/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_PRESETS_H
#define HEARTKIT_STANDIN_PRESETS_H

#include "nsx_system.h"

extern const nsx_system_config_t nsx_system_development;

#endif
