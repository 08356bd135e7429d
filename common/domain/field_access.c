/* field_access.c - looking fields up, reading and writing them, copying and comparing entities.
 *
 * The only code that turns a field's offset into a pointer. Tables are short (under 30 rows): a
 * linear search is what a hash would cost. */
#include "common/domain/field.h"

#include <string.h>

#include "common/base/check.h"
#include "common/base/banned.h"

const struct field *field_by_tag(enum entity_kind kind, uint32_t tag)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].tag == tag) return &fields[i];
    }
    return NULL;
}

static bool field_is_named(const struct field *field, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i] == '-' ? '_' : name.p[i];
        if (field->name[i] != c || c == '\0') return false;
    }
    return field->name[name.n] == '\0';
}

const struct field *field_by_name(enum entity_kind kind, struct str name)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (field_is_named(&fields[i], name)) return &fields[i];
    }
    return NULL;
}

bool field_same_unit(const struct field *a, const struct field *b)
{
    if (a->entity != b->entity || a->unit != b->unit) return false;
    return a->unit == UNIT_SINGLE ? a->tag == b->tag : true;
}

const struct field *field_unit_leader(const struct field *field)
{
    if (field->unit == UNIT_SINGLE) return field;
    size_t count;
    const struct field *fields = fields_of(field->entity, &count);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].unit == field->unit) return &fields[i];
    }
    bug("a field that is not in its table", __FILE__, __LINE__);
}

struct value field_get(const struct field *field, const void *entity)
{
    const void *place = (const char *)entity + field->offset;
    switch (field->type) {
    case VALUE_TEXT:
    case VALUE_BYTES: {
        const struct str *text = place;
        struct value value = value_text(*text);
        value.type = field->type;
        return value;
    }
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME: {
        const struct optional *optional = place;
        if (!optional->has) return value_absent(field->type);
        return value_number(field->type, optional->v);
    }
    case VALUE_FLAG: {
        const bool *flag = place;
        return value_number(VALUE_FLAG, *flag ? 1 : 0);
    }
    case VALUE_CHOICE: {
        const int64_t *choice = place;
        return value_number(VALUE_CHOICE, *choice);
    }
    case VALUE_REFERENCE: {
        const struct uuid *id = place;
        return value_reference(*id);
    }
    case VALUE_SET: {
        const struct text_set *set = place;
        return value_set(*set);
    }
    }
    bug("value_type", __FILE__, __LINE__);
}

void field_set_text(const struct field *field, void *entity, struct str text)
{
    check(field->type == VALUE_TEXT || field->type == VALUE_BYTES);
    struct str *place = (void *)((char *)entity + field->offset);
    *place = text;
}

void field_set_number(const struct field *field, void *entity, int64_t number)
{
    void *place = (char *)entity + field->offset;
    if (field->type == VALUE_FLAG) {
        bool *flag = place;
        *flag = number != 0;
    } else if (field->type == VALUE_CHOICE) {
        int64_t *choice = place;
        *choice = number;
    } else {
        check(field->type == VALUE_NUMBER || field->type == VALUE_DATE ||
              field->type == VALUE_TIME);
        struct optional *optional = place;
        *optional = (struct optional){true, number};
    }
}

void field_set_reference(const struct field *field, void *entity, struct uuid id)
{
    check(field->type == VALUE_REFERENCE);
    struct uuid *place = (void *)((char *)entity + field->offset);
    *place = id;
}

void field_set(const struct field *field, void *entity, struct value value)
{
    check(value.type == field->type);
    void *place = (char *)entity + field->offset;
    switch (field->type) {
    case VALUE_TEXT:
    case VALUE_BYTES: field_set_text(field, entity, value.present ? value.text : STR_NONE); return;
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME: {
        struct optional *optional = place;
        *optional = (struct optional){value.present, value.present ? value.number : 0};
        return;
    }
    case VALUE_FLAG:
    case VALUE_CHOICE:
        field_set_number(field, entity, value.present ? value.number : 0);
        return;
    case VALUE_REFERENCE:
        field_set_reference(field, entity, value.present ? value.id : (struct uuid){{0}});
        return;
    case VALUE_SET: {
        struct text_set *set = place;
        *set = value.present ? value.set : (struct text_set){NULL, 0};
        return;
    }
    }
    bug("value_type", __FILE__, __LINE__);
}

const char *field_choice_name(const struct field *field, int64_t value)
{
    if (!field->choices || value <= 0) return NULL;
    for (int64_t i = 1; field->choices[i]; i++) {
        if (i == value) return field->choices[i];
    }
    return NULL;
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool choice_is_named(const char *choice, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i] == '_' ? '-' : ascii_lower(name.p[i]);
        if (c == '\0' || choice[i] != c) return false;
    }
    return choice[name.n] == '\0';
}

int64_t field_choice_value(const struct field *field, struct str name)
{
    if (!field->choices || name.n == 0) return 0;
    for (int64_t i = 1; field->choices[i]; i++) {
        if (choice_is_named(field->choices[i], name)) return i;
    }
    return 0;
}
