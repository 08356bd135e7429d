/* replica_file_recompute.c - is what is computed from the rows what they give?
 *
 * Indexes and overlay are kept in step with every change; who altered the file, or an error of ours,
 * may have parted them. So both are computed once more, in one transaction, and held against what stood
 * there; nothing is written when they agree. */
#include "client/edge/replica_file_inside.h"

#include <stdio.h>

#include <sodium.h>

#include "client/core/outbox.h"
#include "common/base/bounds.h"
#include "common/base/check.h"

#include "common/base/banned.h"

enum { HASH_BYTES = 32, TABLES_MAX = 32, NAME_MAX_BYTES = 64 };

struct computed {
    uint8_t hash[HASH_BYTES];
};

static void value_hash(crypto_generichash_state *hash, sqlite3_stmt *s, int column)
{
    int type = sqlite3_column_type(s, column);
    const void *bytes = sqlite3_column_blob(s, column); /* numbers as their text */
    uint64_t head[2] = {(uint64_t)type, (uint64_t)sqlite3_column_bytes(s, column)};
    crypto_generichash_update(hash, (const uint8_t *)head, sizeof head);
    if (head[1] > 0) crypto_generichash_update(hash, bytes, head[1]);
}

static enum fault rows_hash(struct replica_file *file, crypto_generichash_state *hash,
                            const char *sql)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    if (sqlite3_prepare_v2(file->db, sql, -1, &s, NULL) != SQLITE_OK)
        return fault_from_sqlite(file->db, sqlite3_extended_errcode(file->db));
    enum fault fault;
    while ((fault = statement_step(file, s, &row)) == FAULT_NONE && row) {
        for (int i = 0; i < sqlite3_column_count(s); i++) value_hash(hash, s, i);
    }
    sqlite3_finalize(s);
    return fault;
}

/* The tables of replica_file_index_schema, by name, but two that may say more than the rows ask for:
 * what was computed once and may be gone, and starts of short ids that were shared. */
static enum fault index_tables(struct replica_file *file, char names[][NAME_MAX_BYTES],
                               size_t *count)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    *count = 0;
    static const char sql[] =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('identity', 'device',"
        " 'entity_row', 'event', 'outbox', 'kept', 'short_shared') ORDER BY name";
    if (sqlite3_prepare_v2(file->db, sql, -1, &s, NULL) != SQLITE_OK)
        return fault_from_sqlite(file->db, sqlite3_extended_errcode(file->db));
    enum fault fault;
    while ((fault = statement_step(file, s, &row)) == FAULT_NONE && row) {
        check(*count < TABLES_MAX);
        int n = snprintf(names[*count], NAME_MAX_BYTES, "%s", (const char *)sqlite3_column_text(s, 0));
        check(n > 0 && n < NAME_MAX_BYTES);
        ++*count;
    }
    sqlite3_finalize(s);
    return fault;
}

static enum fault computed_hash(struct replica_file *file, struct computed *out)
{
    static const char *const overlay[] = {
        "SELECT * FROM entity_row WHERE layer < 0 ORDER BY layer, kind, id, n",
        "SELECT * FROM event WHERE layer < 0 ORDER BY layer, subject, seq, n",
    };
    char names[TABLES_MAX][NAME_MAX_BYTES];
    size_t count = 0;
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, HASH_BYTES);
    enum fault fault = index_tables(file, names, &count);
    for (size_t i = 0; i < sizeof overlay / sizeof *overlay && fault == FAULT_NONE; i++)
        fault = rows_hash(file, &hash, overlay[i]);
    for (size_t i = 0; i < count && fault == FAULT_NONE; i++) {
        char sql[NAME_MAX_BYTES + 64];
        /* Without another index such a table is read by its primary key. */
        snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" NOT INDEXED", names[i]);
        fault = rows_hash(file, &hash, sql);
    }
    crypto_generichash_final(&hash, out->hash, sizeof out->hash);
    return fault;
}

static enum fault compute(struct replica_file *file, struct now now)
{
    struct arena arena;
    arena_init(&arena, 2 * WIRE_ARENA_MAX);
    enum fault fault = outbox_rebase(&file->replica, &arena, now);
    arena_finish(&arena);
    return fault == FAULT_NONE ? replica_file_indexes_make(file) : fault;
}

enum fault replica_file_recompute(struct replica *replica, struct now now, bool *differed)
{
    struct replica_file *file = replica_file_of(replica);
    struct computed before, after;
    *differed = false;
    enum fault fault = replica_file_begin(replica);
    if (fault != FAULT_NONE) return fault;
    fault = computed_hash(file, &before);
    if (fault == FAULT_NONE) fault = compute(file, now);
    if (fault == FAULT_NONE) fault = computed_hash(file, &after);
    bool same = fault == FAULT_NONE && sodium_memcmp(before.hash, after.hash, HASH_BYTES) == 0;
    if (fault != FAULT_NONE || same) {
        replica_file_rollback(replica);
        return fault;
    }
    *differed = true;
    return replica_file_commit(replica);
}
