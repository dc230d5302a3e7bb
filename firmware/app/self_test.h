/* Does the board do what it should? One LOG line for each check. */
#ifndef HEARTKIT_SELF_TEST_H
#define HEARTKIT_SELF_TEST_H

#include <stdbool.h>

/* Clock and sensor, and with `models` every model on a known input. A missing sensor is told but is no failure. */
bool self_test_run(bool models);

#endif
