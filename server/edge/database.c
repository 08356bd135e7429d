/* database.c - see database.h. Called by administration, migrate and access_restore. */
#define _GNU_SOURCE
#include "server/edge/database.h"

#include "common/base/banned.h"

/* A standby that is being promoted needs a few seconds; who waits longer wants to know why. */
#define DATABASE_CONNECT_S "15"

PGconn *database_connect(const char *conninfo)
{
    /* What stands behind wins, so the string is last. */
    static const char *const keywords[] = {"connect_timeout", "tcp_user_timeout", "dbname", NULL};
    const char *const values[] = {DATABASE_CONNECT_S, "30000", conninfo, NULL};
    return PQconnectdbParams(keywords, values, 1);
}
