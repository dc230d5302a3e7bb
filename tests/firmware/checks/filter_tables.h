/* The sensor's filter, which firmware has generated; here a check defines it. */
#ifndef HEARTKIT_FILTER_TABLES_H
#define HEARTKIT_FILTER_TABLES_H

#include "biquad.h"

extern const biquad_cascade_t FILTER_SENSOR;

#endif
