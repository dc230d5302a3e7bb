/* Which instructions the kernels may use, decided by the compiler's macros. */
#ifndef NN_SIMD_H_
#define NN_SIMD_H_

#include <stdint.h>

#if !defined(NN_PORTABLE) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#include <arm_mve.h>
#define NN_MVE 1
#define NN_DSP 0
#elif !defined(NN_PORTABLE) && defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#define NN_MVE 0
#define NN_DSP 1
#else
#define NN_MVE 0
#define NN_DSP 0
#endif

#if NN_DSP
/* Bytes 1 and 3 as two int16; arm_acle.h offers only bytes 0 and 2. */
static inline int16x2_t nn_odd_bytes(uint32_t word) {
    int16x2_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

/* The upper half of a product, rounded. */
static inline int32_t nn_smmulr(int32_t a, int32_t b) {
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
    return high;
}

/* Four bytes from any address; the builtin stays one load where memcpy would be a call (-ffreestanding). */
static inline uint32_t nn_word(const int8_t *p) {
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}
#endif

#endif
