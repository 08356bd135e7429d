/* statements_migrate.h - the compiled-in migrations and the SQL that keeps their books. For
 * migrate.c only. */
#ifndef SLUICE_SERVER_EDGE_STATEMENTS_MIGRATE_H
#define SLUICE_SERVER_EDGE_STATEMENTS_MIGRATE_H

#include <stddef.h>

struct migration {
    int version;
    const char *name; /* "0001_initial.sql" */
    const char *sql;
    size_t length;
};

extern const struct migration migrations[]; /* ascending; generated at build time */
extern const size_t migration_count;

extern const char migrate_settings[]; /* quiet, bounded waits, a fixed search path */
extern const char migrate_begin[];    /* opens the transaction and takes the lock of migrations */
extern const char migrate_table[];    /* makes the table of books */
extern const char migrate_applied[];  /* version, hash in hexadecimal; ascending */
extern const char migrate_record[];   /* $1 version, $2 name, $3 hash in hexadecimal */
extern const char migrate_commit[], migrate_rollback[];

#endif
