/* decide_invite.c - INVITE: a member, new or known, and the hash of a one-time code; and taking an
 * unused one back.
 *
 * Who is in the team already gets a further device and keeps the role: changing a role is a deed of
 * its own (decide_people.c). Only who came with an import, and never could sign in, is given one.
 *
 * Invariant: nobody hands out more than their own right reaches: both the role wanted and the role
 * the member has now are asked. Whether a name is taken needs a scan; the server's
 * edge asks that. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/base/banned.h"

enum { CODE_HASH_BYTES = 32 };

static const int64_t HOUR_MS = INT64_C(3600000);

bool role_is_modest(int64_t role)
{
    return role == ROLE_REP || role == ROLE_VIEWER;
}

/* Without a scan: who is left cannot be counted, but who acts is an owner and stays one. */
void member_judge_owner(struct decision *d, const struct member *before,
                        const struct member *after)
{
    bool was = before && before->role == ROLE_OWNER && !before->removed;
    bool stays = after->role == ROLE_OWNER && !after->removed;
    if (was && !stays && uuid_equal(before->id, d->actor)) {
        decision_refuse(d, (struct reason){.code = REASON_OWNER_SELF});
    }
}

static void invite_allow_fields(struct decision *d)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct field *field = d->edits[i].field;
        if (strcmp(field->name, "name") == 0 || strcmp(field->name, "role") == 0) continue;
        decision_refuse_field(d, REASON_FIELD_FIXED, field);
    }
}

/* A name or role seen otherwise than it stands is not overwritten. */
static void invite_fill(struct decision *d, const struct member *before, struct member *member)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        struct value stands =
            before ? field_get(edit->field, before) : value_absent(edit->field->type);
        if (value_equal(stands, edit->want)) continue;
        if (before && !before->imported && strcmp(edit->field->name, "role") == 0) {
            const char *role = field_choice_name(edit->field, before->role);
            decision_refuse(d, (struct reason){.code = REASON_ROLE_KEPT,
                                               .value = decision_quote(d, before->name),
                                               .other = role ? str_from(role) : STR("none")});
            continue;
        }
        if (before && !before->imported && !value_equal(stands, edit->base)) {
            struct str text;
            if (value_format(d->arena, stands, &text)) return;
            decision_refuse(d, (struct reason){.code = REASON_CHANGED_MEANWHILE,
                                               .field = str_from(edit->field->name),
                                               .value = decision_quote(d, text)});
        }
        field_set(edit->field, member, edit->want);
    }
    if (member->role == ROLE_NONE) member->role = ROLE_REP;
    member->imported = false;
}

static void invite_judge(struct decision *d, const struct member *before,
                         const struct member *member)
{
    bool modest = role_is_modest(member->role) && (!before || role_is_modest(before->role));
    (void)decision_may(d, modest ? ACTION_INVITE_REP : ACTION_INVITE_ANY);
    member_judge_owner(d, before, member);
    if (before && before->removed) {
        char id[UUID_TEXT_LENGTH + 1];
        uuid_format(before->id, id);
        decision_refuse(d, (struct reason){.code = REASON_MEMBER_LEFT,
                                           .value = arena_str(d->arena, str_from(id))});
    }
    if (d->mutation->code_hash.n != CODE_HASH_BYTES) {
        decision_refuse(d, (struct reason){.code = REASON_REQUIRED, .field = STR("code_hash")});
    }
    content_required(d, member, false);
}

/* The code's hash is the server's business only: a prediction does without. */
static void invitation_add(struct decision *d)
{
    if (d->context->predicted) return;
    const struct mutation *mutation = d->mutation;
    struct invitation *invitation = arena_alloc(d->arena, sizeof *invitation);
    if (!invitation) return;
    *invitation = (struct invitation){
        .id = mutation->id,
        .member = mutation->target,
        .invited_by = d->actor,
        .code_hash = mutation->code_hash,
        .expires_at = mutation->expires_at,
        .created_at = {true, d->recorded},
    };
    int64_t latest = d->recorded + INVITATION_HOURS * HOUR_MS;
    if (!invitation->expires_at.has || invitation->expires_at.v > latest) {
        invitation->expires_at = (struct optional){true, latest};
    }
    decision_row(d, ENTITY_INVITATION, invitation->id, invitation);
}

void decide_invite(struct decision *d)
{
    if (d->kind != ENTITY_MEMBER) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    const struct member *before = state_find(d->state, ENTITY_MEMBER, d->mutation->target);
    struct member *member = before ? entity_clone(d->arena, ENTITY_MEMBER, before)
                                   : arena_alloc(d->arena, sizeof *member);
    if (!member) return;
    member->id = d->mutation->target;
    invite_allow_fields(d);
    invite_fill(d, before, member);
    invite_judge(d, before, member);
    if (d->refused.count > 0) return;
    if (!before || !entity_equal(ENTITY_MEMBER, before, member)) {
        decision_row(d, ENTITY_MEMBER, member->id, member);
    }
    invitation_add(d);
}

/* --- taking it back --- */

/* Only its own rank reaches that far: an invitation that lets an owner or a manager in is theirs who may
 * give one out. `named`: the mutation says whom it lets in, so that their row is here to be looked at. */
static void invitation_judge(struct decision *d, const struct invitation *invitation, bool named)
{
    const struct member *member =
        named ? state_find(d->state, ENTITY_MEMBER, invitation->member) : NULL;
    bool modest = member && role_is_modest(member->role);
    (void)decision_may(d, modest ? ACTION_INVITE_REP : ACTION_INVITE_ANY);
}

/* Whether somebody used it before is known where the device is let in: then this shuts nobody out,
 * and the device is revoked instead. */
void decide_invitation(struct decision *d)
{
    const struct invitation *before =
        state_find(d->state, ENTITY_INVITATION, d->mutation->target);
    if (d->mutation->kind != MUTATION_EDIT) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    if (!decision_may(d, ACTION_INVITE_REP)) return;
    if (!before) {
        decision_refuse(d, (struct reason){.code = REASON_GONE, .value = STR("invitation")});
        return;
    }
    struct invitation *after = entity_clone(d->arena, ENTITY_INVITATION, before);
    bool named = false;
    if (!after) return;
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        bool takes_back = strcmp(edit->field->name, "revoked") == 0 &&
                          value_equal(edit->want, value_number(VALUE_FLAG, 1));
        bool names = strcmp(edit->field->name, "member") == 0 &&
                     value_equal(edit->want, field_get(edit->field, before));
        named = named || names;
        if (takes_back) after->revoked = true;
        else if (!names) decision_refuse_field(d, REASON_FIELD_FIXED, edit->field);
    }
    if (d->refused.count > 0 || entity_equal(ENTITY_INVITATION, before, after)) return;
    invitation_judge(d, before, named);
    if (d->refused.count > 0) return;
    after->revoked_at = (struct optional){true, d->recorded};
    after->revoked_by = d->actor;
    decision_row(d, ENTITY_INVITATION, after->id, after);
}
