/* statements.c - the statements that are written by hand. Called by store_postgres at start. */
#include "server/edge/statements.h"

#include "common/base/banned.h"

const char connection_options[] =
    "-c default_transaction_isolation=repeatable\\ read -c statement_timeout=20000"
    " -c lock_timeout=10000 -c idle_in_transaction_session_timeout=20000"
    " -c client_min_messages=error -c search_path=public -c TimeZone=UTC -c jit=off"
    " -c plan_cache_mode=force_generic_plan";

const struct statement_text statement_notify = {"notify",
                                                "SELECT pg_notify('sluice_commit', $1::text)"};
const char statement_listen[] = "LISTEN sluice_commit";

#define HEAD_COLUMNS                                                                               \
    "SELECT head_seq, head_mark, recorded_last, inbox_last, definition_version, access_version"    \
    " FROM team "
#define REPLICA_COLUMNS "SELECT id, device, last_number, token, next_token, deliver_to FROM replica "
#define MARK_KNOWN                                                                                 \
    "SELECT EXISTS (SELECT FROM commit_mark WHERE team_id = sluice_team() AND seq = $1::bigint"    \
    " AND mark = $2::bytea)"
/* Rows outside $5 that name u.thing in that column, each by its index; how many there are, up to $6. */
#define USES_OF(table, column)                                                                     \
    "SELECT FROM " table " r WHERE r.team_id = $1::uuid AND r." column " = u.thing"                \
    " AND NOT r.row_removed AND r.id <> ALL ($5::uuid[])"
#define USES_COUNT(of) "(SELECT count(*) FROM (" of " LIMIT $6::bigint) AS counted)"
#define NEWEST "(SELECT max(version) FROM definition WHERE team_id = $1)"

static const struct {
    enum statement statement;
    const char *name, *sql;
} written[] = {
    {STATEMENT_TEAM_ENTER, "team_enter", "SELECT set_config('sluice.team', $1::uuid::text, true)"},
    {STATEMENT_DEVICE_FIND, "device_find",
     "SELECT team_id, device, member, revoked, announced, others, sight_seq,"
     " revoked_at, revoked_by FROM device_find($1::bytea)"},
    {STATEMENT_DEVICE_ENROL, "device_enrol",
     "SELECT status, team_id, enrolled FROM device_enrol($1::bytea, $2::bytea, $3::uuid, $4::text,"
     " $5::timestamptz)"},
    {STATEMENT_SIGN_IN_HEAD, "sign_in_head", HEAD_COLUMNS "WHERE team_id = sluice_team()"},
    {STATEMENT_SIGN_IN_REPLICA, "sign_in_replica",
     REPLICA_COLUMNS "WHERE team_id = sluice_team() AND id = $1::uuid"},
    {STATEMENT_SIGN_IN_COPIED, "sign_in_copied",
     "SELECT CASE WHEN r.id IS NULL THEN EXISTS (SELECT FROM replica o"
     " WHERE o.team_id = d.team_id AND o.device = d.id) ELSE r.copy END"
     " AND NOT EXISTS (SELECT FROM inbox i WHERE i.team_id = d.team_id AND i.id = $3::uuid)"
     " FROM device d LEFT JOIN replica r ON r.team_id = d.team_id AND r.id = $2::uuid"
     " WHERE d.team_id = sluice_team() AND d.public_key = $1::bytea"},
    {STATEMENT_SIGN_IN_MARK, "sign_in_mark", MARK_KNOWN},
    {STATEMENT_SIGN_IN_TOP, "sign_in_top", MARK_KNOWN},
    {STATEMENT_HEAD, "head", HEAD_COLUMNS "WHERE team_id = $1::uuid"},
    {STATEMENT_REPLICA_ADD, "replica_add",
     "INSERT INTO replica (team_id, id, device, token, next_token, copy)"
     " SELECT $1::uuid, $2::uuid, $3::uuid, $4::bytea, $5::bytea,"
     " EXISTS (SELECT FROM replica WHERE team_id = $1::uuid AND device = $3::uuid)"
     " WHERE EXISTS (SELECT FROM team WHERE team_id = $1::uuid)"
     " ON CONFLICT DO NOTHING RETURNING id"},
    {STATEMENT_REPLICA_ROTATE, "replica_rotate",
     "UPDATE replica SET token = $3::bytea, next_token = $4::bytea,"
     " deliver_to = coalesce(deliver_to, $7::bigint)"
     " WHERE team_id = $1::uuid AND id = $2::uuid"
     " AND token IS NOT DISTINCT FROM $5::bytea AND next_token IS NOT DISTINCT FROM $6::bytea"
     " RETURNING id"},
    {STATEMENT_LOAD_REPLICAS, "load_replicas",
     REPLICA_COLUMNS "WHERE team_id = $1::uuid AND id = ANY ($2::uuid[])"},
    /* Each count stops where it need not go further. Ids are of one kind only, so that a column which
     * names another kind finds nothing. */
    {STATEMENT_LOAD_USES, "load_uses",
     "SELECT " USES_COUNT(USES_OF("deal", "org") " UNION ALL " USES_OF("deal", "contact")) ", "
     USES_COUNT(USES_OF("person", "org")) ", "
     USES_COUNT(USES_OF("activity", "deal") " AND r.member IS DISTINCT FROM u.actor UNION ALL "
                USES_OF("activity", "org") " UNION ALL " USES_OF("activity", "person")) ","
     " (SELECT string_agg(DISTINCT CASE e.what WHEN 3 THEN e.field WHEN 2 THEN 'stage'"
     " WHEN 4 THEN 'deleted' ELSE 'created' END, '|') FROM event e"
     " WHERE u.undoes IS NOT NULL AND e.team_id = $1::uuid AND e.subject = u.thing"
     " AND e.who IS DISTINCT FROM u.actor AND e.seq > coalesce((SELECT max(c.seq) FROM event c"
     " WHERE c.team_id = $1::uuid AND c.subject = u.thing AND c.mutation = u.undoes"
     " AND c.what IN (1, 5)), -1))"
     " FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) WITH ORDINALITY"
     " AS u(thing, actor, undoes, place) ORDER BY u.place"},
    {STATEMENT_DEFINITION, "definition",
     "SELECT version, seq FROM definition WHERE team_id = $1::uuid ORDER BY version DESC LIMIT 1"},
    {STATEMENT_PIPELINES, "pipelines",
     "SELECT position::bigint, key, name FROM pipeline WHERE team_id = $1::uuid AND version = "
     NEWEST " ORDER BY position"},
    {STATEMENT_STAGES, "stages",
     "SELECT pipeline::bigint, key, name, text, kind::bigint, probability::bigint,"
     " expected_days::bigint, quiet_days::bigint, slow_days::bigint, skip_forbidden, back::bigint,"
     " removed, successor, array_to_string(gates, E'\\x1f') FROM stage"
     " WHERE team_id = $1::uuid AND version = " NEWEST " ORDER BY pipeline, position"},
    {STATEMENT_CHECKS, "checks",
     "SELECT pipeline::bigint, key, name FROM stage_check WHERE team_id = $1::uuid AND version = "
     NEWEST " ORDER BY pipeline, position"},
    /* A server that is stopped, or cut off, while it sends a batch holds its team's row for as long:
     * within a segment no time limit of the database runs. Whoever works is seldom at waiting for
     * its client, and never this long in one segment. */
    {STATEMENT_UNBLOCK, "unblock",
     "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a"
     " WHERE a.datname = current_database() AND a.usename = current_user"
     " AND a.pid <> pg_backend_pid() AND a.state <> 'idle' AND a.wait_event = 'ClientRead'"
     " AND a.xact_start < clock_timestamp() - interval '8 seconds'"
     " AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.mode = 'RowExclusiveLock'"
     " AND l.relation = 'team'::regclass)"},
    {STATEMENT_ADVANCE, "advance",
     "SELECT team_advance($1::uuid, $2::bigint, $3::bigint, $4::bytea, $5::timestamptz, $6::bigint,"
     " $7::bigint, $8::bigint, $9::bytea, $10::uuid[])"},
    {STATEMENT_REPLICA_NUMBERS, "replica_numbers",
     "UPDATE replica SET last_number = u.last_number"
     " FROM unnest($2::uuid[], $3::bigint[]) AS u(id, last_number)"
     " WHERE replica.team_id = $1::uuid AND replica.id = u.id"},
    {STATEMENT_DEFINITION_ADD, "definition_add",
     "INSERT INTO definition (team_id, version, seq) VALUES ($1::uuid, $2::bigint, $3::bigint)"},
    {STATEMENT_PIPELINES_ADD, "pipelines_add",
     "INSERT INTO pipeline (team_id, version, position, key, name)"
     " SELECT $1::uuid, $2::bigint, u.* FROM unnest($3::bigint[], $4::text[], $5::text[]) AS u"},
    {STATEMENT_STAGES_ADD, "stages_add",
     "INSERT INTO stage (team_id, version, pipeline, position, key, name, text, kind, probability,"
     " expected_days, quiet_days, slow_days, skip_forbidden, back, removed, successor, gates)"
     " SELECT $1::uuid, $2::bigint, a, b, c, d, e, f, g, h, i, j, k, l, m, n,"
     " string_to_array(o, E'\\x1f')"
     " FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[],"
     " $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[], $14::bigint[],"
     " $15::boolean[], $16::text[], $17::text[])"
     " AS u(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)"},
    {STATEMENT_CHECKS_ADD, "checks_add",
     "INSERT INTO stage_check (team_id, version, pipeline, position, key, name)"
     " SELECT $1::uuid, $2::bigint, u.*"
     " FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[]) AS u"},
    {STATEMENT_PAGE_END, "page_end",
     "SELECT page_end($1::uuid, $2::bigint, $3::uuid, $4::bigint)"},
    {STATEMENT_PAGE_MARK, "page_mark",
     "SELECT mark FROM commit_mark WHERE team_id = $1::uuid"
     " AND seq = current_setting('sluice.page_end')::bigint"},
};

enum fault statements_build(struct arena *arena, struct statement_text *statements)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) statements[i] = (struct statement_text){0};
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        statements[written[i].statement] =
            (struct statement_text){written[i].name, written[i].sql};
    }
    return statements_build_fields(arena, statements);
}
