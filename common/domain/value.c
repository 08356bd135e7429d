/* value.c - values of every type and their canonical text. Called through the field table, by
 * merge, decide, the codec and everything that prints history.
 *
 * Invariant: what is absent has no second face: empty text, false, choice 0, the zero id and the
 * empty set are absent values. */
#include "common/domain/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/calendar.h"
#include "common/base/check.h"
#include "common/base/banned.h"

struct value value_absent(enum value_type type)
{
    return (struct value){.type = type};
}

struct value value_text(struct str text)
{
    if (text.n == 0) return value_absent(VALUE_TEXT);
    return (struct value){.type = VALUE_TEXT, .present = true, .text = text};
}

struct value value_number(enum value_type type, int64_t number)
{
    bool zero_is_absent = type == VALUE_FLAG || type == VALUE_CHOICE;
    if (zero_is_absent && number == 0) return value_absent(type);
    return (struct value){.type = type, .present = true, .number = number};
}

struct value value_reference(struct uuid id)
{
    if (uuid_is_zero(id)) return value_absent(VALUE_REFERENCE);
    return (struct value){.type = VALUE_REFERENCE, .present = true, .id = id};
}

struct value value_set(struct text_set set)
{
    if (set.count == 0) return value_absent(VALUE_SET);
    return (struct value){.type = VALUE_SET, .present = true, .set = set};
}

static bool text_set_equal(struct text_set a, struct text_set b)
{
    if (a.count != b.count) return false;
    for (size_t i = 0; i < a.count; i++) {
        if (!str_equal(a.items[i], b.items[i])) return false;
    }
    return true;
}

bool value_equal(struct value a, struct value b)
{
    if (a.type != b.type || a.present != b.present) return false;
    if (!a.present) return true;
    switch (a.type) {
    case VALUE_TEXT:
    case VALUE_BYTES: return str_equal(a.text, b.text);
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_FLAG:
    case VALUE_CHOICE: return a.number == b.number;
    case VALUE_REFERENCE: return uuid_equal(a.id, b.id);
    case VALUE_SET: return text_set_equal(a.set, b.set);
    }
    bug("value_type", __FILE__, __LINE__);
}

/* --- canonical text --- */

static enum fault bytes_format(struct arena *arena, struct str bytes, struct str *out)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(arena, bytes.n * 2 + 1);
    if (!text) return FAULT_MEMORY;
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char byte = (unsigned char)bytes.p[i];
        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    *out = (struct str){text, bytes.n * 2};
    return FAULT_NONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

static enum fault bytes_parse(struct arena *arena, struct str text, struct str *out)
{
    if (text.n % 2 != 0) return FAULT_FORMAT;
    char *bytes = arena_alloc(arena, text.n / 2 + 1);
    if (!bytes) return FAULT_MEMORY;
    for (size_t i = 0; i < text.n; i += 2) {
        int high = hex_digit(text.p[i]), low = hex_digit(text.p[i + 1]);
        if (high < 0 || low < 0) return FAULT_FORMAT;
        bytes[i / 2] = (char)(unsigned char)(high * 16 + low);
    }
    *out = (struct str){bytes, text.n / 2};
    return FAULT_NONE;
}

/* A comma inside an item, and the backslash itself, get a backslash: the text must read back. */
static enum fault set_format(struct arena *arena, struct text_set set, struct str *out)
{
    size_t size = 1;
    for (size_t i = 0; i < set.count; i++) size += 2 * set.items[i].n + 1;
    char *text = arena_alloc(arena, size);
    if (!text) return FAULT_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < set.count; i++) {
        if (i > 0) text[n++] = ',';
        for (size_t k = 0; k < set.items[i].n; k++) {
            char c = set.items[i].p[k];
            if (c == ',' || c == '\\') text[n++] = '\\';
            text[n++] = c;
        }
    }
    *out = (struct str){text, n};
    return FAULT_NONE;
}

static enum fault set_parse(struct arena *arena, struct str text, struct text_set *out)
{
    size_t items_max = 1;
    for (size_t i = 0; i < text.n; i++) items_max += text.p[i] == ',';
    struct str *items = arena_array(arena, items_max, sizeof *items);
    char *plain = arena_alloc(arena, text.n + 1);
    if (!items || !plain) return FAULT_MEMORY;
    size_t count = 0, n = 0, start = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == ',') {
            items[count++] = (struct str){plain + start, n - start};
            start = n;
            continue;
        }
        if (text.p[i] == '\\' && ++i == text.n) return FAULT_FORMAT;
        plain[n++] = text.p[i];
    }
    items[count++] = (struct str){plain + start, n - start};
    return text_set_make(arena, items, count, out);
}

static enum fault str_result(const struct arena *arena, struct str text, struct str *out)
{
    *out = text;
    return text.p ? FAULT_NONE : arena_fault(arena);
}

enum fault value_format(struct arena *arena, struct value value, struct str *out)
{
    *out = STR_NONE;
    if (!value.present) return FAULT_NONE;
    char small[UUID_TEXT_LENGTH + 1];
    switch (value.type) {
    case VALUE_TEXT: *out = value.text; return FAULT_NONE;
    case VALUE_BYTES: return bytes_format(arena, value.text, out);
    case VALUE_NUMBER:
    case VALUE_CHOICE: return str_result(arena, arena_format(arena, "%" PRId64, value.number), out);
    case VALUE_DATE: date_format(value.number, small); break;
    case VALUE_TIME: instant_format(value.number, small); break;
    case VALUE_FLAG: *out = value.number ? STR("true") : STR("false"); return FAULT_NONE;
    case VALUE_REFERENCE: uuid_format(value.id, small); break;
    case VALUE_SET: return set_format(arena, value.set, out);
    }
    return str_result(arena, arena_str(arena, str_from(small)), out);
}

static enum fault flag_parse(struct str text, int64_t *out)
{
    if (str_equal(text, STR("true"))) *out = 1;
    else if (str_equal(text, STR("false"))) *out = 0;
    else return FAULT_FORMAT;
    return FAULT_NONE;
}

enum fault value_parse(struct arena *arena, enum value_type type, struct str text,
                       struct value *out)
{
    *out = value_absent(type);
    if (text.n == 0) return FAULT_NONE;
    enum fault fault = FAULT_NONE;
    int64_t number = 0;
    switch (type) {
    case VALUE_TEXT: *out = value_text(text); return FAULT_NONE;
    case VALUE_BYTES:
        out->present = true;
        fault = bytes_parse(arena, text, &out->text);
        break;
    case VALUE_NUMBER: fault = str_to_int64(text, &number); break;
    case VALUE_CHOICE:
        fault = str_to_int64(text, &number);
        if (!fault && number < 0) fault = FAULT_FORMAT;
        break;
    case VALUE_DATE: fault = date_parse_iso(text, &number); break;
    case VALUE_TIME: fault = instant_parse(text, &number); break;
    case VALUE_FLAG: fault = flag_parse(text, &number); break;
    case VALUE_REFERENCE: {
        struct uuid id;
        fault = uuid_parse(text, &id);
        if (!fault) *out = value_reference(id);
        break;
    }
    case VALUE_SET: {
        struct text_set set;
        fault = set_parse(arena, text, &set);
        if (!fault) *out = value_set(set);
        break;
    }
    }
    if (fault) {
        *out = value_absent(type);
        return fault == FAULT_LIMIT ? FAULT_FORMAT : fault; /* a number no field can hold */
    }
    bool numeric = type != VALUE_BYTES && type != VALUE_REFERENCE && type != VALUE_SET;
    if (numeric) *out = value_number(type, number);
    return FAULT_NONE;
}

/* --- sets --- */

static int str_order(const void *a, const void *b)
{
    const struct str *left = a, *right = b;
    return str_compare(*left, *right);
}

enum fault text_set_make(struct arena *arena, const struct str *items, size_t count,
                         struct text_set *out)
{
    *out = (struct text_set){NULL, 0};
    if (count == 0) return FAULT_NONE;
    struct str *sorted = arena_array(arena, count, sizeof *sorted);
    if (!sorted) return FAULT_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].n > 0) sorted[n++] = items[i];
    }
    if (n == 0) return FAULT_NONE;
    bool in_order = true; /* as what was a set before is */
    for (size_t i = 1; i < n && in_order; i++) in_order = str_compare(sorted[i - 1], sorted[i]) < 0;
    if (!in_order) qsort(sorted, n, sizeof *sorted, str_order);
    size_t kept = 1;
    for (size_t i = 1; i < n; i++) {
        if (!str_equal(sorted[i], sorted[kept - 1])) sorted[kept++] = sorted[i];
    }
    *out = (struct text_set){sorted, kept};
    return FAULT_NONE;
}

bool text_set_has(struct text_set set, struct str item)
{
    size_t from = 0, to = set.count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = str_compare(set.items[middle], item);
        if (order == 0) return true;
        if (order < 0) from = middle + 1;
        else to = middle;
    }
    return false;
}

enum fault text_set_merge(struct arena *arena, struct text_set set, struct text_set add,
                          struct text_set remove, struct text_set *out)
{
    *out = (struct text_set){NULL, 0};
    size_t count_max = set.count + add.count;
    if (count_max == 0) return FAULT_NONE;
    struct str *items = arena_array(arena, count_max, sizeof *items);
    if (!items) return FAULT_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < set.count; i++) {
        if (!text_set_has(remove, set.items[i])) items[count++] = set.items[i];
    }
    for (size_t i = 0; i < add.count; i++) {
        if (!text_set_has(remove, add.items[i])) items[count++] = add.items[i];
    }
    return text_set_make(arena, items, count, out);
}
