/* entity.h - the things of a sales pipeline, as plain structs.
 *
 * Every kind but the definition is described by the field table (field.h), which drives codec,
 * merge, gates, filters, JSON, SQL columns, import and export. Ids inside entities are plain
 * uuids; the field table says what kind each refers to. Text absent = {NULL, 0}; a reference
 * absent = the zero id; times are UTC milliseconds, dates are days since 1970-01-01. */
#ifndef SLUICE_COMMON_DOMAIN_ENTITY_H
#define SLUICE_COMMON_DOMAIN_ENTITY_H

#include "common/base/id.h"
#include "common/base/text.h"

/* Wire values: never renumber, never reuse. */
enum entity_kind {
    ENTITY_NONE = 0,
    ENTITY_TEAM = 1,
    ENTITY_MEMBER = 2,
    ENTITY_DEFINITION = 3, /* a document, see definition.h */
    ENTITY_ORGANISATION = 4,
    ENTITY_PERSON = 5,
    ENTITY_DEAL = 6,
    ENTITY_ACTIVITY = 7,
    ENTITY_EVENT = 8,   /* history: append-only, key (subject, seq, n) */
    ENTITY_INBOX = 9,   /* conflicts, parked mutations, notices; seen by the people concerned */
    ENTITY_OUTCOME = 10, /* answer to one mutation; seen by its replica only; key (replica, n) */
    ENTITY_INVITATION = 11, /* seen by managers; its code's hash never leaves the server */
    ENTITY_DEVICE = 12,     /* seen by its member and by managers; its key never leaves the server */
    ENTITY_COUNT = 13
};

struct optional {
    bool has;
    int64_t v;
};

struct text_set { /* sorted by bytes, without doubles */
    struct str *items;
    size_t count;
};

enum role { ROLE_NONE = 0, ROLE_OWNER = 1, ROLE_MANAGER = 2, ROLE_REP = 3, ROLE_VIEWER = 4 };
enum deal_status {
    STATUS_NONE = 0,
    STATUS_OPEN = 1,
    STATUS_WON = 2,
    STATUS_LOST = 3,
    STATUS_ICED = 4,
    STATUS_DISCARDED = 5
};
enum activity_type {
    ACTIVITY_NONE = 0,
    ACTIVITY_CALL = 1,
    ACTIVITY_MAIL_OUT = 2,
    ACTIVITY_MAIL_IN = 3,
    ACTIVITY_MEETING = 4,
    ACTIVITY_NOTE = 5
};
enum event_what {
    EVENT_NONE = 0,
    EVENT_CREATED = 1, /* for a deal also its first stage: to_stage, to_status */
    EVENT_STAGE = 2,   /* unit pipeline+stage+status: move, win, lose, ice, thaw, reopen, discard */
    EVENT_FIELD = 3,   /* any other field: field, from_value, to_value */
    EVENT_DELETED = 4,
    EVENT_IMPORTED = 5 /* one recorded stand of an imported deal; counts as a stage event */
};
enum inbox_kind { INBOX_NONE = 0, INBOX_CONFLICT = 1, INBOX_PARKED = 2, INBOX_NOTICE = 3 };
enum inbox_state {
    INBOX_STATE_NONE = 0,
    INBOX_OPEN = 1,
    INBOX_MINE = 2,      /* resolved with the author's value */
    INBOX_THEIRS = 3,    /* resolved with the value that stood */
    INBOX_VALUE = 4,     /* resolved with a third value */
    INBOX_DISCARDED = 5, /* parked one thrown away by its author */
    INBOX_RESENT = 6     /* parked one sent again by a new mutation */
};
enum outcome_kind {
    OUTCOME_NONE = 0,
    OUTCOME_APPLIED = 1,
    OUTCOME_MERGED = 2,   /* applied, beside changes of others to the same thing */
    OUTCOME_CONFLICT = 3, /* at least one unit became a conflict; the others were applied */
    OUTCOME_PARKED = 4    /* refused; nothing applied; the payload is in the inbox */
};

struct team {
    struct uuid id;
    struct str name, zone_name, zone; /* zone: packed transition table, calendar.h */
    struct str currency;              /* default for new deals */
};
struct member {
    struct uuid id;
    struct str name;
    int64_t role;   /* enum role */
    bool imported;  /* came with an import: credited in reports, has no device */
    bool removed;   /* left the team; kept for history */
};
struct organisation {
    struct uuid id;
    struct str name, website, phone, address, country, industry, note, external_id;
    struct uuid created_by;
    struct optional created_at;
};
struct person {
    struct uuid id;
    struct str name, email, phone, position, note, external_id;
    struct uuid organisation, created_by;
    struct optional created_at;
};
struct deal {
    struct uuid id;
    struct str title;
    struct uuid organisation, contact, owner;
    /* unit "stage": means something only together */
    struct str pipeline, stage, lost_reason; /* keys of the definition; free text */
    int64_t status;                          /* enum deal_status */
    struct optional wake_date;
    /* unit "money" */
    struct optional value; /* minor units of currency */
    struct str currency;
    struct optional expected_close;
    struct str source;
    /* unit "next step" */
    struct str next_step;
    struct optional due;
    struct text_set tags;
    struct str category; /* forecast: commit, best-case, pipeline, omitted */
    /* unit "probability" */
    struct optional probability; /* percent, when given by hand; else the stage's */
    bool probability_by_hand;
    struct text_set checks; /* keys of checks that hold */
    struct str external_id;
    bool attention; /* stands where the gates would not have let it in */
    /* stamped by decide, never edited */
    struct uuid created_by;
    struct optional created_at;       /* unknown for many imports */
    struct optional stage_entered_at; /* of the running visit; thaw keeps it */
    struct optional stage_changed_at; /* happened of the last stage event of any kind */
    struct optional closed_at;
    struct optional push_count; /* moves of expected_close to a later month */
};
struct activity {
    struct uuid id;
    int64_t type; /* enum activity_type */
    struct uuid deal, organisation, person, member;
    struct str text;
    struct optional happened_at, created_at;
};
struct event {
    struct uuid subject; /* with seq and n the key of the row */
    int64_t subject_kind;
    int64_t what; /* enum event_what */
    struct str field, from_value, to_value; /* canonical text, value.h */
    struct str pipeline, from_stage, to_stage;
    int64_t from_status, to_status;
    struct uuid owner; /* of the deal after the event: whose it counts for */
    struct optional value;
    struct str currency; /* of the deal after the event: value at closing */
    struct uuid who;
    struct optional happened_at; /* absent: unknown (imports) */
    struct optional recorded_at, claimed_at;
    struct uuid mutation, undoes, batch; /* undoes: the mutation this one takes back */
};
struct inbox_item {
    struct uuid id;
    int64_t number; /* team-wide, never changes, never recurs */
    int64_t kind, state; /* enum inbox_kind, inbox_state */
    int64_t subject_kind;
    struct uuid subject;
    struct str field;              /* unit's leading field for a conflict */
    struct str base, mine, theirs; /* canonical text of the unit, value.h */
    struct str reasons;            /* reason.h, one a line */
    struct str payload;            /* the mutation as received, for retry */
    struct uuid mutation, author, concerned, group; /* group: the refused creation it hangs on */
    struct optional acted_at, recorded_at, closed_at;
    struct uuid closed_by;
};
struct outcome {
    struct uuid replica; /* with number the key */
    int64_t number;
    int64_t kind; /* enum outcome_kind */
    struct uuid mutation, member;
    struct str payload_hash; /* BLAKE2b-256 of the mutation as received */
    struct str reasons;
    struct optional recorded_at;
};
struct invitation {
    struct uuid id, member, invited_by;
    struct str code_hash; /* BLAKE2b-256; the code itself is stored nowhere */
    struct optional expires_at, created_at, revoked_at;
    struct uuid revoked_by;
    bool revoked; /* for good; who joined with it before stays */
};

struct device {
    struct uuid id, member, invitation; /* the one it joined with */
    struct str name;
    struct optional created_at, revoked_at;
    struct uuid revoked_by;
    bool revoked; /* for good: it may deliver what it has, then it is told to erase itself */
};

struct entity_key {
    enum entity_kind kind;
    struct uuid id;
};

/* One synced row: what stores keep, what pages carry. n numbers rows of one id (events of one
 * subject within one seq; outcomes of one replica), 0 for all other kinds. */
struct row {
    enum entity_kind kind;
    struct uuid id;
    uint64_t seq;
    uint32_t n;
    bool removed;       /* then entity is NULL; (id, seq) stay */
    const void *entity; /* the struct of its kind */
};

/* sizeof the struct of that kind; 0 for kinds the field table does not describe. */
size_t entity_size(enum entity_kind kind);
/* "deal", "organisation"; NULL for numbers that are no kind. Also the table's name in SQL. */
const char *entity_name(enum entity_kind kind);

#endif
