/* row.c - entities as bytes: one loop over the field table, guided by the generated descriptor.
 *
 * Called by both stores, the feed, the replica and the codec of pages. No field is named here: a
 * descriptor gives each tag's offset inside the generated struct, the table the offset in ours.
 * Invariant: table and descriptor agree on every field (test_codec). */
#include "common/codec/row.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/packing.h"
#include "common/link/wire.h"
#include "proto/sluice.pb-c.h"
#include "common/base/banned.h"

const ProtobufCMessageDescriptor *codec_descriptor(enum entity_kind kind)
{
    switch (kind) {
    case ENTITY_NONE:
    case ENTITY_COUNT: return NULL;
    case ENTITY_TEAM: return &sluice__team__descriptor;
    case ENTITY_MEMBER: return &sluice__member__descriptor;
    case ENTITY_DEFINITION: return &sluice__definition__descriptor;
    case ENTITY_ORGANISATION: return &sluice__organisation__descriptor;
    case ENTITY_PERSON: return &sluice__person__descriptor;
    case ENTITY_DEAL: return &sluice__deal__descriptor;
    case ENTITY_ACTIVITY: return &sluice__activity__descriptor;
    case ENTITY_EVENT: return &sluice__event__descriptor;
    case ENTITY_INBOX: return &sluice__inbox_item__descriptor;
    case ENTITY_OUTCOME: return &sluice__outcome__descriptor;
    case ENTITY_INVITATION: return &sluice__invitation__descriptor;
    case ENTITY_DEVICE: return &sluice__device__descriptor;
    }
    return NULL; /* a kind of a newer version */
}

static const ProtobufCFieldDescriptor *wire_field(const ProtobufCMessageDescriptor *type,
                                                  const struct field *field)
{
    const ProtobufCFieldDescriptor *found =
        protobuf_c_message_descriptor_get_field(type, field->tag);
    check(found != NULL);
    return found;
}

/* memcpy, because neither struct's layout is known to the compiler here. */
#define PLACE_WRITE(message, offset, value)                                                        \
    memcpy((char *)(message) + (offset), &(value), sizeof(value))
#define PLACE_READ(message, offset, value)                                                         \
    memcpy(&(value), (const char *)(message) + (offset), sizeof(value))

static void number_pack(ProtobufCMessage *message, const ProtobufCFieldDescriptor *wire,
                        int64_t number)
{
    uint32_t small = (uint32_t)number;
    protobuf_c_boolean flag = number != 0;
    if (wire->type == PROTOBUF_C_TYPE_SINT64) {
        PLACE_WRITE(message, wire->offset, number);
    } else if (wire->type == PROTOBUF_C_TYPE_UINT32) {
        PLACE_WRITE(message, wire->offset, small);
    } else {
        check(wire->type == PROTOBUF_C_TYPE_BOOL);
        PLACE_WRITE(message, wire->offset, flag);
    }
}

static void value_pack(struct packer *packer, ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *wire, const struct value *value)
{
    protobuf_c_boolean has = 1;
    switch (value->type) {
    case VALUE_TEXT: {
        char *text = packer_string(packer, value->text);
        PLACE_WRITE(message, wire->offset, text);
        return; /* a pointer says itself whether it is there */
    }
    case VALUE_SET: {
        char **items = packer_strings(packer, value->set.items, value->set.count);
        size_t count = items ? value->set.count : 0;
        PLACE_WRITE(message, wire->offset, items);
        PLACE_WRITE(message, wire->quantifier_offset, count);
        return;
    }
    case VALUE_BYTES: {
        ProtobufCBinaryData bytes = packing_bytes(value->text);
        PLACE_WRITE(message, wire->offset, bytes);
        break;
    }
    case VALUE_REFERENCE: {
        ProtobufCBinaryData bytes = packing_id(&value->id);
        PLACE_WRITE(message, wire->offset, bytes);
        break;
    }
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_FLAG:
    case VALUE_CHOICE: number_pack(message, wire, value->number); break;
    }
    PLACE_WRITE(message, wire->quantifier_offset, has);
}

enum fault codec_entity_pack(enum entity_kind kind, const void *entity, struct buffer *out)
{
    if (kind == ENTITY_DEFINITION) return codec_definition_pack(entity, out);
    const ProtobufCMessageDescriptor *type = codec_descriptor(kind);
    if (!type) return FAULT_NOT_FOUND;
    struct packer packer;
    packer_init(&packer);
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    /* References are packed by address, so the values outlive the loop. */
    struct value *values = packer_array(&packer, count, sizeof *values);
    ProtobufCMessage *message = packer_array(&packer, 1, type->sizeof_message);
    enum fault fault = packer.fault;
    if (!fault) {
        type->message_init(message);
        for (size_t i = 0; i < count; i++) {
            if (fields[i].flags & FIELD_SERVER) continue;
            values[i] = field_get(&fields[i], entity);
            if (!values[i].present) continue;
            value_pack(&packer, message, wire_field(type, &fields[i]), &values[i]);
        }
        fault = packer_append(&packer, message, out);
    }
    packer_finish(&packer);
    return fault;
}

static int64_t number_unpack(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *wire)
{
    int64_t number = 0;
    uint32_t small = 0;
    protobuf_c_boolean flag = 0;
    if (wire->type == PROTOBUF_C_TYPE_SINT64) {
        PLACE_READ(message, wire->offset, number);
    } else if (wire->type == PROTOBUF_C_TYPE_UINT32) {
        PLACE_READ(message, wire->offset, small);
        number = small;
    } else {
        check(wire->type == PROTOBUF_C_TYPE_BOOL);
        PLACE_READ(message, wire->offset, flag);
        number = flag != 0;
    }
    return number;
}

static enum fault value_unpack(struct arena *arena, const ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *wire, struct value *out)
{
    if (out->type == VALUE_TEXT) {
        const char *text;
        PLACE_READ(message, wire->offset, text);
        *out = value_text(str_from(text));
        return FAULT_NONE;
    }
    if (out->type == VALUE_SET) {
        char **items;
        size_t count;
        PLACE_READ(message, wire->offset, items);
        PLACE_READ(message, wire->quantifier_offset, count);
        struct text_set set;
        enum fault fault = unpacked_set(arena, items, count, &set);
        if (!fault) *out = value_set(set);
        return fault;
    }
    protobuf_c_boolean has;
    PLACE_READ(message, wire->quantifier_offset, has);
    if (!has) return FAULT_NONE;
    if (out->type != VALUE_BYTES && out->type != VALUE_REFERENCE) {
        *out = value_number(out->type, number_unpack(message, wire));
        return FAULT_NONE;
    }
    ProtobufCBinaryData bytes;
    PLACE_READ(message, wire->offset, bytes);
    if (out->type == VALUE_BYTES) {
        out->text = unpacked_bytes(has, bytes);
        out->present = out->text.n > 0;
        return FAULT_NONE;
    }
    struct uuid id;
    enum fault fault = unpacked_id(has, bytes, &id);
    if (!fault) *out = value_reference(id);
    return fault;
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
    enum fault fault = FAULT_NONE;
    const ProtobufCMessage *message = wire_unpack(type, arena, bytes, &fault);
    if (!message) return fault == FAULT_MEMORY ? fault : FAULT_FORMAT;
    void *entity = arena_alloc(arena, entity_size(kind));
    if (!entity) return FAULT_MEMORY;
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    for (size_t i = 0; i < count; i++) {
        struct value value = value_absent(fields[i].type);
        fault = value_unpack(arena, message, wire_field(type, &fields[i]), &value);
        if (fault) return fault;
        field_set(&fields[i], entity, value);
    }
    *out = entity;
    return FAULT_NONE;
}
