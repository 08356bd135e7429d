/* work_tell.c - one line about what somebody did, as it comes in. Callers: who watches (client/cli),
 * the inbox for its times.
 *
 *   14:05  Bob Ross moved q7af7 Roof, north side to Proposal */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

static const char *stage_verb(const struct event *event)
{
    if (!uuid_is_zero(event->undoes)) return "took back a move of";
    if (event->to_status == STATUS_WON) return "won";
    if (event->to_status == STATUS_LOST) return "lost";
    if (event->to_status == STATUS_ICED) return "put on ice";
    if (event->to_status == STATUS_DISCARDED) return "discarded";
    if (event->from_status == STATUS_ICED) return "thawed";
    if (event->from_status != STATUS_OPEN) return "reopened";
    return "moved";
}

static struct str field_change(struct work *work, const struct event *event)
{
    const struct field *field = field_by_name((enum entity_kind)event->subject_kind, event->field);
    if (!field) return event->field;
    struct str to = text_say(work, field, event->to_value, event->currency);
    return arena_format(work->arena, "%s: %.*s", field->label, STR_ARGS(to));
}

struct told {
    const struct event *first; /* what names the act: creation, else stage, else a field */
    struct str changes;
};

static void told_add(struct work *work, struct told *told, const struct event *event)
{
    if (event->what == EVENT_FIELD) {
        if (!told->first) told->first = event;
        told->changes = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(told->changes),
                                     told->changes.n ? "; " : "",
                                     STR_ARGS(field_change(work, event)));
    } else if (!told->first || told->first->what == EVENT_FIELD || event->what == EVENT_CREATED) {
        told->first = event;
    }
}

/* What stands between the name and the thing, and behind the thing. */
static void told_words(struct work *work, const struct told *told, struct str *verb,
                       struct str *behind)
{
    const struct event *event = told->first;
    struct str stage = event->to_stage;
    const struct pipeline *pipeline = definition_pipeline(&work->definition, event->pipeline);
    const struct stage *known = pipeline ? pipeline_stage(pipeline, stage) : NULL;
    if (known) stage = known->name;
    *behind = STR("");
    switch ((enum event_what)event->what) {
    case EVENT_CREATED:
        *verb = STR("added");
        return; /* the fields of a new thing need not be told */
    case EVENT_DELETED: *verb = STR("deleted"); return;
    case EVENT_IMPORTED: *verb = STR("imported"); return;
    case EVENT_STAGE:
        *verb = str_from(stage_verb(event));
        if (event->to_status == STATUS_OPEN) {
            *behind = arena_format(work->arena, " to %.*s", STR_ARGS(stage));
        }
        break;
    case EVENT_NONE:
    case EVENT_FIELD:
        *verb = uuid_is_zero(event->undoes) ? STR("changed") : STR("took back a change of");
        break;
    }
    if (told->changes.n == 0) return;
    *behind = arena_format(work->arena, "%.*s (%.*s)", STR_ARGS(*behind), STR_ARGS(told->changes));
}

/* Absent: it is gone. */
static enum fault thing_say(struct work *work, enum entity_kind kind, struct uuid id,
                            struct str *out)
{
    struct str name = name_of(work, kind, id);
    *out = STR_NONE;
    if (name.n == 0) return FAULT_NONE;
    *out = arena_format(work->arena, "%.*s %.*s", STR_ARGS(name_short(work, kind, id)),
                        STR_ARGS(name));
    return arena_fault(work->arena);
}

static enum fault tell_activity(struct work *work, struct uuid id, struct str *line)
{
    const void *found;
    struct str thing;
    enum fault fault =
        work->replica->f->entity(work->replica, work->arena, ENTITY_ACTIVITY, id, false, &found);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    const struct activity *activity = found;
    struct cell type = cell_field(work, field_by_name(ENTITY_ACTIVITY, STR("type")), activity);
    fault = thing_say(work, ENTITY_DEAL, activity->deal, &thing);
    if (fault || thing.n == 0) return fault;
    *line = arena_format(work->arena, "%.*s  %.*s logged %.*s for %.*s%s%.*s",
                         STR_ARGS(moment_say(work, activity->created_at)),
                         STR_ARGS(name_of_member(work, activity->member)), STR_ARGS(type.shown),
                         STR_ARGS(thing), activity->text.n > 0 ? ": " : "",
                         STR_ARGS(activity->text));
    return arena_fault(work->arena);
}

/* Something waits, or waits no longer: settled on another device, or by somebody else. */
static enum fault tell_item(struct work *work, struct uuid id, struct str *line)
{
    const void *found;
    enum fault fault =
        work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX, id, false, &found);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    const struct inbox_item *item = found;
    if (!inbox_is_mine(work, item)) return FAULT_NONE;
    bool open = item->state == INBOX_OPEN;
    struct str about = inbox_subject_say(work, item);
    struct cell kind = cell_field(work, field_by_name(ENTITY_INBOX, STR("kind")), item);
    const struct field *field = field_by_name((enum entity_kind)item->subject_kind, item->field);
    bool named = item->kind == INBOX_CONFLICT && field;
    *line = arena_format(work->arena, "%.*s  Item %lld of your inbox %s: %.*s%s%s%s%.*s",
                         STR_ARGS(moment_say(work, open ? item->recorded_at : item->closed_at)),
                         (long long)item->number, open ? "waits for you" : "is settled",
                         STR_ARGS(open ? kind.shown : inbox_settled_say(work, item)),
                         about.n > 0 ? ", " : "", named ? field->label : "", named ? " of " : "",
                         STR_ARGS(about));
    return arena_fault(work->arena);
}

enum fault work_tell(struct work *work, const struct sync_revealed *revealed, struct str *line)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    struct told told = {NULL, STR("")};
    struct str verb = STR_NONE, behind = STR_NONE, thing = STR_NONE;
    *line = STR_NONE;
    if (!work->ready) return FAULT_NONE;
    if (revealed->kind == ENTITY_ACTIVITY) return tell_activity(work, revealed->id, line);
    if (revealed->kind == ENTITY_INBOX) return tell_item(work, revealed->id, line);
    enum fault fault = work->replica->f->events(work->replica, work->arena, revealed->id, &events,
                                                &seqs, &count);
    if (fault) return fault;
    for (size_t i = 0; i < count; i++) {
        if (seqs[i] == revealed->seq) told_add(work, &told, events[i]);
    }
    /* An activity, a conflict, a device: told by what they are about, or not at all. */
    if (!told.first) return FAULT_NONE;
    enum entity_kind kind = (enum entity_kind)told.first->subject_kind;
    bool told_here = kind == ENTITY_DEAL || kind == ENTITY_ORGANISATION || kind == ENTITY_PERSON ||
                     kind == ENTITY_MEMBER;
    /* One's own role is told by work_tell_role: it may come with a new copy, not as a row. */
    bool own = kind == ENTITY_MEMBER && uuid_equal(revealed->id, work->identity.member);
    if (!told_here || (own && str_equal(told.first->field, STR("role")))) return FAULT_NONE;
    fault = thing_say(work, kind, revealed->id, &thing);
    if (fault) return fault;
    if (thing.n == 0) {
        /* Its coming need not be told any more, its going by the id only. */
        if (told.first->what != EVENT_DELETED) return FAULT_NONE;
        thing = name_short(work, kind, revealed->id);
    }
    told_words(work, &told, &verb, &behind);
    struct str who = name_of_member(work, told.first->who);
    *line = arena_format(work->arena, "%.*s  %.*s %.*s %.*s%.*s",
                         STR_ARGS(moment_say(work, told.first->recorded_at)),
                         STR_ARGS(who.n > 0 ? who : STR("Somebody")), STR_ARGS(verb),
                         STR_ARGS(thing), STR_ARGS(behind));
    return arena_fault(work->arena);
}

enum fault work_tell_role(struct work *work, int64_t before, struct str *line)
{
    const struct event **events, *event = NULL;
    uint64_t *seqs;
    size_t count;
    *line = STR_NONE;
    if (!work->me || before == ROLE_NONE || work->me->role == before) return FAULT_NONE;
    enum fault fault = work->replica->f->events(work->replica, work->arena, work->me->id, &events,
                                                &seqs, &count);
    for (size_t i = 0; i < count && !fault; i++) {
        if (str_equal(events[i]->field, STR("role"))) event = events[i];
    }
    if (fault) return fault;
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    struct str when = event ? moment_say(work, event->recorded_at) : STR_NONE;
    struct str who = event ? name_of_member(work, event->who) : STR_NONE;
    *line = arena_format(work->arena, "%.*s%s%.*s made you %s (you were %s)", STR_ARGS(when),
                         when.n > 0 ? "  " : "", STR_ARGS(who.n > 0 ? who : STR("Somebody")),
                         field_choice_name(role, work->me->role), field_choice_name(role, before));
    return arena_fault(work->arena);
}
