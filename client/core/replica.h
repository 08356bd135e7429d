/* replica.h - the port to the rep's offline copy: synchronous, a struct of functions.
 *
 * Two implementations: client/edge/replica_file (SQLCipher) and tests/support/replica_memory, held
 * to the same by tests/contract. Three layers, never mixed:
 *   server rows   what the server said, as received bytes (packed_row), per generation
 *   outbox        own mutations in order of number: pending, or answered (kept as journal)
 *   shown rows    overlay: rows that pending mutations change, re-decided on top of server rows
 * What people see = shown row if there is one, else server row.
 *
 * All writes happen between begin and commit; commit returns when it is durable. Reading needs no
 * transaction. FAULT_BUSY: another process held the file longer than LOCAL_BUSY_MS. FAULT_FULL,
 * FAULT_IO: nothing was changed. FAULT_CRYPTO: not our file, or damaged. */
#ifndef SLUICE_CLIENT_CORE_REPLICA_H
#define SLUICE_CLIENT_CORE_REPLICA_H

#include "common/base/arena.h"
#include "common/codec/message.h"
#include "common/domain/definition.h"
#include "common/domain/entity.h"
#include "common/domain/reason.h"

enum { SERVER_ADDRESSES_MAX = 8, KEPT_MAX = 8 };

/* Who this copy is, and how far it got. One row; written as a whole. */
struct identity {
    struct str addresses[SERVER_ADDRESSES_MAX]; /* host:port, tried in turn */
    size_t address_count;
    uint8_t server_key[32];
    bool joined; /* a welcome was received */
    bool has_code;
    uint8_t code[CODE_BYTES]; /* invitation not yet confirmed */
    struct str device_name;
    struct uuid team, member, device, replica;
    bool has_token;
    uint8_t token[TOKEN_BYTES];
    uint64_t next_number; /* of the next mutation; starts at 1 */
    uint64_t cursor_seq;
    bool has_mark;
    uint8_t cursor_mark[MARK_BYTES];
    bool refill; /* the rows are to be fetched anew; the cursor only tells which history they are of */
    uint64_t generation; /* of server rows that are shown */
    /* A snapshot that is on its way: all rows up to fill_seq are in, and nothing before it waits to be
     * answered; generation 0: none. A broken one goes on from there, if the newest commit that any of
     * its rows, those above fill_seq too, can have been read at is of the server's history still. */
    uint64_t fill_generation, fill_seq, fill_top_seq;
    uint8_t fill_top_mark[MARK_BYTES];
    int64_t last_sync_at, last_failure_at; /* wall ms, 0 = never */
    int64_t server_clock_offset; /* server minus ours, at the last welcome, ms */
    struct str last_failure;     /* a code, e.g. "unreachable", "revoked" */
    int64_t refusal;             /* enum session_refusal that stands, 0 = none */
    int64_t lost_since; /* the server was found to have gone back in time, since then; its clock; 0 */
    struct uuid last_undoable;   /* own newest mutation that `undo` would take back */
};

/* Numbers from here on are no numbers of this replica's: answered entries of the replica ids that the
 * copy had before, in order, kept in case the server loses what it answered. */
#define OUTBOX_FORMER (UINT64_C(1) << 62)

struct outbox_entry {
    uint64_t number;
    struct uuid mutation;
    struct str payload;
    bool answered;
    int64_t outcome; /* enum outcome_kind once answered */
    uint64_t seq;    /* of the answer */
    struct str reasons;
    int64_t made_at, answered_at; /* answered_at: of the server's clock */
    struct str summary; /* what it did, in words for `undo` and `status`: "deal move Łódź roof" */
};

struct row_mark { /* one row of the server's, for comparing */
    uint64_t seq, hash; /* codec_row_hash */
    uint32_t kind, n;
    struct uuid id;
};

/* Which deals a list wants; the replica answers from its index. */
struct deal_filter {
    bool all;                 /* else only open ones */
    bool won;                 /* only won ones; with none of the others */
    struct uuid organisation, contact, owner; /* zero: any */
};

struct replica;

struct replica_functions {
    enum fault (*identity_load)(struct replica *, struct arena *, struct identity *out);
    enum fault (*identity_store)(struct replica *, const struct identity *);

    enum fault (*begin)(struct replica *);
    enum fault (*commit)(struct replica *);
    void (*rollback)(struct replica *);

    /* Between the two all reading is of one state of the copy, and cheaper; nothing is written. Other
     * processes that write wait for the end: for a few lookups in a row. Never within begin/commit. */
    enum fault (*look_begin)(struct replica *);
    void (*look_end)(struct replica *);

    /* One entity. `server` asks for the server's row, else the shown one. FAULT_NOT_FOUND when
     * there is none or it is removed. Unpacked into the arena. */
    enum fault (*entity)(struct replica *, struct arena *, enum entity_kind, struct uuid, bool server,
                         const void **out);
    /* The shown ones of many ids at once: out[i] of ids[i], NULL where `entity` finds none. An id that is
     * there twice is unpacked once. */
    enum fault (*entities)(struct replica *, struct arena *, enum entity_kind,
                           const struct uuid *ids, size_t count, const void **out);
    enum fault (*definition)(struct replica *, struct arena *, struct definition *out);
    enum fault (*team)(struct replica *, struct arena *, const struct team **out);
    /* Every shown entity of a kind (not DEAL, ACTIVITY, EVENT: those below), by name or number. */
    enum fault (*all)(struct replica *, struct arena *, enum entity_kind, const void ***out,
                      size_t *count);
    enum fault (*deals)(struct replica *, struct arena *, const struct deal_filter *,
                        const struct deal ***out, size_t *count);
    /* Deals and other entities whose id begins so, whose external id or exact folded name/title is
     * that text. At most `limit`. */
    enum fault (*find)(struct replica *, struct arena *, enum entity_kind, struct str text,
                       size_t limit, const void ***out, size_t *count);
    /* Activities of a subject (deal, organisation or person), oldest first. Zero id: all. */
    enum fault (*activities)(struct replica *, struct arena *, struct uuid subject,
                             const struct activity ***out, size_t *count);
    /* Events of one subject in order (server rows only, then predicted ones of pending mutations);
     * zero subject: of all deals, grouped by deal, in order. seqs: 0 for predicted. */
    enum fault (*events)(struct replica *, struct arena *, struct uuid subject,
                         const struct event ***out, uint64_t **seqs, size_t *count);

    /* As `events` of all deals, of those that are open, and as judging their health needs them: those
     * that abridged_keeps, perhaps without what judging does not read. */
    enum fault (*events_open)(struct replica *, struct arena *, const struct event ***out,
                              size_t *count);

    /* As `events` of all deals, of those that are won only. */
    enum fault (*events_won)(struct replica *, struct arena *, const struct event ***out,
                             size_t *count);
    /* Another number whenever the won deals are not the same, or do not say the same, as before. */
    enum fault (*won_mark)(struct replica *, uint64_t *out);
    /* How much of its short id tells each of these shown things from all others of the kind. */
    enum fault (*short_lengths)(struct replica *, struct arena *, enum entity_kind,
                                const struct uuid *ids, size_t count, size_t *lengths);

    /* What takes long to compute from all the rest, kept for next time under a number below
     * KEPT_MAX; it may be gone at any time. Absent text when there is none. Storing is a transaction
     * of its own, never within another, and never waits for another process (FAULT_BUSY). */
    enum fault (*kept_load)(struct replica *, struct arena *, int64_t number, struct str *out);
    enum fault (*kept_store)(struct replica *, int64_t number, struct str bytes);

    /* Applying what the server said (inside begin/commit). generation: the shown one for a delta,
     * a new one for a snapshot. put_row with an older seq than the stored row is ignored. */
    enum fault (*put_row)(struct replica *, uint64_t generation, const struct packed_row *);
    /* That row of the server's is not there, and was not, tombstone or not. FAULT_NONE too when there is
     * none, or one of a higher seq. */
    enum fault (*drop_row)(struct replica *, uint64_t generation, const struct row_mark *);
    /* Every row of the server's that is shown and not removed, in no order. */
    enum fault (*marks)(struct replica *, struct arena *, struct row_mark **out, size_t *count);
    /* Rows of other generations than this one are gone: of newer ones at once, of older ones, which are
     * never asked for again, perhaps a part later. */
    enum fault (*keep_generation)(struct replica *, uint64_t generation);

    /* Outbox (inside begin/commit for changes). */
    enum fault (*outbox_add)(struct replica *, const struct outbox_entry *);
    /* Entries with number >= from: pending only, or all. In order. Those from OUTBOX_FORMER on only
     * when asked for from there. */
    enum fault (*outbox_list)(struct replica *, struct arena *, uint64_t from, bool answered_too,
                              size_t limit, struct outbox_entry **out, size_t *count);
    /* Replaces the entry of that number (answered, or pending again). FAULT_NOT_FOUND if none. */
    enum fault (*outbox_update)(struct replica *, const struct outbox_entry *);
    /* Removes the entry (a copy that takes a new replica id renumbers by remove and add). */
    enum fault (*outbox_remove)(struct replica *, uint64_t number);
    enum fault (*outbox_find)(struct replica *, struct arena *, struct uuid mutation,
                              struct outbox_entry *out);
    enum fault (*outbox_count)(struct replica *, size_t *pending);
    /* For each of these things: is it what a pending entry is about (mutation.target)? */
    enum fault (*outbox_waiting)(struct replica *, struct arena *, const struct uuid *ids,
                                 size_t count, bool *waiting);
    /* Forgets answered entries older than that. */
    enum fault (*outbox_prune)(struct replica *, int64_t answered_before);

    /* Overlay (inside begin/commit). entity NULL: shown as removed. Events: predicted rows. */
    enum fault (*shown_clear)(struct replica *);
    enum fault (*shown_put)(struct replica *, const struct row *);
    /* The row of that kind and id, and predicted events of that id, are the server's again. Nothing
     * there: nothing to do. */
    enum fault (*shown_drop)(struct replica *, enum entity_kind, struct uuid);

    void (*close)(struct replica *);
};

struct replica {
    const struct replica_functions *f;
};

#endif
