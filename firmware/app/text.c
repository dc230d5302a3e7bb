#include "text.h"

#define DECIMAL_DIGITS 10
#define HEX_DIGITS 8

static void add_character(text_t *text, char c) {
    if (text->size < text->room) text->start[text->size++] = c;
}

void text_add(text_t *text, const char *more) {
    while (*more != '\0') add_character(text, *more++);
}

void text_add_number(text_t *text, uint32_t number) {
    char digits[DECIMAL_DIGITS];
    int used = 0;
    do digits[used++] = (char)('0' + number % 10u);
    while ((number /= 10u) != 0);
    while (used > 0) add_character(text, digits[--used]);
}

void text_add_hex(text_t *text, uint32_t number) {
    for (int k = HEX_DIGITS - 1; k >= 0; k--) add_character(text, "0123456789abcdef"[number >> (4 * k) & 15u]);
}

void text_add_pair(text_t *text, const char *key, uint32_t number) {
    if (text->size > 0) add_character(text, ' ');
    text_add(text, key);
    add_character(text, '=');
    text_add_number(text, number);
}
