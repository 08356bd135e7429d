/* row_unpack.c - an entity's bytes into our struct, without generated code between.
 *
 * Lists, histories and first syncs unpack a great many rows, and the generated struct between bytes
 * and ours was most of what that cost. Invariants: what wire_scan refuses is refused here (test_codec
 * holds them against each other), and nothing of the result points into the input. */
#include "common/codec/row.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/packing.h"
#include "common/link/wire.h"
#include "common/base/banned.h"

enum { ITEMS_FIRST = 8 /* of a set; a power of two */ };

struct row_reader {
    struct str bytes;
    size_t at;
    const struct field *fields;
    const ProtobufCFieldDescriptor *wire; /* of the same index: test_codec holds them together */
    size_t count, next;                   /* fields come in order: where to look first */
    uint64_t seen;                        /* singular fields met, by index */
    size_t items, unknown;
    char *texts; /* room for all strings with a NUL behind each: tag and length took two bytes */
};

static int64_t zigzag(uint64_t n)
{
    return (int64_t)(n >> 1 ^ (~(n & 1) + 1));
}

/* The index of the field with that tag; count when it is not ours. */
static size_t field_index(struct row_reader *reader, uint32_t tag)
{
    for (size_t i = 0, at = reader->next; i < reader->count; i++, at++) {
        if (at == reader->count) at = 0;
        if (reader->fields[at].tag != tag) continue;
        reader->next = at;
        return at;
    }
    return reader->count;
}

static struct str text_keep(struct row_reader *reader, struct str text)
{
    struct str kept = {reader->texts, text.n};
    if (text.n > 0) memcpy(reader->texts, text.p, text.n);
    reader->texts[text.n] = 0;
    reader->texts += text.n + 1;
    return kept;
}

/* Items are gathered in the entity itself; they become a set when all are there. Room is made for as many
 * again whenever it is full: ITEMS_FIRST, and then at every doubling of that. */
static enum fault item_add(struct row_reader *reader, struct arena *arena,
                           const struct field *field, void *entity, struct str item)
{
    struct text_set set = field_get(field, entity).set;
    struct str *items = (struct str *)(uintptr_t)set.items; /* made here, a few lines below */
    bool full = set.count == 0 ||
                (set.count >= ITEMS_FIRST && (set.count & (set.count - 1)) == 0);
    if (full) {
        size_t room = set.count == 0 ? ITEMS_FIRST : 2 * set.count;
        items = arena_array(arena, room, sizeof *items);
        if (!items) return FAULT_MEMORY;
        if (set.count > 0) memcpy(items, set.items, set.count * sizeof *items);
    }
    items[set.count] = text_keep(reader, item);
    field_set(field, entity, value_set((struct text_set){items, set.count + 1}));
    return FAULT_NONE;
}

/* As what was a set before is: then it is one. */
static bool items_in_order(struct text_set items)
{
    for (size_t i = 0; i < items.count; i++) {
        if (items.items[i].n == 0) return false;
        if (i > 0 && str_compare(items.items[i - 1], items.items[i]) >= 0) return false;
    }
    return true;
}

static enum fault sets_make(const struct row_reader *reader, struct arena *arena, void *entity)
{
    for (size_t i = 0; i < reader->count; i++) {
        const struct field *field = &reader->fields[i];
        if (field->type != VALUE_SET) continue;
        struct text_set items = field_get(field, entity).set, set;
        if (items_in_order(items)) continue;
        enum fault fault = text_set_make(arena, items.items, items.count, &set);
        if (fault) return fault;
        field_set(field, entity, value_set(set));
    }
    return FAULT_NONE;
}

static bool wire_fits(enum value_type type, unsigned wire_type)
{
    bool number = type != VALUE_TEXT && type != VALUE_BYTES && type != VALUE_REFERENCE &&
                  type != VALUE_SET;
    return wire_type == (unsigned)(number ? PROTOBUF_C_WIRE_TYPE_VARINT
                                          : PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
}

static int64_t number_of(const ProtobufCFieldDescriptor *wire, uint64_t number)
{
    if (wire->type == PROTOBUF_C_TYPE_SINT64) return zigzag(number);
    if (wire->type == PROTOBUF_C_TYPE_UINT32) return (uint32_t)number;
    check(wire->type == PROTOBUF_C_TYPE_BOOL);
    return number != 0;
}

/* Absent values have no second face: nothing, the zero id, no flag are what the entity holds already. */
static enum fault field_take(struct row_reader *reader, struct arena *arena, size_t index,
                             const struct wire_item *item, void *entity)
{
    const struct field *field = &reader->fields[index];
    bool text = field->type == VALUE_TEXT || field->type == VALUE_SET;
    if (!wire_fits(field->type, item->type)) return FAULT_FORMAT;
    if (text && !text_is_utf8(item->bytes)) return FAULT_FORMAT;
    if (field->type == VALUE_SET) return item_add(reader, arena, field, entity, item->bytes);
    if (reader->seen >> index & 1) return FAULT_FORMAT;
    reader->seen |= UINT64_C(1) << index;
    if (text || field->type == VALUE_BYTES) {
        if (item->bytes.n > 0) field_set_text(field, entity, text_keep(reader, item->bytes));
    } else if (field->type == VALUE_REFERENCE) {
        struct uuid id;
        if (item->bytes.n != sizeof id.b) return FAULT_FORMAT;
        memcpy(id.b, item->bytes.p, sizeof id.b);
        field_set_reference(field, entity, id);
    } else {
        field_set_number(field, entity, number_of(&reader->wire[index], item->value));
    }
    return FAULT_NONE;
}

static enum fault fields_take(struct row_reader *reader, struct arena *arena, void *entity)
{
    while (reader->at < reader->bytes.n) {
        struct wire_item item;
        enum fault fault = wire_item_next(reader->bytes, &reader->at, &item);
        if (fault || ++reader->items > WIRE_FIELDS_MAX) return FAULT_FORMAT;
        size_t index = field_index(reader, item.number);
        if (index == reader->count) { /* of a newer version */
            if (++reader->unknown > WIRE_UNKNOWN_MAX) return FAULT_FORMAT;
            continue;
        }
        fault = field_take(reader, arena, index, &item, entity);
        if (fault) return fault;
    }
    return sets_make(reader, arena, entity);
}

enum fault codec_entity_unpack(struct arena *arena, enum entity_kind kind, struct str bytes,
                               void **out)
{
    *out = NULL;
    if (kind == ENTITY_DEFINITION) {
        struct definition *definition = NULL;
        enum fault fault = codec_definition_unpack(arena, bytes, &definition);
        *out = definition;
        return fault;
    }
    const ProtobufCMessageDescriptor *type = codec_descriptor(kind);
    if (!type) return FAULT_NOT_FOUND;
    struct row_reader reader = {.bytes = bytes, .wire = type->fields};
    reader.fields = fields_of(kind, &reader.count);
    check(reader.count == type->n_fields);
    check(reader.count <= 64);
    void *entity = arena_alloc(arena, entity_size(kind));
    reader.texts = arena_alloc(arena, bytes.n);
    if (!entity || !reader.texts) return FAULT_MEMORY;
    enum fault fault = fields_take(&reader, arena, entity);
    if (!fault) *out = entity;
    return fault;
}
