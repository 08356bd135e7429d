/* field.c - the field table itself: every field of every kind, in tag order.
 *
 * Callers: all that works on fields without knowing them (codec, merge, decide, filters, forms,
 * SQL, import, export). The functions over the table are in field_access.c.
 * Invariant: tag, name and type agree with proto/sluice.proto (test_codec compares both ways);
 * fields of one unit stand side by side, the first of them leads it. */
#include "common/domain/field.h"

#include <stddef.h>

#include "common/base/bounds.h"
#include "common/base/banned.h"

/* Index = the number on the wire; 0 is "absent". */
static const char *const kind_choices[] = {"",       "team",         "member", "definition",
                                           "organisation", "person", "deal",   "activity",
                                           "event",  "inbox",        "outcome", "invitation",
                                           "device", NULL};
static const char *const role_choices[] = {"", "owner", "manager", "rep", "viewer", NULL};
static const char *const status_choices[] = {"", "open", "won", "lost", "iced", "discarded", NULL};
static const char *const category_choices[] = {"", "commit", "best-case", "pipeline", "omitted",
                                               NULL};
static const char *const activity_choices[] = {"",        "call", "mail-out", "mail-in",
                                               "meeting", "note", NULL};
static const char *const what_choices[] = {"", "created", "stage", "field", "deleted", "imported",
                                           NULL};
static const char *const inbox_choices[] = {"", "conflict", "parked", "notice", NULL};
static const char *const inbox_state_choices[] = {"",      "open",      "mine",   "theirs",
                                                  "value", "discarded", "resent", NULL};
static const char *const outcome_choices[] = {"", "applied", "merged", "conflict", "parked", NULL};

/* One shape of row per type: KIND is struct and entity at once through the two defines below. */
#define ROW(tag_, name_, label_, type_, member_, ...)                                              \
    {.entity = KIND, .tag = tag_, .name = name_, .label = label_, .type = type_,                   \
     .offset = offsetof(struct STRUCT, member_), __VA_ARGS__}
#define TEXT(tag, name, label, member, max, ...)                                                   \
    ROW(tag, name, label, VALUE_TEXT, member, .text_max = max, __VA_ARGS__)
#define BYTES(tag, name, label, member, max)                                                       \
    ROW(tag, name, label, VALUE_BYTES, member, .text_max = max)
#define NUMBER(tag, name, label, member, ...)                                                      \
    ROW(tag, name, label, VALUE_NUMBER, member, __VA_ARGS__)
#define DATE(tag, name, label, member, ...)                                                        \
    ROW(tag, name, label, VALUE_DATE, member, __VA_ARGS__)
#define TIME(tag, name, label, member, ...)                                                        \
    ROW(tag, name, label, VALUE_TIME, member, __VA_ARGS__)
#define FLAG(tag, name, label, member, ...)                                                        \
    ROW(tag, name, label, VALUE_FLAG, member, __VA_ARGS__)
#define CHOICE(tag, name, label, member, choices_, ...)                                            \
    ROW(tag, name, label, VALUE_CHOICE, member, .choices = choices_, __VA_ARGS__)
/* A plain number that is never unknown: 0 is absent. */
#define COUNTER(tag, name, label, member) ROW(tag, name, label, VALUE_CHOICE, member, .flags = 0)
#define REFERENCE(tag, name, label, member, kind, ...)                                             \
    ROW(tag, name, label, VALUE_REFERENCE, member, .refers = kind, __VA_ARGS__)
#define SET(tag, name, label, member, ...)                                                         \
    ROW(tag, name, label, VALUE_SET, member, .text_max = SET_ITEM_BYTES_MAX, __VA_ARGS__)

#define NO_FLAGS .flags = 0
#define EDITABLE .flags = FIELD_EDITABLE
#define REQUIRED .flags = FIELD_EDITABLE | FIELD_REQUIRED
#define LINES    .flags = FIELD_EDITABLE | FIELD_LINES
#define GUARDED  .flags = FIELD_EDITABLE | FIELD_GUARDED
#define IMPORTED .flags = FIELD_IMPORTED
#define STAGE_UNIT       GUARDED, .unit = UNIT_STAGE
#define MONEY_UNIT       EDITABLE, .unit = UNIT_MONEY
#define NEXT_STEP_UNIT   EDITABLE, .unit = UNIT_NEXT_STEP
#define PROBABILITY_UNIT EDITABLE, .unit = UNIT_PROBABILITY

#define KIND   ENTITY_TEAM
#define STRUCT team
static const struct field team_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    TEXT(2, "name", "Name", name, NAME_BYTES_MAX, NO_FLAGS),
    TEXT(3, "zone_name", "Time zone", zone_name, NAME_BYTES_MAX, NO_FLAGS),
    BYTES(4, "zone", "Time zone table", zone, MUTATION_BYTES_MAX),
    TEXT(5, "currency", "Currency", currency, NAME_BYTES_MAX, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_MEMBER
#define STRUCT member
static const struct field member_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    TEXT(2, "name", "Name", name, NAME_BYTES_MAX, .flags = FIELD_REQUIRED | FIELD_IMPORTED),
    CHOICE(3, "role", "Role", role, role_choices, NO_FLAGS),
    FLAG(4, "imported", "Imported", imported, IMPORTED),
    FLAG(5, "removed", "Left the team", removed, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_ORGANISATION
#define STRUCT organisation
static const struct field organisation_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    TEXT(2, "name", "Name", name, NAME_BYTES_MAX, REQUIRED),
    TEXT(3, "website", "Website", website, TEXT_BYTES_MAX, EDITABLE),
    TEXT(4, "phone", "Phone", phone, NAME_BYTES_MAX, EDITABLE),
    TEXT(5, "address", "Address", address, TEXT_BYTES_MAX, LINES),
    TEXT(6, "country", "Country", country, NAME_BYTES_MAX, EDITABLE),
    TEXT(7, "industry", "Industry", industry, NAME_BYTES_MAX, EDITABLE),
    TEXT(8, "note", "Note", note, NOTE_BYTES_MAX, LINES),
    TEXT(9, "external_id", "External id", external_id, NAME_BYTES_MAX, IMPORTED),
    REFERENCE(10, "created_by", "Created by", created_by, ENTITY_MEMBER, NO_FLAGS),
    TIME(11, "created_at", "Created", created_at, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_PERSON
#define STRUCT person
static const struct field person_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    TEXT(2, "name", "Name", name, NAME_BYTES_MAX, REQUIRED),
    TEXT(3, "email", "E-mail", email, TEXT_BYTES_MAX, EDITABLE),
    TEXT(4, "phone", "Phone", phone, NAME_BYTES_MAX, EDITABLE),
    TEXT(5, "position", "Position", position, NAME_BYTES_MAX, EDITABLE),
    REFERENCE(6, "org", "Organisation", organisation, ENTITY_ORGANISATION, EDITABLE),
    TEXT(7, "note", "Note", note, NOTE_BYTES_MAX, LINES),
    TEXT(8, "external_id", "External id", external_id, NAME_BYTES_MAX, IMPORTED),
    REFERENCE(9, "created_by", "Created by", created_by, ENTITY_MEMBER, NO_FLAGS),
    TIME(10, "created_at", "Created", created_at, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_DEAL
#define STRUCT deal
static const struct field deal_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    TEXT(2, "title", "Title", title, TITLE_BYTES_MAX, REQUIRED),
    REFERENCE(3, "org", "Organisation", organisation, ENTITY_ORGANISATION, EDITABLE),
    REFERENCE(4, "contact", "Contact", contact, ENTITY_PERSON, EDITABLE),
    TEXT(5, "pipeline", "Pipeline", pipeline, NAME_BYTES_MAX, STAGE_UNIT),
    TEXT(6, "stage", "Stage", stage, NAME_BYTES_MAX, STAGE_UNIT),
    CHOICE(7, "status", "Status", status, status_choices, STAGE_UNIT),
    TEXT(8, "lost_reason", "Lost reason", lost_reason, TEXT_BYTES_MAX, STAGE_UNIT),
    DATE(9, "wake_date", "On ice until", wake_date, STAGE_UNIT),
    NUMBER(10, "value", "Value", value, MONEY_UNIT),
    TEXT(11, "currency", "Currency", currency, NAME_BYTES_MAX, MONEY_UNIT),
    REFERENCE(12, "owner", "Owner", owner, ENTITY_MEMBER, GUARDED),
    DATE(13, "expected_close", "Expected close", expected_close, EDITABLE),
    TEXT(14, "source", "Source", source, NAME_BYTES_MAX, EDITABLE),
    TEXT(15, "next_step", "Next step", next_step, TEXT_BYTES_MAX, NEXT_STEP_UNIT),
    DATE(16, "due", "Due", due, NEXT_STEP_UNIT),
    SET(17, "tags", "Tags", tags, EDITABLE),
    TEXT(18, "category", "Forecast", category, NAME_BYTES_MAX, EDITABLE,
         .choices = category_choices),
    NUMBER(19, "probability", "Probability", probability, PROBABILITY_UNIT),
    FLAG(20, "probability_by_hand", "Probability by hand", probability_by_hand, PROBABILITY_UNIT),
    SET(21, "checks", "Checks", checks, EDITABLE),
    TEXT(22, "external_id", "External id", external_id, NAME_BYTES_MAX, IMPORTED),
    FLAG(23, "attention", "Needs attention", attention, NO_FLAGS),
    REFERENCE(24, "created_by", "Created by", created_by, ENTITY_MEMBER, NO_FLAGS),
    TIME(25, "created_at", "Created", created_at, NO_FLAGS),
    TIME(26, "stage_entered_at", "In the stage since", stage_entered_at, NO_FLAGS),
    TIME(27, "stage_changed_at", "Stage changed", stage_changed_at, NO_FLAGS),
    TIME(28, "closed_at", "Closed", closed_at, NO_FLAGS),
    NUMBER(29, "push_count", "Times pushed", push_count, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_ACTIVITY
#define STRUCT activity
static const struct field activity_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    CHOICE(2, "type", "Type", type, activity_choices, REQUIRED),
    REFERENCE(3, "deal", "Deal", deal, ENTITY_DEAL, EDITABLE),
    REFERENCE(4, "org", "Organisation", organisation, ENTITY_ORGANISATION, EDITABLE),
    REFERENCE(5, "person", "Person", person, ENTITY_PERSON, EDITABLE),
    REFERENCE(6, "member", "Member", member, ENTITY_MEMBER, EDITABLE),
    TEXT(7, "text", "Text", text, NOTE_BYTES_MAX, LINES),
    TIME(8, "happened_at", "When", happened_at, EDITABLE),
    TIME(9, "created_at", "Recorded", created_at, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_EVENT
#define STRUCT event
static const struct field event_fields[] = {
    REFERENCE(1, "subject", "Subject", subject, ENTITY_NONE, NO_FLAGS),
    CHOICE(2, "subject_kind", "Kind of subject", subject_kind, kind_choices, NO_FLAGS),
    CHOICE(3, "what", "What", what, what_choices, NO_FLAGS),
    TEXT(4, "field", "Field", field, NAME_BYTES_MAX, NO_FLAGS),
    TEXT(5, "from_value", "From", from_value, NOTE_BYTES_MAX, NO_FLAGS),
    TEXT(6, "to_value", "To", to_value, NOTE_BYTES_MAX, NO_FLAGS),
    TEXT(7, "pipeline", "Pipeline", pipeline, NAME_BYTES_MAX, NO_FLAGS),
    TEXT(8, "from_stage", "From stage", from_stage, NAME_BYTES_MAX, NO_FLAGS),
    TEXT(9, "to_stage", "To stage", to_stage, NAME_BYTES_MAX, NO_FLAGS),
    CHOICE(10, "from_status", "From status", from_status, status_choices, NO_FLAGS),
    CHOICE(11, "to_status", "To status", to_status, status_choices, NO_FLAGS),
    REFERENCE(12, "owner", "Owner", owner, ENTITY_MEMBER, NO_FLAGS),
    NUMBER(13, "value", "Value", value, NO_FLAGS),
    TEXT(14, "currency", "Currency", currency, NAME_BYTES_MAX, NO_FLAGS),
    REFERENCE(15, "who", "Who", who, ENTITY_MEMBER, NO_FLAGS),
    TIME(16, "happened_at", "Happened", happened_at, NO_FLAGS),
    TIME(17, "recorded_at", "Recorded", recorded_at, NO_FLAGS),
    TIME(18, "claimed_at", "Claimed", claimed_at, NO_FLAGS),
    REFERENCE(19, "mutation", "Change", mutation, ENTITY_NONE, NO_FLAGS),
    REFERENCE(20, "undoes", "Undoes", undoes, ENTITY_NONE, NO_FLAGS),
    REFERENCE(21, "batch", "Batch", batch, ENTITY_NONE, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_INBOX
#define STRUCT inbox_item
static const struct field inbox_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    COUNTER(2, "number", "Number", number),
    CHOICE(3, "kind", "Kind", kind, inbox_choices, NO_FLAGS),
    CHOICE(4, "state", "State", state, inbox_state_choices, NO_FLAGS),
    CHOICE(5, "subject_kind", "Kind of subject", subject_kind, kind_choices, NO_FLAGS),
    REFERENCE(6, "subject", "Subject", subject, ENTITY_NONE, NO_FLAGS),
    TEXT(7, "field", "Field", field, NAME_BYTES_MAX, NO_FLAGS),
    TEXT(8, "base", "Before", base, NOTE_BYTES_MAX, NO_FLAGS),
    TEXT(9, "mine", "Mine", mine, NOTE_BYTES_MAX, NO_FLAGS),
    TEXT(10, "theirs", "Theirs", theirs, NOTE_BYTES_MAX, NO_FLAGS),
    TEXT(11, "reasons", "Reasons", reasons, NOTE_BYTES_MAX, NO_FLAGS),
    BYTES(12, "payload", "Change as received", payload, MUTATION_BYTES_MAX),
    REFERENCE(13, "mutation", "Change", mutation, ENTITY_NONE, NO_FLAGS),
    REFERENCE(14, "author", "Author", author, ENTITY_MEMBER, NO_FLAGS),
    REFERENCE(15, "concerned", "Concerned", concerned, ENTITY_MEMBER, NO_FLAGS),
    REFERENCE(16, "group_id", "Belongs to", group, ENTITY_INBOX, NO_FLAGS),
    TIME(17, "acted_at", "Acted", acted_at, NO_FLAGS),
    TIME(18, "recorded_at", "Recorded", recorded_at, NO_FLAGS),
    TIME(19, "closed_at", "Closed", closed_at, NO_FLAGS),
    REFERENCE(20, "closed_by", "Closed by", closed_by, ENTITY_MEMBER, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_OUTCOME
#define STRUCT outcome
static const struct field outcome_fields[] = {
    REFERENCE(1, "replica", "Replica", replica, ENTITY_NONE, NO_FLAGS),
    COUNTER(2, "number", "Number", number),
    CHOICE(3, "kind", "Kind", kind, outcome_choices, NO_FLAGS),
    REFERENCE(4, "mutation", "Change", mutation, ENTITY_NONE, NO_FLAGS),
    REFERENCE(5, "member", "Member", member, ENTITY_MEMBER, NO_FLAGS),
    BYTES(6, "payload_hash", "Payload hash", payload_hash, 32),
    TEXT(7, "reasons", "Reasons", reasons, NOTE_BYTES_MAX, NO_FLAGS),
    TIME(8, "recorded_at", "Recorded", recorded_at, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_INVITATION
#define STRUCT invitation
static const struct field invitation_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    REFERENCE(2, "member", "Member", member, ENTITY_MEMBER, NO_FLAGS),
    REFERENCE(3, "invited_by", "Invited by", invited_by, ENTITY_MEMBER, NO_FLAGS),
    BYTES(4, "code_hash", "Code hash", code_hash, 32),
    TIME(5, "expires_at", "Expires", expires_at, NO_FLAGS),
    TIME(6, "created_at", "Created", created_at, NO_FLAGS),
    TIME(7, "revoked_at", "Taken back", revoked_at, NO_FLAGS),
    REFERENCE(8, "revoked_by", "Taken back by", revoked_by, ENTITY_MEMBER, NO_FLAGS),
    FLAG(9, "revoked", "Taken back for good", revoked, EDITABLE),
};
#undef KIND
#undef STRUCT

#define KIND   ENTITY_DEVICE
#define STRUCT device
static const struct field device_fields[] = {
    REFERENCE(1, "id", "ID", id, ENTITY_NONE, NO_FLAGS),
    REFERENCE(2, "member", "Member", member, ENTITY_MEMBER, NO_FLAGS),
    TEXT(3, "name", "Name", name, NAME_BYTES_MAX, REQUIRED),
    TIME(4, "created_at", "Joined", created_at, NO_FLAGS),
    TIME(5, "revoked_at", "Revoked", revoked_at, NO_FLAGS),
    REFERENCE(6, "revoked_by", "Revoked by", revoked_by, ENTITY_MEMBER, NO_FLAGS),
    FLAG(7, "revoked", "Revoked for good", revoked, EDITABLE),
    REFERENCE(8, "invitation", "Joined with", invitation, ENTITY_NONE, NO_FLAGS),
};
#undef KIND
#undef STRUCT

#define TABLE(fields) (*count = sizeof(fields) / sizeof(fields)[0], (fields))

const struct field *fields_of(enum entity_kind kind, size_t *count)
{
    *count = 0;
    switch (kind) {
    case ENTITY_NONE:
    case ENTITY_DEFINITION:
    case ENTITY_COUNT: return NULL;
    case ENTITY_TEAM: return TABLE(team_fields);
    case ENTITY_MEMBER: return TABLE(member_fields);
    case ENTITY_ORGANISATION: return TABLE(organisation_fields);
    case ENTITY_PERSON: return TABLE(person_fields);
    case ENTITY_DEAL: return TABLE(deal_fields);
    case ENTITY_ACTIVITY: return TABLE(activity_fields);
    case ENTITY_EVENT: return TABLE(event_fields);
    case ENTITY_INBOX: return TABLE(inbox_fields);
    case ENTITY_OUTCOME: return TABLE(outcome_fields);
    case ENTITY_INVITATION: return TABLE(invitation_fields);
    case ENTITY_DEVICE: return TABLE(device_fields);
    }
    return NULL; /* a number from outside */
}
