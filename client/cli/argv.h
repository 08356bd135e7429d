/* argv.h - from the words of a command line to a request, by the table of verbs. Pure.
 *
 * Callers: client/cli/command, tests. Unknown words get the nearest suggestion. */
#ifndef SLUICE_CLIENT_CLI_ARGV_H
#define SLUICE_CLIENT_CLI_ARGV_H

#include "client/verbs/work.h"

enum output_format { OUTPUT_TABLE = 0, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_PLAIN, OUTPUT_LINES };

struct command_line {
    struct request request; /* request.verb NULL: help or version, or nothing was asked */
    enum output_format format;
    struct str fields;    /* of --json FIELDS or --columns; absent: all, or the usual ones */
    bool list_fields;     /* bare --json */
    bool no_headers, offline, help, version, yes;
    bool wait;
    uint32_t wait_ms;
    struct str home;
    struct str noun;      /* of `sluice NOUN --help` */
    struct str mistake;   /* what is wrong; what to do. Absent: all is well */
    enum error_code mistake_code;
};

/* words: without the program's name. */
MUST_USE enum fault argv_parse(struct arena *arena, const struct str *words, size_t count,
                               struct command_line *out);
/* Options that every verb takes; a row without a name ends them. */
extern const struct option argv_common_options[];
/* argv_help.c: help of one verb, of one noun, or of everything: examples first. */
struct str argv_help(struct arena *arena, const struct command_line *line);
/* The same table of verbs as a manual page, and as a completion for bash. */
struct str argv_manual(struct arena *arena);
struct str argv_completion(struct arena *arena);

#endif
