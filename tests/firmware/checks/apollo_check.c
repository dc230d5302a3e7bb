/* The Apollo board's own code on top of NSX functions that a check plays. Prints "name ok" or "name FAILED". */
__asm(".macro wfi\n nop\n.endm"); /* board_idle's instruction, where there is none */

#include "board_nsx.c"

#include <stdio.h>

const nsx_api_standin_t nsx_core_V1_0_0, nsx_timer_V1_0_0, nsx_i2c_V1_0_0;

static uint64_t ticks; /* of 6 MHz; the counter has 32 bits */
static bool host_is_there;
static uint32_t takes, offered;
static uint8_t heard[64];
static bool aligned = true;

uint32_t nsx_core_init(nsx_core_config_t *config) { return config->api == &nsx_core_V1_0_0 ? 0u : 1u; }
uint32_t nsx_system_init(const nsx_system_config_t *config) { return config->perf_mode == NSX_PERF_HIGH ? 0u : 1u; }
void nsx_interrupt_master_enable(void) {}
uint32_t nsx_timer_init(nsx_timer_config_t *config) { return config->enableInterrupt ? 1u : 0u; }
uint32_t nsx_timer_us_read(nsx_timer_config_t *config) { return config == &timer ? (uint32_t)ticks / 6u : 0u; }
uint32_t nsx_usb_init(nsx_usb_config_t *config) { return config->rx_buffer_len >= 1024 ? 0u : 1u; }
bool nsx_usb_connected(nsx_usb_config_t *config) { return config == &usb && host_is_there; }

uint32_t nsx_usb_send(nsx_usb_config_t *config, const void *bytes, uint32_t size, uint32_t *sent) {
    offered = size;
    *sent = size < takes ? size : takes;
    return config == &usb && bytes != NULL && *sent == size ? 0u : 0x100u;
}

uint32_t nsx_usb_read_nb(nsx_usb_config_t *config, void *bytes, uint32_t room, uint32_t *count) {
    *count = room < 3u ? room : 3u;
    memcpy(bytes, "abc", *count);
    return config == &usb ? 0u : 1u;
}

uint32_t nsx_i2c_interface_init(nsx_i2c_config_t *config, uint32_t speed) {
    return config->iom == 1 && speed == 400000u ? 0u : 1u;
}

uint32_t nsx_i2c_write(nsx_i2c_config_t *config, const void *bytes, uint32_t size, uint16_t address) {
    aligned = aligned && (uintptr_t)bytes % 4u == 0;
    memcpy(heard, bytes, size);
    return config == &i2c && address == 0x5E ? 0u : 1u;
}

uint32_t nsx_i2c_write_read(nsx_i2c_config_t *config, uint16_t address, const void *write, size_t write_size,
                            void *read, size_t read_size) {
    aligned = aligned && (uintptr_t)read % 4u == 0;
    memset(read, 0x5A, read_size);
    return nsx_i2c_write(config, write, (uint32_t)write_size, address);
}

static void check(const char *name, int good) { printf("%s %s\n", name, good ? "ok" : "FAILED"); }

/* An hour and a half: the ticks wrap seven times, microseconds once. */
static void time_goes_on(void) {
    uint32_t begin = board_time_us(), last = begin;
    int good = 1;
    for (uint64_t second = 1; second <= 5400; second++) {
        ticks += 6000000u;
        uint32_t now = board_time_us(), step = now - last;
        good = good && step >= 999998u && step <= 1000002u;
        last = now;
    }
    check("time_goes_on", good);
}

static void link(void) {
    uint8_t bytes[5000] = {0};
    host_is_there = false;
    check("without_host_bytes_go_nowhere", board_link_write(bytes, sizeof bytes) == sizeof bytes);
    host_is_there = true;
    takes = 7;
    check("what_is_not_taken_is_kept", board_link_write(bytes, 100) == 7);
    takes = 5000;
    check("pieces_fit_the_buffer", board_link_write(bytes, sizeof bytes) == offered && offered <= USB_TX_BYTES);
    check("bytes_are_read", board_link_read(bytes, 2) == 2 && memcmp(bytes, "ab", 2) == 0);
}

static void bus(void) {
    uint8_t odd[9] = {0, 0x0D, 4}, got[9] = {0};
    check("registers_are_written", board_i2c(0x5E, odd + 1, 2, NULL, 0) == 0 && memcmp(heard, odd + 1, 2) == 0);
    check("registers_are_read", board_i2c(0x5E, odd + 1, 1, got + 1, 3) == 0 && got[1] == 0x5A && got[4] == 0);
    check("buffers_are_words", aligned);
    check("bus_faults_are_told", board_i2c(0x10, odd, 1, got, 3) != 0);
    check("what_is_too_long_is_refused", board_i2c(0x5E, odd, 1, got, 64) != 0);
}

int main(void) {
    check("starts", board_init());
    time_goes_on();
    link();
    bus();
    board_idle();
    check("counts_no_instructions", !board_counts_instructions() && board_instructions() == 0);
    check("has_a_name", strcmp(board_name(), "apollo") == 0);
    return 0;
}
