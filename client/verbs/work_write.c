/* work_write.c - from wishes to queued mutations, and what came of them.
 *
 * A wish that needs something created first (a new organisation) is decided as a whole before
 * anything is queued: a refusal leaves nothing behind. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/base/money.h"

/* --- submitting --- */

static enum fault state_load(struct work *work, struct state *state, const struct wish *wish,
                             const struct mutation *mutation)
{
    struct entity_key keys[MUTATION_KEYS_MAX];
    enum fault fault = state_init(state, work->arena, work->team, &work->definition);
    size_t count = mutation_keys(mutation, work->identity.member, keys);
    for (size_t i = 0; i < count && !fault; i++) {
        const void *entity = NULL;
        fault = work->replica->f->entity(work->replica, work->arena, keys[i].kind, keys[i].id,
                                         false, &entity);
        if (fault == FAULT_NOT_FOUND) fault = FAULT_NONE;
        for (size_t k = 0; k < wish->before_count; k++) {
            if (uuid_equal(wish->before[k].target, keys[i].id)) entity = wish->made[k];
        }
        if (!fault) fault = state_put(state, keys[i].kind, keys[i].id, entity);
    }
    return fault;
}

/* Would it be refused? Only asked when something else would be queued before it. */
static enum fault wish_preview(struct work *work, const struct wish *wish,
                               const struct mutation *mutation, struct reasons *reasons, bool *fine,
                             bool *conflict)
{
    struct state state;
    struct change change;
    struct decision_context context = {
        .actor = work->me, .recorded_at = work->now.wall_ms, .predicted = true};
    *fine = *conflict = false;
    reasons->count = 0;
    enum fault fault = use_against(work, mutation, reasons);
    if (fault || reasons->count > 0) return fault;
    fault = state_load(work, &state, wish, mutation);
    if (!fault) {
        fault = decide(work->arena, &state, &context, mutation, STR_NONE, &change);
    }
    if (fault) return fault;
    *fine = change.outcome != OUTCOME_PARKED;
    *conflict = change.outcome == OUTCOME_CONFLICT;
    if (!*fine || *conflict) *reasons = change.reasons;
    return FAULT_NONE;
}

static bool change_settle(const struct mutation *mutation, const struct change *change,
                          struct answer *answer)
{
    if (change->outcome == OUTCOME_PARKED) {
        answer_refuse(answer, &change->reasons);
        return false;
    }
    if (change->row_count == 0 && change->outcome != OUTCOME_CONFLICT) return false;
    answer->wrote = true;
    answer->undoable = uuid_is_zero(mutation->undoes) &&
                       (mutation->kind == MUTATION_CREATE || mutation->kind == MUTATION_EDIT ||
                        mutation->kind == MUTATION_DELETE || mutation->kind == MUTATION_CLOSE) &&
                       mutation->entity != ENTITY_DEVICE && /* revoked is for good */
                       mutation->entity != ENTITY_INVITATION;
    answer->mutation = mutation->id;
    return true;
}

enum fault mutation_submit(struct work *work, struct mutation *mutation, struct str summary,
                           struct answer *answer, bool *done)
{
    struct change change;
    *done = false;
    struct reasons reasons = {.count = 0};
    enum fault fault = use_against(work, mutation, &reasons);
    if (fault) return fault;
    if (reasons.count > 0) {
        answer_refuse(answer, &reasons);
        return FAULT_NONE;
    }
    fault = outbox_submit(work->replica, work->arena, mutation, summary, work->now, &change);
    if (fault) return fault;
    *done = change_settle(mutation, &change, answer);
    return FAULT_NONE;
}

static enum fault wish_submit_all(struct work *work, struct wish *wish, struct mutation *last,
                                  struct str summary, struct answer *answer, bool *done)
{
    struct mutation all[WISH_CREATIONS_MAX + 1];
    struct change changes[WISH_CREATIONS_MAX + 1];
    size_t count = wish->before_count;
    bool fine, conflict;
    struct reasons reasons;
    enum fault fault = wish_preview(work, wish, last, &reasons, &fine, &conflict);
    if (!fault && !fine) answer_refuse(answer, &reasons);
    if (fault || !fine) return fault;
    struct uuid batch = work->batch;
    if (uuid_is_zero(batch)) batch = uuid_v7((uint64_t)work->now.wall_ms, work->random);
    last->batch = batch;
    for (size_t i = 0; i < count; i++) {
        all[i] = wish->before[i];
        all[i].batch = batch;
    }
    all[count] = *last;
    fault = outbox_submit_many(work->replica, work->arena, all, count + 1, summary, work->now,
                               changes);
    if (fault) return fault;
    bool last_done = false;
    for (size_t i = 0; i <= count; i++) last_done = change_settle(&all[i], &changes[i], answer);
    for (size_t i = 0; i < count && last_done; i++) {
        enum entity_kind kind = (enum entity_kind)wish->before[i].entity;
        NOTE(answer, NOTE_RESULT, "Added {kind} {id} {name}",
             {"kind", str_from(entity_name(kind))},
             {"id", name_short(work, kind, wish->before[i].target)},
             {"name", entity_title(kind, wish->made[i])});
    }
    *done = last_done;
    return FAULT_NONE;
}

/* One's own conflict that stands open for a value one now gives anew: this settles it. An edit made on a
 * device that does not show it leaves it open: its other wish was not seen. */
static void wish_settle(struct work *work, const struct wish *wish, struct mutation *mutation)
{
    for (size_t i = 0; i < wish->count; i++) {
        const struct field *field = wish->edits[i].field;
        const void *found = NULL;
        if (field->type == VALUE_SET || (field->flags & FIELD_GUARDED)) continue;
        struct uuid id = inbox_conflict_id(wish->target, field_unit_leader(field),
                                           work->identity.member);
        enum fault fault =
            work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX, id, false, &found);
        const struct inbox_item *item = work_found(work, fault) ? found : NULL;
        if (!item || item->kind != INBOX_CONFLICT || item->state != INBOX_OPEN) continue;
        mutation->resolves = id;
        mutation->resolution = INBOX_VALUE;
        return;
    }
}

static void wish_mutation(struct work *work, struct wish *wish, struct mutation *mutation)
{
    mutation_begin(work, mutation, wish->current ? MUTATION_EDIT : MUTATION_CREATE, wish->kind,
                   wish->target);
    wish_complete_units(wish);
    mutation->edits = wish->edits;
    mutation->edit_count = wish->count;
    mutation->happened_at = wish->happened_at;
    if (!wish->again) {
        if (wish->current) wish_settle(work, wish, mutation);
        return;
    }
    mutation->kind = wish->again->kind;
    mutation->stands = wish->again->stands;
    mutation->stand_count = wish->again->stand_count;
    mutation->resolves = wish->again->resolves;
    mutation->resolution = wish->again->resolution;
    mutation->stage = wish->again->stage;
    if (mutation->kind == MUTATION_RESTORE) mutation->undoes = wish->again->undoes;
    /* Else what others have worked on since would go after all. */
    if (mutation->kind == MUTATION_DELETE) mutation->undoes = wish->again->undoes;
}

enum fault wish_would(struct work *work, struct wish *wish, bool *would, bool *conflict,
                      struct reasons *would_not)
{
    struct mutation mutation;
    wish_mutation(work, wish, &mutation);
    enum fault fault = wish_preview(work, wish, &mutation, would_not, would, conflict);
    if (*conflict) *would = false;
    return fault;
}

enum fault wish_submit(struct work *work, struct wish *wish, struct str summary,
                       struct answer *answer, bool *done)
{
    struct mutation mutation;
    *done = false;
    wish_mutation(work, wish, &mutation);
    if (wish->before_count > 0) {
        return wish_submit_all(work, wish, &mutation, summary, answer, done);
    }
    return mutation_submit(work, &mutation, summary, answer, done);
}

enum fault wish_tell_date(struct work *work, const struct wish *wish, struct answer *answer)
{
    const void *shown;
    const struct deal *before = wish->current;
    if (wish->kind != ENTITY_DEAL || !before || !wish->happened_at.has) return FAULT_NONE;
    struct optional last = before->stage_changed_at;
    if (!last.has || last.v <= wish->happened_at.v) return FAULT_NONE;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_DEAL,
                                                wish->target, false, &shown);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    const struct deal *after = shown;
    bool moved = !str_equal(before->stage, after->stage) || before->status != after->status ||
                 !str_equal(before->pipeline, after->pipeline);
    if (!moved) return FAULT_NONE;
    struct optional day = {true, zone_date(&work->zone, wish->happened_at.v)};
    NOTE(answer, NOTE_TALK,
         "It counts as of {when}, not {day}: the deal was moved last then, and its history only goes "
         "forward",
         {"when", moment_full_say(work, after->stage_changed_at)}, {"day", date_say(work, day)});
    return FAULT_NONE;
}

/* --- what was changed, in words --- */

/* In every sentence already, or meaning nothing alone. */
static bool change_is_said(const struct wish *wish, const struct field *field)
{
    static const char *const said[] = {"currency", "probability_by_hand", "pipeline", "title", NULL};
    static const char *const deal_said[] = {"stage", "status", "owner", NULL};
    bool created = !wish->current;
    for (size_t i = 0; said[i]; i++) {
        if (strcmp(said[i], field->name) != 0) continue;
        return strcmp(said[i], "title") != 0 || created;
    }
    for (size_t i = 0; deal_said[i] && wish->kind == ENTITY_DEAL; i++) {
        if (strcmp(deal_said[i], field->name) == 0) return created || strcmp(field->name, "owner") != 0;
    }
    return created && strcmp(field->name, "name") == 0;
}

static struct str change_value(struct work *work, const struct field *field, const void *entity)
{
    struct value value = entity ? field_get(field, entity) : value_absent(field->type);
    struct str canonical;
    if (field->type == VALUE_SET) return cell_field(work, field, entity).shown;
    if (!value.present || value_format(work->arena, value, &canonical)) return STR_NONE;
    const struct field *money = field_by_name(field->entity, STR("currency"));
    struct str currency = money ? field_get(money, entity).text : STR_NONE;
    return text_say(work, field, canonical, currency);
}

static bool change_is_one(const struct field *field, const void *before, const void *after)
{
    if (!before) return field_get(field, after).present || field->type == VALUE_SET;
    struct value a = field_get(field, before), b = field_get(field, after);
    const struct field *currency = field_by_name(field->entity, STR("currency"));
    bool money = currency && strcmp(field->name, "value") == 0;
    return !value_equal(a, b) ||
           (money && !value_equal(field_get(currency, before), field_get(currency, after)));
}

struct str wish_changes(struct work *work, const struct wish *wish, const void *shown)
{
    struct str out = STR("");
    for (size_t i = 0; i < wish->count; i++) {
        const struct field *field = wish->edits[i].field;
        if (!field || change_is_said(wish, field)) continue;
        if (!change_is_one(field, wish->current, shown)) continue;
        struct str now = change_value(work, field, shown);
        struct str was = wish->current ? change_value(work, field, wish->current) : STR_NONE;
        if (now.n == 0 && was.n == 0) continue;
        out = arena_format(work->arena, "%.*s%s%s: %.*s", STR_ARGS(out), out.n ? "; " : "",
                           field->label, STR_ARGS(now.n > 0 ? now : STR("none")));
        if (was.n == 0) continue;
        out = arena_format(work->arena, "%.*s (was %.*s)", STR_ARGS(out), STR_ARGS(was));
    }
    return out;
}
