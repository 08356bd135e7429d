/* answer.h - what a verb has to say, as data: a table or a record, sentences, reasons, an exit code.
 *
 * Made by work_*.c; drawn by client/cli/output and the board. A cell has two faces: `text` for
 * machines (stable), `shown` for people. Everything lives in the arena of the work. */
#ifndef SLUICE_CLIENT_VERBS_ANSWER_H
#define SLUICE_CLIENT_VERBS_ANSWER_H

#include "client/verbs/error_code.h"
#include "common/domain/reason.h"
#include "common/domain/value.h"

enum cell_type {
    CELL_NONE = 0, CELL_TEXT, CELL_NUMBER, CELL_MONEY, CELL_FLAG, CELL_LIST,
    CELL_REASONS, /* objects in JSON; else its text, sentences */
    CELL_PARTS    /* an object of its parts in JSON; else its text, name=value;name=value */
};

/* What a cell means to people; drawn as a colour where there are colours. */
enum cell_role { CELL_PLAIN = 0, CELL_GOOD, CELL_WARNING, CELL_BAD };

enum { REASON_PARTS_MAX = 6 };

struct part {
    const char *name;
    struct str value; /* absent: unknown */
};

/* A reason as machines get it: its stable code, the sentence, and what it is about by name; money is
 * decimal text with its currency. */
struct reason_said {
    const char *code;
    struct str message;
    struct part parts[REASON_PARTS_MAX];
    size_t part_count;
};

struct cell {
    enum cell_type type; /* NONE: unknown; null, never 0 */
    enum cell_role role;
    struct str text, shown;
    struct text_set list;
    const struct reason_said *reasons;
    size_t reason_count;
    const struct part *parts;
    size_t part_count;
};

enum {
    COLUMN_SHOWN = 1,
    COLUMN_RIGHT = 2, /* aligned */
    COLUMN_WIDE = 4,  /* gives way first */
    COLUMN_WRAP = 8,  /* gives way last, and goes on in further lines instead of being cut */
    COLUMN_INSIDE = 16, /* for machines only: people are not shown it unasked, in a record neither */
    COLUMN_SPARE = 32 /* times a rank: on a narrow screen the highest rank is left out first */
};

struct column {
    const char *name, *heading;
    unsigned flags;
};

struct columns {
    const struct column *items;
    size_t count;
};
#define COLUMNS(array) {(array), sizeof(array) / sizeof(array)[0]}

struct place {
    const char *name;
    struct str value;
};

enum { PLACES_MAX = 5 };

enum note_role {
    NOTE_RESULT, /* what happened: standard output */
    NOTE_TALK,   /* hints: standard error */
    NOTE_ERROR   /* what is wrong; what to do */
};

/* A sentence with {named} places; translated where it is printed, never here. */
struct note {
    enum note_role role;
    const char *sentence;
    struct place places[PLACES_MAX];
    size_t place_count;
};

enum answer_shape { SHAPE_NOTHING = 0, SHAPE_TABLE, SHAPE_RECORD, SHAPE_TEXT };

struct answer {
    struct arena *arena;
    enum error_code error; /* set together with the code it gives: answer_error() */
    enum answer_code code;
    enum answer_shape shape;
    const char *name;    /* of this table when there are several */
    bool machine_only;   /* people get the notes, --json and --csv the record */
    const struct column *columns;
    size_t column_count;
    struct cell *cells; /* row by row */
    size_t row_count, row_cap;
    /* What the whole table is about: JSON without fields is an object of these, then `rows`, then
     * `totals`. NULL: a list. */
    const struct column *about_columns;
    const struct cell *about;
    size_t about_count;
    bool totals;       /* the last row sums up the others */
    struct str text; /* SHAPE_TEXT: drawn already (the board) */
    struct str held; /* given out only once the server has taken what was done: answer_give() */
    struct note *notes;
    size_t note_count, note_cap;
    struct reasons reasons;
    struct str refused; /* what is refused, in place of "refused; nothing was changed" */
    struct str causes[REASONS_MAX]; /* who made it so, and when, where that is known */
    struct str mend;   /* the command that would go through, when it can be told */
    const char *mend_title; /* what that command does; NULL: the same, mended */
    bool wrote;    /* mutations were queued */
    bool undoable; /* `undo` takes them back */
    bool partial; /* there is data to print although the code is not OK */
    struct uuid mutation; /* the last one: what --wait waits for */
    struct answer *next; /* a further table (export, deal show) */
};

void answer_init(struct answer *answer, struct arena *arena);
void answer_table(struct answer *answer, enum answer_shape shape, const struct column *columns,
                  size_t count);
/* The same for machines only: people get the notes. */
void answer_machine(struct answer *answer, enum answer_shape shape, const struct columns *columns);
/* What was held back, as a note and in the last column. */
void answer_give(struct answer *answer);
/* Room for so many rows at once. */
void answer_expect(struct answer *answer, size_t rows);
/* A row of absent cells; NULL when out of memory. Only the newest row may be filled. */
struct cell *answer_row(struct answer *answer);
/* A further table behind this one; NULL when out of memory. */
struct answer *answer_more(struct answer *answer, const char *name);

struct cell cell_text(struct str text);
struct cell cell_faces(struct str text, struct str shown);
struct cell cell_number(struct arena *arena, int64_t number);
struct cell cell_flag(bool flag);
struct cell cell_list(struct arena *arena, struct text_set list);

/* Up to PLACES_MAX pairs of name and value, ended by NULL as a name. */
#define NOTE(answer, role, sentence, ...)                                                          \
    answer_note((answer), (role), (sentence), (struct place[]){__VA_ARGS__},                       \
                sizeof((struct place[]){__VA_ARGS__}) / sizeof(struct place))
void answer_note(struct answer *answer, enum note_role role, const char *sentence,
                 const struct place *places, size_t count);
/* The error alone, where its reasons or other notes say why. */
void answer_error(struct answer *answer, enum error_code error);
/* An error and why. */
#define FAIL(answer, error_, sentence, ...)                                                        \
    (answer_error((answer), (error_)), NOTE((answer), NOTE_ERROR, (sentence), __VA_ARGS__))
void answer_say(struct answer *answer, enum note_role role, const char *sentence);
void answer_fail(struct answer *answer, enum error_code error, const char *sentence);
/* Puts the values into the {places}; unknown places stay as they are. */
struct str sentence_fill(struct arena *arena, const char *sentence, const struct place *places,
                         size_t count);

#endif
