/* row_mutation.c - mutations as bytes. Packed once, where the person acts; unpacked wherever it is
 * decided again.
 *
 * Which member of a Value is set follows from the field's type; anything else is malformed. An edit
 * of a tag we do not know keeps its tag and loses its value: decide refuses the mutation as a whole
 * and the bytes stay as they were received. */
#include "common/codec/row.h"

#include <string.h>

#include <sodium.h>

#include "common/codec/packing.h"
#include "common/link/wire.h"
#include "proto/sluice.pb-c.h"
#include "common/base/banned.h"

/* --- packing --- */

static Sluice__Value *wish_pack(struct packer *packer, const struct value *value)
{
    if (!value->present) return NULL;
    Sluice__Value *out = packer_array(packer, 1, sizeof *out);
    if (!out) return NULL;
    sluice__value__init(out);
    switch (value->type) {
    case VALUE_TEXT: out->text = packer_string(packer, value->text); return out;
    case VALUE_BYTES:
        out->has_raw = 1;
        out->raw = packing_bytes(value->text);
        return out;
    case VALUE_REFERENCE:
        out->has_raw = 1;
        out->raw = packing_id(&value->id);
        return out;
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_FLAG:
    case VALUE_CHOICE:
        out->has_number = 1;
        out->number = value->number;
        return out;
    case VALUE_SET: break; /* sets travel as add and remove */
    }
    packer->fault = FAULT_FORMAT;
    return NULL;
}

static void edit_pack(struct packer *packer, const struct edit *edit, Sluice__Edit *out)
{
    sluice__edit__init(out);
    if (!edit->field) packer->fault = FAULT_FORMAT; /* only what we know can be wished for */
    out->has_tag = 1;
    out->tag = edit->tag;
    out->base_value = wish_pack(packer, &edit->base);
    out->want = wish_pack(packer, &edit->want);
    out->add = packer_strings(packer, edit->add.items, edit->add.count);
    out->n_add = out->add ? edit->add.count : 0;
    out->remove = packer_strings(packer, edit->remove.items, edit->remove.count);
    out->n_remove = out->remove ? edit->remove.count : 0;
}

static void edits_pack(struct packer *packer, const struct mutation *mutation,
                       Sluice__Mutation *out)
{
    size_t count = mutation->edit_count;
    Sluice__Edit **list = packer_array(packer, count, sizeof *list);
    Sluice__Edit *edits = packer_array(packer, count, sizeof *edits);
    if (!list || !edits) return;
    for (size_t i = 0; i < count; i++) {
        edit_pack(packer, &mutation->edits[i], &edits[i]);
        list[i] = &edits[i];
    }
    out->edits = list;
    out->n_edits = count;
}

static void stands_pack(struct packer *packer, const struct mutation *mutation,
                        Sluice__Mutation *out)
{
    size_t count = mutation->stand_count;
    Sluice__Stand **list = packer_array(packer, count, sizeof *list);
    Sluice__Stand *stands = packer_array(packer, count, sizeof *stands);
    if (!list || !stands) return;
    for (size_t i = 0; i < count; i++) {
        const struct stand *stand = &mutation->stands[i];
        sluice__stand__init(&stands[i]);
        stands[i].stage = packer_string(packer, stand->stage);
        stands[i].has_status = stand->status != 0;
        stands[i].status = (uint32_t)stand->status;
        stands[i].has_since = stand->since.has;
        stands[i].since = stand->since.v;
        list[i] = &stands[i];
    }
    out->stands = list;
    out->n_stands = count;
}

#define ID_PACK(message, member, id)                                                               \
    ((message)->has_##member = !uuid_is_zero(id), (message)->member = packing_id(&(id)))
#define OPTIONAL_PACK(message, member, optional)                                                   \
    ((message)->has_##member = (optional).has, (message)->member = (optional).v)

enum fault codec_mutation_pack(const struct mutation *mutation, struct buffer *out)
{
    struct packer packer;
    packer_init(&packer);
    Sluice__Mutation message = SLUICE__MUTATION__INIT;
    ID_PACK(&message, id, mutation->id);
    message.has_kind = 1;
    message.kind = (uint32_t)mutation->kind;
    message.has_entity = mutation->entity != ENTITY_NONE;
    message.entity = (uint32_t)mutation->entity;
    ID_PACK(&message, target, mutation->target);
    edits_pack(&packer, mutation, &message);
    OPTIONAL_PACK(&message, acted_at, mutation->acted_at);
    OPTIONAL_PACK(&message, happened_at, mutation->happened_at);
    ID_PACK(&message, batch, mutation->batch);
    ID_PACK(&message, undoes, mutation->undoes);
    ID_PACK(&message, resolves, mutation->resolves);
    ID_PACK(&message, replaces, mutation->replaces);
    message.has_resolution = mutation->resolution != INBOX_STATE_NONE;
    message.resolution = (uint32_t)mutation->resolution;
    message.has_definition_version = mutation->definition_version != 0;
    message.definition_version = mutation->definition_version;
    stands_pack(&packer, mutation, &message);
    message.has_code_hash = mutation->code_hash.n > 0;
    message.code_hash = packing_bytes(mutation->code_hash);
    OPTIONAL_PACK(&message, expires_at, mutation->expires_at);
    message.has_bulk = message.bulk = mutation->bulk;
    if (mutation->stage) message.stage = codec_stage_edit_pack(&packer, mutation->stage);
    message.has_first_number = mutation->first_number != 0;
    message.first_number = mutation->first_number;
    message.has_last_number = mutation->last_number != 0;
    message.last_number = mutation->last_number;
    enum fault fault = packer_append(&packer, &message.base, out);
    packer_finish(&packer);
    return fault;
}

/* --- unpacking --- */

static enum fault wish_unpack(const Sluice__Value *from, enum value_type type, struct value *out)
{
    *out = value_absent(type);
    if (!from) return FAULT_NONE;
    bool text = from->text != NULL, raw = from->has_raw, number = from->has_number;
    if (text + raw + number != 1) return FAULT_FORMAT;
    struct uuid id;
    enum fault fault;
    switch (type) {
    case VALUE_TEXT:
        if (!text) return FAULT_FORMAT;
        *out = value_text(str_from(from->text));
        return FAULT_NONE;
    case VALUE_BYTES:
        if (!raw) return FAULT_FORMAT;
        out->text = unpacked_bytes(from->has_raw, from->raw);
        out->present = out->text.n > 0;
        return FAULT_NONE;
    case VALUE_REFERENCE:
        if (!raw) return FAULT_FORMAT;
        fault = unpacked_id(from->has_raw, from->raw, &id);
        if (!fault) *out = value_reference(id);
        return fault;
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_FLAG:
    case VALUE_CHOICE:
        if (!number) return FAULT_FORMAT;
        *out = value_number(type, from->number);
        return FAULT_NONE;
    case VALUE_SET: break;
    }
    return FAULT_FORMAT; /* a set has no base and no want */
}

static enum fault edit_unpack(struct arena *arena, int64_t entity, const Sluice__Edit *from,
                              struct edit *out)
{
    out->tag = from->has_tag ? from->tag : 0;
    if (entity > ENTITY_NONE && entity < ENTITY_COUNT) {
        out->field = field_by_tag((enum entity_kind)entity, out->tag);
    }
    if (!out->field) {
        out->base = out->want = value_absent(VALUE_TEXT);
        return FAULT_NONE;
    }
    if (out->field->type != VALUE_SET && (from->n_add || from->n_remove)) return FAULT_FORMAT;
    enum fault fault = wish_unpack(from->base_value, out->field->type, &out->base);
    if (!fault) fault = wish_unpack(from->want, out->field->type, &out->want);
    if (!fault) fault = unpacked_set(arena, from->add, from->n_add, &out->add);
    if (!fault) fault = unpacked_set(arena, from->remove, from->n_remove, &out->remove);
    return fault;
}

static enum fault lists_unpack(struct arena *arena, const Sluice__Mutation *from,
                               struct mutation *out)
{
    out->edits = arena_array(arena, from->n_edits ? from->n_edits : 1, sizeof *out->edits);
    out->stands = arena_array(arena, from->n_stands ? from->n_stands : 1, sizeof *out->stands);
    if (!out->edits || !out->stands) return FAULT_MEMORY;
    for (size_t i = 0; i < from->n_edits; i++) {
        enum fault fault = edit_unpack(arena, out->entity, from->edits[i], &out->edits[i]);
        if (fault) return fault;
    }
    for (size_t i = 0; i < from->n_stands; i++) {
        const Sluice__Stand *stand = from->stands[i];
        out->stands[i] = (struct stand){
            .stage = str_from(stand->stage),
            .status = stand->has_status ? stand->status : STATUS_NONE,
            .since = {stand->has_since, stand->has_since ? stand->since : 0},
        };
    }
    out->edit_count = from->n_edits;
    out->stand_count = from->n_stands;
    return FAULT_NONE;
}

static enum fault ids_unpack(const Sluice__Mutation *from, struct mutation *out)
{
    const struct {
        protobuf_c_boolean has;
        ProtobufCBinaryData data;
        struct uuid *to;
    } ids[] = {
        {from->has_id, from->id, &out->id},
        {from->has_target, from->target, &out->target},
        {from->has_batch, from->batch, &out->batch},
        {from->has_undoes, from->undoes, &out->undoes},
        {from->has_resolves, from->resolves, &out->resolves},
        {from->has_replaces, from->replaces, &out->replaces},
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        enum fault fault = unpacked_id(ids[i].has, ids[i].data, ids[i].to);
        if (fault) return fault;
    }
    /* Everything a mutation leaves behind is named after its id. */
    return uuid_is_zero(out->id) ? FAULT_FORMAT : FAULT_NONE;
}

#define OPTIONAL_UNPACK(message, member)                                                           \
    ((struct optional){(message)->has_##member, (message)->has_##member ? (message)->member : 0})

enum fault codec_mutation_unpack(struct arena *arena, struct str bytes, struct mutation *out)
{
    *out = (struct mutation){.kind = MUTATION_NONE};
    enum fault fault = FAULT_NONE;
    const ProtobufCMessage *message =
        wire_unpack(&sluice__mutation__descriptor, arena, bytes, &fault);
    if (!message) return fault == FAULT_MEMORY ? fault : FAULT_FORMAT;
    const Sluice__Mutation *from = (const Sluice__Mutation *)message;
    fault = ids_unpack(from, out);
    if (fault) return fault;
    out->kind = from->has_kind ? from->kind : MUTATION_NONE;
    out->entity = from->has_entity ? from->entity : ENTITY_NONE;
    out->acted_at = OPTIONAL_UNPACK(from, acted_at);
    out->happened_at = OPTIONAL_UNPACK(from, happened_at);
    out->resolution = from->has_resolution ? from->resolution : INBOX_STATE_NONE;
    out->definition_version = from->has_definition_version ? from->definition_version : 0;
    out->code_hash = unpacked_bytes(from->has_code_hash, from->code_hash);
    out->expires_at = OPTIONAL_UNPACK(from, expires_at);
    out->bulk = from->has_bulk && from->bulk;
    out->first_number = from->has_first_number ? from->first_number : 0;
    out->last_number = from->has_last_number ? from->last_number : 0;
    if (from->stage) fault = codec_stage_edit_unpack(arena, from->stage, &out->stage);
    return fault ? fault : lists_unpack(arena, from, out);
}

enum { ID_TAG = 1 }; /* of Mutation.id */

struct uuid codec_mutation_id(struct str bytes)
{
    struct uuid id = {{0}};
    struct wire_item item = {.number = 0};
    size_t at = 0;
    while (at < bytes.n && item.number != ID_TAG) {
        if (wire_item_next(bytes, &at, &item)) return id;
    }
    if (item.number == ID_TAG && item.type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED &&
        item.bytes.n == sizeof id.b) {
        memcpy(id.b, item.bytes.p, sizeof id.b);
    }
    return id;
}

void codec_payload_hash(struct str bytes, uint8_t out[32])
{
    crypto_generichash_blake2b(out, 32, (const uint8_t *)bytes.p, bytes.n, NULL, 0);
}
