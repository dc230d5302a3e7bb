/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_USB_H
#define HEARTKIT_STANDIN_USB_H

#include <stdbool.h>
#include <stdint.h>

#define NSX_USB_DEFAULT_POLL_US 1000

typedef struct {
    uint16_t vid, pid;
    const char *manufacturer, *product, *serial, *cdc_interface;
} nsx_usb_device_desc_t;

typedef struct {
    uint8_t *tx_buffer;
    uint32_t tx_buffer_len;
    uint8_t *rx_buffer;
    uint32_t rx_buffer_len;
    uint32_t poll_interval_us;
    uint32_t timeout_ms;
    const nsx_usb_device_desc_t *device_desc;
} nsx_usb_config_t;

uint32_t nsx_usb_init(nsx_usb_config_t *config);
uint32_t nsx_usb_send(nsx_usb_config_t *config, const void *bytes, uint32_t size, uint32_t *sent);
uint32_t nsx_usb_read_nb(nsx_usb_config_t *config, void *bytes, uint32_t room, uint32_t *count);
bool nsx_usb_connected(nsx_usb_config_t *config);

#endif
