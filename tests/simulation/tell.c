/* tell.c - see tell.h. */
#include "tests/simulation/tell.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/domain/field.h"

#include "common/base/banned.h"

enum { WISH_CHARACTERS = 24, WISHES_TOLD = 4 };

void tell_id(char out[5], struct uuid id)
{
    snprintf(out, 5, "%02x%02x", id.b[14], id.b[15]);
}

const char *tell_outcome(int64_t outcome)
{
    switch ((enum outcome_kind)outcome) {
    case OUTCOME_NONE: break;
    case OUTCOME_APPLIED: return "applied";
    case OUTCOME_MERGED: return "merged with what others did";
    case OUTCOME_CONFLICT: return "in conflict";
    case OUTCOME_PARKED: return "parked";
    }
    return "not answered";
}

static size_t part_add(char out[TELL_BYTES], size_t at, const char *between, const char *name,
                       struct str text)
{
    if (at >= TELL_BYTES) return at;
    int n = snprintf(out + at, TELL_BYTES - at, "%s%s %.*s", between, name,
                     (int)(text.n < WISH_CHARACTERS ? text.n : WISH_CHARACTERS), text.p ? text.p : "");
    return n > 0 ? at + (size_t)n : at;
}

/* As people say it: a choice by its name, a thing by the end of its id. */
static struct str value_told(struct arena *arena, const struct field *field, struct value value)
{
    struct str text = STR_NONE;
    char id[5];
    if (!value.present) return STR("nothing");
    if (value.type == VALUE_REFERENCE) {
        tell_id(id, value.id);
        return arena_str(arena, str_from(id));
    }
    const char *choice =
        value.type == VALUE_CHOICE && field->choices ? field_choice_name(field, value.number) : NULL;
    if (choice) return str_from(choice);
    return value_format(arena, value, &text) ? STR("?") : text;
}

void tell_wishes(char out[TELL_BYTES], const struct mutation *mutation)
{
    char id[5];
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    tell_id(id, mutation->target);
    size_t at = part_add(out, 0, "", "", str_from(id));
    for (size_t i = 0; i < mutation->edit_count && i < WISHES_TOLD; i++) {
        const struct edit *edit = &mutation->edits[i];
        struct str text = STR_NONE;
        bool added = edit->add.count > 0, removed = edit->remove.count > 0;
        if (!edit->field) continue;
        if (added || removed) text = added ? edit->add.items[0] : edit->remove.items[0];
        else text = value_told(&arena, edit->field, edit->want);
        char name[40];
        snprintf(name, sizeof name, "%s%s", edit->field->name, removed ? " without" : "");
        at = part_add(out, at, i == 0 ? ": " : ", ", name, text);
    }
    arena_finish(&arena);
}
