/* decide_people.c - who is in the team and with what: EDIT of members, and their devices.
 *
 *   device: (enrolled) --announced--> SEEN --name--> SEEN --revoked--> REVOKED, for good
 *
 * Invariants: nobody gives or takes more than their own right reaches; a team never loses its last
 * owner; a revoked device stays in the list, and never comes back. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/base/banned.h"

/* Takes the wishes into `after`; what was seen otherwise than it stands is refused. */
static void people_take(struct decision *d, const void *before, void *after,
                        const char *const *fields, size_t count)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        bool allowed = false;
        for (size_t k = 0; k < count; k++) {
            allowed = allowed || strcmp(fields[k], edit->field->name) == 0;
        }
        struct value stands = field_get(edit->field, before);
        if (!allowed) {
            decision_refuse_field(d, REASON_FIELD_FIXED, edit->field);
        } else if (value_equal(stands, edit->want)) {
            continue;
        } else if (!value_equal(stands, edit->base)) {
            struct str text;
            if (value_format(d->arena, stands, &text)) return;
            decision_refuse(d, (struct reason){.code = REASON_CHANGED_MEANWHILE,
                                               .field = str_from(edit->field->name),
                                               .value = decision_quote(d, text)});
        } else {
            field_set(edit->field, after, edit->want);
        }
    }
}

static void people_write(struct decision *d, const void *before, const void *after)
{
    if (d->refused.count > 0 || entity_equal(d->kind, before, after)) return;
    decision_row(d, d->kind, d->mutation->target, after);
    history_fields(d, before, after);
}

/* --- members --- */

void decide_member(struct decision *d)
{
    static const char *const fields[] = {"name", "role", "removed"};
    const struct member *before = state_find(d->state, ENTITY_MEMBER, d->mutation->target);
    if (!before) {
        (void)decision_may(d, ACTION_INVITE_REP);
        decision_gone(d, ENTITY_MEMBER, d->mutation->target);
        return;
    }
    struct member *after = entity_clone(d->arena, ENTITY_MEMBER, before);
    if (!after) return;
    bool modest = role_is_modest(before->role);
    people_take(d, before, after, fields, sizeof fields / sizeof fields[0]);
    modest = modest && role_is_modest(after->role);
    (void)decision_may(d, modest ? ACTION_INVITE_REP : ACTION_INVITE_ANY);
    if (before->removed && !after->removed) {
        decision_refuse(d, (struct reason){.code = REASON_MEMBER_LEFT,
                                           .value = decision_quote(d, before->name)});
    }
    member_judge_owner(d, before, after);
    content_required(d, after, true);
    people_write(d, before, after);
}

/* --- devices --- */

/* The enrolment has made it; this gives it a seq, and tells its member of it. */
static void device_announce(struct decision *d, const struct device *device)
{
    decision_row(d, ENTITY_DEVICE, device->id, device);
    if (d->mutation->bulk) return;
    (void)inbox_notice(d, device->id, device->member, STR("name"), device->name);
}

/* The server's own: a further copy of the device appeared, or what one of its copies was answered is
 * not in this database. The device itself may not be in it either. */
void decide_notice(struct decision *d)
{
    const struct mutation *mutation = d->mutation;
    if (!d->context->administration || d->kind != ENTITY_DEVICE) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    static const struct device nobodys;
    const struct device *device = state_find(d->state, ENTITY_DEVICE, mutation->target);
    bool missing = mutation->last_number > 0;
    if (!device) device = &nobodys;
    struct inbox_item *item = inbox_notice(d, mutation->id, device->member,
                                           missing ? STR("missing") : STR("copy"), device->name);
    if (!item || !missing) return;
    item->base = decision_number(d, (int64_t)mutation->first_number);
    item->theirs = decision_number(d, (int64_t)mutation->last_number);
}

void decide_device(struct decision *d)
{
    static const char *const fields[] = {"name", "revoked"};
    const struct device *before = state_find(d->state, ENTITY_DEVICE, d->mutation->target);
    bool announces = d->mutation->kind == MUTATION_CREATE && d->context->administration;
    if (!announces && d->mutation->kind != MUTATION_EDIT) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    bool own = before && uuid_equal(before->member, d->actor);
    /* Whose it is, is not told to who may not see it. */
    bool may = announces || decision_may(d, own ? ACTION_DEVICE_OWN : ACTION_DEVICE_ANY);
    if (may && !before) { /* nobody creates one: there is no creation that it could hang on */
        decision_refuse(d, (struct reason){.code = REASON_GONE, .value = STR("device")});
    }
    if (!may || !before) return;
    if (announces) {
        device_announce(d, before);
        return;
    }
    struct device *after = entity_clone(d->arena, ENTITY_DEVICE, before);
    if (!after) return;
    people_take(d, before, after, fields, sizeof fields / sizeof fields[0]);
    if (before->revoked && !after->revoked) {
        decision_refuse_field(d, REASON_FIELD_FIXED, field_by_name(ENTITY_DEVICE, STR("revoked")));
    }
    if (after->revoked && !before->revoked) {
        after->revoked_at = (struct optional){true, d->recorded};
        after->revoked_by = d->actor;
    }
    content_required(d, after, true);
    people_write(d, before, after);
}
