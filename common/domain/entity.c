/* entity.c - the kinds by number: their names and the sizes of their structs. */
#include "common/domain/entity.h"

size_t entity_size(enum entity_kind kind)
{
    switch (kind) {
    case ENTITY_NONE:
    case ENTITY_DEFINITION:
    case ENTITY_COUNT: return 0;
    case ENTITY_TEAM: return sizeof(struct team);
    case ENTITY_MEMBER: return sizeof(struct member);
    case ENTITY_ORGANISATION: return sizeof(struct organisation);
    case ENTITY_PERSON: return sizeof(struct person);
    case ENTITY_DEAL: return sizeof(struct deal);
    case ENTITY_ACTIVITY: return sizeof(struct activity);
    case ENTITY_EVENT: return sizeof(struct event);
    case ENTITY_INBOX: return sizeof(struct inbox_item);
    case ENTITY_OUTCOME: return sizeof(struct outcome);
    case ENTITY_INVITATION: return sizeof(struct invitation);
    case ENTITY_DEVICE: return sizeof(struct device);
    }
    return 0; /* a number from outside */
}

const char *entity_name(enum entity_kind kind)
{
    switch (kind) {
    case ENTITY_NONE:
    case ENTITY_COUNT: return NULL;
    case ENTITY_TEAM: return "team";
    case ENTITY_MEMBER: return "member";
    case ENTITY_DEFINITION: return "definition";
    case ENTITY_ORGANISATION: return "organisation";
    case ENTITY_PERSON: return "person";
    case ENTITY_DEAL: return "deal";
    case ENTITY_ACTIVITY: return "activity";
    case ENTITY_EVENT: return "event";
    case ENTITY_INBOX: return "inbox";
    case ENTITY_OUTCOME: return "outcome";
    case ENTITY_INVITATION: return "invitation";
    case ENTITY_DEVICE: return "device";
    }
    return NULL; /* a number from outside */
}
