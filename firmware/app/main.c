#include "app.h"
#include "board.h"

int main(void) {
    if (!board_init()) return 1;
    app_start();
    for (;;) app_poll();
}
