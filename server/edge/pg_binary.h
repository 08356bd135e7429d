/* pg_binary.h - PostgreSQL's binary formats of the types we use, both ways.
 *
 * Called by the store. Parameters are collected in an arena and are all binary; arrays are one
 * element per row, for unnest. Values of results are checked for their length: The readers
 * give the absent value for NULL. */
#ifndef SLUICE_SERVER_EDGE_PG_BINARY_H
#define SLUICE_SERVER_EDGE_PG_BINARY_H

#include "common/base/buffer.h"
#include "common/domain/field.h"

enum { PG_PARAMETERS_MAX = 40 }; /* the widest kind, deal, needs 32 */

enum pg_type {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_TEXT = 25,
    PG_DATE = 1082,
    PG_TIMESTAMPTZ = 1184,
    PG_UUID = 2950
};

/* What goes with one statement. Once failed (memory), the rest does nothing. */
struct pg_parameters {
    struct arena *arena;
    const char *values[PG_PARAMETERS_MAX];
    int lengths[PG_PARAMETERS_MAX];
    int formats[PG_PARAMETERS_MAX];
    int count;
    bool failed;
};

void pg_parameters_begin(struct pg_parameters *p, struct arena *arena);
void pg_add_null(struct pg_parameters *p);
void pg_add_number(struct pg_parameters *p, int64_t value);
void pg_add_time(struct pg_parameters *p, int64_t milliseconds);
void pg_add_uuid(struct pg_parameters *p, struct uuid id);
void pg_add_text(struct pg_parameters *p, struct str text); /* absent: NULL; bytes too */

/* An array parameter being filled. */
struct pg_array {
    struct buffer bytes;
    enum pg_type type;
    uint32_t count;
};

void pg_array_begin(struct pg_array *array, enum pg_type type);
void pg_array_null(struct pg_array *array);
void pg_array_bool(struct pg_array *array, bool value);
void pg_array_number(struct pg_array *array, int64_t value);
void pg_array_uuid(struct pg_array *array, struct uuid id); /* the zero id is NULL */
void pg_array_key(struct pg_array *array, struct uuid id);  /* never NULL */
void pg_array_text(struct pg_array *array, struct str text); /* absent: NULL; bytes too */
/* As the field's column has it: sets joined by SET_SEPARATOR, dates and times as PostgreSQL's. */
void pg_array_field(struct pg_array *array, const struct field *field, const void *entity);
/* Adds it to the parameters and releases it. */
void pg_array_end(struct pg_array *array, struct pg_parameters *p);

/* The element type of the array that a field's values travel in. */
enum pg_type pg_field_type(const struct field *field);

/* Joins sets while they travel; no clean text holds it. */
#define SET_SEPARATOR '\x1f'

/* One value of a result. */
struct pg_value {
    const char *p;
    size_t n;
    bool null;
};

int64_t pg_number(struct pg_value value); /* 0 for NULL */
bool pg_bool(struct pg_value value);
int64_t pg_time(struct pg_value value);          /* milliseconds */
struct uuid pg_uuid(struct pg_value value);      /* zero for NULL */
struct str pg_text(struct arena *arena, struct pg_value value);
void pg_bytes(struct pg_value value, uint8_t *out, size_t n); /* zeroes unless exactly n */
struct text_set pg_set(struct arena *arena, struct pg_value value);
void pg_field(struct arena *arena, const struct field *field, struct pg_value value, void *entity);

#endif
