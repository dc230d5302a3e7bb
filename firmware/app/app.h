/* The firmware above the board: call app_start once, then app_poll for ever. */
#ifndef HEARTKIT_APP_H
#define HEARTKIT_APP_H

void app_start(void);
void app_poll(void);

#endif
