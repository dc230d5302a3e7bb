/* Arm MPS3 with image AN547: Cortex-M55 with Helium (QEMU machine mps3-an547). */
#ifndef HEARTKIT_MACHINE_CONFIG_H
#define HEARTKIT_MACHINE_CONFIG_H

#define MACHINE_NAME "qemu_an547"
#define UART_BASE 0x49303000u
#define UART_RX_INTERRUPT 33u
#define FPGAIO_BASE 0x49302000u
#define FPGAIO_MHZ 20u
#define CORE_HZ 32000000u
/* Under -icount shift=4 an instruction takes 16 ns; a SysTick tick of 31.25 ns is 125/64 instructions. */
#define INSTRUCTIONS_PER_TICKS 125u
#define INSTRUCTION_TICKS 64u

#endif
