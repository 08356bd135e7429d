/* test_field.c - claims about the field table, mutation keys and the loaded state. */
#include "common/domain/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/domain/mutation.h"
#include "common/domain/state.h"
#include "tests/support/entity_sample.h"

static size_t size_of_type(enum value_type type)
{
    switch (type) {
    case VALUE_TEXT:
    case VALUE_BYTES: return sizeof(struct str);
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME: return sizeof(struct optional);
    case VALUE_FLAG: return sizeof(bool);
    case VALUE_CHOICE: return sizeof(int64_t);
    case VALUE_REFERENCE: return sizeof(struct uuid);
    case VALUE_SET: return sizeof(struct text_set);
    }
    return 0;
}

static void every_kind_has_a_sound_table(void **state)
{
    (void)state;
    for (int kind = 1; kind < ENTITY_COUNT; kind++) {
        size_t count;
        const struct field *fields = fields_of((enum entity_kind)kind, &count);
        assert_non_null(entity_name((enum entity_kind)kind));
        if (kind == ENTITY_DEFINITION) {
            assert_null(fields);
            assert_int_equal(entity_size(ENTITY_DEFINITION), 0);
            continue;
        }
        assert_true(count > 0);
        uint8_t taken[1024] = {0};
        for (size_t i = 0; i < count; i++) {
            const struct field *field = &fields[i];
            size_t size = size_of_type(field->type);
            assert_int_equal(field->entity, kind);
            assert_int_equal(field->tag, i + 1); /* in order, none left out so far */
            assert_true(field->offset + size <= entity_size((enum entity_kind)kind));
            for (size_t b = field->offset; b < field->offset + size; b++) {
                if (taken[b]++) fail_msg("%s overlaps another field", field->name);
            }
            assert_ptr_equal(field_by_tag(field->entity, field->tag), field);
            assert_ptr_equal(field_by_name(field->entity, str_from(field->name)), field);
            assert_true(strlen(field->label) > 0);
            bool text = field->type == VALUE_TEXT || field->type == VALUE_BYTES ||
                        field->type == VALUE_SET;
            assert_int_equal(text, field->text_max > 0);
            if (field->choices) assert_null(field_choice_name(field, 0));
        }
    }
}

static void every_member_of_a_struct_is_in_its_table(void **state)
{
    (void)state;
    for (int number = 1; number < ENTITY_COUNT; number++) {
        enum entity_kind kind = (enum entity_kind)number;
        size_t count, covered = 0;
        const struct field *fields = fields_of(kind, &count);
        for (size_t i = 0; i < count; i++) covered += size_of_type(fields[i].type);
        /* What is left may only be padding: one gap below 8 bytes beside each run of flags. */
        size_t flags = 0;
        for (size_t i = 0; i < count; i++) flags += fields[i].type == VALUE_FLAG;
        assert_true(entity_size(kind) >= covered);
        if (entity_size(kind) - covered > 7 * flags) {
            fail_msg("%s: %zu of %zu bytes are in no field", entity_name(kind),
                     entity_size(kind) - covered, entity_size(kind));
        }
    }
}

/* Written down a second time: two members of one type would change places unseen. */
static const struct {
    enum entity_kind kind;
    const char *name;
    size_t offset;
} places[] = {
    {ENTITY_TEAM, "id", offsetof(struct team, id)},
    {ENTITY_TEAM, "name", offsetof(struct team, name)},
    {ENTITY_TEAM, "zone_name", offsetof(struct team, zone_name)},
    {ENTITY_TEAM, "zone", offsetof(struct team, zone)},
    {ENTITY_TEAM, "currency", offsetof(struct team, currency)},
    {ENTITY_MEMBER, "id", offsetof(struct member, id)},
    {ENTITY_MEMBER, "name", offsetof(struct member, name)},
    {ENTITY_MEMBER, "role", offsetof(struct member, role)},
    {ENTITY_MEMBER, "imported", offsetof(struct member, imported)},
    {ENTITY_MEMBER, "removed", offsetof(struct member, removed)},
    {ENTITY_ORGANISATION, "id", offsetof(struct organisation, id)},
    {ENTITY_ORGANISATION, "name", offsetof(struct organisation, name)},
    {ENTITY_ORGANISATION, "website", offsetof(struct organisation, website)},
    {ENTITY_ORGANISATION, "phone", offsetof(struct organisation, phone)},
    {ENTITY_ORGANISATION, "address", offsetof(struct organisation, address)},
    {ENTITY_ORGANISATION, "country", offsetof(struct organisation, country)},
    {ENTITY_ORGANISATION, "industry", offsetof(struct organisation, industry)},
    {ENTITY_ORGANISATION, "note", offsetof(struct organisation, note)},
    {ENTITY_ORGANISATION, "external_id", offsetof(struct organisation, external_id)},
    {ENTITY_ORGANISATION, "created_by", offsetof(struct organisation, created_by)},
    {ENTITY_ORGANISATION, "created_at", offsetof(struct organisation, created_at)},
    {ENTITY_PERSON, "id", offsetof(struct person, id)},
    {ENTITY_PERSON, "name", offsetof(struct person, name)},
    {ENTITY_PERSON, "email", offsetof(struct person, email)},
    {ENTITY_PERSON, "phone", offsetof(struct person, phone)},
    {ENTITY_PERSON, "position", offsetof(struct person, position)},
    {ENTITY_PERSON, "org", offsetof(struct person, organisation)},
    {ENTITY_PERSON, "note", offsetof(struct person, note)},
    {ENTITY_PERSON, "external_id", offsetof(struct person, external_id)},
    {ENTITY_PERSON, "created_by", offsetof(struct person, created_by)},
    {ENTITY_PERSON, "created_at", offsetof(struct person, created_at)},
    {ENTITY_DEAL, "id", offsetof(struct deal, id)},
    {ENTITY_DEAL, "title", offsetof(struct deal, title)},
    {ENTITY_DEAL, "org", offsetof(struct deal, organisation)},
    {ENTITY_DEAL, "contact", offsetof(struct deal, contact)},
    {ENTITY_DEAL, "pipeline", offsetof(struct deal, pipeline)},
    {ENTITY_DEAL, "stage", offsetof(struct deal, stage)},
    {ENTITY_DEAL, "status", offsetof(struct deal, status)},
    {ENTITY_DEAL, "lost_reason", offsetof(struct deal, lost_reason)},
    {ENTITY_DEAL, "wake_date", offsetof(struct deal, wake_date)},
    {ENTITY_DEAL, "value", offsetof(struct deal, value)},
    {ENTITY_DEAL, "currency", offsetof(struct deal, currency)},
    {ENTITY_DEAL, "owner", offsetof(struct deal, owner)},
    {ENTITY_DEAL, "expected_close", offsetof(struct deal, expected_close)},
    {ENTITY_DEAL, "source", offsetof(struct deal, source)},
    {ENTITY_DEAL, "next_step", offsetof(struct deal, next_step)},
    {ENTITY_DEAL, "due", offsetof(struct deal, due)},
    {ENTITY_DEAL, "tags", offsetof(struct deal, tags)},
    {ENTITY_DEAL, "category", offsetof(struct deal, category)},
    {ENTITY_DEAL, "probability", offsetof(struct deal, probability)},
    {ENTITY_DEAL, "probability_by_hand", offsetof(struct deal, probability_by_hand)},
    {ENTITY_DEAL, "checks", offsetof(struct deal, checks)},
    {ENTITY_DEAL, "external_id", offsetof(struct deal, external_id)},
    {ENTITY_DEAL, "attention", offsetof(struct deal, attention)},
    {ENTITY_DEAL, "created_by", offsetof(struct deal, created_by)},
    {ENTITY_DEAL, "created_at", offsetof(struct deal, created_at)},
    {ENTITY_DEAL, "stage_entered_at", offsetof(struct deal, stage_entered_at)},
    {ENTITY_DEAL, "stage_changed_at", offsetof(struct deal, stage_changed_at)},
    {ENTITY_DEAL, "closed_at", offsetof(struct deal, closed_at)},
    {ENTITY_DEAL, "push_count", offsetof(struct deal, push_count)},
    {ENTITY_ACTIVITY, "id", offsetof(struct activity, id)},
    {ENTITY_ACTIVITY, "type", offsetof(struct activity, type)},
    {ENTITY_ACTIVITY, "deal", offsetof(struct activity, deal)},
    {ENTITY_ACTIVITY, "org", offsetof(struct activity, organisation)},
    {ENTITY_ACTIVITY, "person", offsetof(struct activity, person)},
    {ENTITY_ACTIVITY, "member", offsetof(struct activity, member)},
    {ENTITY_ACTIVITY, "text", offsetof(struct activity, text)},
    {ENTITY_ACTIVITY, "happened_at", offsetof(struct activity, happened_at)},
    {ENTITY_ACTIVITY, "created_at", offsetof(struct activity, created_at)},
    {ENTITY_EVENT, "subject", offsetof(struct event, subject)},
    {ENTITY_EVENT, "subject_kind", offsetof(struct event, subject_kind)},
    {ENTITY_EVENT, "what", offsetof(struct event, what)},
    {ENTITY_EVENT, "field", offsetof(struct event, field)},
    {ENTITY_EVENT, "from_value", offsetof(struct event, from_value)},
    {ENTITY_EVENT, "to_value", offsetof(struct event, to_value)},
    {ENTITY_EVENT, "pipeline", offsetof(struct event, pipeline)},
    {ENTITY_EVENT, "from_stage", offsetof(struct event, from_stage)},
    {ENTITY_EVENT, "to_stage", offsetof(struct event, to_stage)},
    {ENTITY_EVENT, "from_status", offsetof(struct event, from_status)},
    {ENTITY_EVENT, "to_status", offsetof(struct event, to_status)},
    {ENTITY_EVENT, "owner", offsetof(struct event, owner)},
    {ENTITY_EVENT, "value", offsetof(struct event, value)},
    {ENTITY_EVENT, "currency", offsetof(struct event, currency)},
    {ENTITY_EVENT, "who", offsetof(struct event, who)},
    {ENTITY_EVENT, "happened_at", offsetof(struct event, happened_at)},
    {ENTITY_EVENT, "recorded_at", offsetof(struct event, recorded_at)},
    {ENTITY_EVENT, "claimed_at", offsetof(struct event, claimed_at)},
    {ENTITY_EVENT, "mutation", offsetof(struct event, mutation)},
    {ENTITY_EVENT, "undoes", offsetof(struct event, undoes)},
    {ENTITY_EVENT, "batch", offsetof(struct event, batch)},
    {ENTITY_INBOX, "id", offsetof(struct inbox_item, id)},
    {ENTITY_INBOX, "number", offsetof(struct inbox_item, number)},
    {ENTITY_INBOX, "kind", offsetof(struct inbox_item, kind)},
    {ENTITY_INBOX, "state", offsetof(struct inbox_item, state)},
    {ENTITY_INBOX, "subject_kind", offsetof(struct inbox_item, subject_kind)},
    {ENTITY_INBOX, "subject", offsetof(struct inbox_item, subject)},
    {ENTITY_INBOX, "field", offsetof(struct inbox_item, field)},
    {ENTITY_INBOX, "base", offsetof(struct inbox_item, base)},
    {ENTITY_INBOX, "mine", offsetof(struct inbox_item, mine)},
    {ENTITY_INBOX, "theirs", offsetof(struct inbox_item, theirs)},
    {ENTITY_INBOX, "reasons", offsetof(struct inbox_item, reasons)},
    {ENTITY_INBOX, "payload", offsetof(struct inbox_item, payload)},
    {ENTITY_INBOX, "mutation", offsetof(struct inbox_item, mutation)},
    {ENTITY_INBOX, "author", offsetof(struct inbox_item, author)},
    {ENTITY_INBOX, "concerned", offsetof(struct inbox_item, concerned)},
    {ENTITY_INBOX, "group_id", offsetof(struct inbox_item, group)},
    {ENTITY_INBOX, "acted_at", offsetof(struct inbox_item, acted_at)},
    {ENTITY_INBOX, "recorded_at", offsetof(struct inbox_item, recorded_at)},
    {ENTITY_INBOX, "closed_at", offsetof(struct inbox_item, closed_at)},
    {ENTITY_INBOX, "closed_by", offsetof(struct inbox_item, closed_by)},
    {ENTITY_OUTCOME, "replica", offsetof(struct outcome, replica)},
    {ENTITY_OUTCOME, "number", offsetof(struct outcome, number)},
    {ENTITY_OUTCOME, "kind", offsetof(struct outcome, kind)},
    {ENTITY_OUTCOME, "mutation", offsetof(struct outcome, mutation)},
    {ENTITY_OUTCOME, "member", offsetof(struct outcome, member)},
    {ENTITY_OUTCOME, "payload_hash", offsetof(struct outcome, payload_hash)},
    {ENTITY_OUTCOME, "reasons", offsetof(struct outcome, reasons)},
    {ENTITY_OUTCOME, "recorded_at", offsetof(struct outcome, recorded_at)},
    {ENTITY_INVITATION, "id", offsetof(struct invitation, id)},
    {ENTITY_INVITATION, "member", offsetof(struct invitation, member)},
    {ENTITY_INVITATION, "invited_by", offsetof(struct invitation, invited_by)},
    {ENTITY_INVITATION, "code_hash", offsetof(struct invitation, code_hash)},
    {ENTITY_INVITATION, "expires_at", offsetof(struct invitation, expires_at)},
    {ENTITY_INVITATION, "created_at", offsetof(struct invitation, created_at)},
    {ENTITY_INVITATION, "revoked_at", offsetof(struct invitation, revoked_at)},
    {ENTITY_INVITATION, "revoked_by", offsetof(struct invitation, revoked_by)},
    {ENTITY_INVITATION, "revoked", offsetof(struct invitation, revoked)},
    {ENTITY_DEVICE, "id", offsetof(struct device, id)},
    {ENTITY_DEVICE, "member", offsetof(struct device, member)},
    {ENTITY_DEVICE, "name", offsetof(struct device, name)},
    {ENTITY_DEVICE, "created_at", offsetof(struct device, created_at)},
    {ENTITY_DEVICE, "revoked_at", offsetof(struct device, revoked_at)},
    {ENTITY_DEVICE, "revoked_by", offsetof(struct device, revoked_by)},
    {ENTITY_DEVICE, "revoked", offsetof(struct device, revoked)},
    {ENTITY_DEVICE, "invitation", offsetof(struct device, invitation)},
};

static void every_field_points_at_its_member(void **state)
{
    (void)state;
    enum { PLACES = sizeof places / sizeof places[0] };
    size_t count, total = 0;
    for (int kind = 1; kind < ENTITY_COUNT; kind++) {
        (void)fields_of((enum entity_kind)kind, &count);
        total += count;
    }
    assert_int_equal(total, PLACES);
    for (size_t i = 0; i < PLACES; i++) {
        const struct field *field = field_by_name(places[i].kind, str_from(places[i].name));
        if (!field || field->offset != places[i].offset) fail_msg("%s", places[i].name);
    }
}

static void names_are_found_with_dashes_and_only_whole(void **state)
{
    (void)state;
    assert_non_null(field_by_name(ENTITY_DEAL, STR("next-step")));
    assert_non_null(field_by_name(ENTITY_DEAL, STR("next_step")));
    assert_null(field_by_name(ENTITY_DEAL, STR("next")));
    assert_null(field_by_name(ENTITY_DEAL, STR("next_steps")));
    assert_null(field_by_name(ENTITY_DEAL, STR_NONE));
    assert_null(field_by_name(ENTITY_DEFINITION, STR("id")));
    assert_null(field_by_tag(ENTITY_DEAL, 0));
    assert_null(field_by_tag(ENTITY_DEAL, 4711));
    assert_null(field_by_tag((enum entity_kind)99, 1));
}

static void units_are_what_belongs_together(void **state)
{
    (void)state;
    const struct {
        const char *field, *leader;
    } rows[] = {
        {"stage", "pipeline"},    {"status", "pipeline"},   {"lost_reason", "pipeline"},
        {"wake_date", "pipeline"}, {"pipeline", "pipeline"}, {"currency", "value"},
        {"due", "next_step"},     {"probability_by_hand", "probability"},
        {"title", "title"},       {"owner", "owner"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct field *field = field_by_name(ENTITY_DEAL, str_from(rows[i].field));
        const struct field *leader = field_unit_leader(field);
        assert_string_equal(leader->name, rows[i].leader);
        assert_true(field_same_unit(field, leader));
    }
    const struct field *title = field_by_name(ENTITY_DEAL, STR("title"));
    assert_false(field_same_unit(title, field_by_name(ENTITY_DEAL, STR("source"))));
    assert_false(field_same_unit(title, field_by_name(ENTITY_PERSON, STR("id"))));
    /* All of a guarded unit is guarded, or half of it could be overwritten. */
    size_t count;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    for (size_t i = 0; i < count; i++) {
        unsigned same = FIELD_GUARDED | FIELD_EDITABLE;
        if (fields[i].unit == UNIT_SINGLE) continue;
        assert_int_equal(fields[i].flags & same, field_unit_leader(&fields[i])->flags & same);
    }
}

static void what_was_set_is_got(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int number = 1; number < ENTITY_COUNT; number++) {
        enum entity_kind kind = (enum entity_kind)number;
        size_t count;
        const struct field *fields = fields_of(kind, &count);
        if (!fields) continue;
        char *entity = entity_sample(&arena, kind, 1);
        for (size_t i = 0; i < count; i++) {
            struct value want = value_sample(&arena, &fields[i], 1);
            if (!value_equal(field_get(&fields[i], entity), want)) fail_msg("%s", fields[i].name);
            field_set(&fields[i], entity, value_absent(fields[i].type));
            assert_false(field_get(&fields[i], entity).present);
        }
        /* All fields away: nothing else was ever written. */
        for (size_t i = 0; i < entity_size(kind); i++) assert_int_equal(entity[i], 0);
    }
    arena_finish(&arena);
}

static void a_copy_owes_nothing_to_the_original(void **state)
{
    (void)state;
    struct arena kept, dying;
    arena_init(&kept, 1 << 20);
    for (int number = 1; number < ENTITY_COUNT; number++) {
        enum entity_kind kind = (enum entity_kind)number;
        if (entity_size(kind) == 0) continue;
        arena_init(&dying, 1 << 20);
        void *original = entity_sample(&dying, kind, 7);
        void *copy = entity_copy(&kept, kind, original);
        assert_true(entity_equal(kind, original, copy));
        arena_finish(&dying); /* the sanitizer sees any use of it from here on */
        assert_true(entity_equal(kind, copy, entity_sample(&kept, kind, 7)));
        assert_false(entity_equal(kind, copy, entity_sample(&kept, kind, 8)));
    }
    arena_finish(&kept);
}

static void a_clone_is_its_own_struct(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct deal *deal = entity_sample(&arena, ENTITY_DEAL, 1);
    struct deal *clone = entity_clone(&arena, ENTITY_DEAL, deal);
    assert_true(entity_equal(ENTITY_DEAL, deal, clone));
    clone->value.v++;
    assert_false(entity_equal(ENTITY_DEAL, deal, clone));
    struct arena tiny;
    arena_init(&tiny, 16);
    assert_null(entity_clone(&tiny, ENTITY_DEAL, deal));
    assert_null(entity_copy(&tiny, ENTITY_DEAL, deal));
    arena_finish(&tiny);
    arena_finish(&arena);
}

static void choices_have_names(void **state)
{
    (void)state;
    const struct field *status = field_by_name(ENTITY_DEAL, STR("status"));
    assert_string_equal(field_choice_name(status, STATUS_OPEN), "open");
    assert_string_equal(field_choice_name(status, STATUS_DISCARDED), "discarded");
    assert_null(field_choice_name(status, STATUS_DISCARDED + 1));
    assert_null(field_choice_name(status, -1));
    assert_int_equal(field_choice_value(status, STR("Won")), STATUS_WON);
    assert_int_equal(field_choice_value(status, STR("wo")), 0);
    assert_int_equal(field_choice_value(status, STR_NONE), 0);
    const struct field *type = field_by_name(ENTITY_ACTIVITY, STR("type"));
    assert_int_equal(field_choice_value(type, STR("mail-in")), ACTIVITY_MAIL_IN);
    assert_int_equal(field_choice_value(type, STR("mail_in")), ACTIVITY_MAIL_IN);
    const struct field *kind = field_by_name(ENTITY_EVENT, STR("subject_kind"));
    for (int i = 1; i < ENTITY_COUNT; i++) {
        assert_string_equal(field_choice_name(kind, i), entity_name((enum entity_kind)i));
    }
    const struct field *category = field_by_name(ENTITY_DEAL, STR("category"));
    assert_true(field_choice_value(category, STR("best-case")) > 0);
    const struct field *what = field_by_name(ENTITY_EVENT, STR("what"));
    assert_string_equal(field_choice_name(what, EVENT_IMPORTED), "imported");
    const struct field *inbox_state = field_by_name(ENTITY_INBOX, STR("state"));
    assert_string_equal(field_choice_name(inbox_state, INBOX_RESENT), "resent");
    const struct field *outcome = field_by_name(ENTITY_OUTCOME, STR("kind"));
    assert_string_equal(field_choice_name(outcome, OUTCOME_PARKED), "parked");
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    assert_string_equal(field_choice_name(role, ROLE_VIEWER), "viewer");
}

/* --- mutation keys --- */

static bool keys_have(const struct entity_key *keys, size_t count, enum entity_kind kind,
                      struct uuid id)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].kind == kind && uuid_equal(keys[i].id, id)) return true;
    }
    return false;
}

static struct edit edit_of(struct arena *arena, const char *name)
{
    const struct field *field = field_by_name(ENTITY_DEAL, str_from(name));
    return (struct edit){.tag = field->tag, .field = field,
                         .base = value_absent(field->type),
                         .want = value_sample(arena, field, 0)};
}

static void keys_name_every_row_an_edit_may_touch(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct edit edits[] = {edit_of(&arena, "org"),   edit_of(&arena, "owner"),
                           edit_of(&arena, "value"), edit_of(&arena, "currency"),
                           edit_of(&arena, "tags"),  {.tag = 4711},
                           edit_of(&arena, "stage")};
    edits[4].want = value_absent(VALUE_SET);
    struct uuid target = uuid_sample(1), actor = uuid_sample(2), item = uuid_sample(3);
    struct mutation mutation = {.id = uuid_sample(4), .kind = MUTATION_EDIT, .entity = ENTITY_DEAL,
                                .target = target, .resolves = item, .edits = edits,
                                .edit_count = sizeof edits / sizeof edits[0]};
    struct entity_key keys[MUTATION_KEYS_MAX];
    size_t count = mutation_keys(&mutation, actor, keys);
    const struct field *money = field_by_name(ENTITY_DEAL, STR("value"));
    const struct field *org = edits[0].field;
    const struct field *stage = field_by_name(ENTITY_DEAL, STR("pipeline"));
    const struct {
        const char *claim;
        enum entity_kind kind;
        struct uuid id;
        bool want;
    } rows[] = {
        {"its target", ENTITY_DEAL, target, true},
        {"the target's refused creation", ENTITY_INBOX, inbox_creation_id(target), true},
        {"the item it resolves", ENTITY_INBOX, item, true},
        {"an organisation it refers to", ENTITY_ORGANISATION, edits[0].want.id, true},
        {"that one's refused creation", ENTITY_INBOX, inbox_creation_id(edits[0].want.id), true},
        {"the new owner", ENTITY_MEMBER, edits[1].want.id, true},
        {"that one's refused import", ENTITY_INBOX, inbox_creation_id(edits[1].want.id), true},
        {"the conflict slot of a unit", ENTITY_INBOX, inbox_conflict_id(target, money, actor),
         true},
        {"the conflict slot of a reference", ENTITY_INBOX, inbox_conflict_id(target, org, actor),
         true},
        {"no slot for a guarded unit", ENTITY_INBOX, inbox_conflict_id(target, stage, actor),
         false},
        {"no slot of somebody else", ENTITY_INBOX, inbox_conflict_id(target, money, item), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (keys_have(keys, count, rows[i].kind, rows[i].id) != rows[i].want) {
            fail_msg("%s", rows[i].claim);
        }
    }
    assert_int_equal(count, 9);
    arena_finish(&arena);
}

static void an_invitation_is_about_the_member(void **state)
{
    (void)state;
    struct mutation mutation = {.kind = MUTATION_INVITE, .entity = ENTITY_MEMBER,
                                .target = uuid_sample(1)};
    struct entity_key keys[MUTATION_KEYS_MAX];
    size_t count = mutation_keys(&mutation, uuid_sample(2), keys);
    assert_int_equal(count, 2);
    assert_true(keys_have(keys, count, ENTITY_MEMBER, mutation.target));
    assert_true(keys_have(keys, count, ENTITY_INBOX, inbox_creation_id(mutation.target)));
    mutation.entity = 4711; /* a newer version's kind */
    assert_int_equal(mutation_keys(&mutation, uuid_sample(2), keys), 0);
}

static void the_largest_mutation_has_room(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct edit edits[200];
    for (size_t i = 0; i < 200; i++) edits[i] = edit_of(&arena, i % 2 ? "org" : "contact");
    struct mutation mutation = {.kind = MUTATION_EDIT, .entity = ENTITY_DEAL,
                                .target = uuid_sample(1), .edits = edits, .edit_count = 200};
    struct entity_key keys[MUTATION_KEYS_MAX];
    assert_true(mutation_keys(&mutation, uuid_sample(2), keys) <= MUTATION_KEYS_MAX);
    arena_finish(&arena);
}

static void derived_ids_differ(void **state)
{
    (void)state;
    const struct field *title = field_by_name(ENTITY_DEAL, STR("title"));
    const struct field *value = field_by_name(ENTITY_DEAL, STR("value"));
    struct uuid a = uuid_sample(1), b = uuid_sample(2);
    const struct uuid ids[] = {
        inbox_conflict_id(a, title, b), inbox_conflict_id(a, value, b),
        inbox_conflict_id(b, title, a), inbox_conflict_id(a, title, a), inbox_parked_id(a),
        inbox_creation_id(a),           inbox_parked_id(b),             inbox_creation_id(b),
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        for (size_t k = 0; k < i; k++) assert_false(uuid_equal(ids[i], ids[k]));
    }
    assert_true(uuid_equal(ids[0], inbox_conflict_id(a, title, b)));
}

static void the_state_finds_what_was_put(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct team team = {.id = uuid_sample(1)};
    struct state loaded;
    assert_int_equal(state_init(&loaded, &arena, &team, NULL), FAULT_NONE);
    struct deal deal = {.id = uuid_sample(5)};
    assert_int_equal(state_put(&loaded, ENTITY_DEAL, deal.id, &deal), FAULT_NONE);
    assert_ptr_equal(state_find(&loaded, ENTITY_DEAL, deal.id), &deal);
    assert_null(state_find(&loaded, ENTITY_PERSON, deal.id)); /* same id, another kind */
    assert_null(state_find(&loaded, ENTITY_DEAL, team.id));
    assert_int_equal(state_put(&loaded, ENTITY_DEAL, deal.id, NULL), FAULT_NONE);
    assert_null(state_find(&loaded, ENTITY_DEAL, deal.id)); /* now known to be gone */
    team.zone = STR("abc");
    assert_int_equal(state_init(&loaded, &arena, &team, NULL), FAULT_FORMAT);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_sound_table),
        cmocka_unit_test(every_member_of_a_struct_is_in_its_table),
        cmocka_unit_test(every_field_points_at_its_member),
        cmocka_unit_test(names_are_found_with_dashes_and_only_whole),
        cmocka_unit_test(units_are_what_belongs_together),
        cmocka_unit_test(what_was_set_is_got),
        cmocka_unit_test(a_copy_owes_nothing_to_the_original),
        cmocka_unit_test(a_clone_is_its_own_struct),
        cmocka_unit_test(choices_have_names),
        cmocka_unit_test(keys_name_every_row_an_edit_may_touch),
        cmocka_unit_test(an_invitation_is_about_the_member),
        cmocka_unit_test(the_largest_mutation_has_room),
        cmocka_unit_test(derived_ids_differ),
        cmocka_unit_test(the_state_finds_what_was_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
