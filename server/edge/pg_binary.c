/* pg_binary.c - see the header. Numbers are big-endian; dates count from 2000-01-01, times are
 * microseconds since then. Times beyond what PostgreSQL can hold are kept at its ends. */
#define _GNU_SOURCE
#include "server/edge/pg_binary.h"

#include <endian.h>
#include <string.h>

#include "common/base/banned.h"

enum {
    DAYS_TO_2000 = 10957,
    ARRAY_HEADER_BYTES = 20,
    ARRAY_BYTES_MAX = 256 * 1024 * 1024, /* PostgreSQL takes 1 GB; a batch is far below */
};
#define MS_TO_2000 INT64_C(946684800000)
/* 4713 BC and 294276 AD, rounded inward. */
#define TIME_MIN INT64_C(-210000000000000)
#define TIME_MAX INT64_C(9224000000000000)
#define DAY_MIN  INT64_C(-2400000)
#define DAY_MAX  INT64_C(106000000)

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static int64_t time_to_pg(int64_t ms)
{
    return (clamp(ms, TIME_MIN, TIME_MAX) - MS_TO_2000) * 1000;
}

static uint32_t date_to_pg(int64_t days)
{
    return (uint32_t)(int32_t)(clamp(days, DAY_MIN, DAY_MAX) - DAYS_TO_2000);
}

void pg_parameters_begin(struct pg_parameters *p, struct arena *arena)
{
    p->arena = arena;
    p->count = 0;
    p->failed = false;
}

static void add(struct pg_parameters *p, const void *bytes, size_t n)
{
    char *copy = NULL;
    if (p->count == PG_PARAMETERS_MAX || n > ARRAY_BYTES_MAX) p->failed = true;
    if (p->failed) return;
    if (bytes && !(copy = n > 0 ? arena_copy(p->arena, bytes, n) : arena_alloc(p->arena, 1))) {
        p->failed = true;
        return;
    }
    p->values[p->count] = copy;
    p->lengths[p->count] = (int)n;
    p->formats[p->count] = 1;
    p->count++;
}

void pg_add_null(struct pg_parameters *p)
{
    add(p, NULL, 0);
}

void pg_add_number(struct pg_parameters *p, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    add(p, &wire, sizeof wire);
}

void pg_add_time(struct pg_parameters *p, int64_t milliseconds)
{
    pg_add_number(p, time_to_pg(milliseconds));
}

void pg_add_uuid(struct pg_parameters *p, struct uuid id)
{
    add(p, id.b, sizeof id.b);
}

void pg_add_text(struct pg_parameters *p, struct str text)
{
    add(p, text.p, text.n);
}

void pg_array_begin(struct pg_array *array, enum pg_type type)
{
    static const uint8_t room[ARRAY_HEADER_BYTES];
    array->type = type;
    array->count = 0;
    buffer_init(&array->bytes, ARRAY_BYTES_MAX);
    buffer_append(&array->bytes, room, sizeof room);
}

static void element(struct pg_array *array, const void *bytes, size_t n)
{
    array->count++;
    buffer_append_u32be(&array->bytes, (uint32_t)n);
    buffer_append(&array->bytes, bytes, n);
}

void pg_array_null(struct pg_array *array)
{
    array->count++;
    buffer_append_u32be(&array->bytes, UINT32_MAX);
}

void pg_array_bool(struct pg_array *array, bool value)
{
    uint8_t wire = value;
    element(array, &wire, 1);
}

void pg_array_number(struct pg_array *array, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    element(array, &wire, sizeof wire);
}

void pg_array_uuid(struct pg_array *array, struct uuid id)
{
    if (uuid_is_zero(id)) {
        pg_array_null(array);
    } else {
        element(array, id.b, sizeof id.b);
    }
}

void pg_array_key(struct pg_array *array, struct uuid id)
{
    element(array, id.b, sizeof id.b);
}

void pg_array_text(struct pg_array *array, struct str text)
{
    if (text.p) {
        element(array, text.p, text.n);
    } else {
        pg_array_null(array);
    }
}

enum pg_type pg_field_type(const struct field *field)
{
    switch (field->type) {
    case VALUE_TEXT:
    case VALUE_SET: return PG_TEXT;
    case VALUE_BYTES: return PG_BYTEA;
    case VALUE_NUMBER:
    case VALUE_CHOICE: return PG_INT8;
    case VALUE_DATE: return PG_DATE;
    case VALUE_TIME: return PG_TIMESTAMPTZ;
    case VALUE_FLAG: return PG_BOOL;
    case VALUE_REFERENCE: return PG_UUID;
    }
    return PG_TEXT;
}

static void array_set(struct pg_array *array, struct text_set set)
{
    struct buffer joined;
    buffer_init(&joined, ARRAY_BYTES_MAX);
    for (size_t i = 0; i < set.count; i++) {
        if (i > 0) buffer_append_byte(&joined, SET_SEPARATOR);
        buffer_append_str(&joined, set.items[i]);
    }
    if (joined.failed) array->bytes.failed = true;
    pg_array_text(array, buffer_str(&joined));
    buffer_finish(&joined);
}

void pg_array_field(struct pg_array *array, const struct field *field, const void *entity)
{
    struct value value = entity ? field_get(field, entity) : value_absent(field->type);
    uint32_t date;
    switch (field->type) {
    case VALUE_FLAG: pg_array_bool(array, value.present && value.number != 0); return;
    case VALUE_TEXT:
    case VALUE_BYTES: pg_array_text(array, value.present ? value.text : STR_NONE); return;
    case VALUE_REFERENCE: pg_array_uuid(array, value.id); return;
    case VALUE_NUMBER:
    case VALUE_CHOICE:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_SET: break;
    }
    if (!value.present) {
        pg_array_null(array);
    } else if (field->type == VALUE_SET) {
        array_set(array, value.set);
    } else if (field->type == VALUE_DATE) {
        date = htobe32(date_to_pg(value.number));
        element(array, &date, sizeof date);
    } else if (field->type == VALUE_TIME) {
        pg_array_number(array, time_to_pg(value.number));
    } else {
        pg_array_number(array, value.number);
    }
}

void pg_array_end(struct pg_array *array, struct pg_parameters *p)
{
    if (array->bytes.failed) {
        p->failed = true;
    } else {
        uint32_t header[ARRAY_HEADER_BYTES / 4] = {htobe32(1), htobe32(1),
                                                   htobe32((uint32_t)array->type),
                                                   htobe32(array->count), htobe32(1)};
        memcpy(array->bytes.p, header, sizeof header);
        size_t n = array->bytes.n;
        if (array->count == 0) { /* no dimensions: the header ends behind the type */
            memset(array->bytes.p, 0, 8);
            n = 12;
        }
        add(p, array->bytes.p, n);
    }
    buffer_finish(&array->bytes);
}

int64_t pg_number(struct pg_value value)
{
    uint64_t wire = 0;
    if (value.null || value.n != sizeof wire) return 0;
    memcpy(&wire, value.p, sizeof wire);
    return (int64_t)be64toh(wire);
}

bool pg_bool(struct pg_value value)
{
    return !value.null && value.n == 1 && value.p[0] != 0;
}

int64_t pg_time(struct pg_value value)
{
    int64_t us = pg_number(value);
    int64_t ms = us / 1000 - (us % 1000 < 0 ? 1 : 0);
    return value.null ? 0 : ms + MS_TO_2000;
}

static int64_t pg_date(struct pg_value value)
{
    uint32_t wire = 0;
    if (value.null || value.n != sizeof wire) return 0;
    memcpy(&wire, value.p, sizeof wire);
    return (int64_t)(int32_t)be32toh(wire) + DAYS_TO_2000;
}

struct uuid pg_uuid(struct pg_value value)
{
    struct uuid id = {{0}};
    if (!value.null && value.n == sizeof id.b) memcpy(id.b, value.p, sizeof id.b);
    return id;
}

struct str pg_text(struct arena *arena, struct pg_value value)
{
    return value.null ? STR_NONE : arena_str(arena, (struct str){value.p, value.n});
}

void pg_bytes(struct pg_value value, uint8_t *out, size_t n)
{
    memset(out, 0, n);
    if (!value.null && value.n == n) memcpy(out, value.p, n);
}

struct text_set pg_set(struct arena *arena, struct pg_value value)
{
    struct text_set set = {0};
    struct str rest = pg_text(arena, value), part;
    size_t cap = 0;
    while (str_split(&rest, SET_SEPARATOR, &part)) {
        void *items = set.items;
        struct str *item = arena_push(arena, &items, &set.count, &cap, sizeof part);
        if (!item) return (struct text_set){0};
        set.items = items;
        *item = part;
    }
    return set;
}

void pg_field(struct arena *arena, const struct field *field, struct pg_value value, void *entity)
{
    struct value out = value_absent(field->type);
    if (value.null) {
        field_set(field, entity, out);
        return;
    }
    out.present = true;
    switch (field->type) {
    case VALUE_TEXT:
    case VALUE_BYTES: out.text = pg_text(arena, value); break;
    case VALUE_NUMBER:
    case VALUE_CHOICE: out.number = pg_number(value); break;
    case VALUE_DATE: out.number = pg_date(value); break;
    case VALUE_TIME: out.number = pg_time(value); break;
    case VALUE_FLAG: out.number = pg_bool(value); break;
    case VALUE_REFERENCE: out.id = pg_uuid(value); break;
    case VALUE_SET: out.set = pg_set(arena, value); break;
    }
    field_set(field, entity, out);
}
