#include "app.h"

#include "board.h"
#include "clock.h"
#include "commands.h"
#include "models.h"
#include "noise.h"
#include "outbox.h"
#include "sample_ring.h"
#include "self_test.h"
#include "stream.h"
#include "text.h"

#define SECOND_US 1000000u
#define READ_AT_ONCE 256u

static struct {
    link_receiver_t receiver;
    uint64_t reported_us;
    uint64_t idle_us; /* since then */
    uint32_t seconds;
} app;

static void boot(void) {
    outbox_reset();
    stream_reset();
    noise_set(&(noise_levels_t){0, 0, 0, 0});
    commands_reset();
    link_receiver_init(&app.receiver);
    app.reported_us = clock_us();
    app.idle_us = 0;
    app.seconds = 0;
    stream_event(LINK_EVENT_KIND_BOOT, 0, NULL, 0);
    self_test_run(false);
}

void app_start(void) { boot(); }

static bool receive(void) {
    uint8_t bytes[READ_AT_ONCE];
    size_t count = board_link_read(bytes, sizeof bytes);
    for (size_t k = 0; k < count; k++) {
        link_frame_t frame;
        if (!link_receive(&app.receiver, bytes[k], &frame)) continue;
        if (frame.bad == LINK_BAD_REASON_VERSION) commands_introduce(); /* so that a host of another age can tell */
        if (frame.bad != 0) continue;
        if (commands_take(&frame) == COMMANDS_RESET) {
            while (outbox_waiting() > 0 && outbox_flush()) {
            }
            boot();
            break;
        }
    }
    return count > 0;
}

static uint16_t cpu_permille(uint64_t span_us) {
    uint64_t idle_us = app.idle_us < span_us ? app.idle_us : span_us;
    return (uint16_t)(1000u - 1000u * idle_us / span_us);
}

static void log_line(uint16_t cpu) {
    char line[160];
    text_t text = {line, sizeof line, 0};
    text_add_pair(&text, "t", ++app.seconds);
    text_add_pair(&text, "index", sample_ring_head());
    text_add_pair(&text, "dropped", sample_ring_dropped());
    text_add_pair(&text, "queue", (uint32_t)outbox_waiting());
    text_add_pair(&text, "queue_most", outbox_most_waited());
    text_add_pair(&text, "rx_good", app.receiver.frames_good);
    text_add_pair(&text, "rx_bad", app.receiver.frames_bad);
    text_add_pair(&text, "cpu_permille", cpu);
    commands_log(&text);
}

static void report(void) {
    uint64_t span_us = clock_us() - app.reported_us;
    if (span_us < SECOND_US) return;
    app.reported_us += span_us;
    if (stream_running()) {
        uint16_t cpu = cpu_permille(span_us);
        stream_report(cpu, app.receiver.frames_good, app.receiver.frames_bad);
        models_report();
        log_line(cpu);
    }
    app.idle_us = 0;
}

void app_poll(void) {
    bool busy = receive();
    busy |= stream_sample();
    busy |= stream_send();
    if (commands_stopped()) stream_report(UINT16_MAX, app.receiver.frames_good, app.receiver.frames_bad);
    report();
    busy |= outbox_flush();
    busy |= models_work();
    if (busy) return;
    uint64_t begin_us = clock_us();
    board_idle();
    app.idle_us += clock_us() - begin_us;
}
