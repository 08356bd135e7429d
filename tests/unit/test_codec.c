/* test_codec.c - claims about bytes: table and schema agree, everything reads back, nothing
 * malformed gets through. */
#include "common/codec/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/base/random.h"
#include "common/codec/packing.h"
#include "common/domain/stage_edit.h"
#include "common/link/wire.h"
#include "proto/sluice.pb-c.h"
#include "tests/support/entity_sample.h"

/* --- table and schema --- */

static bool type_fits(const struct field *field, const ProtobufCFieldDescriptor *wire)
{
    if (field->type == VALUE_SET) {
        return wire->label == PROTOBUF_C_LABEL_REPEATED && wire->type == PROTOBUF_C_TYPE_STRING;
    }
    if (wire->label != PROTOBUF_C_LABEL_OPTIONAL) return false;
    switch (field->type) {
    case VALUE_TEXT: return wire->type == PROTOBUF_C_TYPE_STRING;
    case VALUE_BYTES:
    case VALUE_REFERENCE: return wire->type == PROTOBUF_C_TYPE_BYTES;
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME: return wire->type == PROTOBUF_C_TYPE_SINT64;
    case VALUE_FLAG: return wire->type == PROTOBUF_C_TYPE_BOOL;
    case VALUE_CHOICE: /* with names a small number, without a counter */
        return wire->type ==
               (field->choices ? PROTOBUF_C_TYPE_UINT32 : PROTOBUF_C_TYPE_SINT64);
    case VALUE_SET: break;
    }
    return false;
}

static bool name_fits(const struct field *field, const char *wire_name)
{
    if (strcmp(field->name, wire_name) == 0) return true;
    /* The generated C has a member `base` of its own in every struct. */
    return strcmp(field->name, "base") == 0 && strcmp(wire_name, "base_value") == 0;
}

static void table_and_schema_agree_both_ways(void **state)
{
    (void)state;
    for (int number = 1; number < ENTITY_COUNT; number++) {
        enum entity_kind kind = (enum entity_kind)number;
        const ProtobufCMessageDescriptor *type = codec_descriptor(kind);
        assert_non_null(type);
        if (kind == ENTITY_DEFINITION) continue;
        size_t count;
        const struct field *fields = fields_of(kind, &count);
        for (size_t i = 0; i < count; i++) {
            const ProtobufCFieldDescriptor *wire =
                protobuf_c_message_descriptor_get_field(type, fields[i].tag);
            if (!wire || !name_fits(&fields[i], wire->name) || !type_fits(&fields[i], wire)) {
                fail_msg("%s.%s is not in the schema as it is in the table", type->name,
                         fields[i].name);
            }
        }
        for (unsigned i = 0; i < type->n_fields; i++) {
            if (!field_by_tag(kind, type->fields[i].id)) {
                fail_msg("%s.%s is not in the table", type->name, type->fields[i].name);
            }
        }
    }
    assert_null(codec_descriptor(ENTITY_NONE));
    assert_null(codec_descriptor((enum entity_kind)99));
}

/* --- entities --- */

static struct str packed(struct arena *arena, enum entity_kind kind, const void *entity)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    assert_int_equal(codec_entity_pack(kind, entity, &out), FAULT_NONE);
    struct str bytes = arena_str(arena, buffer_str(&out));
    buffer_finish(&out);
    return bytes;
}

static void every_entity_reads_back(void **state)
{
    (void)state;
    struct arena arena, input;
    arena_init(&arena, 1 << 22);
    for (int number = 1; number < ENTITY_COUNT; number++) {
        enum entity_kind kind = (enum entity_kind)number;
        if (entity_size(kind) == 0) continue;
        void *full = entity_sample(&arena, kind, 3);
        void *empty = arena_alloc(&arena, entity_size(kind));
        void *back;
        /* The bytes die before the result is looked at: it must owe them nothing. */
        arena_init(&input, 1 << 20);
        struct str bytes = packed(&input, kind, full);
        assert_int_equal(codec_entity_unpack(&arena, kind, bytes, &back), FAULT_NONE);
        arena_finish(&input);
        if (!entity_equal(kind, full, back)) fail_msg("%s", entity_name(kind));
        bytes = packed(&arena, kind, empty);
        assert_int_equal(bytes.n, 0);
        assert_int_equal(codec_entity_unpack(&arena, kind, bytes, &back), FAULT_NONE);
        assert_true(entity_equal(kind, empty, back));
    }
    arena_finish(&arena);
}

static void one_field_alone_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 23);
    for (int number = 1; number < ENTITY_COUNT; number++) {
        enum entity_kind kind = (enum entity_kind)number;
        size_t count;
        const struct field *fields = fields_of(kind, &count);
        for (size_t i = 0; i < count; i++) {
            void *entity = arena_alloc(&arena, entity_size(kind)), *back;
            field_set(&fields[i], entity, value_sample(&arena, &fields[i], 1));
            struct str bytes = packed(&arena, kind, entity);
            assert_int_equal(codec_entity_unpack(&arena, kind, bytes, &back), FAULT_NONE);
            if (!entity_equal(kind, entity, back)) fail_msg("%s", fields[i].name);
        }
    }
    arena_finish(&arena);
}

static void extreme_numbers_read_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    static const int64_t numbers[] = {INT64_MIN, INT64_MAX, -1, 0, 1};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct deal deal = {.value = {true, numbers[i]}, .due = {true, numbers[i]}};
        void *back;
        struct str bytes = packed(&arena, ENTITY_DEAL, &deal);
        assert_int_equal(codec_entity_unpack(&arena, ENTITY_DEAL, bytes, &back), FAULT_NONE);
        assert_true(entity_equal(ENTITY_DEAL, &deal, back));
    }
    arena_finish(&arena);
}

static void what_no_string_may_hold_is_not_packed(void **state)
{
    (void)state;
    static const struct str texts[] = {{"a\0b", 3}, {"\xff", 1}, {"\xc3", 1}};
    for (size_t i = 0; i < 3; i++) {
        struct deal deal = {.title = texts[i]};
        struct buffer out;
        buffer_init(&out, 1000);
        assert_int_equal(codec_entity_pack(ENTITY_DEAL, &deal, &out), FAULT_FORMAT);
        assert_int_equal(out.n, 0);
        buffer_finish(&out);
    }
    struct deal deal = {.title = STR("longer than ten bytes")};
    struct buffer out;
    buffer_init(&out, 10);
    assert_int_equal(codec_entity_pack(ENTITY_DEAL, &deal, &out), FAULT_LIMIT);
    assert_int_equal(codec_entity_pack((enum entity_kind)99, &deal, &out), FAULT_NOT_FOUND);
    buffer_finish(&out);
}

static void the_definition_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 22);
    struct definition definition;
    assert_int_equal(definition_default(&arena, uuid_sample(1), &definition), FAULT_NONE);
    struct stage *lead = &definition.pipelines[0].stages[0];
    lead->removed = lead->skip_forbidden = true;
    lead->successor = STR("contact");
    lead->back = BACK_NEVER;
    lead->slow_days = 9;
    definition.version = UINT64_MAX;
    void *unpacked;
    struct str bytes = packed(&arena, ENTITY_DEFINITION, &definition);
    assert_int_equal(codec_entity_unpack(&arena, ENTITY_DEFINITION, bytes, &unpacked), FAULT_NONE);
    const struct definition *back = unpacked;
    assert_true(uuid_equal(back->id, definition.id));
    assert_true(back->version == UINT64_MAX);
    assert_int_equal(back->pipeline_count, 1);
    const struct pipeline *a = &definition.pipelines[0], *b = &back->pipelines[0];
    assert_true(str_equal(a->key, b->key) && str_equal(a->name, b->name));
    assert_int_equal(b->stage_count, a->stage_count);
    assert_int_equal(b->check_count, a->check_count);
    for (size_t i = 0; i < a->stage_count; i++) {
        const struct stage *s = &a->stages[i], *t = &b->stages[i];
        assert_true(str_equal(s->key, t->key) && str_equal(s->name, t->name));
        assert_true(str_equal(s->text, t->text) && str_equal(s->successor, t->successor));
        assert_int_equal(t->kind, s->kind);
        assert_int_equal(t->probability, s->probability);
        assert_int_equal(t->expected_days, s->expected_days);
        assert_int_equal(t->quiet_days, s->quiet_days);
        assert_int_equal(t->slow_days, s->slow_days);
        assert_int_equal(t->back, s->back);
        assert_int_equal(t->removed, s->removed);
        assert_int_equal(t->skip_forbidden, s->skip_forbidden);
        assert_int_equal(t->gate_count, s->gate_count);
        for (size_t g = 0; g < s->gate_count; g++) {
            assert_true(str_equal(s->gates[g].requirement, t->gates[g].requirement));
        }
    }
    for (size_t i = 0; i < a->check_count; i++) {
        assert_true(str_equal(a->checks[i].key, b->checks[i].key));
        assert_true(str_equal(a->checks[i].name, b->checks[i].name));
    }
    struct str again = packed(&arena, ENTITY_DEFINITION, back);
    assert_true(str_equal(bytes, again));
    assert_null(definition_mistake(&arena, back).p);
    arena_finish(&arena);
}

static void malformed_entities_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str bytes;
        enum fault want;
    } rows[] = {
        {"an id of three bytes", {"\x0a\x03" "abc", 5}, FAULT_FORMAT},
        {"an empty id", {"\x0a\x00", 2}, FAULT_FORMAT},
        {"a title that is no UTF-8", {"\x12\x01\xff", 3}, FAULT_FORMAT},
        {"a title with NUL", {"\x12\x01\x00", 3}, FAULT_FORMAT},
        {"a title twice", {"\x12\x01" "a\x12\x01" "b", 6}, FAULT_FORMAT},
        {"a truncated title", {"\x12\x05" "abc", 5}, FAULT_FORMAT},
        {"a number where text belongs", {"\x10\x05", 2}, FAULT_FORMAT},
        {"a field of a newer version is ignored", {"\xf8\x3f\x01\x12\x01" "a", 6}, FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 16);
        void *back;
        if (codec_entity_unpack(&arena, ENTITY_DEAL, rows[i].bytes, &back) != rows[i].want) {
            fail_msg("%s", rows[i].claim);
        }
        arena_finish(&arena);
    }
    struct arena arena;
    arena_init(&arena, 1 << 16);
    void *back;
    assert_int_equal(codec_entity_unpack(&arena, (enum entity_kind)99, STR_NONE, &back),
                     FAULT_NOT_FOUND);
    struct deal deal = {.title = STR("a")};
    struct str bytes = packed(&arena, ENTITY_DEAL, &deal);
    struct arena tiny;
    arena_init(&tiny, 64);
    assert_int_equal(codec_entity_unpack(&tiny, ENTITY_DEAL, bytes, &back), FAULT_MEMORY);
    arena_finish(&tiny);
    arena_finish(&arena);
}

/* --- mutations --- */

/* A change of a stage: as it was seen, and as it is to be. */
static void stage_edits_read_back(void **state)
{
    (void)state;
    static struct gate gates[] = {{STR_INIT("value|check:budget")}, {STR_INIT("source")}};
    const struct stage stage = {.key = STR("trial"), .name = STR("Trial"), .text = STR("they try"),
                                .kind = STAGE_OPEN, .probability = 40, .expected_days = 7,
                                .quiet_days = 3, .slow_days = 9, .skip_forbidden = true,
                                .back = BACK_MANAGER, .removed = true, .successor = STR("contact"),
                                .gates = gates, .gate_count = 2};
    const struct stage_edit edits[] = {
        {.pipeline = STR("sales"), .base = {.key = STR("trial"), .name = STR("T")}, .want = stage,
         .moved = true, .behind_base = STR("lead"), .behind = STR("contact")},
        {.pipeline = STR("sales"), .created = true, .want = stage},
    };
    for (size_t i = 0; i < 2; i++) {
        struct arena arena;
        struct buffer out;
        struct mutation back, mutation = {.id = uuid_sample(1), .kind = MUTATION_EDIT,
                                          .entity = ENTITY_DEFINITION, .stage = &edits[i]};
        arena_init(&arena, 1 << 20);
        buffer_init(&out, MUTATION_BYTES_MAX);
        assert_int_equal(codec_mutation_pack(&mutation, &out), FAULT_NONE);
        assert_int_equal(codec_mutation_unpack(&arena, buffer_str(&out), &back), FAULT_NONE);
        const struct stage_edit *edit = back.stage;
        assert_non_null(edit);
        assert_true(str_equal(edit->pipeline, STR("sales")) && edit->created == (i == 1));
        assert_true(edit->moved == (i == 0) && str_equal(edit->behind, edits[i].behind));
        assert_true(str_equal(edit->behind_base, edits[i].behind_base));
        for (enum stage_field field = 0; field < STAGE_FIELD_COUNT; field++) {
            assert_true(stage_field_equal(field, &edit->want, &stage));
            assert_true(stage_field_equal(field, &edit->base, &edits[i].base));
        }
        assert_true(str_equal(edit->want.key, STR("trial")) && edit->want.kind == STAGE_OPEN);
        buffer_finish(&out);
        arena_finish(&arena);
    }
}

/* One that wants nothing, or more gates than there may be, is malformed. */
static void a_malformed_stage_edit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        Sluice__Mutation message = SLUICE__MUTATION__INIT;
        Sluice__StageEdit edit = SLUICE__STAGE_EDIT__INIT;
        Sluice__Stage want = SLUICE__STAGE__INIT, base = SLUICE__STAGE__INIT;
        Sluice__Gate gate = SLUICE__GATE__INIT, *gates[GATES_MAX + 1];
        uint8_t id[16] = {1}, bytes[1024];
        struct arena arena;
        struct mutation back;
        arena_init(&arena, 1 << 20);
        for (size_t k = 0; k <= GATES_MAX; k++) gates[k] = &gate;
        message.has_id = 1;
        message.id = (ProtobufCBinaryData){16, id};
        message.stage = &edit;
        if (i > 0) edit.want = &want;
        if (i > 1) edit.base_stage = &base;
        Sluice__Stage *many = i == 1 ? &want : &base;
        many->gates = gates;
        many->n_gates = GATES_MAX + 1;
        assert_true(sluice__mutation__get_packed_size(&message) <= sizeof bytes);
        size_t n = sluice__mutation__pack(&message, bytes);
        assert_int_equal(codec_mutation_unpack(&arena, (struct str){(const char *)bytes, n}, &back),
                         FAULT_FORMAT);
        arena_finish(&arena);
    }
}

static struct mutation mutation_sample(struct arena *arena)
{
    size_t count;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    struct edit *edits = arena_array(arena, count, sizeof *edits);
    for (size_t i = 0; i < count; i++) {
        edits[i] = (struct edit){.tag = fields[i].tag, .field = &fields[i],
                                 .base = value_absent(fields[i].type),
                                 .want = value_absent(fields[i].type)};
        if (fields[i].type == VALUE_SET) {
            edits[i].add = value_sample(arena, &fields[i], 1).set;
            edits[i].remove = value_sample(arena, &fields[i], 2).set;
            continue;
        }
        if (i % 3 != 0) edits[i].base = value_sample(arena, &fields[i], 1);
        if (i % 3 != 1) edits[i].want = value_sample(arena, &fields[i], 2);
    }
    struct stand *stands = arena_array(arena, 2, sizeof *stands);
    stands[0] = (struct stand){.stage = STR("lead"), .status = STATUS_OPEN};
    stands[1] = (struct stand){.stage = STR("won"), .status = STATUS_WON, .since = {true, -5}};
    return (struct mutation){
        .id = uuid_sample(1), .kind = MUTATION_IMPORT, .entity = ENTITY_DEAL,
        .target = uuid_sample(2), .edits = edits, .edit_count = count,
        .acted_at = {true, 1}, .happened_at = {true, 0}, .batch = uuid_sample(3),
        .undoes = uuid_sample(4), .resolves = uuid_sample(5), .resolution = INBOX_VALUE,
        .definition_version = 7, .stands = stands, .stand_count = 2,
        .code_hash = {"\0\1\2", 3}, .expires_at = {true, 99}, .bulk = true,
    };
}

static void assert_mutations_equal(const struct mutation *a, const struct mutation *b)
{
    assert_true(uuid_equal(a->id, b->id) && uuid_equal(a->target, b->target));
    assert_true(uuid_equal(a->batch, b->batch) && uuid_equal(a->undoes, b->undoes));
    assert_true(uuid_equal(a->resolves, b->resolves));
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->entity, b->entity);
    assert_int_equal(a->resolution, b->resolution);
    assert_int_equal(a->definition_version, b->definition_version);
    assert_int_equal(a->bulk, b->bulk);
    assert_true(str_equal(a->code_hash, b->code_hash));
    const struct optional *times[][2] = {{&a->acted_at, &b->acted_at},
                                         {&a->happened_at, &b->happened_at},
                                         {&a->expires_at, &b->expires_at}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(times[i][0]->has, times[i][1]->has);
        assert_int_equal(times[i][0]->v, times[i][1]->v);
    }
    assert_int_equal(a->edit_count, b->edit_count);
    for (size_t i = 0; i < a->edit_count; i++) {
        const struct edit *e = &a->edits[i], *f = &b->edits[i];
        assert_int_equal(e->tag, f->tag);
        assert_ptr_equal(e->field, f->field);
        if (!value_equal(e->base, f->base) || !value_equal(e->want, f->want) ||
            !value_equal(value_set(e->add), value_set(f->add)) ||
            !value_equal(value_set(e->remove), value_set(f->remove))) {
            fail_msg("%s", e->field ? e->field->name : "?");
        }
    }
    assert_int_equal(a->stand_count, b->stand_count);
    for (size_t i = 0; i < a->stand_count; i++) {
        assert_true(str_equal(a->stands[i].stage, b->stands[i].stage));
        assert_int_equal(a->stands[i].status, b->stands[i].status);
        assert_int_equal(a->stands[i].since.has, b->stands[i].since.has);
        assert_int_equal(a->stands[i].since.v, b->stands[i].since.v);
    }
}

static void mutations_read_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 22);
    struct mutation full = mutation_sample(&arena);
    struct mutation least = {.id = uuid_sample(9)};
    const struct mutation *mutations[] = {&full, &least};
    for (size_t i = 0; i < 2; i++) {
        struct buffer out;
        buffer_init(&out, MUTATION_BYTES_MAX);
        assert_int_equal(codec_mutation_pack(mutations[i], &out), FAULT_NONE);
        struct mutation back;
        assert_int_equal(codec_mutation_unpack(&arena, buffer_str(&out), &back), FAULT_NONE);
        buffer_finish(&out);
        assert_mutations_equal(mutations[i], &back);
    }
    arena_finish(&arena);
}

static void a_mutation_names_only_fields_we_know(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct edit edit = {.tag = 4711};
    struct mutation mutation = {.id = uuid_sample(1), .entity = ENTITY_DEAL, .edits = &edit,
                                .edit_count = 1};
    struct buffer out;
    buffer_init(&out, MUTATION_BYTES_MAX);
    assert_int_equal(codec_mutation_pack(&mutation, &out), FAULT_FORMAT);
    buffer_finish(&out);
    arena_finish(&arena);
}

/* A mutation as protobuf has it, to say what our own structs cannot. */
static enum fault unpack_made(struct arena *arena, Sluice__Edit *edit, uint32_t entity,
                              struct mutation *out)
{
    Sluice__Mutation message = SLUICE__MUTATION__INIT;
    uint8_t id[16] = {1};
    Sluice__Edit *edits[] = {edit};
    message.has_id = 1;
    message.id = (ProtobufCBinaryData){16, id};
    message.has_entity = 1;
    message.entity = entity;
    message.edits = edits;
    message.n_edits = 1;
    uint8_t bytes[512];
    assert_true(sluice__mutation__get_packed_size(&message) <= sizeof bytes);
    size_t n = sluice__mutation__pack(&message, bytes);
    return codec_mutation_unpack(arena, (struct str){(const char *)bytes, n}, out);
}

static void edits_of_a_newer_version_keep_their_tag(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    Sluice__Value value = SLUICE__VALUE__INIT;
    Sluice__Edit edit = SLUICE__EDIT__INIT;
    char text[] = "new";
    value.text = text;
    edit.has_tag = 1;
    edit.tag = 900;
    edit.want = &value;
    struct mutation back;
    assert_int_equal(unpack_made(&arena, &edit, ENTITY_DEAL, &back), FAULT_NONE);
    assert_int_equal(back.edits[0].tag, 900);
    assert_null(back.edits[0].field);
    edit.tag = 2; /* known, but not of a kind we do not know */
    assert_int_equal(unpack_made(&arena, &edit, 77, &back), FAULT_NONE);
    assert_null(back.edits[0].field);
    assert_int_equal(back.entity, 77);
    arena_finish(&arena);
}

static void values_that_misfit_are_refused(void **state)
{
    (void)state;
    enum { TEXT = 1, RAW = 2, NUMBER = 4 };
    static const struct {
        const char *field;
        int fits; /* the one member a value of that field may have; 0 none */
    } rows[] = {
        {"title", TEXT}, {"org", RAW},       {"value", NUMBER},     {"due", NUMBER},
        {"created_at", NUMBER}, {"status", NUMBER}, {"attention", NUMBER}, {"tags", 0},
    };
    struct arena arena;
    arena_init(&arena, 1 << 22);
    char text[] = "text";
    uint8_t raw[16] = {1, 2, 3};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int members = 0; members < 8; members++) {
            for (int side = 0; side < 2; side++) {
                Sluice__Value value = SLUICE__VALUE__INIT;
                Sluice__Edit edit = SLUICE__EDIT__INIT;
                if (members & TEXT) value.text = text;
                value.has_raw = (members & RAW) != 0;
                value.raw = (ProtobufCBinaryData){16, raw};
                value.has_number = (members & NUMBER) != 0;
                value.number = 1;
                edit.has_tag = 1;
                edit.tag = field_by_name(ENTITY_DEAL, str_from(rows[i].field))->tag;
                if (side) edit.want = &value;
                else edit.base_value = &value;
                struct mutation back;
                enum fault fault = unpack_made(&arena, &edit, ENTITY_DEAL, &back);
                bool fits = rows[i].fits && members == rows[i].fits;
                if ((fault == FAULT_NONE) != fits) fail_msg("%s: %d", rows[i].field, members);
            }
        }
    }
    Sluice__Edit edit = SLUICE__EDIT__INIT;
    char *adds[] = {text};
    edit.has_tag = 1;
    edit.tag = 2;
    edit.add = adds;
    edit.n_add = 1;
    struct mutation back;
    assert_int_equal(unpack_made(&arena, &edit, ENTITY_DEAL, &back), FAULT_FORMAT);
    edit.tag = 17; /* tags */
    assert_int_equal(unpack_made(&arena, &edit, ENTITY_DEAL, &back), FAULT_NONE);
    Sluice__Value value = SLUICE__VALUE__INIT;
    Sluice__Edit short_id = SLUICE__EDIT__INIT;
    value.has_raw = 1;
    value.raw = (ProtobufCBinaryData){15, raw};
    short_id.has_tag = 1;
    short_id.tag = 3;
    short_id.want = &value;
    assert_int_equal(unpack_made(&arena, &short_id, ENTITY_DEAL, &back), FAULT_FORMAT);
    arena_finish(&arena);
}

static void a_mutation_without_id_is_none(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct mutation back;
    assert_int_equal(codec_mutation_unpack(&arena, STR_NONE, &back), FAULT_FORMAT);
    assert_int_equal(codec_mutation_unpack(&arena, (struct str){"\x10\x01", 2}, &back),
                     FAULT_FORMAT);
    arena_finish(&arena);
}

static void the_hash_covers_every_byte(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    /* BLAKE2b-256 of nothing, from the reference implementation. */
    static const uint8_t nothing[4] = {0x0e, 0x57, 0x51, 0xc0};
    codec_payload_hash(STR_NONE, a);
    assert_memory_equal(a, nothing, 4);
    codec_payload_hash(STR("abc"), a);
    codec_payload_hash(STR("abd"), b);
    assert_memory_not_equal(a, b, 32);
}

static struct str sample_packed(struct arena *arena, const struct mutation *sample)
{
    struct buffer out;
    buffer_init(&out, MUTATION_BYTES_MAX);
    assert_int_equal(codec_mutation_pack(sample, &out), FAULT_NONE);
    struct str bytes = arena_str(arena, buffer_str(&out));
    buffer_finish(&out);
    return bytes;
}

static void an_id_is_read_of_what_is_not_to_be_looked_into(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 22);
    struct mutation sample = mutation_sample(&arena);
    struct str bytes = sample_packed(&arena, &sample);
    assert_true(uuid_equal(codec_mutation_id(bytes), sample.id));
    assert_true(uuid_equal(codec_mutation_id(str_slice(bytes, 0, 18)), sample.id));
    assert_true(uuid_is_zero(codec_mutation_id(str_slice(bytes, 0, 17)))); /* cut within it */
    assert_true(uuid_is_zero(codec_mutation_id(str_slice(bytes, 18, bytes.n)))); /* all but it */
    assert_true(uuid_is_zero(codec_mutation_id(STR("\x0a\x02id")))); /* not as long as one */
    assert_true(uuid_is_zero(codec_mutation_id(STR("\x08\x07")))); /* a number in its place */
    assert_true(uuid_is_zero(codec_mutation_id(STR_NONE)));
    arena_finish(&arena);
}

/* Not a fuzzer; enough to see that damage ends in a fault and never in a crash or a leak. */
static void damaged_bytes_do_no_harm(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 22);
    struct mutation sample = mutation_sample(&arena);
    struct str bytes = sample_packed(&arena, &sample);
    struct random random;
    random_init_number(&random, 42);
    size_t refused = 0;
    for (int i = 0; i < 3000; i++) {
        struct arena scratch;
        arena_init(&scratch, 1 << 20);
        char *copy = arena_copy(&scratch, bytes.p, bytes.n);
        size_t n = i % 2 ? bytes.n : (size_t)random_below(&random, bytes.n);
        for (int k = 0; k < 3 && n > 0; k++) {
            copy[random_below(&random, n)] = (char)(uint8_t)random_u64(&random);
        }
        struct mutation back;
        void *deal;
        refused += codec_mutation_unpack(&scratch, (struct str){copy, n}, &back) != FAULT_NONE;
        refused += codec_entity_unpack(&scratch, ENTITY_DEAL, (struct str){copy, n}, &deal) !=
                   FAULT_NONE;
        arena_finish(&scratch);
    }
    assert_true(refused > 1000);
    arena_finish(&arena);
}

/* Field by field, backwards and with strangers between: the same entity. */
static void the_order_of_fields_means_nothing(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct text_set tags, checks;
    const struct str words[] = {STR_INIT("one"), STR_INIT("two"), STR_INIT("three")};
    assert_int_equal(text_set_make(&arena, words, 3, &tags), FAULT_NONE);
    assert_int_equal(text_set_make(&arena, words, 2, &checks), FAULT_NONE);
    struct deal deal = {.id = {{1, 2}}, .title = STR("Roof"), .status = STATUS_OPEN,
                        .value = {true, -5}, .tags = tags, .checks = checks, .attention = true};
    struct str bytes = packed(&arena, ENTITY_DEAL, &deal);
    struct buffer turned;
    size_t starts[64], count = 0;
    struct wire_item item;
    for (size_t at = 0; at < bytes.n;) {
        starts[count++] = at;
        assert_int_equal(wire_item_next(bytes, &at, &item), FAULT_NONE);
    }
    buffer_init(&turned, 1 << 16);
    for (size_t i = count; i-- > 0;) {
        size_t end = i + 1 < count ? starts[i + 1] : bytes.n;
        buffer_append(&turned, "\xf8\x3f\x01", 3); /* of a newer version */
        buffer_append_str(&turned, str_slice(bytes, starts[i], end));
    }
    void *back = NULL;
    assert_int_equal(codec_entity_unpack(&arena, ENTITY_DEAL, buffer_str(&turned), &back),
                     FAULT_NONE);
    assert_true(entity_equal(ENTITY_DEAL, back, &deal));
    buffer_finish(&turned);
    arena_finish(&arena);
}

/* Reading an entity refuses what the scan before protobuf-c refuses. It may refuse more: ids of a
 * wrong length. */
static void entities_are_read_as_strictly_as_scanned(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    const struct str words[] = {STR_INIT("one"), STR_INIT("zwei \xc3\xb3")};
    struct text_set tags;
    assert_int_equal(text_set_make(&arena, words, 2, &tags), FAULT_NONE);
    struct deal deal = {.title = STR("Roof \xc5\x81"), .stage = STR("proposal"), .tags = tags,
                        .status = STATUS_OPEN, .value = {true, 1 << 20}, .due = {true, 20000},
                        .push_count = {true, 3}};
    struct str bytes = packed(&arena, ENTITY_DEAL, &deal);
    struct random random;
    random_init_number(&random, 4711);
    size_t both = 0, refused = 0;
    for (int i = 0; i < 20000; i++) {
        struct arena scratch;
        arena_init(&scratch, 1 << 20);
        char *copy = arena_copy(&scratch, bytes.p, bytes.n);
        size_t n = i % 3 ? bytes.n : (size_t)random_below(&random, bytes.n + 1);
        for (int k = 0; k < 1 + i % 2 && n > 0; k++) {
            copy[random_below(&random, n)] = (char)(uint8_t)random_u64(&random);
        }
        struct str damaged = {copy, n};
        void *back;
        bool good = codec_entity_unpack(&scratch, ENTITY_DEAL, damaged, &back) == FAULT_NONE;
        bool scanned = wire_scan(&sluice__deal__descriptor, damaged) == FAULT_NONE;
        if (good) assert_true(scanned);
        both += good;
        refused += !scanned;
        struct wire_item item;
        bool id = false; /* damage made a field of ids of something: then lengths are judged */
        for (size_t at = 0; scanned && !good && at < n;) {
            assert_int_equal(wire_item_next(damaged, &at, &item), FAULT_NONE);
            const struct field *field = field_by_tag(ENTITY_DEAL, item.number);
            id = id || (field && field->type == VALUE_REFERENCE);
        }
        if (scanned && !good) assert_true(id);
        arena_finish(&scratch);
    }
    assert_true(both > 1000);
    assert_true(refused > 1000);
    arena_finish(&arena);
}

static void too_many_strangers_are_refused(void **state)
{
    (void)state;
    struct arena arena;
    void *back;
    for (size_t extra = 0; extra < 2; extra++) {
        struct buffer out;
        arena_init(&arena, 1 << 20);
        buffer_init(&out, 1 << 20);
        for (size_t i = 0; i < WIRE_UNKNOWN_MAX + extra; i++) {
            buffer_append(&out, "\xf8\x3f\x01", 3);
        }
        assert_int_equal(codec_entity_unpack(&arena, ENTITY_DEAL, buffer_str(&out), &back),
                         extra ? FAULT_FORMAT : FAULT_NONE);
        buffer_finish(&out);
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_and_schema_agree_both_ways),
        cmocka_unit_test(every_entity_reads_back),
        cmocka_unit_test(one_field_alone_reads_back),
        cmocka_unit_test(extreme_numbers_read_back),
        cmocka_unit_test(what_no_string_may_hold_is_not_packed),
        cmocka_unit_test(the_definition_reads_back),
        cmocka_unit_test(malformed_entities_are_refused),
        cmocka_unit_test(the_order_of_fields_means_nothing),
        cmocka_unit_test(entities_are_read_as_strictly_as_scanned),
        cmocka_unit_test(too_many_strangers_are_refused),
        cmocka_unit_test(mutations_read_back),
        cmocka_unit_test(stage_edits_read_back),
        cmocka_unit_test(a_malformed_stage_edit_is_refused),
        cmocka_unit_test(a_mutation_names_only_fields_we_know),
        cmocka_unit_test(edits_of_a_newer_version_keep_their_tag),
        cmocka_unit_test(values_that_misfit_are_refused),
        cmocka_unit_test(a_mutation_without_id_is_none),
        cmocka_unit_test(the_hash_covers_every_byte),
        cmocka_unit_test(an_id_is_read_of_what_is_not_to_be_looked_into),
        cmocka_unit_test(damaged_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
