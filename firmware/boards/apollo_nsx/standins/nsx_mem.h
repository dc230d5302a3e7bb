/* Stand-in for the NSX header of this name: the declarations that board_nsx.c uses, written from their use, so that
 * its C can be checked without the SDK. */
#ifndef HEARTKIT_STANDIN_MEM_H
#define HEARTKIT_STANDIN_MEM_H

#define NSX_MEM_SRAM_BSS

#endif
