/* Building lines and JSON without printf. What does not fit is cut off. */
#ifndef HEARTKIT_TEXT_H
#define HEARTKIT_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *start;
    size_t room;
    size_t size;
} text_t;

void text_add(text_t *text, const char *more);
void text_add_number(text_t *text, uint32_t number);
void text_add_hex(text_t *text, uint32_t number); /* eight digits */

/* " key=number" for LOG lines, without the space at the start of a line. */
void text_add_pair(text_t *text, const char *key, uint32_t number);

#endif
