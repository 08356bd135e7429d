/* permission.h - who may do what, one table. Decided at commit, by role and by whose deal it is. */
#ifndef SLUICE_COMMON_DOMAIN_PERMISSION_H
#define SLUICE_COMMON_DOMAIN_PERMISSION_H

#include "common/domain/mutation.h"
#include "common/domain/reason.h"

enum action {
    ACTION_EDIT,        /* create and edit deals, people, organisations; log activities */
    ACTION_ASSIGN_OWN,  /* give one's own or an unowned deal to somebody, or take an unowned one */
    ACTION_ASSIGN_ANY,
    ACTION_DELETE_OWN,
    ACTION_DELETE_ANY,
    ACTION_IMPORT,
    ACTION_CORRECT,
    ACTION_REOPEN_OWN,
    ACTION_REOPEN_ANY,
    ACTION_BACK_MANAGED, /* leave a stage backwards where the definition asks for a manager */
    ACTION_INVITE_REP,   /* reps and viewers */
    ACTION_INVITE_ANY,
    ACTION_RESOLVE_ANY,  /* close inbox items of others */
    ACTION_DEVICE_OWN,   /* name or revoke one's own devices */
    ACTION_DEVICE_ANY,
    ACTION_RESTORE_ANY, /* bring back what somebody else deleted */
    ACTION_DEFINE, /* add, change and remove stages */
    ACTION_COUNT
};

bool permission_allows(enum role role, enum action action);
/* The same for a member: who left the team may do nothing. */
bool permission_member_allows(const struct member *member, enum action action);
/* What the action is called in a refusal: "import deals". */
const char *permission_name(enum action action);
/* May that member see that row? Inbox items: author, concerned, managers and owners; devices: whose
 * they are, managers and owners; invitations: managers and owners; outcomes: nobody by this
 * function; all else in this version: everybody in the team. */
bool permission_sees(const struct member *member, enum entity_kind kind, const void *entity);

#endif
