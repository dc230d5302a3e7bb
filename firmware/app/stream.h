/* Streaming: samples from the source through noise into the ring and to the models, and from the ring to the host. */
#ifndef HEARTKIT_STREAM_H
#define HEARTKIT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "link.h"

/* Each answers with a link_status and, where that is not OK, with the fault in words. */
typedef struct {
    uint8_t status;
    const char *detail;
} stream_answer_t;

extern const uint16_t STREAM_RATES_HZ[];

void stream_reset(void);
stream_answer_t stream_start(const link_start_t *wanted);
stream_answer_t stream_set_source(const link_set_source_t *wanted);
void stream_stop(void);
bool stream_running(void);

uint32_t stream_index(void); /* of the next sample */
uint8_t stream_source(void);
uint32_t stream_leads(void);

/* Takes what is due from the source; true when there was something. */
bool stream_sample(void);

/* Queues at most a few frames of samples; true when it queued one. */
bool stream_send(void);

/* Queues STATS; the worst gap begins again. */
void stream_report(uint16_t cpu_permille, uint32_t frames_good, uint32_t frames_bad);

/* Queues an EVENT at the present sample. */
void stream_event(uint8_t kind, uint32_t value, const uint8_t *text, uint16_t size);

#endif
