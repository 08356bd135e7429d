/* import_row.h - one record of a foreign table as an IMPORT mutation. Private to import*.c. */
#ifndef SLUICE_CLIENT_EXCHANGE_IMPORT_ROW_H
#define SLUICE_CLIENT_EXCHANGE_IMPORT_ROW_H

#include "client/exchange/csv.h"
#include "client/exchange/import.h"
#include "common/base/calendar.h"
#include "common/base/map.h"
#include "common/base/money.h"
#include "common/domain/mutation.h"

/* What a column means: a deal field, or one of these. */
enum column_role {
    COLUMN_UNMAPPED = 0,
    COLUMN_FIELD,
    COLUMN_CREATED,
    COLUMN_CLOSED,
    COLUMN_ENTERED, /* the day the deal came into `stage`: history in columns */
    COLUMN_EMAIL,   /* of the contact */
    COLUMN_PHONE
};

struct column {
    struct str header;
    enum column_role role;
    const struct field *field;
    const struct stage *stage; /* COLUMN_ENTERED */
};

struct import_source { /* the line a deal's mutation came from */
    size_t line;
    struct str raw;
};

struct importer {
    struct replica *replica;
    struct arena *arena; /* lives as long as the import */
    struct arena chunk;  /* mutations not yet submitted */
    const struct import_options *options;
    struct now now;
    struct random *random;
    struct import_report *report;
    struct uuid team, me;
    const struct team *team_row;
    struct definition definition;
    const struct pipeline *pipeline;
    struct zone zone;
    struct column columns[CSV_COLUMNS_MAX];
    size_t column_count;
    bool has_title, has_id;
    struct map organisations, people, members, seen; /* folded name (or external id) -> struct uuid */
    /* The chunk: mutations and where they came from; line 0 for members and organisations. */
    struct mutation *mutations;
    struct import_source *sources;
    size_t count;
};

/* Adds a remark about that line. Text is copied. */
MUST_USE enum fault import_remark_add(struct importer *im, size_t line, bool rejected,
                                      struct str text);
/* Turns the record into a mutation in the chunk (with those for a new owner or organisation before
 * it). *why is set when the row must be rejected; nothing is added then. *known: the deal is in the
 * pipeline already. */
MUST_USE enum fault import_row(struct importer *im, struct csv_record *record, struct str *why,
                               bool *known);

#endif
