/* Samples as they travel: one code is one microvolt; one code is kept for "no value". */
#ifndef HEARTKIT_CODES_H
#define HEARTKIT_CODES_H

#include <stdint.h>

#include "messages.h"

#define LEADS 12u
#define UV_PER_CODE 1u
#define CODE_NONE ((int16_t)LINK_NO_VALUE_16)

static inline int16_t code_clamped(int32_t uv) {
    return (int16_t)(uv > INT16_MAX ? INT16_MAX : uv <= INT16_MIN ? INT16_MIN + 1 : uv);
}

#endif
