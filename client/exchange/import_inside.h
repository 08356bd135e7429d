/* import_inside.h - what the import*.c share; included by nobody else. */
#ifndef SLUICE_CLIENT_EXCHANGE_IMPORT_INSIDE_H
#define SLUICE_CLIENT_EXCHANGE_IMPORT_INSIDE_H

#include "client/exchange/csv.h"
#include "client/exchange/import.h"
#include "common/base/calendar.h"
#include "common/base/map.h"
#include "common/base/money.h"
#include "common/domain/decide.h"

enum { ROW_EDITS_MAX = 40, PLACES_CHOICES = 12 };

/* What a column means: a deal field, or one of these. */
enum column_role {
    COLUMN_UNMAPPED = 0,
    COLUMN_FIELD,
    COLUMN_ID,       /* ours, of an export: used when there is no external id */
    COLUMN_CREATED,
    COLUMN_CLOSED,
    COLUMN_ENTERED,  /* the day the deal came into `stage`: history in columns */
    COLUMN_HISTORY,  /* "contact@2027-01-02 won@?": of an export */
    COLUMN_EMAIL,    /* of the contact */
    COLUMN_PHONE,
    COLUMN_NOTE,
    COLUMN_PASSED    /* known and not wanted */
};

struct column {
    struct str header;
    enum column_role role;
    const struct field *field;
    const struct stage *stage; /* COLUMN_ENTERED */
};

enum source_kind {
    SOURCE_THING = 0, /* a member, organisation or person some row needs */
    SOURCE_DEAL,
    SOURCE_NOTE,
    SOURCE_UPDATE,
    SOURCE_UPDATE_MORE /* a second mutation of the same row */
};

struct import_source { /* the record a mutation came from */
    enum source_kind kind;
    size_t line;
    struct str raw;
};

struct entry { /* into a stage */
    const struct stage *stage;
    int64_t at;
};

/* One record, read. */
struct row_parts {
    struct edit edits[ROW_EDITS_MAX]; /* base is absent */
    size_t edit_count;
    struct str title, organisation, contact, email, phone, owner, external_id, own_id, note, rest;
    struct str stage_cell, status_cell, pipeline_cell, history_cell;
    struct entry entries[STAGES_MAX];
    size_t entry_count;
    struct stand *stands; /* of a history cell */
    size_t stand_count;
    const struct pipeline *pipeline;
    const struct stage *stage;
    int64_t status; /* as told; 0: the stage says */
    struct optional created, closed;
    bool has_value, backwards, title_made;
    const struct currency *currency;
};

struct unknown_stage {
    struct str name;
    size_t count;
};

struct called {
    struct str name; /* of the first of those who are read alike */
    size_t count;
};

struct importer {
    struct replica *replica;
    struct arena *arena; /* lives as long as the import */
    struct arena chunk;  /* mutations not yet submitted */
    const struct import_options *options;
    struct now now;
    struct random *random;
    struct import_report *report;
    struct uuid team, me, batch;
    const struct team *team_row;
    struct definition definition;
    const struct pipeline *pipeline;
    const struct currency *currency;
    struct zone zone;
    enum date_order date_order;
    enum decimal_sign decimal;
    char delimiter;
    struct column columns[CSV_COLUMNS_MAX];
    size_t column_count, why_column; /* CSV_COLUMNS_MAX: the file has none */
    /* Folded name -> struct uuid. People also by organisation and by e-mail. seen: id -> line. */
    struct map organisations, people, emails, members, seen, stages_unknown, missing;
    struct map spelled;   /* organisation as it is spelled -> struct uuid */
    struct map called;    /* folded organisation -> struct called */
    struct map made; /* dry run: id -> the entity as it would be */
    /* The chunk. */
    struct mutation *mutations;
    struct import_source *sources;
    size_t count;
};

/* --- import_remark.c --- */
/* Adds a remark. text is the same for all of its kind; both are copied. */
MUST_USE enum fault import_remark_add(struct importer *im, size_t line, bool rejected,
                                      struct str text, struct str detail);

/* --- import_begin.c --- */
/* What the person mapped that text to; false: nothing. */
bool import_text_has(struct importer *im, const struct import_maps *maps, struct str theirs,
                     struct str *ours);
/* Everything of the importer but the file. FAULT_NOT_FOUND: this copy has no team yet. */
MUST_USE enum fault import_begin(struct importer *im);
/* From now on an organisation of that name is this one; of those who are read alike the first. */
MUST_USE enum fault import_organisation_known(struct importer *im, struct str name,
                                              struct uuid id);
/* The options do not fit: FAULT_FORMAT. */
MUST_USE enum fault import_mistake(struct importer *im, struct str mistake);

/* --- import_chunk.c --- */
MUST_USE enum fault import_chunk_init(struct importer *im);
void import_chunk_finish(struct importer *im);
void import_chunk_add(struct importer *im, const struct mutation *mutation,
                      enum source_kind kind, const struct csv_record *record);
/* Then it is to be submitted before the next row. */
bool import_chunk_is_full(const struct importer *im);
MUST_USE enum fault import_chunk_submit(struct importer *im);

/* --- import_rejects.c --- */
MUST_USE enum fault import_rejects_begin(struct importer *im, const struct csv_record *header);
MUST_USE enum fault import_row_reject(struct importer *im, const struct csv_record *record,
                                      struct str why);
/* The record a refused mutation came from. */
MUST_USE enum fault import_source_reject(struct importer *im, const struct import_source *source,
                                         const struct reasons *reasons);
MUST_USE enum fault import_reasons_say(struct importer *im, const struct reasons *reasons,
                                       struct str *out);
/* When all are there. */
MUST_USE enum fault import_rejects_end(struct importer *im);

/* --- import_header.c --- */
/* Maps the columns. FAULT_FORMAT: report->mistake. */
MUST_USE enum fault import_header_read(struct importer *im, const struct csv_record *header);
bool column_is(const struct column *column, const char *field);

/* --- import_survey.c: the whole file is looked at before anything is written --- */
MUST_USE enum fault import_survey(struct importer *im, struct csv_reader reader,
                                  struct csv_record *record, size_t *rows);
MUST_USE enum fault import_stage_find(struct importer *im, const struct pipeline *pipeline,
                                      struct str cell, const struct stage **out);

/* --- import_row.c: cells to parts --- */
/* *why is set when the row must be rejected. */
MUST_USE enum fault import_row_read(struct importer *im, const struct csv_record *record,
                                    struct row_parts *parts, struct str *why);
void import_row_edit(struct row_parts *parts, const char *field, struct value want);

/* --- import_make.c: parts to mutations in the chunk --- */
struct mutation import_mutation(struct importer *im, enum mutation_kind kind,
                                enum entity_kind entity, struct uuid target);
/* A new deal, and before it what it needs. */
MUST_USE enum fault import_row_make(struct importer *im, const struct csv_record *record,
                                    struct row_parts *parts, struct uuid id);
/* Adds owner, organisation and contact to the edits. `make`: creates what is unknown; else an
 * unknown one gives an edit with a zero reference. */
MUST_USE enum fault import_row_references(struct importer *im, const struct csv_record *record,
                                          struct row_parts *parts, bool make);

/* --- import_update.c: a deal that is here already --- */
MUST_USE enum fault import_row_compare(struct importer *im, const struct csv_record *record,
                                       struct row_parts *parts, const struct deal *deal);

#endif
