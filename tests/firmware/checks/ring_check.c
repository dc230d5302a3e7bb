/* The ring of samples, the queue of INJECT and the noise; prints "name ok" or "name FAILED". */
#include <math.h>
#include <stdio.h>

#include "codes.h"
#include "inject.h"
#include "noise.h"
#include "sample_ring.h"

static void check(const char *name, int good) { printf("%s %s\n", name, good ? "ok" : "FAILED"); }

static void push(uint32_t leads, uint32_t index) {
    int16_t values[LEADS];
    for (uint32_t lead = 0; lead < leads; lead++) values[lead] = (int16_t)(index * 13u + lead);
    sample_ring_push(values);
}

static int holds(uint32_t leads, uint32_t index) {
    const int16_t *values = sample_ring_at(index);
    for (uint32_t lead = 0; lead < leads; lead++)
        if (values[lead] != (int16_t)(index * 13u + lead)) return 0;
    return 1;
}

static void ring(uint32_t leads) {
    sample_ring_start(leads);
    uint32_t room = sample_ring_room();
    int good = room > 1000u;
    for (uint32_t k = 0; k < room; k++) push(leads, k);
    good = good && sample_ring_dropped() == 0 && sample_ring_tail() == 0 && sample_ring_head() == room;
    check("a_full_ring_is_full_not_empty", good);
    for (uint32_t k = 0; k < 100u; k++) push(leads, room + k);
    good = sample_ring_dropped() == 100u && sample_ring_tail() == 100u && sample_ring_head() == room + 100u;
    for (uint32_t k = sample_ring_tail(); k != sample_ring_head(); k++) good = good && holds(leads, k);
    check("the_oldest_are_dropped_and_counted", good);
    sample_ring_consume(37);
    sample_ring_skip(500);
    good = sample_ring_head() == room + 600u && sample_ring_tail() == sample_ring_head();
    check("a_skip_counts_what_waited_too", good && sample_ring_dropped() == 100u + 500u + room - 37u);
    uint32_t head = sample_ring_head();
    for (uint32_t k = 0; k < 3u * room; k++) {
        push(leads, head + k);
        good = good && holds(leads, head + k);
        sample_ring_consume(1);
    }
    check("goes_round", good);
}

static link_inject_t message(uint32_t index, uint8_t count, uint8_t *bytes) {
    for (uint32_t k = 0; k < count; k++) {
        uint16_t value = (uint16_t)(index + k);
        bytes[2u * k] = (uint8_t)value;
        bytes[2u * k + 1u] = (uint8_t)(value >> 8);
    }
    link_inject_t made = {index, 1, count, bytes};
    return made;
}

static void inject(void) {
    uint8_t bytes[510];
    int16_t value;
    inject_start(1);
    uint32_t room = inject_room();
    check("not_begun_before_samples_came", !inject_begun());
    link_inject_t m = message(0, 100, bytes);
    check("takes", inject_take(&m) == LINK_STATUS_OK && inject_begun() && inject_room() == room - 100u);
    m = message(50, 100, bytes);
    check("passes_over_what_it_has", inject_take(&m) == LINK_STATUS_OK && inject_room() == room - 150u);
    m = message(160, 10, bytes);
    check("leaves_a_hole", inject_take(&m) == LINK_STATUS_OK && inject_room() == room - 170u);
    int good = 1;
    for (int k = 0; k < 170; k++) {
        inject_next(&value);
        good = good && value == (k >= 150 && k < 160 ? CODE_NONE : (int16_t)k);
    }
    inject_next(&value);
    check("plays_in_order", good && value == CODE_NONE);
    m = message(170 + room, 10, bytes);
    check("refuses_what_does_not_fit", inject_take(&m) == LINK_STATUS_BUSY && inject_room() == room);
    m.leads = 2;
    check("refuses_other_leads", inject_take(&m) == LINK_STATUS_BAD_VALUE);
}

static double rms(noise_levels_t levels, uint32_t rate_hz) {
    double sum = 0;
    uint32_t n = 120u * rate_hz;
    noise_start(rate_hz);
    noise_set(&levels);
    for (uint32_t k = 0; k < n; k++) {
        int16_t value = 0;
        noise_add(&value, 1);
        sum += (double)value * value;
    }
    return sqrt(sum / n);
}

static void noise(void) {
    static const uint32_t rates[] = {200, 250, 500, 1000};
    for (int k = 0; k < 4; k++) {
        noise_levels_t none = {0, 0, 0, 0}, slow = {300, 0, 0, 0}, muscle = {0, 100, 0, 0};
        noise_levels_t electrode = {0, 0, 200, 0}, mains = {0, 0, 0, 150};
        double level[] = {rms(slow, rates[k]) / 300, rms(muscle, rates[k]) / 100, rms(electrode, rates[k]) / 200,
                          rms(mains, rates[k]) / 150};
        int good = rms(none, rates[k]) == 0;
        for (int n = 0; n < 4; n++) good = good && level[n] > 0.8 && level[n] < 1.25;
        check("noise_has_the_level_asked_for", good);
        if (!good) printf("%u Hz: %.2f %.2f %.2f %.2f\n", (unsigned)rates[k], level[0], level[1], level[2], level[3]);
    }
    int16_t absent = CODE_NONE, loud = 32767;
    noise_levels_t strong = {60000, 0, 0, 60000};
    noise_start(250);
    noise_set(&strong);
    for (int k = 0; k < 1000; k++) {
        noise_add(&absent, 1);
        noise_add(&loud, 1);
    }
    check("no_value_stays_so", absent == CODE_NONE);
    check("loud_noise_is_never_taken_for_no_value", loud != CODE_NONE);
}

int main(void) {
    ring(1);
    ring(12);
    inject();
    noise();
    return 0;
}
