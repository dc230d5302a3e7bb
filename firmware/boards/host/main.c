/* The firmware as a process: `firmware [--port N] [--watch-parent] [--hurry TIMES]` prints "port N" and streams there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "board.h"
#include "board_host.h"

int main(int count, char **arguments) {
    unsigned port = 0;
    bool watch_parent = false;
    for (int k = 1; k < count; k++) {
        if (strcmp(arguments[k], "--watch-parent") == 0) {
            watch_parent = true;
        } else if (strcmp(arguments[k], "--port") == 0 && k + 1 < count) {
            port = (unsigned)strtoul(arguments[++k], NULL, 10);
        } else if (strcmp(arguments[k], "--hurry") == 0 && k + 1 < count) {
            board_host_hurry((uint32_t)strtoul(arguments[++k], NULL, 10));
        } else {
            fprintf(stderr, "usage: %s [--port N] [--watch-parent] [--hurry TIMES]\n", arguments[0]);
            return EXIT_FAILURE;
        }
    }
    int listening = board_host_listen(port, watch_parent);
    if (listening < 0 || !board_init()) {
        fprintf(stderr, "cannot listen on port %u of 127.0.0.1\n", port);
        return EXIT_FAILURE;
    }
    printf("port %d\n", listening);
    fflush(stdout);
    app_start();
    for (;;) app_poll();
}
