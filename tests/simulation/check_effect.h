/* check_effect.h - one mutation and what came of it, judged a second time: what the files
 * check_effect*.c share. Private to them.
 *
 *   check_effect.c       which judgement, what nobody named, deletions and what is parked
 *   check_effect_edit.c  edits unit by unit, sets element by element
 *   check_effect_make.c  creations, imports, what is brought back
 *   check_effect_inbox.c records of conflicts, and what is settled
 *
 * Written without decide, merge and permission on purpose: what stood comes from the oracle's own
 * book (what history told so far), what was wanted from the payload as it was made, what came of it
 * from the rows. A batch writes a thing that it changes twice only once, under the later seq; history
 * is written under each, and so the judgement goes by history and holds rows against it. */
#ifndef SLUICE_TESTS_SIMULATION_CHECK_EFFECT_H
#define SLUICE_TESTS_SIMULATION_CHECK_EFFECT_H

#include "common/domain/mutation.h"
#include "tests/simulation/check.h"

struct deed {
    struct world *world;
    struct arena arena;
    const struct store_request *request;
    uint64_t seq;
    const struct outcome *outcome;
    const struct mutation *mutation;
    enum entity_kind kind; /* of the target */
    bool taken, already;   /* some wish was granted; something stood as wanted, by others */
    bool unsure;           /* a value is not in the books: nothing is said about it */
    size_t conflicts;
    size_t clashes; /* changed meanwhile, where that parks the whole */
};

/* A field's text; known: in the books. */
struct stand_text {
    struct str text;
    bool known;
};

/* Before this seq, and under it. */
struct stand_text effect_before(struct deed *e, const struct field *field);
struct stand_text effect_after(struct deed *e, const struct field *field);
struct str effect_text(struct deed *e, const struct field *field, struct value value);
bool effect_same(struct str a, struct str b);
/* The row of that thing under this seq; *later: it is written only under a later one of the commit. */
const struct row *effect_row(const struct deed *e, enum entity_kind kind, struct uuid id,
                             bool *later);
/* Is it there, before this seq? *known */
bool effect_stands(const struct deed *e, bool *known);
bool effect_parked(const struct deed *e);
/* The first event under this seq of that kind about the target; NULL. */
const struct event *effect_event(const struct deed *e, enum event_what what);
/* Does the mutation name that field, or another one of its unit? */
bool effect_names(const struct deed *e, const struct field *field);
void effect_fail(struct deed *e, const char *what, struct str about);

/* check_effect_edit.c */
void effect_edit(struct deed *e);
/* check_effect_make.c */
void effect_create(struct deed *e);
void effect_restore(struct deed *e);
/* check_effect_inbox.c: the record of one unit's conflict; every inbox row under this seq. */
void effect_conflict(struct deed *e, const struct field *leader);
void effect_inbox(struct deed *e);

#endif
