/* sync_inside.h - the sync machine's parts, shared by the sync*.c files and nobody else.
 *
 *   sync.c          the functions of sync.h: effects, timers, what the network reports
 *   sync_attempt.c  connecting, failing, trying again, names of troubles
 *   sync_session.c  messages of an open session: welcome, refusal, page, bye, ping
 *   sync_check.c    the copy compared with the server, and repaired
 *   sync_push.c     what goes to the server: a message, mutations
 *   sync_pages.c    rows as they come, and their reveal
 *   sync_fill.c     a snapshot put into a new generation
 *   sync_rows.c     rows gathered, and the order they are put in
 *
 * Each calls only what stands below it. So a part that finds that the session cannot go on says so to
 * its caller (a fault, or an ending), and sync_attempt.c alone ends connections.
 *
 * Invariant: `connection` is true exactly while the edge has a connection for us, or opens one. */
#ifndef SLUICE_CLIENT_CORE_SYNC_INSIDE_H
#define SLUICE_CLIENT_CORE_SYNC_INSIDE_H

#include "client/core/outbox.h"
#include "client/core/sync.h"
#include "common/link/channel.h"

enum {
    SYNC_CONNECT_MS = 10 * 1000, /* a black hole of a network gives no answer at all */
    SYNC_WELCOME_MS = 30 * 1000, /* the server may have to wait for its database */
    SYNC_STOP_MS = 5 * 1000,     /* a stop waits that long for answers on their way */
    SYNC_BACKOFF_MIN_MS = 500,
    SYNC_BACKOFF_MAX_MS = 60 * 1000,
    SYNC_RECHECK_MS = 5 * 1000,  /* for mutations of which no poke told */
    SYNC_PRUNE_MS = 24 * 3600 * 1000, /* the journal is looked through so often */
    SYNC_REHELLO_MAX = 5,        /* new hellos in a row without reaching the head */
    SYNC_KEPT_BYTES = 64 * 1024 * 1024, /* of a delta before its reveal */
    SYNC_MESSAGE_BYTES = 2 * WIRE_ARENA_MAX,
    SYNC_CHECK_BYTES = 512 * 1024 * 1024, /* marks of five million rows, and what is repaired */
    SYNC_PUSH_BYTES = FRAME_TO_SERVER_MAX / 2,
    SYNC_REVEAL_MS = 500, /* own answers still on their way are waited for that long: a reveal
                             rewrites pages all over the copy, whether for ten rows or a thousand */
    SYNC_REVEAL_ROWS = REVEAL_ROWS_MAX / 2, /* ... and that many rows */
    SYNC_FILL_BYTES = 128 * 1024 * 1024, /* of a snapshot, sorted together: 100,000 deals and their
                                            history are 101 of them. Each such part rewrites pages all
                                            over the copy. Twice, as the next is received meanwhile */
    SYNC_ROWS_BYTES = SYNC_FILL_BYTES + SYNC_KEPT_BYTES, /* that and a page more */
    SYNC_PROGRAM_BYTES = 64,
    SYNC_REVEALED_MAX = 64 /* more at once nobody reads a line each of */
};

/* Rows that came, until they are put. */
struct sync_rows {
    struct arena arena;
    const struct packed_row **rows;
    size_t count, cap;
};

enum sync_check_phase { CHECK_NONE = 0, CHECK_WANTED, CHECK_ASKING, CHECK_JUDGING, CHECK_DONE };

struct sync_check {
    enum sync_check_phase phase;
    bool rows; /* the span was asked for with its rows */
    uint64_t from, end;
    struct arena arena; /* of all below */
    struct row_mark *marks; /* of the copy, by seq */
    size_t count, at;
    struct packed_row *repairs;
    size_t repair_count, repair_cap;
    struct row_mark *extras; /* here, and not at the server when it was asked, by seq */
    size_t extra_count, extra_cap;
    uint64_t until; /* the newest head it was asked at: once that is shown, they are judged */
};

struct sync {
    struct replica *replica;
    struct key_pair device;
    struct random random;
    char program[SYNC_PROGRAM_BYTES];
    size_t program_length;
    bool live, stopping;
    size_t fill_bytes; /* SYNC_FILL_BYTES, or less */
    uint64_t stop_at; /* when stopping: the latest */

    struct sync_report report; /* state and what is counted */
    bool connect_due, close_due, write_due, changed_due, progress_due;
    struct channel channel;
    bool connection;
    uint64_t began_at, heard_at, pinged_at; /* boot ms */

    struct arena identity_arena; /* of `identity`, as it was when the attempt began */
    struct identity identity;
    size_t address, tried; /* the next one; how many in this round */
    unsigned failures, rehellos;
    uint64_t retry_at;
    bool force_snapshot;

    bool filling; /* a snapshot was begun by this process, and not revealed yet */
    uint64_t prune_at; /* boot ms */

    /* one session */
    bool resume; /* it goes on with a snapshot that an earlier one began */
    bool snapshot;
    uint64_t generation;  /* that pages of a snapshot go to */
    uint64_t position;    /* everything up to here was received */
    uint64_t head;
    int64_t server_epoch; /* the server's time when our boot clock was 0: no jump of ours moves it */
    uint64_t welcome_last, pushed; /* numbers: the server had; we sent */
    size_t inflight;
    bool push_blocked;
    uint64_t recheck_at; /* when the outbox is looked at, poke or not */
    bool delivers_only; /* revoked: when all is answered, that was it */
    struct sync_rows kept; /* not yet revealed; of a snapshot only answers */
    struct sync_rows fill; /* of a snapshot, gathered */
    struct sync_rows put;  /* of a snapshot, in order, being put */
    size_t put_at;         /* all before are */
    /* To where all of a snapshot came, was turned to be put, is in the copy; 0: nothing. */
    uint64_t filled_seq, put_seq, noted_seq;
    uint64_t top_seq; /* the newest head that its pages were read at */
    uint8_t top_mark[MARK_BYTES];
    uint64_t reveal_at; /* when what was kept is shown at the latest; UINT64_MAX: nothing waits */
    struct page tip;    /* the page that reached the head, without its rows */
    struct pending pending; /* what a reveal need not decide again */
    struct arena scratch; /* of one message or transaction */

    struct sync_check check;

    struct sync_revealed revealed[SYNC_REVEALED_MAX];
    size_t revealed_count;
    bool revealed_more, revealed_told;
};

/* How a step leaves the session. */
enum sync_ending_kind {
    SYNC_GOES_ON = 0,
    SYNC_ENDS_DONE,    /* nothing is left to do; bye is said */
    SYNC_ENDS_AGAIN,   /* hello again at once; when that does not help, `trouble` */
    SYNC_ENDS_TROUBLE, /* `trouble`; tried again when that is due */
    SYNC_ENDS_LOCAL,   /* `fault` of the copy or of memory; the same */
    SYNC_ENDS_REFUSED  /* for good, as the report's refusal says */
};

struct sync_ending {
    enum sync_ending_kind kind;
    enum sync_trouble trouble;
    enum fault fault;
};

#define SYNC_ENDING_NONE ((struct sync_ending){SYNC_GOES_ON, SYNC_TROUBLE_NONE, FAULT_NONE})

static inline struct sync_ending ending_again(enum sync_trouble otherwise)
{
    return (struct sync_ending){SYNC_ENDS_AGAIN, otherwise, FAULT_NONE};
}

static inline struct sync_ending ending_trouble(enum sync_trouble trouble)
{
    return (struct sync_ending){SYNC_ENDS_TROUBLE, trouble, FAULT_NONE};
}

/* None, when there is no fault. */
static inline struct sync_ending ending_local(enum fault fault)
{
    return (struct sync_ending){fault ? SYNC_ENDS_LOCAL : SYNC_GOES_ON, SYNC_TROUBLE_NONE, fault};
}

/* Welcomed, and not over. */
static inline bool sync_in_session(const struct sync *sync)
{
    return sync->report.state == SYNC_CATCHING_UP || sync->report.state == SYNC_LIVE;
}

/* --- sync_attempt.c --- */
void sync_begin(struct sync *sync, struct now now);
/* Ends the connection, if there is one; what was sent is still written. */
void sync_close(struct sync *sync);
/* Ends it, notes why, and tries again when that is due. */
void sync_fail(struct sync *sync, enum sync_trouble trouble, struct now now);
void sync_fail_local(struct sync *sync, enum fault fault, struct now now);
/* Does what a step of the session asks for. */
void sync_end(struct sync *sync, struct sync_ending ending, struct now now);
enum sync_trouble sync_trouble_of(enum channel_reason reason);

/* --- sync_session.c --- */
MUST_USE struct sync_ending sync_session_message(struct sync *sync, struct str bytes,
                                                 struct now now);
/* After progress: shows what is due, and ends the session when nothing is left to do. */
MUST_USE struct sync_ending sync_session_settle(struct sync *sync, struct now now);
/* Puts a slice of a snapshot that waits. */
MUST_USE struct sync_ending sync_session_fill(struct sync *sync, struct now now);

/* --- sync_check.c --- */
/* At the head, with all of it shown: begins a comparison that is wanted, ends one that waited for that.
 * *goes_on: it is not over. */
MUST_USE struct sync_ending sync_check_step(struct sync *sync, struct now now, bool *goes_on);
MUST_USE struct sync_ending sync_check_take(struct sync *sync, const struct message *message);

/* --- sync_push.c --- */
MUST_USE enum fault sync_write(struct sync *sync, const struct message *message);
/* As much as may be in flight. */
MUST_USE enum fault sync_push(struct sync *sync);

/* --- sync_pages.c --- */
/* Begins as the plan says: from the cursor, or from nothing into a new generation, or where a snapshot
 * broke off. */
MUST_USE enum fault sync_pages_begin(struct sync *sync, bool snapshot);
/* The next session begins with a snapshot from nothing. */
void sync_pages_anew(struct sync *sync);
/* FAULT_FORMAT: not a page that can come now. FAULT_LIMIT: a delta with more than a reveal may hold.
 * FAULT_EXISTS: it answers another's mutation under a number of ours. */
MUST_USE enum fault sync_pages_take(struct sync *sync, const struct page *page, struct now now);
void sync_pages_drop(struct sync *sync);
/* The copy is at the head without a page: only remembers that it was in touch. */
MUST_USE enum fault sync_pages_reveal(struct sync *sync, const struct page *page, struct now now);
/* Shows what waits, if it is time or `at_once`. */
MUST_USE enum fault sync_pages_settle(struct sync *sync, bool at_once, struct now now);

/* --- sync_fill.c --- */
MUST_USE enum fault sync_fill_row(struct sync *sync, const struct packed_row *row);
/* Something is to be put now. */
bool sync_fill_waits(const struct sync *sync);
/* Puts a slice of it. */
MUST_USE enum fault sync_fill_step(struct sync *sync);
/* Around the rows of a page of a snapshot. */
void sync_fill_page(struct sync *sync, const struct page *page);
void sync_fill_page_end(struct sync *sync, const struct page *page);
/* Inside a transaction: how far the snapshot is in, as it is said in the next hello. 0: not begun. */
MUST_USE enum fault sync_fill_note(struct sync *sync, uint64_t seq);
/* The session ends: what came of a snapshot is put, so that the next one goes on behind it. */
void sync_fill_keep(struct sync *sync);

/* --- sync_rows.c --- */
void sync_rows_init(struct sync_rows *rows, size_t bytes_max);
void sync_rows_finish(struct sync_rows *rows);
void sync_rows_drop(struct sync_rows *rows);
/* Copies it. FAULT_MEMORY: no more fits. */
MUST_USE enum fault sync_rows_keep(struct sync_rows *rows, const struct packed_row *row);
/* Into the order in which putting them costs least. */
void sync_rows_sort(const struct packed_row **rows, size_t count);

#endif
