/* stage_edit.h - one person's change to one stage of the shared definition, and how it meets what
 * others made of the stages meanwhile. Called by decide; by the client, which makes such changes,
 * turns them round and sends them again.
 *
 * A change names what was seen and what is wanted, field by field; only fields that differ are
 * changed. A stage is never taken out: removed, it stays with a successor. */
#ifndef SLUICE_COMMON_DOMAIN_STAGE_EDIT_H
#define SLUICE_COMMON_DOMAIN_STAGE_EDIT_H

#include "common/domain/definition.h"

struct stage_edit {
    struct str pipeline; /* key */
    bool created;        /* a new stage: no base */
    struct stage base, want; /* as the person saw it, and as it is to be; the same key */
    bool moved;          /* a new one always stands behind `behind` */
    struct str behind_base, behind; /* the stage it stood behind and is to: key; absent: none */
};

enum stage_field {
    STAGE_FIELD_NAME, STAGE_FIELD_TEXT, STAGE_FIELD_PROBABILITY, STAGE_FIELD_EXPECTED_DAYS,
    STAGE_FIELD_QUIET_DAYS, STAGE_FIELD_SLOW_DAYS, STAGE_FIELD_SKIP_FORBIDDEN, STAGE_FIELD_BACK,
    STAGE_FIELD_GATES, STAGE_FIELD_REMOVED, /* with its successor: they mean something only together */
    STAGE_FIELD_COUNT
};

/* "probability"; of an option, in history and in reasons. */
const char *stage_field_name(enum stage_field field);
bool stage_field_equal(enum stage_field field, const struct stage *a, const struct stage *b);
/* Borrows. */
void stage_field_take(enum stage_field field, const struct stage *from, struct stage *to);
/* "40", "true", "value,check:budget"; of a removed stage its successor. Absent where it is nothing. */
struct str stage_field_text(struct arena *arena, enum stage_field field, const struct stage *stage);
/* "allowed", "manager", "never"; NULL for no such rule. */
const char *back_policy_name(int64_t back);

/* The key of the stage that stands before it, removed ones too; absent: it is the first. */
struct str pipeline_before(const struct pipeline *pipeline, struct str key);
/* A change of that stage as it stands that changes nothing yet; false: there is none. */
bool stage_edit_begin(const struct pipeline *pipeline, struct str key, struct stage_edit *out);
/* What that change wants, on what stands now. False: there is nothing to want it of. */
bool stage_edit_again(const struct pipeline *pipeline, const struct stage_edit *old,
                      struct stage_edit *out);
/* What takes it back: a stage that was added is removed. */
void stage_edit_inverse(const struct pipeline *pipeline, const struct stage_edit *edit,
                        struct stage_edit *out);
/* Puts the stage behind the one of that key, or first. A key that is not there: last. */
void pipeline_place(struct pipeline *pipeline, size_t from, struct str behind);

#endif
