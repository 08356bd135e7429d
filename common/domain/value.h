/* value.h - one field's value, whatever its type, and its canonical text.
 *
 * Values are compared after normalisation; the canonical text is what history, conflict records
 * and exports hold. */
#ifndef SLUICE_COMMON_DOMAIN_VALUE_H
#define SLUICE_COMMON_DOMAIN_VALUE_H

#include "common/base/arena.h"
#include "common/domain/entity.h"

enum value_type {
    VALUE_TEXT = 1,  /* struct str */
    VALUE_BYTES,     /* struct str, any bytes */
    VALUE_NUMBER,    /* struct optional */
    VALUE_DATE,      /* struct optional, days */
    VALUE_TIME,      /* struct optional, milliseconds */
    VALUE_FLAG,      /* bool; absent = false */
    VALUE_CHOICE,    /* int64_t; absent = 0 */
    VALUE_REFERENCE, /* struct uuid; absent = zero */
    VALUE_SET        /* struct text_set; absent = empty */
};

struct value {
    enum value_type type;
    bool present;
    struct str text;     /* TEXT, BYTES */
    int64_t number;      /* NUMBER, DATE, TIME, FLAG (0/1), CHOICE */
    struct uuid id;      /* REFERENCE */
    struct text_set set; /* SET */
};

struct value value_absent(enum value_type type);
struct value value_text(struct str text);
struct value value_number(enum value_type type, int64_t number);
struct value value_reference(struct uuid id);
struct value value_set(struct text_set set);
bool value_equal(struct value a, struct value b);

/* Canonical text: text as is, numbers decimal, dates ISO, times ISO UTC, flags true/false, choices
 * by their number, references as full uuid, sets joined with commas; absent is absent. */
MUST_USE enum fault value_format(struct arena *arena, struct value value, struct str *out);
MUST_USE enum fault value_parse(struct arena *arena, enum value_type type, struct str text,
                                struct value *out);

/* Sorts, removes doubles; items borrowed. */
MUST_USE enum fault text_set_make(struct arena *arena, const struct str *items, size_t count,
                                  struct text_set *out);
bool text_set_has(struct text_set set, struct str item);
/* (set + add) - remove. */
MUST_USE enum fault text_set_merge(struct arena *arena, struct text_set set, struct text_set add,
                                   struct text_set remove, struct text_set *out);

#endif
