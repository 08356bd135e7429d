/* mutation.h - what somebody wants changed, as data. The only way anything is ever written.
 *
 * A mutation is made once, where the person acts: ids and times are stamped then. It travels and
 * is stored as the bytes it was packed to; hashes cover exactly those (codec/mutation.h). */
#ifndef SLUICE_COMMON_DOMAIN_MUTATION_H
#define SLUICE_COMMON_DOMAIN_MUTATION_H

#include "common/base/bounds.h"
#include "common/domain/field.h"

/* Wire values. */
enum mutation_kind {
    MUTATION_NONE = 0,
    MUTATION_CREATE = 1,
    MUTATION_EDIT = 2,   /* also move, win, lose, ice, thaw, reopen, assign: edits of units */
    MUTATION_DELETE = 3,
    MUTATION_IMPORT = 4, /* creates a deal where it stood, with what is known of its history */
    MUTATION_INVITE = 5, /* a member (new or known) and a one-time code's hash */
    MUTATION_CLOSE = 6,  /* closes an inbox item without touching anything: theirs, discard */
    MUTATION_CORRECT = 7, /* manager's edit of a closed deal's value and closing date */
    MUTATION_NOTICE = 8,  /* the server's own: tells people something about a device */
    MUTATION_RESTORE = 9  /* brings back what the deletion it undoes took away */
};

/* One field's wish. For sets add/remove are used, base and want are absent. `field` is NULL when
 * the tag is not one of ours (a newer client): decide refuses it, nothing is lost. */
struct edit {
    uint32_t tag;
    const struct field *field;
    struct value base, want;
    struct text_set add, remove;
};

/* One known stand of an imported deal, oldest first. */
struct stand {
    struct str stage;        /* key */
    int64_t status;          /* enum deal_status */
    struct optional since;   /* absent = unknown */
};

struct stage_edit;

struct mutation {
    struct uuid id;
    int64_t kind;        /* enum mutation_kind; unknown numbers are refused by decide */
    int64_t entity;      /* enum entity_kind of the target */
    struct uuid target;
    struct edit *edits;
    size_t edit_count;
    struct optional acted_at;    /* client's clock when the person acted */
    struct optional happened_at; /* claimed by --on; absent = acted_at */
    struct uuid batch;           /* bulk work */
    struct uuid undoes;          /* the mutation it takes back */
    struct uuid resolves;        /* the inbox item it closes when it goes through */
    int64_t resolution;          /* enum inbox_state that item gets */
    struct uuid replaces;        /* with resolves: whose value goes, by the mutation it came with */
    uint64_t definition_version; /* the one the person saw */
    struct stand *stands;        /* IMPORT only */
    size_t stand_count;
    struct str code_hash;        /* INVITE only */
    struct optional expires_at;  /* INVITE only */
    const struct stage_edit *stage; /* EDIT of the definition only; else NULL */
    bool bulk;                   /* not a person's single act: does not count as a touch */
    uint64_t first_number, last_number; /* NOTICE only: of what is missing; 0: of a copy */
};

/* Every row decide() will look at for this mutation, the actor and definition aside: its target,
 * what its references name, the inbox slots it may write, the traces (event_trace_id) of what it
 * undoes. At most MUTATION_KEYS_MAX; doubles
 * possible. The same on client and server. */
size_t mutation_keys(const struct mutation *mutation, struct uuid actor,
                     struct entity_key keys[MUTATION_KEYS_MAX]);

enum { MUTATION_WRITES_MAX = 3 };

/* The ids under which a predicted decision may put rows (events: their subject's), a part of the
 * above: the target, its parked creation, the item it resolves. All else is only looked at. */
size_t mutation_writes(const struct mutation *mutation, struct uuid ids[MUTATION_WRITES_MAX]);

/* Ids of inbox rows are derived, so that they can be named without a search. */
struct uuid inbox_conflict_id(struct uuid subject, const struct field *leader, struct uuid author);
struct uuid inbox_parked_id(struct uuid mutation);
/* Of the notice that a value went by that mutation, which settled a conflict. */
struct uuid inbox_replaced_id(struct uuid mutation);
/* Under which a state has the events a mutation left on its target: what an undo is held against.
 * field absent: its change of stage, or its deletion. */
struct uuid event_trace_id(struct uuid mutation, struct str field);
/* Under which a state has the newest deletion of a thing: an older one is not taken back any more. */
struct uuid event_deletion_id(struct uuid subject);
/* What the server says about a thing, once. */
struct uuid inbox_notice_id(struct uuid about);
/* What it says of a copy is about ids derived from the copy's: that it appeared; that what it was
 * answered is missing. They are the ids of the NOTICE mutations too. */
struct uuid notice_copied_id(struct uuid replica);
struct uuid notice_missing_id(struct uuid replica);
/* The parked creation of that target: what depends on it names this row. */
struct uuid inbox_creation_id(struct uuid target);

#endif
