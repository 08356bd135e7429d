/* merge.c - per-unit three-way merge, and the unit's canonical text.
 *
 * Invariant: values are compared after normalisation (the caller did that), never by version or
 * time; unit_parse(unit_format(x)) gives x. */
#include "common/domain/merge.h"

#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

size_t unit_fields(const struct field *leader, const struct field *fields[UNIT_FIELDS_MAX])
{
    if (leader->unit == UNIT_SINGLE) {
        fields[0] = leader;
        return 1;
    }
    size_t count, n = 0;
    const struct field *all = fields_of(leader->entity, &count);
    for (size_t i = 0; i < count; i++) {
        if (!field_same_unit(&all[i], leader)) continue;
        check(n < UNIT_FIELDS_MAX);
        fields[n++] = &all[i];
    }
    return n;
}

enum unit_verdict merge_unit(const struct field *leader, const struct edit *edits, size_t count,
                             const void *current, const struct field **changed)
{
    bool all_wanted = true;
    *changed = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct edit *edit = &edits[i];
        if (!field_same_unit(edit->field, leader)) continue;
        struct value stands = field_get(edit->field, current);
        if (!value_equal(stands, edit->want)) all_wanted = false;
        if (!*changed && !value_equal(stands, edit->base)) *changed = edit->field;
    }
    if (all_wanted) return UNIT_SAME;
    return *changed ? UNIT_CHANGED : UNIT_TAKE;
}

enum fault merge_set(struct arena *arena, struct text_set current, const struct edit *edit,
                     struct text_set *out, bool *taken, bool *already)
{
    *already = false;
    for (size_t i = 0; i < edit->add.count; i++) {
        if (text_set_has(current, edit->add.items[i])) *already = true;
    }
    for (size_t i = 0; i < edit->remove.count; i++) {
        if (!text_set_has(current, edit->remove.items[i])) *already = true;
    }
    enum fault fault = text_set_merge(arena, current, edit->add, edit->remove, out);
    *taken = !fault && !value_equal(value_set(current), value_set(*out));
    return fault;
}

/* --- canonical text --- */

static bool byte_is_escaped(char byte)
{
    return byte == ';' || byte == '=' || byte == '\\';
}

static size_t text_escape(struct str text, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (byte_is_escaped(text.p[i])) to[n++] = '\\';
        to[n++] = text.p[i];
    }
    return n;
}

struct str unit_escape(struct arena *arena, struct str text)
{
    char *escaped = arena_alloc(arena, 2 * text.n + 1);
    return escaped ? (struct str){escaped, text_escape(text, escaped)} : STR_NONE;
}

enum fault unit_format(struct arena *arena, const struct field *leader, const void *entity,
                       struct str *out)
{
    const struct field *fields[UNIT_FIELDS_MAX];
    struct str texts[UNIT_FIELDS_MAX];
    size_t count = unit_fields(leader, fields), size = 1;
    *out = STR_NONE;
    for (size_t i = 0; i < count; i++) {
        enum fault fault = value_format(arena, field_get(fields[i], entity), &texts[i]);
        if (fault) return fault;
        size += strlen(fields[i]->name) + 2 + 2 * texts[i].n;
    }
    if (leader->unit == UNIT_SINGLE) {
        *out = texts[0];
        return FAULT_NONE;
    }
    char *text = arena_alloc(arena, size);
    if (!text) return FAULT_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t name = strlen(fields[i]->name);
        if (i > 0) text[n++] = ';';
        memcpy(text + n, fields[i]->name, name);
        n += name;
        text[n++] = '=';
        n += text_escape(texts[i], text + n);
    }
    *out = (struct str){text, n};
    return FAULT_NONE;
}

/* Reads up to an unescaped `end` (or the end of the text) into *part, and steps behind it. */
static enum fault part_read(struct arena *arena, struct str text, size_t *at, char end,
                            struct str *part)
{
    char *plain = arena_alloc(arena, text.n - *at + 1);
    if (!plain) return FAULT_MEMORY;
    size_t n = 0;
    for (; *at < text.n && text.p[*at] != end; (*at)++) {
        if (text.p[*at] == '\\' && ++*at == text.n) return FAULT_FORMAT;
        plain[n++] = text.p[*at];
    }
    *part = (struct str){plain, n};
    if (*at < text.n) (*at)++;
    return FAULT_NONE;
}

static bool value_is_listed(const struct unit_value *values, size_t count,
                            const struct field *field)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].field == field) return true;
    }
    return false;
}

enum fault unit_parse(struct arena *arena, const struct field *leader, struct str text,
                      struct unit_value values[UNIT_FIELDS_MAX], size_t *count)
{
    *count = 0;
    if (leader->unit == UNIT_SINGLE) {
        values[0].field = leader;
        *count = 1;
        return value_parse(arena, leader->type, text, &values[0].value);
    }
    for (size_t at = 0; at < text.n;) {
        struct str name, body;
        enum fault fault = part_read(arena, text, &at, '=', &name);
        if (!fault) fault = part_read(arena, text, &at, ';', &body);
        if (fault) return fault;
        const struct field *field = field_by_name(leader->entity, name);
        if (!field || !field_same_unit(field, leader)) return FAULT_FORMAT;
        if (value_is_listed(values, *count, field)) return FAULT_FORMAT;
        struct unit_value *value = &values[(*count)++]; /* fields are distinct: there is room */
        value->field = field;
        fault = value_parse(arena, field->type, body, &value->value);
        if (fault) return fault;
    }
    return FAULT_NONE;
}

enum fault entity_format(struct arena *arena, enum entity_kind kind, const void *entity,
                         struct str *out)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    *out = STR("");
    for (size_t i = 0; i < count; i++) {
        struct str text;
        enum fault fault = value_format(arena, field_get(&fields[i], entity), &text);
        if (fault) return fault;
        if (text.n == 0) continue;
        *out = arena_format(arena, "%.*s%s%s=%.*s", STR_ARGS(*out), out->n > 0 ? ";" : "",
                            fields[i].name, STR_ARGS(unit_escape(arena, text)));
    }
    return arena_fault(arena);
}

enum fault entity_parse(struct arena *arena, enum entity_kind kind, struct str text, void **out)
{
    size_t size = entity_size(kind);
    *out = size > 0 ? arena_alloc(arena, size) : NULL;
    if (!*out) return size > 0 ? FAULT_MEMORY : FAULT_FORMAT;
    for (size_t at = 0; at < text.n;) {
        struct str name, body;
        struct value value;
        enum fault fault = part_read(arena, text, &at, '=', &name);
        if (!fault) fault = part_read(arena, text, &at, ';', &body);
        if (fault) return fault;
        const struct field *field = field_by_name(kind, name);
        if (!field) continue;
        fault = value_parse(arena, field->type, body, &value);
        if (fault) return fault;
        field_set(field, *out, value);
    }
    return FAULT_NONE;
}
