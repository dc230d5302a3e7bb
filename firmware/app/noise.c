#include "noise.h"

#include "codes.h"

#define UNIT_BITS 14 /* a noise of RMS 1 is scaled to 2^14 */
#define MAINS_HZ 50u

enum { SLOW, SLOWER, MAINS, WAVES };

static struct {
    noise_levels_t levels;
    uint32_t rate_hz;
    uint32_t phase[WAVES], step[WAVES]; /* of a turn of 2^32 */
    uint32_t random;
    int32_t electrode; /* wandering level, RMS 2^14 */
    int32_t previous;  /* white noise of the sample before */
} noise;

/* sqrt(2) * sin, 2^14 RMS, by a parabola corrected to within 0.2 % (Bhaskara's shape, squared once more). */
static int32_t wave(uint32_t phase) {
    int32_t x = (int32_t)(phase >> 16) - 32768;         /* -2^15..2^15: half a turn each side */
    int32_t size = x < 0 ? -x : x;
    int32_t y = (x * (32768 - size)) >> 13;             /* 4 x (1 - |x|), 2^15 high */
    int32_t high = y < 0 ? -y : y;
    y = y + ((y * ((high >> 1) - 16384)) >> 15) * 9 / 20; /* toward the sine: 0.225 (y|y| - y) */
    return (y * 11585) >> 14;
}

/* Sum of four uniform numbers: near normal, RMS 2^14. */
static int32_t white(void) {
    int32_t sum = 0;
    for (int k = 0; k < 4; k++) {
        noise.random = noise.random * 1664525u + 1013904223u;
        sum += (int32_t)(noise.random >> 16) - 32768;
    }
    return (sum * 7) >> 4; /* the RMS of the sum is 2^16 / sqrt(3) */
}

void noise_start(uint32_t rate_hz) {
    const uint32_t millihertz[WAVES] = {330, 210, MAINS_HZ * 1000};
    noise.rate_hz = rate_hz;
    noise.random = 1;
    noise.electrode = noise.previous = 0;
    for (int k = 0; k < WAVES; k++) {
        noise.phase[k] = 0;
        noise.step[k] = (uint32_t)(((uint64_t)millihertz[k] << 32) / (1000u * (uint64_t)rate_hz));
    }
}

void noise_set(const noise_levels_t *levels) { noise.levels = *levels; }

static int32_t scaled(int32_t unit, uint32_t level_uv) { return (int32_t)(((int64_t)unit * level_uv) >> UNIT_BITS); }

void noise_add(int16_t *values, uint32_t leads) {
    const noise_levels_t *levels = &noise.levels;
    if ((levels->baseline_uv | levels->muscle_uv | levels->electrode_uv | levels->mains_uv) == 0) return;
    for (int k = 0; k < WAVES; k++) noise.phase[k] += noise.step[k];
    int32_t slow = (wave(noise.phase[SLOW]) + wave(noise.phase[SLOWER])) * 11585 / 16384;
    /* First-order wander with a time constant of a quarter second: RMS grows by sqrt(8 / rate) a step. */
    int32_t rate = (int32_t)noise.rate_hz;
    noise.electrode += (white() * (rate > 500 ? 3 : rate > 250 ? 4 : 6)) / 32 - noise.electrode * 4 / rate;
    for (uint32_t k = 0; k < leads; k++) {
        int32_t fresh = white();
        int32_t muscle = (fresh - noise.previous) * 11585 / 16384; /* differences: no slow part */
        noise.previous = fresh;
        int32_t add = scaled(slow, levels->baseline_uv) + scaled(muscle, levels->muscle_uv) +
                      scaled(noise.electrode, levels->electrode_uv) + scaled(wave(noise.phase[MAINS]), levels->mains_uv);
        if (values[k] != CODE_NONE) values[k] = code_clamped(values[k] + add);
    }
}
