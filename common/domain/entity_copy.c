/* entity_copy.c - entities copied and compared, field by field; see field.h. */
#include "common/domain/definition.h"
#include "common/domain/field.h"

#include "common/base/check.h"

#include "common/base/banned.h"

void *entity_clone(struct arena *arena, enum entity_kind kind, const void *entity)
{
    size_t size = entity_size(kind);
    check(size > 0);
    return arena_copy(arena, entity, size);
}

/* False when out of memory. */
static bool value_own(struct arena *arena, struct value *value)
{
    if (!value->present) return true;
    if (value->type == VALUE_TEXT || value->type == VALUE_BYTES) {
        value->text = arena_str(arena, value->text);
        return value->text.p != NULL;
    }
    if (value->type != VALUE_SET) return true;
    struct str *items = arena_array(arena, value->set.count, sizeof *items);
    if (!items) return false;
    for (size_t i = 0; i < value->set.count; i++) {
        items[i] = arena_str(arena, value->set.items[i]);
        if (!items[i].p) return false;
    }
    value->set.items = items;
    return true;
}

void *entity_copy(struct arena *arena, enum entity_kind kind, const void *entity)
{
    if (kind == ENTITY_DEFINITION) {
        struct definition *definition = arena_alloc(arena, sizeof *definition);
        bool copied = definition && !definition_copy(arena, entity, definition);
        return copied ? definition : NULL;
    }
    void *copy = entity_clone(arena, kind, entity);
    if (!copy) return NULL;
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    for (size_t i = 0; i < count; i++) {
        struct value value = field_get(&fields[i], entity);
        if (!value_own(arena, &value)) return NULL;
        field_set(&fields[i], copy, value);
    }
    return copy;
}

bool entity_equal(enum entity_kind kind, const void *a, const void *b)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    check(fields != NULL);
    for (size_t i = 0; i < count; i++) {
        if (!value_equal(field_get(&fields[i], a), field_get(&fields[i], b))) return false;
    }
    return true;
}
