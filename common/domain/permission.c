/* permission.c - the rights, as one table. Called by decide; by the client to hide what would be
 * refused; by the feed for sight. */
#include "common/domain/permission.h"

#include "common/base/check.h"
#include "common/base/banned.h"

#define MAY(action) (1u << ACTION_##action)

enum { EVERY_ACTION = (1 << ACTION_COUNT) - 1 };

/* By role; a role that is not here may nothing. */
static const unsigned may[] = {
    [ROLE_NONE] = 0,
    [ROLE_OWNER] = EVERY_ACTION,
    [ROLE_MANAGER] = EVERY_ACTION & ~MAY(INVITE_ANY),
    [ROLE_REP] =
        MAY(EDIT) | MAY(ASSIGN_OWN) | MAY(DELETE_OWN) | MAY(REOPEN_OWN) | MAY(DEVICE_OWN),
    [ROLE_VIEWER] = MAY(DEVICE_OWN),
};

bool permission_allows(enum role role, enum action action)
{
    check(action < ACTION_COUNT);
    if ((size_t)role >= sizeof may / sizeof may[0]) return false;
    return (may[role] & (1u << action)) != 0;
}

bool permission_member_allows(const struct member *member, enum action action)
{
    if (!member || member->removed) return false;
    if (member->role < ROLE_NONE || member->role > ROLE_VIEWER) return false;
    return permission_allows((enum role)member->role, action);
}

const char *permission_name(enum action action)
{
    switch (action) {
    case ACTION_EDIT: return "edit";
    case ACTION_ASSIGN_OWN: return "assign deals";
    case ACTION_ASSIGN_ANY: return "assign deals of others";
    case ACTION_DELETE_OWN: return "delete";
    case ACTION_DELETE_ANY: return "delete what belongs to others";
    case ACTION_IMPORT: return "import deals";
    case ACTION_CORRECT: return "correct closed deals";
    case ACTION_REOPEN_OWN: return "reopen deals";
    case ACTION_REOPEN_ANY: return "reopen deals of others";
    case ACTION_BACK_MANAGED: return "move a deal back from this stage";
    case ACTION_INVITE_REP: return "invite people";
    case ACTION_INVITE_ANY: return "invite owners and managers";
    case ACTION_RESOLVE_ANY: return "resolve what concerns others";
    case ACTION_DEVICE_OWN: return "revoke devices";
    case ACTION_DEVICE_ANY: return "revoke devices of others";
    case ACTION_RESTORE_ANY: return "bring back what somebody else deleted";
    case ACTION_DEFINE: return "change the stages";
    case ACTION_COUNT: break;
    }
    bug("action", __FILE__, __LINE__);
}

static bool member_manages(const struct member *member)
{
    return member->role == ROLE_OWNER || member->role == ROLE_MANAGER;
}

static bool inbox_concerns(const struct member *member, const struct inbox_item *item)
{
    if (uuid_equal(item->author, member->id)) return true;
    if (uuid_equal(item->concerned, member->id)) return true;
    return member_manages(member);
}

static bool device_concerns(const struct member *member, const struct device *device)
{
    return uuid_equal(device->member, member->id) || member_manages(member);
}

bool permission_sees(const struct member *member, enum entity_kind kind, const void *entity)
{
    if (!member || member->removed) return false;
    switch (kind) {
    case ENTITY_NONE:
    case ENTITY_OUTCOME:
    case ENTITY_COUNT: return false;
    case ENTITY_INVITATION: return member_manages(member);
    case ENTITY_INBOX: return entity && inbox_concerns(member, entity);
    case ENTITY_DEVICE: return entity && device_concerns(member, entity);
    case ENTITY_TEAM:
    case ENTITY_MEMBER:
    case ENTITY_DEFINITION:
    case ENTITY_ORGANISATION:
    case ENTITY_PERSON:
    case ENTITY_DEAL:
    case ENTITY_ACTIVITY:
    case ENTITY_EVENT: return true;
    }
    return false; /* a kind of a newer version */
}
