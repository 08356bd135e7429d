/* query_term.h - a compiled filter, between query_compile.c (which makes it), query.c and
 * query_sort.c (which evaluate it). Included by these only. */
#ifndef SLUICE_COMMON_DOMAIN_QUERY_TERM_H
#define SLUICE_COMMON_DOMAIN_QUERY_TERM_H

#include "common/domain/query.h"

/* What a term looks at. */
enum subject {
    SUBJECT_WORD,         /* title, organisation or contact */
    SUBJECT_FIELD,        /* the deal's field as it is */
    SUBJECT_MONEY,        /* a field in minor units of the deal's currency, compared as an amount */
    SUBJECT_INSTANT,      /* a time, compared as the local date it falls on */
    SUBJECT_ORGANISATION, /* the name behind the reference */
    SUBJECT_CONTACT,
    SUBJECT_STAGE, /* the stage it is shown in today */
    SUBJECT_ID,
    SUBJECT_IS,
    SUBJECT_AGE,
    SUBJECT_PROBABILITY /* the effective one */
};

enum test {
    TEST_EMPTY,    /* there is no value */
    TEST_CONTAINS, /* text, folded */
    TEST_SAME,     /* folded(a) = text; for sets: one of the items is it */
    TEST_RANGE,    /* from <= number <= to */
    TEST_REFERENCE,
    TEST_SHORT_ID,
    TEST_STAGE, /* text = the pipeline's key, stage = the stage's */
    TEST_BIT
};

struct alternative {
    enum test test;
    struct str text, stage;
    int64_t from, to;
    struct uuid id;
    uint32_t bit;
};

struct term {
    bool negated;
    enum subject subject;
    const struct field *field; /* of SUBJECT_FIELD, MONEY, INSTANT, ORGANISATION, CONTACT */
    struct alternative *alternatives;
    size_t count, cap;
};

enum { SORT_KEYS_MAX = 4 };

struct sort_key {
    const struct field *field; /* NULL: the age */
    bool descending;
};

struct query {
    struct sort_key sorts[SORT_KEYS_MAX];
    size_t sort_count;
    struct zone zone;
    int money_digits; /* of a deal without a currency */
    struct term *terms;
    size_t count, cap;
};

/* Amounts of every currency are compared at so many decimals: as many as any of them has. */
enum { QUERY_MONEY_DIGITS = 4 };

#endif
