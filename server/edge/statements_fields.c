/* statements_fields.c - the statements over kinds of the field table, built from it.
 *
 * Called by statements_build. A field's name is its column's; what it is cast to on its way out is
 * what pg_binary reads. Nothing in here comes from outside the program. */
#include "server/edge/statements.h"

#include "common/base/buffer.h"
#include "common/domain/field.h"

#include "common/base/banned.h"

enum { STATEMENT_BYTES_MAX = 16 * 1024 };

static bool kind_is_appended(enum entity_kind kind)
{
    return kind == ENTITY_EVENT || kind == ENTITY_OUTCOME;
}

static const char *array_type(const struct field *field)
{
    switch (field->type) {
    case VALUE_TEXT:
    case VALUE_SET: return "text";
    case VALUE_BYTES: return "bytea";
    case VALUE_NUMBER:
    case VALUE_CHOICE: return "bigint";
    case VALUE_DATE: return "date";
    case VALUE_TIME: return "timestamptz";
    case VALUE_FLAG: return "boolean";
    case VALUE_REFERENCE: return "uuid";
    }
    return "text";
}

static void select_columns(struct buffer *sql, enum entity_kind kind)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    buffer_format(sql, "SELECT seq, %s, %s", kind == ENTITY_EVENT ? "n" : "0::bigint",
                  kind_is_appended(kind) ? "false" : "row_removed");
    for (size_t i = 0; i < count; i++) {
        const char *name = fields[i].name;
        if (fields[i].type == VALUE_SET) {
            buffer_format(sql, ", array_to_string(%s, E'\\x1f')", name);
        } else if (fields[i].type == VALUE_CHOICE) {
            buffer_format(sql, ", %s::bigint", name);
        } else {
            buffer_format(sql, ", %s", name);
        }
    }
}

static void select_list(struct buffer *sql, enum entity_kind kind)
{
    select_columns(sql, kind);
    buffer_format(sql, " FROM %s ", entity_name(kind));
}

/* Rows by key, each looked up by itself: `keys` is a relation named u, `match` compares with it. The
 * OFFSET is a fence. Left to itself, a server that has no statistics yet thinks it cheaper to read
 * all rows of a team by whatever index begins with it, and keeps that plan while the team grows. */
static void load_text(struct buffer *sql, enum entity_kind kind, const char *keys,
                      const char *match)
{
    select_columns(sql, kind);
    buffer_format(sql, " FROM %s CROSS JOIN LATERAL (SELECT * FROM %s WHERE team_id = $1::uuid AND %s"
                       " OFFSET 0) AS %s ", keys, entity_name(kind), match, entity_name(kind));
}

/* INSERT ... SELECT FROM unnest; kinds that are not append-only are replaced as a whole. */
static void write_text(struct buffer *sql, enum entity_kind kind)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    bool append = kind_is_appended(kind), numbered = kind == ENTITY_EVENT;
    const char *second = numbered ? "n" : append ? NULL : "row_removed";
    buffer_format(sql, "INSERT INTO %s (team_id, seq%s%s", entity_name(kind), second ? ", " : "",
                  second ? second : "");
    for (size_t i = 0; i < count; i++) buffer_format(sql, ", %s", fields[i].name);
    buffer_format(sql, ") SELECT $1::uuid, u.seq%s%s", second ? ", u." : "", second ? second : "");
    for (size_t i = 0; i < count; i++) {
        buffer_format(sql, fields[i].type == VALUE_SET ? ", string_to_array(u.f%zu, E'\\x1f')"
                                                       : ", u.f%zu", i);
    }
    size_t next = 2;
    buffer_format(sql, " FROM unnest($%zu::bigint[]", next++);
    if (second) buffer_format(sql, ", $%zu::%s[]", next++, numbered ? "bigint" : "boolean");
    for (size_t i = 0; i < count; i++) {
        buffer_format(sql, ", $%zu::%s[]", next++, array_type(&fields[i]));
    }
    buffer_format(sql, ") AS u(seq%s%s", second ? ", " : "", second ? second : "");
    for (size_t i = 0; i < count; i++) buffer_format(sql, ", f%zu", i);
    buffer_format(sql, ")");
    if (append) return;
    buffer_format(sql, " ON CONFLICT (team_id, id) DO UPDATE SET seq = EXCLUDED.seq,"
                       " row_removed = EXCLUDED.row_removed");
    for (size_t i = 1; i < count; i++) { /* the first is the id */
        buffer_format(sql, ", %s = EXCLUDED.%s", fields[i].name, fields[i].name);
    }
    if (kind != ENTITY_MEMBER) return;
    buffer_format(sql, ", sight_seq = CASE WHEN member.role IS DISTINCT FROM EXCLUDED.role"
                       " THEN EXCLUDED.seq ELSE member.sight_seq END");
}

static void keep(struct arena *arena, struct statement_text *statement, const char *prefix,
                 const char *name, struct buffer *sql, enum fault *fault)
{
    if (!*fault) *fault = buffer_fault(sql);
    statement->name = arena_format(arena, "%s_%s", prefix, name).p;
    statement->sql = arena_str(arena, buffer_str(sql)).p;
    buffer_clear(sql);
}

enum fault statements_build_fields(struct arena *arena, struct statement_text *statements)
{
    struct buffer sql;
    enum fault fault = FAULT_NONE;
    buffer_init(&sql, STATEMENT_BYTES_MAX);
    for (enum entity_kind kind = ENTITY_TEAM; kind < ENTITY_COUNT; kind++) {
        size_t count;
        if (!fields_of(kind, &count)) continue;
        const char *name = entity_name(kind);
        if (!kind_is_appended(kind)) {
            load_text(&sql, kind, "(SELECT DISTINCT unnest($2::uuid[])) AS u(of)",
                      "id = u.of AND NOT row_removed");
            keep(arena, &statements[STATEMENT_LOAD + kind], "load", name, &sql, &fault);
        }
        select_list(&sql, kind);
        buffer_format(&sql, "WHERE team_id = $1::uuid AND seq > $2::bigint"
                            " AND seq <= current_setting('sluice.page_end')::bigint%s",
                      kind == ENTITY_OUTCOME ? " AND replica = $3::uuid" : "");
        keep(arena, &statements[STATEMENT_PAGE + kind], "page", name, &sql, &fault);
        write_text(&sql, kind);
        keep(arena, &statements[STATEMENT_WRITE + kind], "write", name, &sql, &fault);
    }
    select_list(&sql, ENTITY_TEAM);
    buffer_format(&sql, "WHERE team_id = sluice_team()");
    keep(arena, &statements[STATEMENT_SIGN_IN_TEAM], "sign_in", "team", &sql, &fault);
    select_list(&sql, ENTITY_MEMBER);
    buffer_format(&sql, "WHERE team_id = sluice_team() AND id = (SELECT member FROM device"
                        " WHERE team_id = sluice_team() AND public_key = $1::bytea)");
    keep(arena, &statements[STATEMENT_SIGN_IN_MEMBER], "sign_in", "member", &sql, &fault);
    select_list(&sql, ENTITY_MEMBER);
    buffer_format(&sql, "WHERE team_id = $1::uuid AND id = ANY ($2::uuid[]) AND NOT row_removed");
    keep(arena, &statements[STATEMENT_LOAD_MEMBERS], "load", "actors", &sql, &fault);
    load_text(&sql, ENTITY_OUTCOME,
              "unnest($2::uuid[], $3::bigint[]) AS u(of_replica, of_number)",
              "replica = u.of_replica AND number = u.of_number");
    buffer_format(&sql, "UNION ");
    load_text(&sql, ENTITY_OUTCOME, "unnest($4::uuid[]) AS u(of)", "mutation = u.of");
    buffer_format(&sql, "ORDER BY seq");
    keep(arena, &statements[STATEMENT_LOAD_OUTCOMES], "load", "outcomes", &sql, &fault);
    load_text(&sql, ENTITY_EVENT,
              "(SELECT DISTINCT * FROM unnest($2::uuid[], $3::uuid[])) AS u(of, of_mutation)",
              "subject = u.of AND (mutation = u.of_mutation OR (what = 4 AND seq ="
              " (SELECT max(e.seq) FROM event e WHERE e.team_id = $1::uuid AND e.subject = u.of"
              " AND e.what = 4)))");
    buffer_format(&sql, "ORDER BY event.seq, event.n");
    keep(arena, &statements[STATEMENT_LOAD_TRACES], "load", "traces", &sql, &fault);
    buffer_finish(&sql);
    return fault ? fault : arena_fault(arena);
}
