/* statements_migrate.c - the SQL around migrations. Called by migrate.c. */
#include "server/edge/statements_migrate.h"

#include "common/base/banned.h"

const char migrate_settings[] = "SET client_min_messages = error;"
                                "SET search_path = public;"
                                "SET lock_timeout = '30s'";

/* The number is "sluice" in ASCII: one migrating process at a time per database. */
const char migrate_begin[] = "BEGIN; SELECT pg_advisory_xact_lock(x'736c75696365'::bigint)";

const char migrate_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "    version integer PRIMARY KEY,"
    "    name text NOT NULL,"
    "    hash bytea NOT NULL,"
    "    applied_at timestamptz NOT NULL DEFAULT now());"
    "COMMENT ON TABLE schema_migration IS"
    "    'Which migrations this database has had, with the BLAKE2b-256 of each file.';"
    "COMMENT ON COLUMN schema_migration.version IS 'Number of the file.';"
    "COMMENT ON COLUMN schema_migration.name IS 'Name of the file.';"
    "COMMENT ON COLUMN schema_migration.hash IS 'Of its bytes, when it was applied.';"
    "COMMENT ON COLUMN schema_migration.applied_at IS 'When.'";

const char migrate_applied[] =
    "SELECT version, encode(hash, 'hex') FROM schema_migration ORDER BY version";

const char migrate_record[] = "INSERT INTO schema_migration (version, name, hash)"
                              " VALUES ($1::integer, $2, decode($3, 'hex'))";

const char migrate_commit[] = "COMMIT";
const char migrate_rollback[] = "ROLLBACK";
