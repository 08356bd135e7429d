/* work_undo.c - takes back the newest own change: a new mutation, the inverse.
 *
 * What a mutation did is read from its events (the server's or the predicted ones), not from its
 * wish: others may have merged, stages imply statuses. What was changed since by somebody else is
 * refused by decide, with the reason. Several mutations of one command (one batch) go together. */
#include "client/core/work_inside.h"

#include <string.h>

#include "common/domain/merge.h"
#include "common/base/banned.h"

enum { UNDO_BACK_MAX = 200, UNDO_BATCH_MAX = 8 };

struct undo_entry {
    const struct outbox_entry *entry;
    struct mutation mutation;
};

/* What has no inverse, and what to do instead. Passing over it in silence would take back something
 * else than the person means. */
static const char *undo_impossible(const struct mutation *mutation)
{
    switch ((enum mutation_kind)mutation->kind) {
    case MUTATION_INVITE:
        return "your newest command was an invitation, which cannot be taken back; unused it ends "
               "by itself after 48 hours; `sluice undo DEAL` takes back the newest change of a deal";
    case MUTATION_CLOSE:
        return "your newest command closed an item of the inbox, which cannot be taken back; "
               "`sluice undo DEAL` takes back the newest change of a deal";
    case MUTATION_CORRECT:
    case MUTATION_DELETE:
        return "your newest command cannot be taken back; `sluice undo DEAL` takes back the newest "
               "change of a deal";
    case MUTATION_NONE:
    case MUTATION_IMPORT: /* taken back as a whole, by undo_import */
    case MUTATION_CREATE:
    case MUTATION_EDIT: break;
    }
    return NULL;
}

/* The deal itself, or something logged for it. */
static bool undo_is_about(const struct mutation *mutation, struct uuid deal)
{
    if (uuid_is_zero(deal) || uuid_equal(mutation->target, deal)) return true;
    for (size_t i = 0; i < mutation->edit_count; i++) {
        const struct edit *edit = &mutation->edits[i];
        if (edit->field && edit->field->refers == ENTITY_DEAL && uuid_equal(edit->want.id, deal)) {
            return true;
        }
    }
    return false;
}

/* The newest entries that can be taken back: one, or those of one batch. only: of that deal. */
static enum fault undo_find(struct work *work, struct uuid only,
                            struct undo_entry found[UNDO_BATCH_MAX], size_t *count,
                            struct answer *answer)
{
    struct outbox_entry *entries;
    size_t total;
    struct map undone;
    uint64_t next = work->identity.next_number;
    uint64_t from = next > UNDO_BACK_MAX ? next - UNDO_BACK_MAX : 1;
    *count = 0;
    map_init(&undone, work->arena);
    enum fault fault = work->replica->f->outbox_list(work->replica, work->arena, from, true,
                                                     SIZE_MAX, &entries, &total);
    for (size_t i = total; i-- > 0 && !fault && *count < UNDO_BATCH_MAX;) {
        struct undo_entry undo = {.entry = &entries[i]};
        if (codec_mutation_unpack(work->arena, entries[i].payload, &undo.mutation)) continue;
        const struct mutation *mutation = &undo.mutation;
        struct str id = {(const char *)mutation->id.b, sizeof mutation->id.b};
        if (!uuid_is_zero(mutation->undoes)) {
            /* A refused undo has undone nothing, but trying it again changes nothing either. */
            struct str key = {(const char *)mutation->undoes.b, sizeof mutation->undoes.b};
            fault = map_put(&undone, key, found);
            continue;
        }
        if (map_get(&undone, id)) continue;
        if (entries[i].answered && entries[i].outcome == OUTCOME_PARKED) continue;
        const char *impossible = undo_impossible(mutation);
        if (impossible && (*count > 0 || !uuid_is_zero(only))) continue;
        if (impossible) {
            answer_fail(answer, ERROR_NOT_UNDOABLE, impossible);
            break;
        }
        if (mutation->kind == MUTATION_IMPORT) continue;
        if (*count == 0 && !undo_is_about(mutation, only)) continue;
        bool same = *count > 0 && !uuid_is_zero(mutation->batch) &&
                    uuid_equal(mutation->batch, found[0].mutation.batch);
        if (*count > 0 && !same) break;
        found[(*count)++] = undo;
        if (uuid_is_zero(mutation->batch)) break;
    }
    return fault;
}

static enum fault set_difference(struct work *work, struct str from, struct str without,
                                 struct text_set *out)
{
    struct value a, b;
    struct str items[SET_ITEMS_MAX];
    size_t count = 0;
    enum fault fault = value_parse(work->arena, VALUE_SET, from, &a);
    if (!fault) fault = value_parse(work->arena, VALUE_SET, without, &b);
    for (size_t i = 0; !fault && i < a.set.count && count < SET_ITEMS_MAX; i++) {
        if (!text_set_has(b.set, a.set.items[i])) items[count++] = a.set.items[i];
    }
    return fault ? fault : text_set_make(work->arena, items, count, out);
}

/* Base: what it was changed to. Want: what it was before. */
static void undo_set(struct wish *wish, const char *name, struct value base, struct value want)
{
    const struct field *field = field_by_name(wish->kind, str_from(name));
    wish_set(wish, name, want);
    for (size_t i = 0; i < wish->count; i++) {
        if (wish->edits[i].field == field) wish->edits[i].base = base;
    }
}

static enum fault undo_field(struct work *work, const struct event *event, struct wish *wish)
{
    const struct field *field = field_by_name(wish->kind, event->field);
    /* A correction may set what no edit may. */
    bool corrects = field && strcmp(field->name, "closed_at") == 0;
    if (!field || !((field->flags & FIELD_EDITABLE) || corrects)) return FAULT_NONE;
    if (field->type == VALUE_SET) {
        struct text_set add, remove;
        enum fault fault = set_difference(work, event->from_value, event->to_value, &add);
        if (!fault) fault = set_difference(work, event->to_value, event->from_value, &remove);
        if (!fault) wish_change_set(wish, field->name, add, remove);
        return fault;
    }
    struct value from, to;
    enum fault fault = value_parse(work->arena, field->type, event->from_value, &from);
    if (!fault) fault = value_parse(work->arena, field->type, event->to_value, &to);
    if (!fault) undo_set(wish, field->name, to, from);
    return fault;
}

static void undo_stage(const struct event *event, struct wish *wish)
{
    undo_set(wish, "stage", value_text(event->to_stage), value_text(event->from_stage));
    undo_set(wish, "status", value_number(VALUE_CHOICE, event->to_status),
             value_number(VALUE_CHOICE, event->from_status));
    if (event->field.n == 0) return;
    undo_set(wish, "pipeline", value_text(event->to_value), value_text(event->from_value));
}

enum fault undo_edits(struct work *work, const struct mutation *mutation, struct wish *wish)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    enum fault fault = work->replica->f->events(work->replica, work->arena, mutation->target,
                                                &events, &seqs, &count);
    for (size_t i = 0; i < count && !fault; i++) {
        if (!uuid_equal(events[i]->mutation, mutation->id)) continue;
        if (events[i]->what == EVENT_STAGE) undo_stage(events[i], wish);
        if (events[i]->what == EVENT_FIELD) fault = undo_field(work, events[i], wish);
    }
    if (!fault) wish_complete_units(wish);
    return fault;
}

void undo_creation(const struct mutation *mutation, struct edit *edits, size_t *count)
{
    for (size_t i = 0; i < mutation->edit_count && *count < MUTATION_CHANGES_MAX; i++) {
        struct edit edit = mutation->edits[i];
        if (!edit.field || edit.field->type == VALUE_SET) continue;
        edit.base = edit.want;
        edit.want = value_absent(edit.field->type);
        edits[(*count)++] = edit;
    }
}

static enum fault undo_one(struct work *work, const struct undo_entry *undo,
                           struct answer *answer, bool *done)
{
    const struct mutation *old = &undo->mutation;
    enum entity_kind kind = (enum entity_kind)old->entity;
    const void *current;
    struct mutation mutation;
    struct wish wish;
    *done = false;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, kind, old->target,
                                                false, &current);
    if (fault == FAULT_NOT_FOUND) {
        answer_fail(answer, ERROR_GONE, "what was changed is no longer there");
        return FAULT_NONE;
    }
    if (fault) return fault;
    bool created = old->kind == MUTATION_CREATE;
    wish_init(&wish, kind, old->target, current);
    if (created) undo_creation(old, wish.edits, &wish.count);
    else fault = undo_edits(work, old, &wish);
    if (fault) return fault;
    mutation_begin(work, &mutation, created ? MUTATION_DELETE : MUTATION_EDIT, kind, old->target);
    mutation.edits = wish.edits;
    mutation.edit_count = wish.count;
    mutation.undoes = old->id;
    struct str summary = arena_format(work->arena, "undo of %.*s", STR_ARGS(undo->entry->summary));
    fault = mutation_submit(work, &mutation, summary, answer, done);
    if (fault || !*done) return fault;
    NOTE(answer, NOTE_RESULT, created ? "Took back: added {what}" : "Took back: {what}",
         {"what", created ? entity_title(kind, current) : undo->entry->summary});
    return FAULT_NONE;
}

enum fault undo_run(struct work *work, const struct request *request, struct answer *answer)
{
    struct undo_entry found[UNDO_BATCH_MAX];
    size_t count;
    bool done = false;
    const void *deal = NULL;
    struct uuid only = {{0}};
    enum fault fault = FAULT_NONE;
    if (request->argument_count > 0) {
        fault = name_find(work, ENTITY_DEAL, request->arguments[0], answer, &deal);
        if (fault || !deal) return fault;
        only = entity_id(ENTITY_DEAL, deal);
    } else {
        bool handled;
        fault = undo_import(work, answer, &handled);
        if (fault || handled) return fault;
    }
    fault = undo_find(work, only, found, &count, answer);
    if (!fault && count == 0 && answer->code == ANSWER_OK) {
        answer_fail(answer, ERROR_NOTHING_TO_UNDO, "there is nothing of yours to take back");
    }
    for (size_t i = 0; i < count && !fault && answer->code == ANSWER_OK; i++) {
        fault = undo_one(work, &found[i], answer, &done);
        if (!fault && !done && answer->code == ANSWER_OK) {
            answer_fail(answer, ERROR_UNCHANGED, "it is as it was before already");
        }
    }
    return fault;
}
