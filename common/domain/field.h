/* field.h - the field table: one row per field, the only place a field is described.
 *
 * A new field is one row here, one line in proto/sluice.proto, one member in entity.h and one
 * column in a migration (docs/how_to_add.md). Tags are wire values: never renumbered or reused. */
#ifndef SLUICE_COMMON_DOMAIN_FIELD_H
#define SLUICE_COMMON_DOMAIN_FIELD_H

#include "common/domain/entity.h"
#include "common/domain/value.h"

/* What means something only together, and so conflicts together. UNIT_SINGLE: each by itself. */
enum unit { UNIT_SINGLE = 0, UNIT_STAGE, UNIT_MONEY, UNIT_NEXT_STEP, UNIT_PROBABILITY };

enum {
    FIELD_EDITABLE = 1 << 0, /* create and edit may name it */
    FIELD_REQUIRED = 1 << 1, /* a thing without it cannot be created or edited to */
    FIELD_GUARDED = 1 << 2,  /* changed meanwhile: the mutation is parked, not a conflict */
    FIELD_LINES = 1 << 3,    /* several lines allowed */
    FIELD_SERVER = 1 << 4,   /* never leaves the server */
    FIELD_IMPORTED = 1 << 5, /* an import may set it though it is not editable */
};

struct field {
    enum entity_kind entity;
    uint32_t tag;     /* in the entity's protobuf message, and in mutations */
    const char *name; /* JSON, filter, import, flag (with '-'), SQL column */
    const char *label; /* for people, translatable */
    enum value_type type;
    size_t offset;
    enum unit unit;
    unsigned flags;
    size_t text_max;           /* bytes, for text and set items */
    enum entity_kind refers;   /* for references */
    /* Names by value, index 0 unused, NULL ends. A choice without them is a plain number of which 0
     * means absent; a text with them may only be one of them. */
    const char *const *choices;
};

/* All fields of a kind, in tag order; *count of them. NULL for kinds without a table. */
const struct field *fields_of(enum entity_kind kind, size_t *count);
const struct field *field_by_tag(enum entity_kind kind, uint32_t tag);
/* Accepts '-' for '_'. NULL when there is none. */
const struct field *field_by_name(enum entity_kind kind, struct str name);
/* The first field of the same unit (itself for UNIT_SINGLE): names the unit. */
const struct field *field_unit_leader(const struct field *field);
bool field_same_unit(const struct field *a, const struct field *b);

struct value field_get(const struct field *field, const void *entity);
/* The value must have the field's type. Text and sets are borrowed, not copied. */
void field_set(const struct field *field, void *entity, struct value value);
/* The same for one type each, without a value between: text and bytes; number, date, time, flag and
 * choice; reference. For who reads thousands. */
void field_set_text(const struct field *field, void *entity, struct str text);
void field_set_number(const struct field *field, void *entity, int64_t number);
void field_set_reference(const struct field *field, void *entity, struct uuid id);

/* --- entity_copy.c --- */
/* A copy of the entity in the arena whose text is still borrowed. NULL when out of memory. */
void *entity_clone(struct arena *arena, enum entity_kind kind, const void *entity);
/* Copies text and sets too, so that the result owes nothing to the original's memory. */
void *entity_copy(struct arena *arena, enum entity_kind kind, const void *entity);
bool entity_equal(enum entity_kind kind, const void *a, const void *b);

/* --- field_access.c --- */
/* choice value -> name ("open"), and back; ignores case; 0 when unknown. */
const char *field_choice_name(const struct field *field, int64_t value);
int64_t field_choice_value(const struct field *field, struct str name);

#endif
