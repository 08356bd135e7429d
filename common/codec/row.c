/* row.c - entities to bytes: one loop over the field table, guided by the generated descriptor. Back
 * again: row_unpack.c.
 *
 * Called by both stores, the feed, the replica and the codec of pages. No field is named here: a
 * descriptor gives each tag's offset inside the generated struct, the table the offset in ours.
 * Invariant: table and descriptor agree on every field (test_codec). */
#include "common/codec/row.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/packing.h"
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
