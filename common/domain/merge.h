/* merge.h - three values of one unit: what the person saw, what they want, what stands.
 *
 * The only place that says whether an edit overwrites somebody. A unit's canonical text is what
 * conflict records hold; clients turn it back into edits. Callers: decide, client inbox. */
#ifndef SLUICE_COMMON_DOMAIN_MERGE_H
#define SLUICE_COMMON_DOMAIN_MERGE_H

#include "common/domain/mutation.h"

enum { UNIT_FIELDS_MAX = 8 };

struct unit_value {
    const struct field *field;
    struct value value;
};

enum unit_verdict {
    UNIT_TAKE,   /* what stands is what was seen: the wish is granted */
    UNIT_SAME,   /* what stands is what is wanted: nothing to do */
    UNIT_CHANGED /* somebody else was here meanwhile */
};

/* The fields of the leader's unit in table order; how many. */
size_t unit_fields(const struct field *leader, const struct field *fields[UNIT_FIELDS_MAX]);

/* Judges those edits that belong to the unit of `leader` (others are passed over; fields of the
 * unit that no edit names count as unchanged). Not for sets. *changed: the first field that is not
 * as it was seen, NULL when all are. */
enum unit_verdict merge_unit(const struct field *leader, const struct edit *edits, size_t count,
                             const void *current, const struct field **changed);

/* Sets never conflict. *taken: something changes; *already: some of it had been done before. */
MUST_USE enum fault merge_set(struct arena *arena, struct text_set current,
                              const struct edit *edit, struct text_set *out, bool *taken,
                              bool *already);

/* One field: its canonical text (absent: STR_NONE). Several: "value=12500;currency=EUR", all
 * fields of the unit, absent ones empty, with \; \= \\ in texts. */
MUST_USE enum fault unit_format(struct arena *arena, const struct field *leader,
                                const void *entity, struct str *out);
/* Its inverse. FAULT_FORMAT when the text is not of that unit. */
MUST_USE enum fault unit_parse(struct arena *arena, const struct field *leader, struct str text,
                               struct unit_value values[UNIT_FIELDS_MAX], size_t *count);
/* A whole thing as one text in that form, fields that are absent left out; and back. Names of fields that
 * are not known here are passed over. FAULT_FORMAT when it is no such text. */
MUST_USE enum fault entity_format(struct arena *arena, enum entity_kind kind, const void *entity,
                                  struct str *out);
MUST_USE enum fault entity_parse(struct arena *arena, enum entity_kind kind, struct str text,
                                 void **out);
/* One text as unit_format writes it among others: what would end it is escaped. STR_NONE without
 * memory. */
struct str unit_escape(struct arena *arena, struct str text);

#endif
