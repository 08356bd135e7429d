/* mutation.c - which rows a mutation is about. Called before deciding, by whoever loads them.
 *
 * Invariant: decide() finds nothing that is not named here, on client and server alike. */
#include "common/domain/mutation.h"

#include <assert.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/banned.h"

/* target, its creation or notice, resolves, three of what it undoes; per edit a reference and that one's
 * creation; per field (a deal, the widest kind, has 29) at most one conflict; as many traces of what
 * it takes back or replaces as a unit has fields. */
enum { FIELDS_OF_A_KIND_MAX = 40, TRACES_MAX = 8 };
static_assert(8 + 2 * MUTATION_CHANGES_MAX + FIELDS_OF_A_KIND_MAX + 2 * TRACES_MAX <=
                  MUTATION_KEYS_MAX,
              "room for every key of the largest mutation");

struct key_list {
    struct entity_key *keys;
    size_t count;
};

static void keys_add(struct key_list *list, enum entity_kind kind, struct uuid id)
{
    if (uuid_is_zero(id)) return;
    check(list->count < MUTATION_KEYS_MAX);
    list->keys[list->count++] = (struct entity_key){kind, id};
}

static bool kind_is_created(enum entity_kind kind)
{
    return kind == ENTITY_DEAL || kind == ENTITY_ORGANISATION || kind == ENTITY_PERSON ||
           kind == ENTITY_ACTIVITY || kind == ENTITY_MEMBER;
}

/* What is referred to, and the parked creation it may still hang on. */
static void keys_add_reference(struct key_list *list, const struct edit *edit)
{
    const struct field *field = edit->field;
    if (field->type != VALUE_REFERENCE || field->refers == ENTITY_NONE) return;
    if (!edit->want.present) return;
    keys_add(list, field->refers, edit->want.id);
    if (kind_is_created(field->refers)) {
        keys_add(list, ENTITY_INBOX, inbox_creation_id(edit->want.id));
    }
}

static bool leader_seen(const struct mutation *mutation, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const struct field *other = mutation->edits[i].field;
        if (other && field_same_unit(other, mutation->edits[before].field)) return true;
    }
    return false;
}

static void keys_add_conflict(struct key_list *list, const struct mutation *mutation, size_t edit,
                              struct uuid actor)
{
    const struct field *field = mutation->edits[edit].field;
    if (mutation->kind != MUTATION_EDIT && mutation->kind != MUTATION_CORRECT) return;
    if (field->type == VALUE_SET || (field->flags & FIELD_GUARDED)) return;
    if (leader_seen(mutation, edit)) return;
    keys_add(list, ENTITY_INBOX,
             inbox_conflict_id(mutation->target, field_unit_leader(field), actor));
}

/* Of a value that is settled: who had it so, and whether this takes that settling back. */
static void keys_add_traces(struct key_list *list, const struct mutation *mutation,
                            const struct field *field)
{
    const struct uuid of[] = {mutation->undoes, mutation->replaces};
    for (size_t i = 0; i < 2; i++) {
        if (uuid_is_zero(of[i])) continue;
        keys_add(list, ENTITY_EVENT, event_trace_id(of[i], str_from(field->name)));
    }
}

size_t mutation_keys(const struct mutation *mutation, struct uuid actor,
                     struct entity_key keys[MUTATION_KEYS_MAX])
{
    struct key_list list = {keys, 0};
    /* The definition is always there. */
    bool row = mutation->entity > ENTITY_NONE && mutation->entity < ENTITY_COUNT;
    if (row && mutation->entity != ENTITY_DEFINITION) {
        enum entity_kind kind = (enum entity_kind)mutation->entity;
        keys_add(&list, kind, mutation->target);
        if (kind_is_created(kind)) {
            keys_add(&list, ENTITY_INBOX, inbox_creation_id(mutation->target));
        }
    }
    keys_add(&list, ENTITY_INBOX, mutation->resolves);
    if (mutation->entity == ENTITY_DEVICE) {
        bool notice = mutation->kind == MUTATION_NOTICE;
        keys_add(&list, ENTITY_INBOX, inbox_notice_id(notice ? mutation->id : mutation->target));
    }
    if (!uuid_is_zero(mutation->undoes)) {
        keys_add(&list, ENTITY_EVENT, event_trace_id(mutation->undoes, STR_NONE));
        keys_add(&list, ENTITY_EVENT, event_deletion_id(mutation->target));
        keys_add(&list, ENTITY_EVENT, event_trace_id(mutation->undoes, STR("expected_close")));
        bool reopens = !uuid_is_zero(mutation->resolves);
        if (reopens) keys_add(&list, ENTITY_INBOX, inbox_replaced_id(mutation->undoes));
    }
    /* More edits than that are refused as a whole; no row is looked at. */
    size_t edit_count = mutation->edit_count;
    if (edit_count > MUTATION_CHANGES_MAX) edit_count = MUTATION_CHANGES_MAX;
    bool settles = !uuid_is_zero(mutation->resolves);
    for (size_t i = 0; i < edit_count; i++) {
        if (!mutation->edits[i].field) continue;
        if (settles && i < TRACES_MAX) keys_add_traces(&list, mutation, mutation->edits[i].field);
        keys_add_reference(&list, &mutation->edits[i]);
        keys_add_conflict(&list, mutation, i, actor);
    }
    return list.count;
}

size_t mutation_writes(const struct mutation *mutation, struct uuid ids[MUTATION_WRITES_MAX])
{
    size_t count = 0;
    if (!uuid_is_zero(mutation->target)) {
        ids[count++] = mutation->target;
        ids[count++] = inbox_creation_id(mutation->target);
    }
    if (!uuid_is_zero(mutation->resolves)) ids[count++] = mutation->resolves;
    return count;
}

/* --- derived ids --- */

struct uuid inbox_conflict_id(struct uuid subject, const struct field *leader, struct uuid author)
{
    char name[9 + 4 + sizeof author.b] = "conflict";
    name[9] = (char)leader->entity;
    name[10] = (char)(leader->tag >> 16);
    name[11] = (char)(leader->tag >> 8);
    name[12] = (char)leader->tag;
    memcpy(name + 13, author.b, sizeof author.b);
    return uuid_derive(subject, (struct str){name, sizeof name});
}

struct uuid event_trace_id(struct uuid mutation, struct str field)
{
    return uuid_derive(mutation, field.n > 0 ? field : STR("trace"));
}

struct uuid event_deletion_id(struct uuid subject)
{
    return uuid_derive(subject, STR("deletion"));
}

struct uuid inbox_parked_id(struct uuid mutation)
{
    return uuid_derive(mutation, STR("parked"));
}

struct uuid inbox_replaced_id(struct uuid mutation)
{
    return uuid_derive(mutation, STR("replaced"));
}

struct uuid inbox_notice_id(struct uuid about)
{
    return uuid_derive(about, STR("notice"));
}

struct uuid notice_copied_id(struct uuid replica)
{
    return uuid_derive(replica, STR("copied"));
}

struct uuid notice_missing_id(struct uuid replica)
{
    return uuid_derive(replica, STR("missing"));
}

struct uuid inbox_creation_id(struct uuid target)
{
    return uuid_derive(target, STR("creation"));
}
