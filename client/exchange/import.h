/* import.h - a table of deals from a spreadsheet or another CRM into the pipeline.
 *
 * Each row becomes an IMPORT mutation: the one kind that may record where a deal stood. Owners come
 * as members without a device, organisations are made once. Ids derive from the external id, so
 * that a second import, or one on another device, changes nothing. Nothing is dropped silently:
 * what cannot be read is rejected with line and reasons, what is doubtful is a warning. */
#ifndef SLUICE_CLIENT_EXCHANGE_IMPORT_H
#define SLUICE_CLIENT_EXCHANGE_IMPORT_H

#include "client/core/replica.h"
#include "common/base/buffer.h"
#include "common/base/now.h"
#include "common/base/random.h"

enum { IMPORT_MAPS_MAX = 64, IMPORT_REMARKS_MAX = 1000 };

enum date_order { DATE_ORDER_ISO = 0, DATE_ORDER_DMY, DATE_ORDER_MDY };

struct import_map { /* THEIRS=OURS */
    struct str theirs, ours;
};

struct import_options {
    struct str text; /* the file, UTF-8 */
    struct import_map columns[IMPORT_MAPS_MAX], stages[IMPORT_MAPS_MAX];
    size_t column_count, stage_count;
    struct str currency; /* for rows without one; absent: the team's */
    bool decimal_comma;
    enum date_order date_order;
    bool dry_run;
    struct uuid batch;
    /* Called now and then with rows done; may be NULL. */
    void (*progress)(void *context, size_t done, size_t all);
    void *context;
};

struct import_remark { /* one line about one row */
    size_t line;
    bool rejected; /* else a warning: the row landed */
    struct str text;
};

struct import_report {
    size_t rows, created, unchanged, attention, rejected, updated;
    size_t new_members, new_organisations;
    struct import_remark *remarks;
    size_t remark_count, remark_cap, remarks_dropped;
    struct str unmapped; /* headers nobody mapped, joined by ", " */
    struct buffer rejects; /* header and rejected rows as they came, with a column "why" */
    struct str mistake;  /* set when the options do not fit the file; nothing was done */
};

/* FAULT_FORMAT: see report->mistake. Everything is decided and made durable on the copy, in
 * transactions of some hundred rows; sync brings it to the team. report->rejects is the caller's to
 * finish. */
MUST_USE enum fault import_deals(struct replica *replica, struct arena *arena,
                                 const struct import_options *options, struct now now,
                                 struct random *random, struct import_report *report);

#endif
