/* Arm MPS2 with image AN386: Cortex-M4 with FPU (QEMU machine mps2-an386). */
#ifndef HEARTKIT_MACHINE_CONFIG_H
#define HEARTKIT_MACHINE_CONFIG_H

#define MACHINE_NAME "qemu_an386"
#define UART_BASE 0x40004000u
#define UART_RX_INTERRUPT 0u
#define FPGAIO_BASE 0x40028000u
#define FPGAIO_MHZ 25u
#define CORE_HZ 25000000u
/* Under -icount shift=4 an instruction takes 16 ns; a SysTick tick of 40 ns is 5/2 instructions. */
#define INSTRUCTIONS_PER_TICKS 5u
#define INSTRUCTION_TICKS 2u

#endif
