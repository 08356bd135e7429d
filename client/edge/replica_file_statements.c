/* replica_file_statements.c - every statement of the copy, and the few ways to run one.
 *
 * Invariant: a statement that was begun is ended (reset) before its function returns: with a
 * rollback journal an open SELECT would keep every other process from committing. */
#include "client/edge/replica_file_inside.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/base/banned.h"

#define SHOWN_GENERATION "(SELECT coalesce(max(generation), 0) FROM identity)"
#define BOTH_LAYERS "layer IN (-1, " SHOWN_GENERATION ")"
/* The second half lets it use the indexes that leave the overlay out. */
#define SERVER_LAYER "layer = " SHOWN_GENERATION " AND layer >= 0"
/* Not hidden by the overlay; a is the alias of the server's row. */
#define UNHIDDEN(a, kind, n)                                                                       \
    " NOT EXISTS (SELECT 1 FROM entity_row AS o WHERE o.layer = -1 AND o.kind = " kind             \
    " AND o.id = " a ".id AND o.n = " n ")"
#define KIND_DEAL "6"
#define KIND_ACTIVITY "7"
#define KIND_INBOX "9"
#define KIND_EVENT "8"

static_assert(ENTITY_DEAL == 6 && ENTITY_ACTIVITY == 7 && ENTITY_EVENT == 8, "SQL says so");
static_assert(LAYER_SHOWN == -1, "SQL says so");
static_assert(DEAL_CLOSED == 0 && DEAL_OPEN == 1 && DEAL_WON == 2 && KEPT_WON_MARK == -1,
              "SQL says so");

/* The same where many rows are looked at: what the overlay has is gathered once. */
#define UNHIDDEN_DEALS(a)                                                                          \
    " " a ".id NOT IN (SELECT id FROM entity_row WHERE layer = -1 AND kind = " KIND_DEAL ")"

#define DEAL_FILTER                                                                                \
    " AND (?1 IS NULL OR organisation = ?1) AND (?2 IS NULL OR contact = ?2)"                      \
    " AND (?3 IS NULL OR owner = ?3)"
#define DEAL_BODY                                                                                  \
    "coalesce(d.body, (SELECT r.body FROM entity_row AS r WHERE r.layer = d.layer"                 \
    " AND r.kind = " KIND_DEAL " AND r.id = d.id AND r.n = 0))"
#define DEALS(condition, hidden)                                                                   \
    "SELECT " DEAL_BODY " FROM deal_index AS d WHERE layer = -1 AND " condition DEAL_FILTER        \
    " UNION ALL SELECT " DEAL_BODY " FROM deal_index AS d WHERE " SERVER_LAYER                     \
    " AND " condition DEAL_FILTER " AND" hidden

/* The few deals first, each with its events. */
#define EVENTS_OF_DEALS(condition)                                                                 \
    "SELECT e.layer, e.seq, e.body, e.n FROM"                                                           \
    " (SELECT id FROM deal_index WHERE layer = -1 AND " condition " UNION"                         \
    " SELECT id FROM deal_index AS i WHERE layer = " SHOWN_GENERATION " AND " condition " AND"     \
    UNHIDDEN_DEALS("i") ") AS d"                                                                   \
    " CROSS JOIN event AS e ON e." BOTH_LAYERS " AND e.subject = d.id"

/* Generations above are numbers that will be used again: all of it. Those below go by and by, in the
 * order of the key: where the oldest begins, and from there up to the ?3-th row and its like. */
#define KEEP(table) "DELETE FROM " table " WHERE layer > ?1"
#define FORMER(table, group)                                                                       \
    "SELECT layer, " group " FROM " table " WHERE layer >= 0 AND layer < ?1"                       \
    " ORDER BY layer LIMIT 1"
#define FORMER_DROP(table, group, key)                                                             \
    "DELETE FROM " table " WHERE layer = ?1 AND " group " = ?2 AND " key                           \
    " <= coalesce((SELECT " key " FROM " table " WHERE layer = ?1 AND " group " = ?2"              \
    " ORDER BY " key " LIMIT 1 OFFSET ?3), x'" ABOVE_EVERY_KEY "')"
#define ABOVE_EVERY_KEY "ffffffffffffffffffffffffffffffffff" /* a byte longer than an id */
#define FORMER_IN(table)                                                                           \
    "EXISTS (SELECT 1 FROM " table " WHERE layer >= 0 AND layer < " SHOWN_GENERATION ")"
#define CLEAR(table) "DELETE FROM " table " WHERE layer = -1"
#define OUTBOX_COLUMNS                                                                             \
    "number, mutation, payload, answered, outcome, seq, reasons, made_at, answered_at, summary"
#define OUTBOX_FORMER_TEXT "4611686018427387904" /* OUTBOX_FORMER */
#define OUTBOX_PLACES "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"

static const char *const statement_sql[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_LOOK_BEGIN] = "BEGIN",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_IDENTITY_LOAD] =
        "SELECT addresses, server_key, joined, code, device_name, team, member, device, replica,"
        " token, next_number, cursor_seq, cursor_mark, generation, last_sync_at, last_failure_at,"
        " server_clock_offset, last_failure, refusal, last_undoable, refill,"
        " fill_generation, fill_seq, fill_top_seq, fill_top_mark, lost_since FROM identity",
    [STATEMENT_IDENTITY_STORE] =
        "INSERT OR REPLACE INTO identity(one, addresses, server_key, joined, code, device_name,"
        " team, member, device, replica, token, next_number, cursor_seq, cursor_mark, generation,"
        " last_sync_at, last_failure_at, server_clock_offset, last_failure, refusal,"
        " last_undoable, refill, fill_generation, fill_seq, fill_top_seq, fill_top_mark, lost_since)"
        " VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)",
    [STATEMENT_DEVICE_LOAD] = "SELECT secret FROM device",
    [STATEMENT_DEVICE_STORE] = "INSERT OR REPLACE INTO device(one, secret) VALUES(1, ?1)",

    [STATEMENT_ENTITY_SERVER] =
        "SELECT removed, body FROM entity_row WHERE layer = " SHOWN_GENERATION
        " AND kind = ?1 AND id = ?2 ORDER BY n LIMIT 1",
    /* The overlay first, and the server's only when it has none: a list asks thousands of times. */
    [STATEMENT_ENTITY_SHOWN] =
        "SELECT removed, body FROM entity_row WHERE layer = -1 AND kind = ?1 AND id = ?2"
        " UNION ALL SELECT removed, body FROM entity_row WHERE layer = " SHOWN_GENERATION
        " AND kind = ?1 AND id = ?2 LIMIT 1",
    [STATEMENT_MANY_SERVER] =
        "SELECT id, removed, body FROM entity_row WHERE layer = " SHOWN_GENERATION
        " AND kind = ?1 AND id >= ?2 ORDER BY id",
    [STATEMENT_MANY_SHOWN] =
        "SELECT id, removed, body FROM entity_row WHERE layer = -1 AND kind = ?1 AND id >= ?2"
        " ORDER BY id",
    [STATEMENT_ONE_OF_KIND] =
        "SELECT removed, body FROM entity_row WHERE " BOTH_LAYERS
        " AND kind = ?1 ORDER BY layer LIMIT 1",
    [STATEMENT_ALL] =
        "SELECT body FROM entity_row WHERE layer = -1 AND kind = ?1 AND removed = 0"
        " UNION ALL SELECT body FROM entity_row AS r WHERE layer = " SHOWN_GENERATION
        " AND kind = ?1 AND removed = 0 AND" UNHIDDEN("r", "?1", "r.n"),
    [STATEMENT_DEALS_OPEN] = DEALS("open = 1", UNHIDDEN_DEALS("d")),
    [STATEMENT_DEALS_ALL] = DEALS("open >= 0", UNHIDDEN_DEALS("d")),
    [STATEMENT_DEALS_WON] = DEALS("open = 2", UNHIDDEN_DEALS("d")),
    [STATEMENT_DEALS_OF_ORGANISATION] = DEALS("organisation = ?1 AND (?4 = 0 OR +open = 1)",
                                              UNHIDDEN("d", KIND_DEAL, "0")),
    [STATEMENT_DEALS_OF_CONTACT] = DEALS("contact = ?2 AND (?4 = 0 OR +open = 1)",
                                         UNHIDDEN("d", KIND_DEAL, "0")),
    [STATEMENT_FIND] =
        "WITH hit(layer, id) AS ("
        " SELECT layer, id FROM entity_index WHERE layer = -1 AND kind = ?1"
        " AND (short >= ?2 AND short < ?3 OR name = ?4 OR external = ?5 OR id = ?6)"
        " UNION SELECT layer, id FROM entity_index WHERE " SERVER_LAYER
        " AND kind = ?1 AND short >= ?2 AND short < ?3"
        " UNION SELECT layer, id FROM entity_index WHERE " SERVER_LAYER
        " AND kind = ?1 AND name = ?4"
        " UNION SELECT layer, id FROM entity_index WHERE " SERVER_LAYER
        " AND kind = ?1 AND external = ?5"
        " UNION SELECT layer, id FROM entity_index WHERE " SERVER_LAYER
        " AND kind = ?1 AND id = ?6)"
        " SELECT r.body FROM hit CROSS JOIN entity_row AS r ON r.layer = hit.layer"
        " AND r.kind = ?1 AND r.id = hit.id AND r.n = 0"
        " WHERE r.removed = 0 AND (hit.layer = -1 OR" UNHIDDEN("hit", "?1", "0") ")"
        " ORDER BY r.id LIMIT ?7",
    [STATEMENT_ACTIVITIES_OF] =
        "SELECT r.body FROM activity_index AS a CROSS JOIN entity_row AS r ON r.layer = a.layer"
        " AND r.kind = " KIND_ACTIVITY " AND r.id = a.id AND r.n = 0"
        " WHERE a.layer = -1 AND a.subject = ?1 AND r.removed = 0"
        " UNION ALL SELECT r.body FROM activity_index AS a CROSS JOIN entity_row AS r"
        " ON r.layer = a.layer AND r.kind = " KIND_ACTIVITY " AND r.id = a.id AND r.n = 0"
        " WHERE a.layer = " SHOWN_GENERATION " AND a.layer >= 0 AND a.subject = ?1"
        " AND r.removed = 0 AND" UNHIDDEN("a", KIND_ACTIVITY, "0"),
    [STATEMENT_EVENTS_OF] =
        "SELECT layer, seq, body, n FROM event WHERE " BOTH_LAYERS " AND subject = ?1",
    /* No order is asked for: what comes along a key is in order but for the overlay, and sorting so
     * many would copy them all. */
    [STATEMENT_EVENTS_ALL] =
        "SELECT layer, seq, body, n FROM event WHERE layer = " SHOWN_GENERATION
        " UNION ALL SELECT layer, seq, body, n FROM event WHERE layer = -1",
    /* Abridged (without a seq) of deals open on the server and not shown otherwise; those of deals only
     * shown as open; predicted. */
    [STATEMENT_EVENTS_OPEN] =
        "SELECT layer, NULL, body, NULL, subject FROM past_open WHERE layer = " SHOWN_GENERATION
        " AND subject NOT IN (SELECT id FROM entity_row WHERE layer = -1 AND kind = " KIND_DEAL
        " EXCEPT SELECT id FROM deal_index WHERE layer = -1 AND open = 1)"
        " UNION ALL SELECT e.layer, e.seq, e.body, e.n, e.subject FROM deal_index AS i"
        " CROSS JOIN event AS e ON e.layer = " SHOWN_GENERATION " AND e.subject = i.id"
        " WHERE i.layer = -1 AND i.open = 1 AND NOT EXISTS (SELECT 1 FROM deal_index AS s"
        " WHERE s.layer = " SHOWN_GENERATION " AND s.open = 1 AND s.id = i.id)"
        " UNION ALL SELECT layer, seq, body, n, subject FROM event AS e WHERE layer = -1 AND ("
        "EXISTS (SELECT 1 FROM deal_index AS i WHERE i.layer = -1 AND i.open = 1"
        " AND i.id = e.subject) OR EXISTS (SELECT 1 FROM deal_index AS i WHERE i.layer = "
        SHOWN_GENERATION " AND i.open = 1 AND i.id = e.subject AND" UNHIDDEN("i", KIND_DEAL, "0")
        "))",
    [STATEMENT_EVENTS_WON] = EVENTS_OF_DEALS("open = 2"),
    [STATEMENT_WON_MARK] = "SELECT bytes FROM kept WHERE number = -1",
    /* Any number never used before will do: nothing else compares with it. */
    [STATEMENT_WON_CHANGED] = "INSERT OR REPLACE INTO kept(number, bytes) VALUES(-1, random())",
    [STATEMENT_WON_BELOW] = "SELECT 1 FROM deal_index WHERE " SERVER_LAYER
                            " AND open = 2 AND id = ?1",
    [STATEMENT_SHORTS_SHOWN] = "SELECT short FROM entity_index WHERE layer = -1 AND kind = ?1",
    [STATEMENT_SHORTS_SHARED] =
        "SELECT start FROM short_shared WHERE layer = " SHOWN_GENERATION
        " AND kind = ?1 ORDER BY start",
    [STATEMENT_SHORT_SHARE] =
        "INSERT OR IGNORE INTO short_shared(layer, kind, start) SELECT ?1, ?2, ?3"
        " WHERE EXISTS (SELECT 1 FROM entity_index WHERE layer = ?1 AND layer >= 0 AND kind = ?2"
        " AND short >= ?3 AND short < ?4)",
    [STATEMENT_SHORT_BEFORE] =
        "SELECT short FROM entity_index WHERE " SERVER_LAYER
        " AND kind = ?1 AND short < ?2 ORDER BY short DESC LIMIT 1",
    [STATEMENT_SHORT_AFTER] =
        "SELECT short FROM entity_index WHERE " SERVER_LAYER
        " AND kind = ?1 AND short > ?2 ORDER BY short LIMIT 1",
    [STATEMENT_KEPT_LOAD] = "SELECT bytes FROM kept WHERE number = ?1",
    [STATEMENT_KEPT_STORE] = "INSERT OR REPLACE INTO kept(number, bytes) VALUES(?1, ?2)",

    [STATEMENT_MARKS] =
        "SELECT kind, id, n, seq, body FROM entity_row WHERE layer = " SHOWN_GENERATION
        " AND removed = 0 UNION ALL SELECT " KIND_EVENT ", subject, n, seq, body FROM event"
        " WHERE layer = " SHOWN_GENERATION,
    /* No index by seq: who looks beside another process pays a look through the history. */
    [STATEMENT_REVEALED] =
        "SELECT " KIND_EVENT ", subject, seq FROM event WHERE layer = " SHOWN_GENERATION
        " AND seq > ?1 UNION SELECT kind, id, seq FROM entity_row WHERE layer = " SHOWN_GENERATION
        " AND kind IN (" KIND_ACTIVITY "," KIND_INBOX ") AND removed = 0 AND seq > ?1"
        " ORDER BY 3 LIMIT ?2",
    [STATEMENT_ROW_SEQ] =
        "SELECT seq, removed FROM entity_row"
        " WHERE layer = ?1 AND kind = ?2 AND id = ?3 AND n = ?4",
    /* FAIL everywhere, and IGNORE, as the caller knows what is there: a statement that may have to
     * be undone alone (REPLACE, ABORT) journals, and encrypts, every page it changes once more. */
    [STATEMENT_ROWS_INDEXED] =
        "SELECT layer, kind, id, body FROM entity_row WHERE removed = 0 AND n = 0",
    [STATEMENT_ROW_ADD] =
        "INSERT OR FAIL INTO entity_row(layer, kind, id, n, seq, removed, body)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [STATEMENT_ROW_UPDATE] =
        "UPDATE OR FAIL entity_row SET seq = ?5, removed = ?6, body = ?7"
        " WHERE layer = ?1 AND kind = ?2 AND id = ?3 AND n = ?4",
    [STATEMENT_ROW_DROP] =
        "DELETE FROM entity_row WHERE layer = ?1 AND kind = ?2 AND id = ?3 AND n = ?4",
    [STATEMENT_EVENT_ADD] =
        "INSERT OR IGNORE INTO event(layer, subject, seq, n, body) VALUES(?1, ?2, ?3, ?4, ?5)",
    [STATEMENT_EVENT_UPDATE] =
        "UPDATE OR FAIL event SET body = ?5"
        " WHERE layer = ?1 AND subject = ?2 AND seq = ?3 AND n = ?4",
    [STATEMENT_EVENT_REMOVE] =
        "DELETE FROM event WHERE layer = ?1 AND subject = ?2 AND seq = ?3 AND n = ?4",
    [STATEMENT_PAST_LOAD] = "SELECT body FROM past_open WHERE layer = ?1 AND subject = ?2",
    [STATEMENT_PAST_ADD] = "INSERT OR REPLACE INTO past_open(layer, subject, body) VALUES(?1, ?2, ?3)",
    [STATEMENT_PAST_UPDATE] =
        "UPDATE OR FAIL past_open SET body = ?3 WHERE layer = ?1 AND subject = ?2",
    [STATEMENT_PAST_DROP] = "DELETE FROM past_open WHERE layer = ?1 AND subject = ?2",
    [STATEMENT_PAST_EVENTS] =
        "SELECT seq, n, body FROM event WHERE layer = ?1 AND subject = ?2 ORDER BY seq, n",
    [STATEMENT_INDEX_PUT] =
        "INSERT OR FAIL INTO entity_index(layer, kind, id, short, name, external)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    /* What stays the same is not written: each page is read, journalled and encrypted for it. */
    [STATEMENT_INDEX_UPDATE] =
        "UPDATE OR FAIL entity_index SET name = ?5, external = ?6"
        " WHERE layer = ?1 AND kind = ?2 AND id = ?3 AND (name IS NOT ?5 OR external IS NOT ?6)",
    [STATEMENT_INDEX_REMOVE] =
        "DELETE FROM entity_index WHERE layer = ?1 AND kind = ?2 AND id = ?3",
    [STATEMENT_DEAL_PUT] =
        "INSERT OR FAIL INTO deal_index(layer, open, id, organisation, contact, owner, body)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [STATEMENT_DEAL_THERE] =
        "SELECT 1 FROM deal_index WHERE layer = ?1 AND open = ?2 AND id = ?3",
    [STATEMENT_DEAL_UPDATE] =
        "UPDATE OR FAIL deal_index SET organisation = ?4, contact = ?5, owner = ?6, body = ?7"
        " WHERE layer = ?1 AND open = ?2 AND id = ?3 AND (organisation IS NOT ?4"
        " OR contact IS NOT ?5 OR owner IS NOT ?6 OR body IS NOT ?7)",
    [STATEMENT_DEAL_REMOVE_WON] =
        "DELETE FROM deal_index WHERE layer = ?1 AND open = 2 AND id = ?2",
    [STATEMENT_DEAL_REMOVE] =
        "DELETE FROM deal_index WHERE layer = ?1 AND open IN (0, 1) AND id = ?2",
    [STATEMENT_ACTIVITY_PUT] =
        "INSERT OR IGNORE INTO activity_index(layer, id, subject) VALUES(?1, ?2, ?3)",
    [STATEMENT_ACTIVITY_REMOVE] = "DELETE FROM activity_index WHERE layer = ?1 AND id = ?2",
    [STATEMENT_KEEP_FIRST] = KEEP("entity_row"),
    [STATEMENT_KEEP_FIRST + 1] = KEEP("event"),
    [STATEMENT_KEEP_FIRST + 2] = KEEP("entity_index"),
    [STATEMENT_KEEP_FIRST + 3] = KEEP("deal_index"),
    [STATEMENT_KEEP_FIRST + 4] = KEEP("past_open"),
    [STATEMENT_KEEP_FIRST + 5] = KEEP("short_shared"),
    [STATEMENT_KEEP_LAST] = KEEP("activity_index"),
    [STATEMENT_FORMER_THERE] =
        "SELECT " SHOWN_GENERATION ", " FORMER_IN("entity_row") " OR " FORMER_IN("event") " OR "
        FORMER_IN("entity_index") " OR " FORMER_IN("deal_index") " OR " FORMER_IN("past_open")
        " OR " FORMER_IN("short_shared") " OR " FORMER_IN("activity_index"),
    [STATEMENT_FORMER_FIRST] = FORMER("entity_row", "kind"),
    [STATEMENT_FORMER_FIRST + 1] = FORMER("event", "layer"),
    [STATEMENT_FORMER_FIRST + 2] = FORMER("entity_index", "kind"),
    [STATEMENT_FORMER_FIRST + 3] = FORMER("deal_index", "open"),
    [STATEMENT_FORMER_FIRST + 4] = FORMER("past_open", "layer"),
    [STATEMENT_FORMER_FIRST + 5] = FORMER("short_shared", "kind"),
    [STATEMENT_FORMER_LAST] = FORMER("activity_index", "layer"),
    [STATEMENT_FORMER_DROP_FIRST] = FORMER_DROP("entity_row", "kind", "id"),
    [STATEMENT_FORMER_DROP_FIRST + 1] = FORMER_DROP("event", "layer", "subject"),
    [STATEMENT_FORMER_DROP_FIRST + 2] = FORMER_DROP("entity_index", "kind", "id"),
    [STATEMENT_FORMER_DROP_FIRST + 3] = FORMER_DROP("deal_index", "open", "id"),
    [STATEMENT_FORMER_DROP_FIRST + 4] = FORMER_DROP("past_open", "layer", "subject"),
    [STATEMENT_FORMER_DROP_FIRST + 5] = FORMER_DROP("short_shared", "kind", "start"),
    [STATEMENT_FORMER_DROP_LAST] = FORMER_DROP("activity_index", "layer", "id"),
    [STATEMENT_CLEAR_FIRST] = CLEAR("entity_row"),
    [STATEMENT_CLEAR_FIRST + 1] = CLEAR("event"),
    [STATEMENT_CLEAR_FIRST + 2] = CLEAR("entity_index"),
    [STATEMENT_CLEAR_FIRST + 3] = CLEAR("deal_index"),
    [STATEMENT_CLEAR_LAST] = CLEAR("activity_index"),
    [STATEMENT_SHOWN_DROP] = "DELETE FROM entity_row WHERE layer = -1 AND kind = ?1 AND id = ?2",
    [STATEMENT_SHOWN_DROP_EVENTS] = "DELETE FROM event WHERE layer = -1 AND subject = ?1",

    [STATEMENT_OUTBOX_ADD] =
        "INSERT OR IGNORE INTO outbox(" OUTBOX_COLUMNS ") VALUES" OUTBOX_PLACES,
    [STATEMENT_OUTBOX_LIST_PENDING] =
        "SELECT " OUTBOX_COLUMNS
        " FROM outbox WHERE number >= ?1 AND answered = 0 ORDER BY number LIMIT ?2",
    [STATEMENT_OUTBOX_LIST] =
        "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE number >= ?1"
        " AND (number < " OUTBOX_FORMER_TEXT " OR ?1 >= " OUTBOX_FORMER_TEXT ")"
        " ORDER BY number LIMIT ?2",
    [STATEMENT_OUTBOX_UPDATE] =
        "UPDATE OR FAIL outbox SET mutation = ?2, payload = ?3, answered = ?4, outcome = ?5, seq = ?6,"
        " reasons = ?7, made_at = ?8, answered_at = ?9, summary = ?10 WHERE number = ?1",
    [STATEMENT_OUTBOX_REMOVE] = "DELETE FROM outbox WHERE number = ?1",
    [STATEMENT_OUTBOX_FIND] =
        "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE mutation = ?1 ORDER BY number LIMIT 1",
    [STATEMENT_OUTBOX_COUNT] = "SELECT count(*) FROM outbox WHERE answered = 0",
    [STATEMENT_TARGET_ADD] =
        "INSERT OR REPLACE INTO outbox_target(number, target) VALUES(?1, ?2)",
    [STATEMENT_TARGET_REMOVE] = "DELETE FROM outbox_target WHERE number = ?1",
    [STATEMENT_TARGET_THERE] = "SELECT 1 FROM outbox_target WHERE target = ?1 LIMIT 1",
    [STATEMENT_TARGETS] = "SELECT DISTINCT target FROM outbox_target ORDER BY target",
    [STATEMENT_OUTBOX_PRUNE] = "DELETE FROM outbox WHERE answered = 1 AND answered_at < ?1",
};

static bool errno_is_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static bool errno_is_denied(int error)
{
    return error == EACCES || error == EPERM || error == EROFS;
}

enum fault fault_from_sqlite(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return FAULT_NONE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return FAULT_BUSY;
    case SQLITE_NOMEM: return FAULT_MEMORY;
    case SQLITE_FULL: return FAULT_FULL;
    case SQLITE_ERROR: /* our SQL is known to be good: what does not fit, or decrypt, is the file */
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return FAULT_CRYPTO;
    case SQLITE_TOOBIG: return FAULT_LIMIT;
    case SQLITE_PERM:
    case SQLITE_READONLY: return FAULT_DENIED;
    case SQLITE_CANTOPEN: /* its journal, in a folder that may only be read */
        return db && errno_is_denied(sqlite3_system_errno(db)) ? FAULT_DENIED : FAULT_IO;
    case SQLITE_IOERR:
        /* A short read is a file that ends too early. */
        if (code == SQLITE_IOERR_SHORT_READ) return FAULT_CRYPTO;
        return db && errno_is_full(sqlite3_system_errno(db)) ? FAULT_FULL : FAULT_IO;
    default: return FAULT_IO;
    }
}

enum fault statement_begin(struct replica_file *file, enum statement which, sqlite3_stmt **out)
{
    sqlite3_stmt **cached = &file->statements[which];
    *out = NULL;
    if (*cached == NULL) {
        int code = sqlite3_prepare_v2(file->db, statement_sql[which], -1, cached, NULL);
        if (code != SQLITE_OK) {
            return fault_from_sqlite(file->db, sqlite3_extended_errcode(file->db));
        }
    }
    *out = *cached;
    return FAULT_NONE;
}

void statement_end(sqlite3_stmt *statement)
{
    if (statement == NULL) return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

enum fault statement_step(struct replica_file *file, sqlite3_stmt *statement, bool *row)
{
    int code = sqlite3_step(statement);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return FAULT_NONE;
    return fault_from_sqlite(file->db, sqlite3_extended_errcode(file->db));
}

enum fault statement_run(struct replica_file *file, sqlite3_stmt *statement)
{
    bool row = true;
    enum fault fault = FAULT_NONE;
    while (fault == FAULT_NONE && row) fault = statement_step(file, statement, &row);
    statement_end(statement);
    return fault;
}

void statements_finish(struct replica_file *file)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(file->statements[i]);
        file->statements[i] = NULL;
    }
}

void bind_text(sqlite3_stmt *statement, int place, struct str text)
{
    if (text.p == NULL) {
        sqlite3_bind_null(statement, place);
    } else {
        sqlite3_bind_text64(statement, place, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
    }
}

void bind_bytes(sqlite3_stmt *statement, int place, const void *bytes, size_t n)
{
    /* A NULL pointer would bind NULL; no bytes are still bytes. */
    sqlite3_bind_blob64(statement, place, bytes ? bytes : "", n, SQLITE_STATIC);
}

void bind_id(sqlite3_stmt *statement, int place, const struct uuid *id)
{
    bind_bytes(statement, place, id->b, sizeof id->b);
}

void bind_id_or_any(sqlite3_stmt *statement, int place, const struct uuid *id)
{
    if (uuid_is_zero(*id)) {
        sqlite3_bind_null(statement, place);
    } else {
        bind_id(statement, place, id);
    }
}

void bind_number(sqlite3_stmt *statement, int place, int64_t number)
{
    sqlite3_bind_int64(statement, place, number);
}

struct str column_bytes(sqlite3_stmt *statement, int place)
{
    if (sqlite3_column_type(statement, place) == SQLITE_NULL) return STR_NONE;
    const char *p = sqlite3_column_blob(statement, place);
    size_t n = (size_t)sqlite3_column_bytes(statement, place);
    return (struct str){p ? p : "", n};
}

enum fault column_array(sqlite3_stmt *statement, int place, void *out, size_t n)
{
    struct str bytes = column_bytes(statement, place);
    if (bytes.n != n) return FAULT_CRYPTO;
    memcpy(out, bytes.p, n);
    return FAULT_NONE;
}

struct uuid column_id(sqlite3_stmt *statement, int place)
{
    struct uuid id = {{0}};
    struct str bytes = column_bytes(statement, place);
    if (bytes.n == sizeof id.b) memcpy(id.b, bytes.p, sizeof id.b);
    return id;
}
