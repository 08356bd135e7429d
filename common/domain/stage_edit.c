/* stage_edit.c - the fields of a stage one by one, and changes made of them. */
#include "common/domain/stage_edit.h"

#include <string.h>

#include "common/base/check.h"
#include "common/base/banned.h"

enum stage_field_type { STAGE_TEXT, STAGE_NUMBER, STAGE_FLAG, STAGE_POLICY, STAGE_GATES, STAGE_GONE };

static const struct {
    const char *name;
    enum stage_field_type type;
    size_t offset;
} stage_fields[STAGE_FIELD_COUNT] = {
    [STAGE_FIELD_NAME] = {"name", STAGE_TEXT, offsetof(struct stage, name)},
    [STAGE_FIELD_TEXT] = {"text", STAGE_TEXT, offsetof(struct stage, text)},
    [STAGE_FIELD_PROBABILITY] = {"probability", STAGE_NUMBER, offsetof(struct stage, probability)},
    [STAGE_FIELD_EXPECTED_DAYS] = {"expected_days", STAGE_NUMBER,
                                   offsetof(struct stage, expected_days)},
    [STAGE_FIELD_QUIET_DAYS] = {"quiet_days", STAGE_NUMBER, offsetof(struct stage, quiet_days)},
    [STAGE_FIELD_SLOW_DAYS] = {"slow_days", STAGE_NUMBER, offsetof(struct stage, slow_days)},
    [STAGE_FIELD_SKIP_FORBIDDEN] = {"skip_forbidden", STAGE_FLAG,
                                    offsetof(struct stage, skip_forbidden)},
    [STAGE_FIELD_BACK] = {"back", STAGE_POLICY, offsetof(struct stage, back)},
    [STAGE_FIELD_GATES] = {"gates", STAGE_GATES, offsetof(struct stage, gates)},
    [STAGE_FIELD_REMOVED] = {"removed", STAGE_GONE, offsetof(struct stage, removed)},
};

const char *stage_field_name(enum stage_field field)
{
    check(field < STAGE_FIELD_COUNT);
    return stage_fields[field].name;
}

static const void *place_of(enum stage_field field, const struct stage *stage)
{
    return (const char *)stage + stage_fields[field].offset;
}

static int64_t number_of(enum stage_field field, const struct stage *stage)
{
    int64_t number;
    memcpy(&number, place_of(field, stage), sizeof number);
    return number;
}

static struct str text_of(enum stage_field field, const struct stage *stage)
{
    struct str text;
    memcpy(&text, place_of(field, stage), sizeof text);
    return text;
}

static bool flag_of(enum stage_field field, const struct stage *stage)
{
    bool flag;
    memcpy(&flag, place_of(field, stage), sizeof flag);
    return flag;
}

static bool gates_equal(const struct stage *a, const struct stage *b)
{
    if (a->gate_count != b->gate_count) return false;
    for (size_t i = 0; i < a->gate_count; i++) {
        if (!str_equal(a->gates[i].requirement, b->gates[i].requirement)) return false;
    }
    return true;
}

bool stage_field_equal(enum stage_field field, const struct stage *a, const struct stage *b)
{
    check(field < STAGE_FIELD_COUNT);
    switch (stage_fields[field].type) {
    case STAGE_TEXT: return str_equal(text_of(field, a), text_of(field, b));
    case STAGE_NUMBER:
    case STAGE_POLICY: return number_of(field, a) == number_of(field, b);
    case STAGE_FLAG: return flag_of(field, a) == flag_of(field, b);
    case STAGE_GATES: return gates_equal(a, b);
    case STAGE_GONE:
        return a->removed == b->removed && (!a->removed || str_equal(a->successor, b->successor));
    }
    bug("stage_field_type", __FILE__, __LINE__);
}

void stage_field_take(enum stage_field field, const struct stage *from, struct stage *to)
{
    check(field < STAGE_FIELD_COUNT);
    void *place = (char *)to + stage_fields[field].offset;
    switch (stage_fields[field].type) {
    case STAGE_TEXT: memcpy(place, place_of(field, from), sizeof(struct str)); return;
    case STAGE_NUMBER:
    case STAGE_POLICY: memcpy(place, place_of(field, from), sizeof(int64_t)); return;
    case STAGE_FLAG: memcpy(place, place_of(field, from), sizeof(bool)); return;
    case STAGE_GATES:
        to->gates = from->gates;
        to->gate_count = from->gate_count;
        return;
    case STAGE_GONE:
        to->removed = from->removed;
        to->successor = from->removed ? from->successor : STR_NONE;
        return;
    }
    bug("stage_field_type", __FILE__, __LINE__);
}

const char *back_policy_name(int64_t back)
{
    static const char *const names[] = {
        [BACK_ALLOWED] = "allowed", [BACK_MANAGER] = "manager", [BACK_NEVER] = "never"};
    if (back < BACK_ALLOWED || back > BACK_NEVER) return NULL;
    return names[back];
}

static struct str gates_text(struct arena *arena, const struct stage *stage)
{
    struct str out = STR("");
    for (size_t i = 0; i < stage->gate_count; i++) {
        out = arena_format(arena, "%.*s%s%.*s", STR_ARGS(out), i > 0 ? "," : "",
                           STR_ARGS(stage->gates[i].requirement));
    }
    return out;
}

struct str stage_field_text(struct arena *arena, enum stage_field field, const struct stage *stage)
{
    check(field < STAGE_FIELD_COUNT);
    switch (stage_fields[field].type) {
    case STAGE_TEXT: return text_of(field, stage);
    case STAGE_NUMBER: {
        int64_t number = number_of(field, stage);
        return number != 0 ? arena_format(arena, "%lld", (long long)number) : STR_NONE;
    }
    case STAGE_FLAG: return flag_of(field, stage) ? STR("true") : STR_NONE;
    case STAGE_POLICY: {
        const char *name = back_policy_name(number_of(field, stage));
        return name ? str_from(name) : STR_NONE;
    }
    case STAGE_GATES: return gates_text(arena, stage);
    case STAGE_GONE: return stage->removed ? stage->successor : STR_NONE;
    }
    bug("stage_field_type", __FILE__, __LINE__);
}

/* --- places --- */

struct str pipeline_before(const struct pipeline *pipeline, struct str key)
{
    for (size_t i = 1; i < pipeline->stage_count; i++) {
        if (str_equal(pipeline->stages[i].key, key)) return pipeline->stages[i - 1].key;
    }
    return STR_NONE;
}

void pipeline_place(struct pipeline *pipeline, size_t from, struct str behind)
{
    check(from < pipeline->stage_count);
    struct stage *stages = pipeline->stages, moved = stages[from];
    size_t last = pipeline->stage_count - 1, to = 0;
    memmove(stages + from, stages + from + 1, (last - from) * sizeof *stages);
    if (behind.n > 0) {
        while (to < last && !str_equal(stages[to].key, behind)) to++;
        if (to < last) to++;
    }
    memmove(stages + to + 1, stages + to, (last - to) * sizeof *stages);
    stages[to] = moved;
}

/* --- changes --- */

bool stage_edit_begin(const struct pipeline *pipeline, struct str key, struct stage_edit *out)
{
    const struct stage *stage = pipeline_stage(pipeline, key);
    if (!stage) return false;
    struct str behind = pipeline_before(pipeline, key);
    *out = (struct stage_edit){.pipeline = pipeline->key, .base = *stage, .want = *stage,
                               .behind_base = behind, .behind = behind};
    return true;
}

bool stage_edit_again(const struct pipeline *pipeline, const struct stage_edit *old,
                      struct stage_edit *out)
{
    if (old->created) {
        *out = *old;
        return true;
    }
    if (!stage_edit_begin(pipeline, old->want.key, out)) return false;
    for (enum stage_field field = 0; field < STAGE_FIELD_COUNT; field++) {
        if (stage_field_equal(field, &old->base, &old->want)) continue;
        stage_field_take(field, &old->want, &out->want);
    }
    out->moved = old->moved;
    if (old->moved) out->behind = old->behind;
    return true;
}

/* Where deals of a stage go that is taken back: to the living one before it, else behind it. */
static struct str heir_of(const struct pipeline *pipeline, struct str key)
{
    struct str heir = STR_NONE;
    bool passed = false;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        bool own = str_equal(stage->key, key);
        passed = passed || own;
        if (own || stage->removed) continue;
        if (!passed || heir.n == 0) heir = stage->key;
    }
    return heir;
}

void stage_edit_inverse(const struct pipeline *pipeline, const struct stage_edit *edit,
                        struct stage_edit *out)
{
    struct stage_edit made = *edit; /* `out` may be where `edit` is */
    made.base = edit->want;
    made.created = false;
    if (edit->created) {
        made.want.removed = true;
        made.want.successor = heir_of(pipeline, edit->want.key);
    } else {
        made.want = edit->base;
        made.behind = edit->behind_base;
        made.behind_base = edit->behind;
    }
    *out = made;
}
