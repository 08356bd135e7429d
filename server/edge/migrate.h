/* migrate.h - brings a database's schema to this program's version, forward only.
 *
 * Migrations are migrations/NNNN_name.sql, compiled into the program (so that it needs no files at
 * run time); each runs in one transaction under an advisory lock and is recorded with its hash in
 * table schema_migration. Connects as the owning role; the application role `sluice_app` owns
 * nothing and is granted what it needs by the migrations. */
#ifndef SLUICE_SERVER_EDGE_MIGRATE_H
#define SLUICE_SERVER_EDGE_MIGRATE_H

#include "common/base/text.h"

struct migrate_report {
    int applied;        /* now */
    int version;        /* highest there is now */
    char trouble[512];  /* when it failed: which file, SQLSTATE, message */
};

MUST_USE enum fault migrate_run(const char *owner_conninfo, struct migrate_report *report);

#endif
