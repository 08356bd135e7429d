/* replica_file_index.c - is the file one of ours, whole, and are its indexes this program's?
 *
 * Called when a copy is made or opened. user_version is the format of what is the truth (low bits)
 * and a number of the indexes (the rest); a file whose indexes another program made gets them made
 * again, in one transaction, from the bodies. */
#include "client/edge/replica_file_inside.h"

#include <stdio.h>
#include <string.h>

#include "common/base/check.h"
#include "common/domain/field.h"
#include "common/metrics/abridged.h"

#include "common/base/banned.h"

/* "SLUI": tells a copy from any other encrypted database of the same key. */
enum { APPLICATION_ID = 0x534c5549, FORMAT_BITS = 7, INDEX_BITS = 24 };

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text; text++) hash = (hash ^ (uint8_t)*text) * UINT32_C(16777619); /* FNV-1a */
    return hash;
}

/* The tables, what stands abridged in them, and the fields a body can have: a field that is new to this
 * program may stand in bodies that came before it. */
static int64_t index_number(void)
{
    uint32_t hash = hash_text(UINT32_C(2166136261) + ABRIDGED_FORMAT, replica_file_index_schema);
    for (enum entity_kind kind = ENTITY_NONE; kind < ENTITY_COUNT; kind++) {
        size_t count = 0;
        const struct field *fields = fields_of(kind, &count);
        for (size_t i = 0; fields && i < count; i++) hash = hash_text(hash, fields[i].name);
    }
    return (hash ^ hash >> INDEX_BITS) & ((UINT32_C(1) << INDEX_BITS) - 1);
}

static int64_t user_version(void)
{
    return index_number() << FORMAT_BITS | COPY_VERSION;
}

/* One number by a statement that is used once. */
static enum fault number_read(struct replica_file *file, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    *out = 0;
    if (sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return fault_from_sqlite(file->db, sqlite3_extended_errcode(file->db));
    enum fault fault = statement_step(file, statement, &row);
    if (fault == FAULT_NONE && row) *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return fault;
}

enum fault replica_file_stamp(struct replica_file *file)
{
    char sql[128];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %lld",
             APPLICATION_ID, (long long)user_version());
    enum fault fault = replica_file_execute(file, replica_file_index_schema);
    if (fault == FAULT_NONE) fault = replica_file_execute(file, sql);
    return fault;
}

enum fault replica_file_indexes_make(struct replica_file *file)
{
    enum fault fault = replica_file_stamp(file);
    if (fault == FAULT_NONE) fault = replica_file_index_all(file);
    return fault == FAULT_NONE ? replica_file_targets_make(file) : fault;
}

/* Of a program of another version: made again. */
static enum fault indexes_renew(struct replica_file *file)
{
    int64_t version = 0;
    struct replica *replica = &file->replica;
    enum fault fault = replica_file_begin(replica);
    if (fault != FAULT_NONE) return fault;
    fault = number_read(file, "PRAGMA user_version", &version);
    if (fault == FAULT_NONE && version == user_version()) { /* another process was faster */
        replica_file_rollback(replica);
        return FAULT_NONE;
    }
    if (fault == FAULT_NONE) fault = replica_file_indexes_make(file);
    if (fault == FAULT_NONE) return replica_file_commit(replica);
    replica_file_rollback(replica);
    return fault;
}

/* What costs no more than a few pages: the file is as long as it says, its catalogue decrypts and has
 * what must be there. A damaged page elsewhere is found when it is read: each has its own code. */
static enum fault glance(struct replica_file *file)
{
    int64_t tables = 0;
    enum fault fault = number_read(file,
                                   "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND"
                                   " name IN ('identity', 'device', 'entity_row', 'event',"
                                   " 'outbox')", &tables);
    if (fault != FAULT_NONE) return fault;
    return tables == 5 ? FAULT_NONE : FAULT_CRYPTO;
}

enum fault replica_file_recognise(struct replica_file *file)
{
    int64_t version = 0, application = 0;
    enum fault fault = number_read(file, "PRAGMA user_version", &version);
    if (fault == FAULT_NONE) fault = number_read(file, "PRAGMA application_id", &application);
    if (fault != FAULT_NONE) return fault;
    int64_t format = version & ((1 << FORMAT_BITS) - 1);
    if (application != APPLICATION_ID || format < 1) return FAULT_CRYPTO;
    if (format > COPY_VERSION) return FAULT_FORMAT;
    fault = glance(file);
    if (fault == FAULT_NONE && version != user_version()) fault = indexes_renew(file);
    return fault;
}
