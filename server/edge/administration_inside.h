/* administration_inside.h - what the administration*.c share; included by nobody else. */
#ifndef SLUICE_SERVER_EDGE_ADMINISTRATION_INSIDE_H
#define SLUICE_SERVER_EDGE_ADMINISTRATION_INSIDE_H

#include <libpq-fe.h>

#include "common/base/arena.h"
#include "common/base/random.h"
#include "common/link/invitation.h"
#include "server/edge/administration.h"
#include "server/edge/cluster.h"
#include "server/edge/migrate.h"
#include "server/edge/store_postgres.h"

enum { ARENA_MAX = 32 * 1024 * 1024, TRIES_MAX = 20, HASH_BYTES = 32 };

struct administration_database {
    struct cluster cluster;
    int lock, guard;
    bool beside; /* a server runs */
};

int64_t administration_now(void);
void administration_random(struct random *random);

/* The database, beside a server or alone; ended also when it could not begin. */
MUST_USE enum fault administration_begin(struct administration_database *database,
                                         const struct configuration *c, struct trouble *trouble);
void administration_end(struct administration_database *database);
/* The schema of this program. */
MUST_USE enum fault administration_database_migrate(const struct configuration *c,
                                                    struct migrate_report *report,
                                                    struct trouble *trouble);
/* As sluice_app, for what is written; as the owner with the team entered, for what is read. */
MUST_USE enum fault administration_store(const struct configuration *c,
                                         struct store_blocking **out, struct trouble *trouble);
MUST_USE enum fault administration_connect(const struct configuration *c, PGconn **out,
                                           struct trouble *trouble);
/* $1 is the team. */
PGresult *administration_query(PGconn *connection, const char *sql,
                               const struct configuration *c);

void administration_code_hash(const uint8_t code[INVITATION_CODE_BYTES], uint8_t hash[HASH_BYTES]);
/* The line, on standard output. */
MUST_USE enum fault administration_invitation_print(const struct configuration *c,
                                                    const uint8_t code[], struct trouble *trouble);
/* A name as it is stored; `option` is what it was given with. */
MUST_USE enum fault administration_name(struct arena *arena, const char *option, const char *text,
                                        struct str *out, struct trouble *trouble);

#endif
