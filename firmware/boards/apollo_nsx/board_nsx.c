/* board.h on Ambiq's Apollo4 Plus and Apollo510 evaluation boards, through the NSX modules nsx-core, nsx-usb, nsx-i2c
 * and nsx-timer, which `nsx sync` fetches. Compiled against stand-ins for their headers; never run on a board. */
#include "board.h"

#include <string.h>

#include "nsx_core.h"
#include "nsx_i2c.h"
#include "nsx_mem.h"
#include "nsx_system.h"
#include "nsx_timer.h"
#include "nsx_usb.h"

#ifndef HEARTKIT_BOARD_NAME
#define HEARTKIT_BOARD_NAME "apollo"
#endif

#define SENSOR_I2C_MASTER 1 /* SCL GPIO 8, SDA GPIO 9 on the Apollo4 Plus EVB */
#define SENSOR_BUS_HZ 400000u
#define USB_RX_BYTES 2048u
#define USB_TX_BYTES 4096u
#define USB_SEND_MS 20u /* the default of 5 s would hold up the sampling while a host is slow */
#define TIMER_TICKS_PER_US 6u /* of the 32-bit counter behind nsx_timer_us_read */
#define TIMER_WRAP_US (UINT32_MAX / TIMER_TICKS_PER_US + 1u)
#define I2C_MOST_WORDS 8u

static NSX_MEM_SRAM_BSS uint8_t usb_received[USB_RX_BYTES], usb_sending[USB_TX_BYTES]; /* the USB core reaches them */

static const nsx_usb_device_desc_t usb_identity = {
    .vid = 0xCAFE,
    .pid = 0x4011,
    .manufacturer = "HeartKit Workbench",
    .product = "ECG EVB",
    .serial = "0001",
    .cdc_interface = "ECG link",
};

static nsx_usb_config_t usb = {
    .tx_buffer = usb_sending,
    .tx_buffer_len = USB_TX_BYTES,
    .rx_buffer = usb_received,
    .rx_buffer_len = USB_RX_BYTES,
    .poll_interval_us = NSX_USB_DEFAULT_POLL_US,
    .timeout_ms = USB_SEND_MS,
    .device_desc = &usb_identity,
};

/* Fast clock and caches; no debug output, which would need a probe. */
static const nsx_system_config_t full_speed = {
    .perf_mode = NSX_PERF_HIGH,
    .enable_cache = true,
    .enable_sram = true,
    .spot_mgr_profile = true,
};

static nsx_timer_config_t timer = {.api = &nsx_timer_V1_0_0, .timer = NSX_TIMER_COUNTER, .enableInterrupt = false};
static nsx_i2c_config_t i2c = {.api = &nsx_i2c_V1_0_0, .iom = SENSOR_I2C_MASTER};

const char *board_name(void) { return HEARTKIT_BOARD_NAME; }

bool board_init(void) {
    nsx_core_config_t core = {.api = &nsx_core_V1_0_0};
    if (nsx_core_init(&core) != 0 || nsx_system_init(&full_speed) != 0) return false;
    nsx_interrupt_master_enable();
    if (nsx_timer_init(&timer) != 0 || nsx_usb_init(&usb) != 0) return false;
    (void)nsx_i2c_interface_init(&i2c, SENSOR_BUS_HZ); /* without a sensor replay and inject still work */
    return true;
}

/* What is read starts again every twelve minutes, when the ticks behind it wrap; here it does so at 2^32 only. */
uint32_t board_time_us(void) {
    static uint32_t last_read_us, now_us;
    uint32_t read_us = nsx_timer_us_read(&timer);
    now_us += read_us >= last_read_us ? read_us - last_read_us : read_us + (TIMER_WRAP_US - last_read_us);
    last_read_us = read_us;
    return now_us;
}

size_t board_link_read(uint8_t *bytes, size_t room) {
    uint32_t count = 0;
    return nsx_usb_read_nb(&usb, bytes, (uint32_t)room, &count) == 0 ? count : 0u;
}

/* Connected means that the host opened the port with DTR on; until then bytes go nowhere, as on an open cable. */
size_t board_link_write(const uint8_t *bytes, size_t size) {
    uint32_t count = 0;
    uint32_t piece = size < USB_TX_BYTES / 2u ? (uint32_t)size : USB_TX_BYTES / 2u;
    if (!nsx_usb_connected(&usb)) return size;
    (void)nsx_usb_send(&usb, bytes, piece, &count);
    return count;
}

/* The driver moves words: its buffers are words too. */
int board_i2c(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read, size_t read_size) {
    uint32_t sent[I2C_MOST_WORDS], got[I2C_MOST_WORDS] = {0};
    if (write_size > sizeof sent || read_size > sizeof got) return 1;
    memcpy(sent, write, write_size);
    if (read_size == 0) return (int)nsx_i2c_write(&i2c, sent, (uint32_t)write_size, address);
    int fault = (int)nsx_i2c_write_read(&i2c, address, sent, write_size, got, read_size);
    if (fault == 0) memcpy(read, got, read_size);
    return fault;
}

/* The USB service's timer wakes the core every millisecond. */
void board_idle(void) { __asm volatile("wfi"); }

/* The core counts cycles, not instructions. */
bool board_counts_instructions(void) { return false; }
uint32_t board_instructions(void) { return 0; }
