/* work_cause.c - who made it so that something is refused, and when: read from the history of what it is
 * about, from that of the member whose role it is, or from the devices. Callers: the inbox, undo. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

static struct str cause_text(struct work *work, const struct cause *cause, struct str name)
{
    struct str device = cause->device, how = cause->how;
    return arena_format(work->arena, " (%.*s%s%.*s%s%.*s%s%.*s)", STR_ARGS(device),
                        device.n ? ", by " : "", STR_ARGS(name), name.n ? ", " : "",
                        STR_ARGS(moment_say(work, cause->when)), how.n ? ", " : "", STR_ARGS(how));
}

/* The device of that member that was shut out last before then. */
static bool cause_device(struct work *work, struct uuid member, struct optional until,
                         struct cause *out)
{
    const void **all;
    size_t count;
    const struct device *found = NULL;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_DEVICE, &all, &count);
    if (!work_found(work, fault)) return false;
    for (size_t i = 0; i < count; i++) {
        const struct device *device = all[i];
        if (!device->revoked || !uuid_equal(device->member, member)) continue;
        if (until.has && device->revoked_at.v > until.v) continue;
        if (!found || device->revoked_at.v > found->revoked_at.v) found = device;
    }
    if (!found) return false;
    *out = (struct cause){found->revoked_by, found->revoked_at, found->name, STR_NONE};
    return true;
}

/* A requirement of a stage, as the gates name it: "value", "check:budget", "org|contact". */
static struct str requirement_of(struct work *work, const struct reason *reason)
{
    if (reason->code == REASON_CHECK_REQUIRED) {
        return arena_format(work->arena, "check:%.*s", STR_ARGS(reason->check));
    }
    return reason->field;
}

static bool gates_have(struct str gates, struct str requirement)
{
    struct str part;
    while (str_split(&gates, ',', &part)) {
        if (str_equal(str_trim(part), requirement)) return true;
    }
    return false;
}

static bool reason_is_gate(const struct reason *reason)
{
    return reason->code == REASON_FIELD_REQUIRED || reason->code == REASON_ANY_FIELD_REQUIRED ||
           reason->code == REASON_CHECK_REQUIRED;
}

static bool cause_is(struct work *work, const struct event *event, const struct reason *reason)
{
    if (reason_is_gate(reason)) {
        struct str wanted = requirement_of(work, reason);
        return event->what == EVENT_FIELD && str_equal(event->field, STR("gates")) &&
               str_equal(event->to_stage, reason->stage) && gates_have(event->to_value, wanted) &&
               !gates_have(event->from_value, wanted);
    }
    if (reason->code == REASON_STAGE_REMOVED) {
        return event->what == EVENT_FIELD && str_equal(event->field, STR("removed")) &&
               str_equal(event->to_stage, reason->stage);
    }
    bool stage = str_equal(reason->field, STR("stage")) || str_equal(reason->field, STR("status"));
    if (reason->code == REASON_GONE || reason->code == REASON_DELETED_AGAIN) {
        return event->what == EVENT_DELETED;
    }
    if (reason->code == REASON_RIGHT_MISSING) {
        return event->what == EVENT_FIELD && str_equal(event->field, STR("role"));
    }
    if (stage) return event->what == EVENT_STAGE;
    return event->what == EVENT_FIELD && str_equal(event->field, reason->field);
}

/* Several things may have been changed since, and something logged: the newest of it. */
static bool cause_worked(struct work *work, struct uuid subject, struct uuid author,
                         struct optional until, struct cause *out)
{
    const struct event **events, *newest = NULL;
    uint64_t *seqs;
    size_t count;
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, subject, &events, &seqs, &count);
    if (!work_found(work, fault)) return false;
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(events[i]->who, author)) continue;
        if (!until.has || events[i]->recorded_at.v <= until.v) newest = events[i];
    }
    const struct activity *logged = use_activity(work, subject, author, until);
    bool later = logged && (!newest || logged->created_at.v > newest->recorded_at.v);
    if (later) *out = (struct cause){.who = logged->member, .when = logged->created_at};
    else if (newest) *out = (struct cause){.who = newest->who, .when = newest->recorded_at};
    return later || newest;
}

/* Whose history tells of it. */
static bool cause_subject(struct work *work, const struct reason *reason, struct uuid author,
                          struct uuid *subject)
{
    if (reason->code == REASON_RIGHT_MISSING) *subject = author;
    else if (reason->code == REASON_STAGE_REMOVED || reason_is_gate(reason))
        *subject = work->definition.id;
    else if (reason->code != REASON_CHANGED_MEANWHILE && reason->code != REASON_GONE &&
             reason->code != REASON_DELETED_AGAIN)
        return false;
    return !uuid_is_zero(*subject);
}

static bool cause_find(struct work *work, struct uuid subject, struct uuid author, bool own,
                       const struct reason *reason, struct optional until, struct cause *out)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    *out = (struct cause){.who = {{0}}};
    if (reason->code == REASON_DEVICE_REVOKED) return cause_device(work, author, until, out);
    if (reason->code == REASON_WORKED_ON) return cause_worked(work, subject, author, until, out);
    if (!cause_subject(work, reason, author, &subject)) return false;
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, subject, &events, &seqs, &count);
    if (!work_found(work, fault)) return false;
    for (size_t i = count; i-- > 0;) {
        const struct event *event = events[i];
        if (!cause_is(work, event, reason) || (!own && uuid_equal(event->who, author))) continue;
        if (until.has && event->recorded_at.v > until.v) continue;
        *out = (struct cause){.who = event->who, .when = event->recorded_at};
        return true;
    }
    return false;
}

struct str cause_say(struct work *work, struct uuid subject, struct uuid author,
                     const struct reason *reason, struct optional until)
{
    struct cause cause;
    if (reason->code == REASON_IN_USE) return use_example(work, subject);
    if (!cause_find(work, subject, author, false, reason, until, &cause)) return STR_NONE;
    return cause_text(work, &cause, name_of_member(work, cause.who));
}

/* The item that it was to settle was settled by somebody first. */
static bool cause_settled(struct work *work, const struct inbox_item *item, struct cause *out)
{
    struct mutation mutation;
    const void *found;
    if (codec_mutation_unpack(work->arena, item->payload, &mutation)) return false;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX,
                                                mutation.resolves, false, &found);
    if (!work_found(work, fault)) return false;
    const struct inbox_item *settled = found;
    if (settled->state == INBOX_OPEN) return false;
    *out = (struct cause){settled->closed_by, settled->closed_at, STR_NONE,
                          inbox_state_say(settled->state)};
    return true;
}

bool inbox_cause(struct work *work, const struct inbox_item *item, const struct reason *reason,
                 struct cause *out)
{
    struct reason known = *reason;
    struct uuid subject = inbox_about(work, item).id;
    *out = (struct cause){.who = {{0}}};
    if (reason->code == REASON_ITEM_CLOSED) return cause_settled(work, item, out);
    if (reason->code == REASON_REFERENCE_UNKNOWN) {
        subject = inbox_need(work, item).thing.id;
        known.code = REASON_GONE;
    }
    return cause_find(work, subject, item->author, true, &known, item->recorded_at, out);
}

struct str inbox_cause_say(struct work *work, const struct inbox_item *item,
                           const struct reason *reason)
{
    struct cause cause;
    if (reason->code == REASON_IN_USE) return use_example(work, inbox_about(work, item).id);
    if (!inbox_cause(work, item, reason, &cause)) return STR("");
    return cause_text(work, &cause, inbox_who_say(work, item, cause.who));
}
