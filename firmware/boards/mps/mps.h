/* Interrupts of the MPS images, and the UART. */
#ifndef HEARTKIT_MPS_H
#define HEARTKIT_MPS_H

#include <stddef.h>
#include <stdint.h>

void mps_tick_interrupt(void);
void mps_uart_interrupt(void);

void mps_uart_init(void);
size_t mps_uart_read(uint8_t *bytes, size_t room);
size_t mps_uart_write(const uint8_t *bytes, size_t size);

#endif
