/* replica_file.c - opening the encrypted copy, its transactions, and who it is.
 *
 * Invariant: outside begin/commit nothing is written, and no lock of the file is held. */
#define _GNU_SOURCE
#include "client/edge/replica_file.h"

#include "client/edge/replica_file_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "common/base/check.h"

#include "common/base/banned.h"

enum { BUSY_LOOK_MS = 5 };

struct replica_file *replica_file_of(struct replica *replica)
{
    return (struct replica_file *)(void *)replica;
}

enum fault replica_file_failed(struct replica_file *file, enum fault fault)
{
    if (fault != FAULT_NONE && file->writing && file->failed == FAULT_NONE) file->failed = fault;
    return fault;
}

/* --- transactions --- */

static enum fault replica_file_simple(struct replica_file *file, enum statement which)
{
    sqlite3_stmt *statement;
    enum fault fault = statement_begin(file, which, &statement);
    if (fault != FAULT_NONE) return fault;
    return statement_run(file, statement);
}

/* A full disk may have made SQLite roll back by itself. Should rolling back fail, the journal stays
 * and the next opener plays it back. The statement is prepared when the copy is opened: undoing must
 * not need memory. */
static void replica_file_undo(struct replica_file *file)
{
    if (sqlite3_get_autocommit(file->db) != 0) return;
    enum fault ignored = replica_file_simple(file, STATEMENT_ROLLBACK);
    (void)ignored;
}

enum fault replica_file_begin(struct replica *replica)
{
    struct replica_file *file = replica_file_of(replica);
    check(!file->writing);
    check(!file->looking);
    replica_file_undo(file); /* what could not be undone when it should have been */
    enum fault fault = replica_file_simple(file, STATEMENT_BEGIN);
    file->writing = fault == FAULT_NONE;
    file->failed = FAULT_NONE;
    file->won_changed = false;
    file->without_past = false;
    return fault;
}

void replica_file_rollback(struct replica *replica)
{
    struct replica_file *file = replica_file_of(replica);
    file->writing = false;
    replica_file_undo(file);
}

enum fault replica_file_commit(struct replica *replica)
{
    struct replica_file *file = replica_file_of(replica);
    check(file->writing);
    enum fault fault = file->failed;
    if (fault == FAULT_NONE) fault = replica_file_simple(file, STATEMENT_COMMIT);
    if (fault != FAULT_NONE) replica_file_rollback(replica);
    file->writing = false;
    return fault;
}

/* SQLite's own wait looks ever more seldom: who writes a slice after the other, with a breath between,
 * would keep everybody else away for all of them. */
static int replica_file_busy(void *context, int looked)
{
    const struct timespec pause = {.tv_nsec = BUSY_LOOK_MS * 1000 * 1000};
    struct replica_file *file = context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / (1000 * 1000);
    if (looked == 0) file->busy_since = ms;
    if (ms - file->busy_since >= LOCAL_BUSY_MS) return 0;
    nanosleep(&pause, NULL);
    return 1;
}

void replica_file_wait(struct replica_file *file, bool wait)
{
    sqlite3_busy_handler(file->db, wait ? replica_file_busy : NULL, file);
}

/* The wait for another process is set aside: what is kept is not worth it. */
static enum fault replica_file_kept_store(struct replica *replica, int64_t number,
                                          struct str bytes)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    check(!file->writing);
    replica_file_wait(file, false);
    enum fault fault = replica_file_begin(replica);
    if (fault == FAULT_NONE) {
        fault = statement_begin(file, STATEMENT_KEPT_STORE, &statement);
        if (fault == FAULT_NONE) {
            bind_number(statement, 1, number);
            bind_bytes(statement, 2, bytes.p, bytes.n);
            fault = statement_run(file, statement);
        }
        if (fault == FAULT_NONE) fault = replica_file_commit(replica);
        else replica_file_rollback(replica);
    }
    replica_file_wait(file, true);
    return fault;
}

/* --- identity --- */

enum { IDENTITY_TEXT_MAX = 64 * 1024 };

static void identity_split_addresses(struct str joined, struct identity *out)
{
    struct str part;
    out->address_count = 0;
    while (out->address_count < SERVER_ADDRESSES_MAX && str_split(&joined, '\n', &part)) {
        out->addresses[out->address_count++] = part;
    }
}

static enum fault identity_optional(sqlite3_stmt *row, int place, bool *has, void *out, size_t n)
{
    *has = sqlite3_column_type(row, place) != SQLITE_NULL;
    return *has ? column_array(row, place, out, n) : FAULT_NONE;
}

static enum fault identity_read(sqlite3_stmt *row, struct arena *arena, struct identity *out)
{
    bool filling, has_key = false;
    *out = (struct identity){0};
    identity_split_addresses(arena_str(arena, column_bytes(row, 0)), out);
    enum fault fault = identity_optional(row, 1, &has_key, out->server_key, 32);
    out->joined = sqlite3_column_int(row, 2) != 0;
    if (fault == FAULT_NONE) {
        fault = identity_optional(row, 3, &out->has_code, out->code, CODE_BYTES);
    }
    out->device_name = arena_str(arena, column_bytes(row, 4));
    out->team = column_id(row, 5);
    out->member = column_id(row, 6);
    out->device = column_id(row, 7);
    out->replica = column_id(row, 8);
    if (fault == FAULT_NONE) {
        fault = identity_optional(row, 9, &out->has_token, out->token, TOKEN_BYTES);
    }
    out->next_number = (uint64_t)sqlite3_column_int64(row, 10);
    out->cursor_seq = (uint64_t)sqlite3_column_int64(row, 11);
    if (fault == FAULT_NONE) {
        fault = identity_optional(row, 12, &out->has_mark, out->cursor_mark, MARK_BYTES);
    }
    out->generation = (uint64_t)sqlite3_column_int64(row, 13);
    out->last_sync_at = sqlite3_column_int64(row, 14);
    out->last_failure_at = sqlite3_column_int64(row, 15);
    out->server_clock_offset = sqlite3_column_int64(row, 16);
    out->last_failure = arena_str(arena, column_bytes(row, 17));
    out->refusal = sqlite3_column_int64(row, 18);
    out->last_undoable = column_id(row, 19);
    out->refill = sqlite3_column_int(row, 20) != 0;
    out->fill_generation = (uint64_t)sqlite3_column_int64(row, 21);
    out->fill_seq = (uint64_t)sqlite3_column_int64(row, 22);
    out->fill_top_seq = (uint64_t)sqlite3_column_int64(row, 23);
    if (fault == FAULT_NONE) {
        fault = identity_optional(row, 24, &filling, out->fill_top_mark, MARK_BYTES);
    }
    out->lost_since = sqlite3_column_int64(row, 25);
    return fault == FAULT_NONE ? arena_fault(arena) : fault;
}

static enum fault replica_file_identity_load(struct replica *replica, struct arena *arena,
                                             struct identity *out)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    bool row = false;
    enum fault fault = statement_begin(file, STATEMENT_IDENTITY_LOAD, &statement);
    if (fault == FAULT_NONE) fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE) {
        fault = row ? identity_read(statement, arena, out) : FAULT_NOT_FOUND;
    }
    statement_end(statement);
    return fault;
}

static void identity_bind_optional(sqlite3_stmt *row, int place, bool has, const void *p, size_t n)
{
    if (has) bind_bytes(row, place, p, n);
}

static enum fault replica_file_identity_store(struct replica *replica,
                                              const struct identity *identity)
{
    struct replica_file *file = replica_file_of(replica);
    check(file->writing);
    check(identity->address_count <= SERVER_ADDRESSES_MAX);
    struct buffer addresses;
    buffer_init(&addresses, IDENTITY_TEXT_MAX);
    for (size_t i = 0; i < identity->address_count; i++) {
        if (i > 0) buffer_append_byte(&addresses, '\n');
        buffer_append_str(&addresses, identity->addresses[i]);
    }
    sqlite3_stmt *s = NULL;
    enum fault fault = buffer_fault(&addresses);
    if (fault == FAULT_NONE) fault = statement_begin(file, STATEMENT_IDENTITY_STORE, &s);
    if (fault == FAULT_NONE) {
        if (identity->address_count > 0) bind_text(s, 1, buffer_str(&addresses));
        bind_bytes(s, 2, identity->server_key, sizeof identity->server_key);
        bind_number(s, 3, identity->joined);
        identity_bind_optional(s, 4, identity->has_code, identity->code, CODE_BYTES);
        bind_text(s, 5, identity->device_name);
        bind_id(s, 6, &identity->team);
        bind_id(s, 7, &identity->member);
        bind_id(s, 8, &identity->device);
        bind_id(s, 9, &identity->replica);
        identity_bind_optional(s, 10, identity->has_token, identity->token, TOKEN_BYTES);
        bind_number(s, 11, (int64_t)identity->next_number);
        bind_number(s, 12, (int64_t)identity->cursor_seq);
        identity_bind_optional(s, 13, identity->has_mark, identity->cursor_mark, MARK_BYTES);
        bind_number(s, 14, (int64_t)identity->generation);
        bind_number(s, 15, identity->last_sync_at);
        bind_number(s, 16, identity->last_failure_at);
        bind_number(s, 17, identity->server_clock_offset);
        bind_text(s, 18, identity->last_failure);
        bind_number(s, 19, identity->refusal);
        bind_id(s, 20, &identity->last_undoable);
        bind_number(s, 21, identity->refill);
        bind_number(s, 22, (int64_t)identity->fill_generation);
        bind_number(s, 23, (int64_t)identity->fill_seq);
        bind_number(s, 24, (int64_t)identity->fill_top_seq);
        identity_bind_optional(s, 25, identity->fill_generation > 0, identity->fill_top_mark,
                               MARK_BYTES);
        bind_number(s, 26, identity->lost_since);
        fault = statement_run(file, s);
    }
    buffer_finish(&addresses);
    return replica_file_failed(file, fault);
}

enum fault replica_file_device(struct replica *replica, struct secret32 *out)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement;
    bool row = false;
    enum fault fault = statement_begin(file, STATEMENT_DEVICE_LOAD, &statement);
    if (fault == FAULT_NONE) fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE) {
        fault = row ? column_array(statement, 0, out->b, sizeof out->b) : FAULT_CRYPTO;
    }
    statement_end(statement);
    return fault;
}

static enum fault replica_file_device_store(struct replica_file *file,
                                            const struct secret32 *device)
{
    sqlite3_stmt *statement;
    enum fault fault = statement_begin(file, STATEMENT_DEVICE_STORE, &statement);
    if (fault != FAULT_NONE) return replica_file_failed(file, fault);
    bind_bytes(statement, 1, device->b, sizeof device->b);
    return replica_file_failed(file, statement_run(file, statement));
}

/* --- opening and closing --- */

enum fault replica_file_look_begin(struct replica *replica)
{
    struct replica_file *file = replica_file_of(replica);
    check(!file->writing);
    check(!file->looking);
    enum fault fault = replica_file_simple(file, STATEMENT_LOOK_BEGIN);
    file->looking = fault == FAULT_NONE;
    return fault;
}

void replica_file_look_end(struct replica *replica)
{
    struct replica_file *file = replica_file_of(replica);
    if (!file->looking) return;
    file->looking = false;
    replica_file_undo(file);
}

static void replica_file_close(struct replica *replica)
{
    if (replica == NULL) return;
    struct replica_file *file = replica_file_of(replica);
    if (file->writing) replica_file_rollback(replica);
    replica_file_look_end(replica);
    statements_finish(file);
    if (file->db != NULL) check(sqlite3_close(file->db) == SQLITE_OK);
    arena_finish(&file->scratch);
    free(file);
}

static const struct replica_functions replica_file_functions = {
    .identity_load = replica_file_identity_load,
    .identity_store = replica_file_identity_store,
    .begin = replica_file_begin,
    .commit = replica_file_commit,
    .rollback = replica_file_rollback,
    .look_begin = replica_file_look_begin,
    .look_end = replica_file_look_end,
    .entity = replica_file_entity,
    .entities = replica_file_entities,
    .definition = replica_file_definition,
    .team = replica_file_team,
    .all = replica_file_all,
    .deals = replica_file_deals,
    .find = replica_file_find,
    .marks = replica_file_marks,
    .activities = replica_file_activities,
    .events = replica_file_events,
    .events_open = replica_file_events_open,
    .events_won = replica_file_events_won,
    .won_mark = replica_file_won_mark,
    .short_lengths = replica_file_short_lengths,
    .kept_load = replica_file_kept_load,
    .kept_store = replica_file_kept_store,
    .put_row = replica_file_put_row,
    .drop_row = replica_file_drop_row,
    .keep_generation = replica_file_keep_generation,
    .outbox_add = replica_file_outbox_add,
    .outbox_list = replica_file_outbox_list,
    .outbox_update = replica_file_outbox_update,
    .outbox_remove = replica_file_outbox_remove,
    .outbox_find = replica_file_outbox_find,
    .outbox_count = replica_file_outbox_count,
    .outbox_prune = replica_file_outbox_prune,
    .outbox_waiting = replica_file_outbox_waiting,
    .shown_clear = replica_file_shown_clear,
    .shown_put = replica_file_shown_put,
    .shown_drop = replica_file_shown_drop,
    .close = replica_file_close,
};

enum fault replica_file_execute(struct replica_file *file, const char *sql)
{
    if (sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK) return FAULT_NONE;
    return fault_from_sqlite(file->db, sqlite3_extended_errcode(file->db));
}

/* The raw key, and it before anything else; then what every connection must agree on. */
static enum fault replica_file_configure(struct replica_file *file, const struct secret32 *key)
{
    char text[2 + 64 + 2];
    text[0] = 'x';
    text[1] = '\'';
    sodium_bin2hex(text + 2, 65, key->b, sizeof key->b);
    text[66] = '\'';
    int code = sqlite3_key(file->db, text, 67);
    sodium_memzero(text, sizeof text);
    if (code != SQLITE_OK) return fault_from_sqlite(file->db, code);
    sqlite3_extended_result_codes(file->db, 1);
    replica_file_wait(file, true);
    /* cache_spill=off: another process can read while a large transaction is being made;
     * the cache spares decrypting pages again;
     * temp_store=2: sorts never spill plaintext; EXTRA also syncs the folder. */
    return replica_file_execute(file, "PRAGMA cipher_page_size = 4096;"
                                      "PRAGMA temp_store = 2;"
                                      "PRAGMA cache_size = -64000;"
                                      "PRAGMA journal_mode = TRUNCATE;"
                                      "PRAGMA synchronous = EXTRA;"
                                      "PRAGMA cache_spill = off;");
}

static enum fault replica_file_connect(const char *path, const struct secret32 *key,
                                       struct replica_file **out)
{
    struct replica_file *file = calloc(1, sizeof *file);
    *out = NULL;
    if (file == NULL) return FAULT_MEMORY;
    file->replica.f = &replica_file_functions;
    arena_init(&file->scratch, WIRE_ARENA_MAX);
    int code = sqlite3_open_v2(path, &file->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    enum fault fault = fault_from_sqlite(file->db, code);
    if (code == SQLITE_CANTOPEN) fault = errno == EACCES ? FAULT_DENIED : FAULT_IO;
    if (fault == FAULT_NONE) fault = replica_file_configure(file, key);
    if (fault == FAULT_NONE) {
        sqlite3_stmt *ready;
        fault = statement_begin(file, STATEMENT_ROLLBACK, &ready);
    }
    if (fault != FAULT_NONE) {
        replica_file_close(&file->replica);
        return fault;
    }
    *out = file;
    return FAULT_NONE;
}

enum fault replica_file_open(const char *path, const struct secret32 *key, struct replica **out)
{
    struct replica_file *file;
    *out = NULL;
    if (access(path, F_OK) != 0) return errno == ENOENT ? FAULT_NOT_FOUND : FAULT_IO;
    enum fault fault = replica_file_connect(path, key, &file);
    if (fault != FAULT_NONE) return fault;
    fault = replica_file_recognise(file);
    if (fault != FAULT_NONE) {
        replica_file_close(&file->replica);
        return fault;
    }
    *out = &file->replica;
    return FAULT_NONE;
}

static enum fault replica_file_fill(struct replica_file *file, const struct secret32 *device)
{
    struct replica *replica = &file->replica;
    enum fault fault = replica_file_begin(replica);
    if (fault != FAULT_NONE) return fault;
    fault = replica_file_execute(file, replica_file_schema);
    if (fault == FAULT_NONE) fault = replica_file_stamp(file);
    if (fault == FAULT_NONE) fault = replica_file_device_store(file, device);
    if (fault == FAULT_NONE) return replica_file_commit(replica);
    replica_file_rollback(replica);
    return fault;
}

enum fault replica_file_create(const char *path, const struct secret32 *key,
                               const struct secret32 *device, struct replica **out)
{
    struct replica_file *file;
    *out = NULL;
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        if (errno == EEXIST) return FAULT_EXISTS;
        return errno == ENOSPC || errno == EDQUOT ? FAULT_FULL : FAULT_IO;
    }
    close(fd);
    enum fault fault = replica_file_connect(path, key, &file);
    if (fault == FAULT_NONE) {
        fault = replica_file_fill(file, device);
        if (fault != FAULT_NONE) replica_file_close(&file->replica);
    }
    if (fault != FAULT_NONE) {
        unlink(path);
        return fault;
    }
    *out = &file->replica;
    return FAULT_NONE;
}

enum fault replica_file_verify(struct replica *replica)
{
    struct replica_file *file = replica_file_of(replica);
    sqlite3_stmt *statement = NULL;
    bool row = false;
    if (sqlite3_prepare_v2(file->db, "PRAGMA integrity_check(1)", -1, &statement, NULL) !=
        SQLITE_OK) {
        return fault_from_sqlite(file->db, sqlite3_extended_errcode(file->db));
    }
    enum fault fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE && !(row && str_equal(column_bytes(statement, 0), STR("ok")))) {
        fault = FAULT_CRYPTO;
    }
    sqlite3_finalize(statement);
    return fault;
}

void replica_file_retire(struct replica *replica, bool retire)
{
    struct replica_file *file = replica_file_of(replica);
    if (!file->writing && replica_file_begin(replica) != FAULT_NONE) return;
    enum fault fault = replica_file_execute(
        file, retire ? "ALTER TABLE outbox RENAME TO outbox_aside"
                     : "ALTER TABLE outbox_aside RENAME TO outbox");
    if (fault == FAULT_NONE) fault = replica_file_commit(replica);
    if (fault != FAULT_NONE && file->writing) replica_file_rollback(replica);
}
