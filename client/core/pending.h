/* pending.h - which things the pending mutations look at and write: what a reveal has to decide
 * again, and what it may leave as it is shown.
 *
 * Kept in memory by sync for a session; made of the outbox, and only ever a shortcut: forgetting it
 * costs time, never truth. Numbers only. A thing is an id, whatever its kind.
 *
 *   in a transaction: learn -> row, answered ... -> close -> (dropped, decided again) -> done
 *
 * Invariant, after pending_close: what an entry that is not marked looks at is neither dirty nor
 * looked at by it in another state than before; a marked entry finds what it looks at as entries
 * with lower numbers leave it. Hence: dirty things back to the server's, marked entries again in
 * order of number, is the same as everything from scratch. */
#ifndef SLUICE_CLIENT_CORE_PENDING_H
#define SLUICE_CLIENT_CORE_PENDING_H

#include "client/core/replica.h"
#include "common/base/map.h"

struct pending_entry;

struct pending_touch {
    struct pending_entry *entry;
    struct pending_touch *next;
};

struct pending_thing {
    struct uuid id;
    struct pending_touch *touches;
    uint32_t kinds;       /* bits of enum entity_kind under which entries write it */
    uint64_t last_writer; /* highest number that writes it, 0: none */
    bool dirty;
    struct pending_thing *next_dirty;
};

struct pending_entry {
    uint64_t number;
    struct pending_thing **things; /* those it may write first */
    size_t thing_count, written;
    bool answered, marked;
};

struct pending {
    struct arena arena;
    struct map things;              /* id -> pending_thing */
    struct pending_entry **entries; /* in order of number */
    size_t entry_count, entry_cap, answered_count;
    uint64_t next; /* the first number not learnt */
    struct uuid member, team;
    /* Everything has to be decided again: in this transaction; always. */
    bool whole, always_whole;
    struct pending_thing *first_dirty, *last_dirty;
};

void pending_init(struct pending *pending);
void pending_finish(struct pending *pending);
/* The outbox was renumbered or offered again, or a transaction was undone. */
void pending_forget(struct pending *pending);
/* Reads what was queued since; before anything is answered in this transaction. */
MUST_USE enum fault pending_learn(struct pending *pending, struct replica *replica);
/* The server's row of that kind and id is another one now. */
void pending_row(struct pending *pending, enum entity_kind kind, struct uuid id);
void pending_answered(struct pending *pending, uint64_t number);
/* Marks entries and things, as far as one touches the other. */
void pending_close(struct pending *pending);
/* Unmarks them. */
void pending_done(struct pending *pending);

#endif
