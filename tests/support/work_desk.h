/* work_desk.h - a member at their copy (in memory, of the team of rule_world.h): commands in, what
 * they say out. For tests of the verbs, written as tables of sentences. */
#ifndef SLUICE_TESTS_SUPPORT_WORK_DESK_H
#define SLUICE_TESTS_SUPPORT_WORK_DESK_H

#include "client/verbs/work.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

struct work_desk {
    struct rule_world world;
    struct replica *replica;
    struct random random;
    struct work work;
    struct answer answer;
    int64_t wall;
    size_t width, height; /* of the terminal; 80 and 0 if nothing is said */
    bool machine, csv, script;
    const char *fields; /* of --columns, or NULL */
    bool usual;         /* the columns that people are shown */
};

/* The world stands; a test puts in what it needs before it sits down. */
void work_desk_begin(struct work_desk *desk);
/* The copy of that member, as a server would have filled it. Again: another copy. */
void work_desk_sit(struct work_desk *desk, const char *member);
void work_desk_end(struct work_desk *desk);
/* "deal|add|Pilot|--value|12k" as a request: verb, arguments and options of words that live on. */
void work_desk_read(const char *words, struct request *request);
/* Runs such words; the exit code. */
int work_desk_run(struct work_desk *desk, const char *words);
size_t work_desk_pending(struct work_desk *desk);
/* All that the last answer would show: drawn text, tables with a tab between cells, sentences. */
const char *work_desk_said(struct work_desk *desk);
/* The machine face of a column in a row of the last answer. */
struct str work_desk_cell(const struct work_desk *desk, size_t row, const char *name);
void assert_cell(const struct work_desk *desk, size_t row, const char *name, const char *wanted);

/* One claim about the verbs. */
struct work_claim {
    const char *claim;
    const char *before; /* commands that go through first, separated by ';', or NULL */
    const char *words;
    int code;
    const char *said;   /* is in what it says; NULL: nothing in particular */
    const char *unsaid; /* is not */
};

/* Each at a new desk that `open` prepares. */
void assert_claims(const struct work_claim *claims, size_t count,
                   void (*open)(struct work_desk *desk));

#endif
