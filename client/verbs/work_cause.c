/* work_cause.c - who made it so that something is refused, and when: read from the history of what it is
 * about, from that of the member whose role it is, or from the devices. Callers: the inbox, undo. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

static struct str cause_text(struct work *work, struct str device, struct uuid who,
                             struct optional when)
{
    struct str name = name_of_member(work, who);
    return arena_format(work->arena, " (%.*s%s%.*s%s%.*s)", STR_ARGS(device), device.n ? ", by " : "",
                        STR_ARGS(name), name.n ? ", " : "", STR_ARGS(moment_say(work, when)));
}

/* The device of that member that was shut out last before then. */
static struct str cause_device(struct work *work, struct uuid member, struct optional until)
{
    const void **all;
    size_t count;
    const struct device *found = NULL;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_DEVICE, &all, &count);
    if (!work_found(work, fault)) return STR_NONE;
    for (size_t i = 0; i < count; i++) {
        const struct device *device = all[i];
        if (!device->revoked || !uuid_equal(device->member, member)) continue;
        if (until.has && device->revoked_at.v > until.v) continue;
        if (!found || device->revoked_at.v > found->revoked_at.v) found = device;
    }
    return found ? cause_text(work, found->name, found->revoked_by, found->revoked_at) : STR_NONE;
}

static bool cause_is(const struct event *event, const struct reason *reason)
{
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
static struct str cause_worked(struct work *work, struct uuid subject, struct uuid author,
                               struct optional until)
{
    const struct event **events, *newest = NULL;
    uint64_t *seqs;
    size_t count;
    struct optional when;
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, subject, &events, &seqs, &count);
    if (!work_found(work, fault)) return STR_NONE;
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(events[i]->who, author)) continue;
        if (!until.has || events[i]->recorded_at.v <= until.v) newest = events[i];
    }
    struct str logged = use_activity_who(work, subject, author, until, &when);
    bool later = logged.n > 0 && (!newest || when.v > newest->recorded_at.v);
    if (!later) {
        return newest ? cause_text(work, STR(""), newest->who, newest->recorded_at) : STR_NONE;
    }
    return arena_format(work->arena, " (%.*s, %.*s)", STR_ARGS(logged),
                        STR_ARGS(moment_say(work, when)));
}

struct str cause_say(struct work *work, struct uuid subject, struct uuid author,
                     const struct reason *reason, struct optional until)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    bool role = reason->code == REASON_RIGHT_MISSING;
    if (reason->code == REASON_WORKED_ON) return cause_worked(work, subject, author, until);
    if (reason->code == REASON_IN_USE) return use_example(work, subject);
    if (reason->code == REASON_DEVICE_REVOKED) return cause_device(work, author, until);
    bool removed = reason->code == REASON_STAGE_REMOVED;
    if (!role && !removed && reason->code != REASON_CHANGED_MEANWHILE &&
        reason->code != REASON_GONE && reason->code != REASON_DELETED_AGAIN) {
        return STR_NONE;
    }
    if (role) subject = author;
    if (removed) subject = work->definition.id;
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, subject, &events, &seqs, &count);
    if (!work_found(work, fault)) return STR_NONE;
    for (size_t i = count; i-- > 0;) {
        const struct event *event = events[i];
        if (!cause_is(event, reason) || uuid_equal(event->who, author)) continue;
        if (until.has && event->recorded_at.v > until.v) continue;
        return cause_text(work, STR(""), event->who, event->recorded_at);
    }
    return STR_NONE;
}
