/* entity_sample.c - see the header. */
#include "tests/support/entity_sample.h"

#include <string.h>

#include "common/base/check.h"

struct uuid uuid_sample(uint32_t number)
{
    struct uuid id = {{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80}};
    for (size_t i = 0; i < 4; i++) id.b[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return id;
}

struct value value_sample(struct arena *arena, const struct field *field, uint32_t seed)
{
    uint32_t number = field->tag * 1000 + seed;
    switch (field->type) {
    case VALUE_TEXT: return value_text(arena_format(arena, "%s żółw %u", field->name, number));
    case VALUE_BYTES: {
        struct value value = value_text(arena_str(arena, (struct str){"\0\xff\x80z", 4}));
        value.type = VALUE_BYTES;
        return value;
    }
    case VALUE_NUMBER: return value_number(VALUE_NUMBER, -(int64_t)number * 1000000007);
    case VALUE_DATE:
    case VALUE_TIME: return value_number(field->type, (int64_t)number * 86400);
    case VALUE_FLAG: return value_number(VALUE_FLAG, 1);
    case VALUE_CHOICE: return value_number(VALUE_CHOICE, 1 + number % 3);
    case VALUE_REFERENCE: return value_reference(uuid_sample(number));
    case VALUE_SET: {
        struct str items[] = {arena_format(arena, "b%u", number), STR("a, \\b"), STR("ß")};
        struct text_set set;
        if (text_set_make(arena, items, 3, &set) == FAULT_NONE) return value_set(set);
        break;
    }
    }
    bug("value_sample", __FILE__, __LINE__);
}

void *entity_sample(struct arena *arena, enum entity_kind kind, uint32_t seed)
{
    void *entity = arena_alloc(arena, entity_size(kind));
    if (!entity) return NULL;
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    for (size_t i = 0; i < count; i++) {
        field_set(&fields[i], entity, value_sample(arena, &fields[i], seed));
    }
    return entity;
}
