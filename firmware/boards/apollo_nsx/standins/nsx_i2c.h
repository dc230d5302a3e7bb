/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_I2C_H
#define HEARTKIT_STANDIN_I2C_H

#include "nsx_core.h"

typedef struct {
    const nsx_api_standin_t *api;
    int8_t iom;
    void *iomHandle;
} nsx_i2c_config_t;

extern const nsx_api_standin_t nsx_i2c_V1_0_0;

uint32_t nsx_i2c_interface_init(nsx_i2c_config_t *config, uint32_t speed);
uint32_t nsx_i2c_write(nsx_i2c_config_t *config, const void *bytes, uint32_t size, uint16_t address);
uint32_t nsx_i2c_write_read(nsx_i2c_config_t *config, uint16_t address, const void *write, size_t write_size,
                            void *read, size_t read_size);

#endif
