/* statements.h - all SQL the server runs, as named prepared statements.
 *
 * Those over kinds of the field table are built from it once, when a store is opened. Parameters
 * and results are binary (pg_binary.h). Every statement but those that find a team names it in its
 * WHERE; row-level security is the second wall. Only files named statements* hold SQL. */
#ifndef SLUICE_SERVER_EDGE_STATEMENTS_H
#define SLUICE_SERVER_EDGE_STATEMENTS_H

#include "common/base/arena.h"
#include "common/domain/entity.h"

enum statement {
    STATEMENT_TEAM_ENTER = 0, /* $1 team: first of every reading segment */
    STATEMENT_DEVICE_FIND,    /* $1 key -> the columns of device_find; enters the team */
    STATEMENT_DEVICE_ENROL,   /* $1 code hash, $2 key, $3 device, $4 name, $5 at -> status,.. */
    STATEMENT_SIGN_IN_HEAD,   /* the next four: of the team entered */
    STATEMENT_SIGN_IN_TEAM,
    STATEMENT_SIGN_IN_MEMBER,  /* $1 key */
    STATEMENT_SIGN_IN_REPLICA, /* $1 replica */
    STATEMENT_SIGN_IN_COPIED, /* $1 key, $2 replica, $3 notice -> to be told */
    STATEMENT_SIGN_IN_MARK,    /* $1 seq, $2 mark -> known */
    STATEMENT_SIGN_IN_TOP,     /* the same */
    STATEMENT_HEAD,            /* $1 team -> seq, mark, recorded, inbox, definition, access */
    STATEMENT_REPLICA_ADD,     /* $1 team, $2 id, $3 device, $4 token, $5 next -> id */
    STATEMENT_REPLICA_ROTATE,  /* $1 team, $2 id, $3 token, $4 next, $5 and $6 expected,
                                  $7 deliver to -> id */
    STATEMENT_LOAD_MEMBERS,    /* $1 team, $2 ids */
    STATEMENT_LOAD_REPLICAS,   /* $1 team, $2 ids */
    STATEMENT_LOAD_OUTCOMES,   /* $1 team, $2 replicas, $3 numbers, $4 mutations */
    STATEMENT_LOAD_TRACES,     /* $1 team, $2 subjects, $3 mutations; each subject's newest deletion too */
    STATEMENT_LOAD_USES,       /* $1 team, $2 things, $3 actors, $4 undone creations, $5 left out, $6 at
                                  most -> deals, people, activities, changed */
    STATEMENT_DEFINITION,      /* $1 team -> version, seq; the newest */
    STATEMENT_PIPELINES,
    STATEMENT_STAGES,
    STATEMENT_CHECKS,
    STATEMENT_UNBLOCK,         /* ends the connections of servers that stopped within a commit */
    STATEMENT_ADVANCE,         /* the parameters of team_advance */
    STATEMENT_REPLICA_NUMBERS, /* $1 team, $2 ids, $3 numbers */
    STATEMENT_DEFINITION_ADD,  /* $1 team, $2 version, $3 seq */
    STATEMENT_PIPELINES_ADD,   /* $1 team, $2 version, then arrays */
    STATEMENT_STAGES_ADD,
    STATEMENT_CHECKS_ADD,
    STATEMENT_PAGE_END,  /* $1 team, $2 cursor, $3 replica, $4 limit -> to_seq */
    STATEMENT_PAGE_MARK, /* $1 team -> mark of the page's last seq, if it ends a commit */
    STATEMENT_NOTIFY,    /* $1 teams' ids, one after the other */
    STATEMENT_LOAD,      /* + kind: $1 team, $2 ids */
    STATEMENT_PAGE = STATEMENT_LOAD + ENTITY_COUNT, /* + kind: $1 team, $2 cursor[, $3 replica] */
    STATEMENT_WRITE = STATEMENT_PAGE + ENTITY_COUNT, /* + kind: $1 team, then arrays */
    STATEMENT_COUNT = STATEMENT_WRITE + ENTITY_COUNT
};

/* Zeroed where there is none (kinds without a table of fields, pages of invitations). */
struct statement_text {
    const char *name, *sql;
};

/* Rows of a kind come as: seq, n, row_removed, then the fields in order of the field table. */
enum { ROW_COLUMNS_BEFORE_FIELDS = 3 };

/* Those of the connection that hears and tells what other processes commit (store_hints.h). */
extern const struct statement_text statement_notify;
extern const char statement_listen[];

/* Fills all STATEMENT_COUNT but NOTIFY; text lives in the arena. */
MUST_USE enum fault statements_build(struct arena *arena, struct statement_text *statements);
/* Part of it: the statements over kinds of the field table (statements_fields.c). */
MUST_USE enum fault statements_build_fields(struct arena *arena,
                                            struct statement_text *statements);

/* Set on every connection, in libpq's `options`. Snapshots last a segment: what a request reads is
 * of one moment, and a commit that meets another's raises 40001. Plans are generic: making one for the
 * few rows of a commit takes longer than running it. */
extern const char connection_options[];

#endif
