/* database.h - a blocking connection to the database, for what administration and the keeper do
 * before or beside the loop. */
#ifndef SLUICE_SERVER_EDGE_DATABASE_H
#define SLUICE_SERVER_EDGE_DATABASE_H

#include <libpq-fe.h>

/* As PQconnectdb, but no host is waited for without end: DATABASE_CONNECT_S each, unless the string
 * says connect_timeout itself. NULL: out of memory. PQfinish it. */
PGconn *database_connect(const char *conninfo);

#endif
