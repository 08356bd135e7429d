/* import.h - a table of deals from a spreadsheet or another CRM into the pipeline.
 *
 * Each new row becomes an IMPORT mutation: the one kind that may record where a deal stood. Owners
 * come as members without a device, organisations are made once. Ids derive from the external id,
 * the batch from the file, so that a second import, one on another device, or one that goes on
 * after an interruption, doubles nothing. A deal that is here already is compared: what the file
 * says differently is told, and with `update` becomes an edit whose base is what the last import
 * brought, merged by the usual rules. Nothing is dropped silently: what cannot be read is rejected
 * with line and reasons, what is doubtful is a remark. */
#ifndef SLUICE_CLIENT_EXCHANGE_IMPORT_H
#define SLUICE_CLIENT_EXCHANGE_IMPORT_H

#include "client/core/replica.h"
#include "common/base/buffer.h"
#include "common/base/now.h"
#include "common/base/random.h"

enum { IMPORT_MAPS_MAX = 64, IMPORT_REMARKS_MAX = 300000 };

/* AUTO: only what can be read in one way; the whole file is looked at. */
enum date_order { DATE_ORDER_AUTO = 0, DATE_ORDER_DMY, DATE_ORDER_MDY, DATE_ORDER_YMD };
enum decimal_sign { DECIMAL_AUTO = 0, DECIMAL_POINT, DECIMAL_COMMA };

struct import_map { /* THEIRS=OURS */
    struct str theirs, ours;
};
struct import_maps {
    struct import_map items[IMPORT_MAPS_MAX];
    size_t count;
};

struct import_options {
    struct str text; /* the file, UTF-8 */
    struct import_maps columns, stages, owners;
    struct str currency; /* for rows without one; absent: the team's */
    struct str pipeline; /* for rows without one; absent: the first */
    enum decimal_sign decimal;
    enum date_order date_order;
    bool dry_run, update;
    /* Called now and then with rows done; may be NULL. */
    void (*progress)(void *context, size_t done, size_t all);
    /* A refusal as a sentence; NULL: its stable code. */
    struct str (*reason_say)(void *context, struct arena *arena, const struct reason *reason);
    void *context;
};

struct import_remark { /* one line about one row */
    size_t line;
    bool rejected;   /* else the row landed */
    struct str text; /* the same for all remarks of its kind */
    struct str detail;
};

struct import_report {
    size_t rows, created, updated, unchanged, differing, kept, rejected;
    size_t attention, new_members, new_organisations, new_people, notes;
    size_t read_alike; /* spellings of organisations taken for one that is spelled otherwise */
    size_t conflicts; /* of `updated`: at least one value became a conflict */
    struct import_remark *remarks;
    size_t remark_count, remark_cap, remarks_dropped;
    struct import_remark *missing; /* line 0: what the marked deals lack */
    size_t missing_count, missing_cap;
    struct str unmapped;    /* headers nobody mapped, joined by ", " */
    struct str suggestions; /* options to paste, one a line; absent: none */
    struct str read_as;     /* how dates and amounts were read, where the file had to tell */
    struct buffer rejects;  /* header and rejected rows as they came, with a column "why" */
    struct str mistake;     /* set when the options do not fit the file; nothing was done */
};

/* FAULT_FORMAT: see report->mistake, and perhaps suggestions. Everything is decided and made durable
 * on the copy, in transactions of some hundred rows; sync brings it to the team. report->rejects is
 * the caller's to finish. */
MUST_USE enum fault import_deals(struct replica *replica, struct arena *arena,
                                 const struct import_options *options, struct now now,
                                 struct random *random, struct import_report *report);

#endif
