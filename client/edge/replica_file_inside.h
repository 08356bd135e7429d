/* replica_file_inside.h - what the replica_file*.c files share. Included by nobody else.
 *
 *   replica_file.c             opening, transactions, identity
 *   replica_file_schema.c      tables of a new copy
 *   replica_file_index.c       is it one of ours, whole and of this program's indexes
 *   replica_file_recompute.c   is what is computed from the rows what they give
 *   replica_file_statements.c  every statement, prepared when first used
 *   replica_file_rows.c        what is written: rows, overlay
 *   replica_file_entries.c     the index entries of a row
 *   replica_file_past.c        events abridged, of open deals
 *   replica_file_former.c      generations no longer shown, dropped
 *   replica_file_lists.c       what is read
 *   replica_file_many.c        ... of many things by their ids
 *   replica_file_history.c     ... of what happened
 *   replica_file_short.c       how short an id can be
 *   replica_file_outbox.c      own mutations
 *   replica_file_targets.c     what those that wait are about
 *
 * A layer is a generation of server rows (0 and up), or LAYER_SHOWN: the overlay of pending
 * mutations. What people see of a key is its row of LAYER_SHOWN if there is one, else its row of
 * the identity's generation; every statement asks for that itself, so that one statement sees one
 * state of the file whatever other processes do. */
#ifndef SLUICE_CLIENT_EDGE_REPLICA_FILE_INSIDE_H
#define SLUICE_CLIENT_EDGE_REPLICA_FILE_INSIDE_H

#include "client/edge/replica_file.h"

#include <sqlcipher/sqlite3.h>

enum { LAYER_SHOWN = -1, COPY_VERSION = 1 };

/* deal_index.open, and under which number the mark of the won deals is kept. */
enum { DEAL_CLOSED = 0, DEAL_OPEN = 1, DEAL_WON = 2 };
enum { KEPT_WON_MARK = -1 };

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_LOOK_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_IDENTITY_LOAD,
    STATEMENT_IDENTITY_STORE,
    STATEMENT_DEVICE_LOAD,
    STATEMENT_DEVICE_STORE,
    STATEMENT_ENTITY_SERVER,
    STATEMENT_ENTITY_SHOWN,
    STATEMENT_MANY_SERVER,
    STATEMENT_MANY_SHOWN,
    STATEMENT_ONE_OF_KIND,
    STATEMENT_ALL,
    STATEMENT_DEALS_OPEN,
    STATEMENT_DEALS_ALL,
    STATEMENT_DEALS_WON,
    STATEMENT_DEALS_OF_ORGANISATION,
    STATEMENT_DEALS_OF_CONTACT,
    STATEMENT_FIND,
    STATEMENT_ACTIVITIES_OF,
    STATEMENT_EVENTS_OF,
    STATEMENT_EVENTS_ALL,
    STATEMENT_EVENTS_OPEN,
    STATEMENT_EVENTS_WON,
    STATEMENT_WON_MARK,
    STATEMENT_WON_CHANGED,
    STATEMENT_WON_BELOW,
    STATEMENT_SHORTS_SHOWN,
    STATEMENT_SHORTS_SHARED,
    STATEMENT_SHORT_SHARE,
    STATEMENT_SHORT_BEFORE,
    STATEMENT_SHORT_AFTER,
    STATEMENT_KEPT_LOAD,
    STATEMENT_KEPT_STORE,
    STATEMENT_MARKS,
    STATEMENT_REVEALED,
    STATEMENT_ROW_SEQ,
    STATEMENT_ROWS_INDEXED,
    STATEMENT_ROW_ADD,
    STATEMENT_ROW_UPDATE,
    STATEMENT_ROW_DROP,
    STATEMENT_EVENT_ADD,
    STATEMENT_EVENT_UPDATE,
    STATEMENT_EVENT_REMOVE,
    STATEMENT_PAST_LOAD,
    STATEMENT_PAST_ADD,
    STATEMENT_PAST_UPDATE,
    STATEMENT_PAST_DROP,
    STATEMENT_PAST_EVENTS,
    STATEMENT_INDEX_PUT,
    STATEMENT_INDEX_UPDATE,
    STATEMENT_INDEX_REMOVE,
    STATEMENT_DEAL_PUT,
    STATEMENT_DEAL_THERE,
    STATEMENT_DEAL_UPDATE,
    STATEMENT_DEAL_REMOVE_WON,
    STATEMENT_DEAL_REMOVE,
    STATEMENT_ACTIVITY_PUT,
    STATEMENT_ACTIVITY_REMOVE,
    STATEMENT_KEEP_FIRST, /* one per table of layers: KEEP drops newer generations */
    STATEMENT_KEEP_LAST = STATEMENT_KEEP_FIRST + 6,
    STATEMENT_FORMER_THERE,
    STATEMENT_FORMER_FIRST, /* the same tables: FORMER finds older ones, DROP drops some of them */
    STATEMENT_FORMER_LAST = STATEMENT_FORMER_FIRST + 6,
    STATEMENT_FORMER_DROP_FIRST,
    STATEMENT_FORMER_DROP_LAST = STATEMENT_FORMER_DROP_FIRST + 6,
    STATEMENT_CLEAR_FIRST, /* CLEAR drops the overlay */
    STATEMENT_CLEAR_LAST = STATEMENT_CLEAR_FIRST + 4,
    STATEMENT_SHOWN_DROP,
    STATEMENT_SHOWN_DROP_EVENTS,
    STATEMENT_OUTBOX_ADD,
    STATEMENT_OUTBOX_LIST_PENDING,
    STATEMENT_OUTBOX_LIST,
    STATEMENT_OUTBOX_UPDATE,
    STATEMENT_OUTBOX_REMOVE,
    STATEMENT_OUTBOX_FIND,
    STATEMENT_OUTBOX_COUNT,
    STATEMENT_OUTBOX_PRUNE,
    STATEMENT_TARGET_ADD,
    STATEMENT_TARGET_REMOVE,
    STATEMENT_TARGET_THERE,
    STATEMENT_TARGETS,
    STATEMENT_COUNT
};

struct replica_file {
    struct replica replica; /* first: the port's functions get a pointer to it */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct arena scratch; /* of one write, one row at a time */
    int64_t busy_since;   /* monotonic ms: when another process was found writing */
    bool writing;         /* between begin and commit or rollback */
    bool looking;         /* between look_begin and look_end */
    bool won_changed;     /* this transaction has made another mark of the won deals */
    enum fault failed;    /* the first fault of this transaction: then it cannot be committed */
    bool without_past;    /* what follows is known: that deal has no row in past_open */
    int64_t without_layer;
    struct uuid without_id;
};

/* One row on its way into a layer; entity NULL: removed, or of a kind that has no index. */
struct arrival {
    int64_t layer;
    uint32_t kind, n;
    struct uuid id;
    uint64_t seq;
    bool removed;
    struct str body;
    const void *entity;
};

/* --- replica_file_schema.c --- */
extern const char *const replica_file_schema;
/* Drops and makes the index tables. */
extern const char *const replica_file_index_schema;

/* --- replica_file_index.c --- */
/* Says in the file whose it is, and makes its indexes. Inside a transaction. */
MUST_USE enum fault replica_file_stamp(struct replica_file *file);
/* The same, filled from the rows. */
MUST_USE enum fault replica_file_indexes_make(struct replica_file *file);
/* A glance at a file that was opened. FAULT_CRYPTO: not ours, or damaged; FAULT_FORMAT: made by a
 * newer version. Indexes of another version are made again from the rows. */
MUST_USE enum fault replica_file_recognise(struct replica_file *file);

/* --- replica_file_statements.c --- */
/* Ready to be bound. Give it back with statement_end or statement_run. */
MUST_USE enum fault statement_begin(struct replica_file *file, enum statement which,
                                    sqlite3_stmt **out);
void statement_end(sqlite3_stmt *statement); /* accepts NULL */
/* *row says whether there is one. */
MUST_USE enum fault statement_step(struct replica_file *file, sqlite3_stmt *statement, bool *row);
/* Steps to the end and ends it. For writes: a fault fails the transaction. */
MUST_USE enum fault statement_run(struct replica_file *file, sqlite3_stmt *statement);
void statements_finish(struct replica_file *file);
enum fault fault_from_sqlite(sqlite3 *db, int code);

/* Binding copies nothing: what is bound must live until the statement ends; only a lack of memory
 * can fail, and the step then reports it. Absent text is NULL. */
void bind_text(sqlite3_stmt *statement, int place, struct str text);
void bind_bytes(sqlite3_stmt *statement, int place, const void *bytes, size_t n);
void bind_id(sqlite3_stmt *statement, int place, const struct uuid *id);
/* The zero id is NULL: any. */
void bind_id_or_any(sqlite3_stmt *statement, int place, const struct uuid *id);
void bind_number(sqlite3_stmt *statement, int place, int64_t number);
/* Borrowed until the next step; absent for NULL. */
struct str column_bytes(sqlite3_stmt *statement, int place);
MUST_USE enum fault column_array(sqlite3_stmt *statement, int place, void *out, size_t n);
struct uuid column_id(sqlite3_stmt *statement, int place); /* zero unless 16 bytes */

/* --- replica_file.c --- */
struct replica_file *replica_file_of(struct replica *replica);
/* Remembers the first fault of a transaction; returns it. */
enum fault replica_file_failed(struct replica_file *file, enum fault fault);
/* For other processes that write, LOCAL_BUSY_MS at most; or not at all. */
void replica_file_wait(struct replica_file *file, bool wait);
MUST_USE enum fault replica_file_execute(struct replica_file *file, const char *sql);
MUST_USE enum fault replica_file_begin(struct replica *replica);
MUST_USE enum fault replica_file_commit(struct replica *replica);
void replica_file_rollback(struct replica *replica);

MUST_USE enum fault replica_file_look_begin(struct replica *replica);
void replica_file_look_end(struct replica *replica);

/* --- replica_file_entries.c --- */
MUST_USE enum fault index_put(struct replica_file *file, const struct arrival *row);
/* Of a row that stood there before as well: most changes leave most of the indexes as they are. */
MUST_USE enum fault index_again(struct replica_file *file, const struct arrival *row);
MUST_USE enum fault index_remove(struct replica_file *file, const struct arrival *row);
/* The won deals get another mark. Once in a transaction is enough. */
MUST_USE enum fault won_changed(struct replica_file *file);
/* The same if it is a won deal that the overlay hides, or no longer hides. */
MUST_USE enum fault won_below(struct replica_file *file, const struct arrival *row);
/* Makes the index rows of every row anew; there are none. */
MUST_USE enum fault replica_file_index_all(struct replica_file *file);

/* --- replica_file_past.c: of the server's open deals, and no others --- */
/* Anew from all its events. begins: it has become open; else only if it is. */
MUST_USE enum fault past_make(struct replica_file *file, int64_t layer, const struct uuid *deal,
                              bool begins);
/* One more event, if the deal is open. */
MUST_USE enum fault past_append(struct replica_file *file, const struct arrival *row);
MUST_USE enum fault past_drop(struct replica_file *file, int64_t layer, const struct uuid *deal);

/* --- replica_file_former.c --- */
/* Some rows of generations older than that; *more: there may be others. Inside a transaction. */
MUST_USE enum fault former_drop(struct replica_file *file, int64_t generation, bool *more);

/* --- replica_file_rows.c --- */
enum fault replica_file_put_row(struct replica *, uint64_t, const struct packed_row *);
enum fault replica_file_drop_row(struct replica *, uint64_t, const struct row_mark *);
enum fault replica_file_keep_generation(struct replica *, uint64_t);
enum fault replica_file_shown_clear(struct replica *);
enum fault replica_file_shown_put(struct replica *, const struct row *);
enum fault replica_file_shown_drop(struct replica *, enum entity_kind, struct uuid);

/* --- replica_file_lists.c --- */
enum fault replica_file_entity(struct replica *, struct arena *, enum entity_kind, struct uuid,
                               bool server, const void **out);
enum fault replica_file_definition(struct replica *, struct arena *, struct definition *);
enum fault replica_file_team(struct replica *, struct arena *, const struct team **);
enum fault replica_file_all(struct replica *, struct arena *, enum entity_kind, const void ***,
                            size_t *);
enum fault replica_file_deals(struct replica *, struct arena *, const struct deal_filter *,
                              const struct deal ***, size_t *);
enum fault replica_file_marks(struct replica *, struct arena *, struct row_mark **out,
                              size_t *count);
enum fault replica_file_find(struct replica *, struct arena *, enum entity_kind, struct str,
                             size_t limit, const void ***, size_t *);
enum fault replica_file_activities(struct replica *, struct arena *, struct uuid,
                                   const struct activity ***, size_t *);
enum fault replica_file_short_lengths(struct replica *, struct arena *, enum entity_kind,
                                      const struct uuid *, size_t, size_t *);
enum fault replica_file_kept_load(struct replica *, struct arena *, int64_t, struct str *);

/* --- replica_file_many.c --- */
enum fault replica_file_entities(struct replica *, struct arena *, enum entity_kind,
                                 const struct uuid *, size_t, const void **);

/* --- replica_file_history.c --- */
enum fault replica_file_events(struct replica *, struct arena *, struct uuid,
                               const struct event ***, uint64_t **, size_t *);
enum fault replica_file_events_open(struct replica *, struct arena *, const struct event ***,
                                    size_t *);
enum fault replica_file_events_won(struct replica *, struct arena *, const struct event ***,
                                   size_t *);
enum fault replica_file_won_mark(struct replica *, uint64_t *);

/* --- replica_file_outbox.c --- */
enum fault replica_file_outbox_add(struct replica *, const struct outbox_entry *);
enum fault replica_file_outbox_list(struct replica *, struct arena *, uint64_t from,
                                    bool answered_too, size_t limit, struct outbox_entry **,
                                    size_t *);
enum fault replica_file_outbox_update(struct replica *, const struct outbox_entry *);
enum fault replica_file_outbox_remove(struct replica *, uint64_t number);
enum fault replica_file_outbox_find(struct replica *, struct arena *, struct uuid,
                                    struct outbox_entry *);
enum fault replica_file_outbox_count(struct replica *, size_t *);
enum fault replica_file_outbox_prune(struct replica *, int64_t answered_before);

/* --- replica_file_targets.c --- */
/* As the entry is now. */
MUST_USE enum fault target_keep(struct replica_file *file, const struct outbox_entry *entry);
MUST_USE enum fault target_remove(struct replica_file *file, uint64_t number);
enum fault replica_file_outbox_waiting(struct replica *, struct arena *, const struct uuid *,
                                       size_t, bool *);
/* Makes outbox_target anew; it is empty. */
MUST_USE enum fault replica_file_targets_make(struct replica_file *file);

#endif
