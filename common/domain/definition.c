/* definition.c - looking things up in a definition, checking it, copying it. Called by decide, the
 * codec, the client's names and `sluiced init`. The default lives in definition_default.c. */
#include "common/domain/definition.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/domain/field.h"
#include "common/base/banned.h"

const struct pipeline *definition_pipeline(const struct definition *definition, struct str key)
{
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        if (str_equal(definition->pipelines[i].key, key)) return &definition->pipelines[i];
    }
    return NULL;
}

const struct stage *pipeline_stage(const struct pipeline *pipeline, struct str key)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (str_equal(pipeline->stages[i].key, key)) return &pipeline->stages[i];
    }
    return NULL;
}

const struct stage *pipeline_stage_today(const struct pipeline *pipeline, struct str key)
{
    const struct stage *stage = pipeline_stage(pipeline, key);
    /* As many steps as stages: a ring of removed stages ends too. */
    for (size_t i = 0; i < pipeline->stage_count && stage && stage->removed; i++) {
        stage = pipeline_stage(pipeline, stage->successor);
    }
    return stage && !stage->removed ? stage : NULL;
}

const struct stage *pipeline_stage_of_kind(const struct pipeline *pipeline, enum stage_kind kind)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        if (!stage->removed && stage->kind == (int64_t)kind) return stage;
    }
    return NULL;
}

size_t pipeline_position(const struct pipeline *pipeline, const struct stage *stage)
{
    return (size_t)(stage - pipeline->stages);
}

const struct stage_check *pipeline_check(const struct pipeline *pipeline, struct str key)
{
    for (size_t i = 0; i < pipeline->check_count; i++) {
        if (str_equal(pipeline->checks[i].key, key)) return &pipeline->checks[i];
    }
    return NULL;
}

/* --- names people type --- */

/* Of several names the best wins, if it is the only one as good. */
enum match { MATCH_NONE = 0, MATCH_REMOVED, MATCH_PREFIX, MATCH_FULL };

struct match_result {
    enum match best;
    size_t index;
    bool several;
};

static enum match name_match(struct arena *arena, struct str wanted, struct str key,
                             struct str name)
{
    const struct str candidates[2] = {key, name};
    enum match best = MATCH_NONE;
    for (size_t i = 0; i < 2; i++) {
        struct str folded;
        if (text_fold(arena, candidates[i], &folded) != FAULT_NONE) continue;
        enum match match = MATCH_NONE;
        if (str_equal(folded, wanted)) match = MATCH_FULL;
        else if (str_starts_with(folded, wanted)) match = MATCH_PREFIX;
        if (match > best) best = match;
    }
    return best;
}

static void match_note(struct match_result *result, enum match match, size_t index)
{
    if (match == MATCH_NONE || match < result->best) return;
    if (match > result->best) *result = (struct match_result){match, index, false};
    else result->several = true;
}

static bool wanted_fold(struct arena *arena, struct str name, struct str *out)
{
    if (text_fold(arena, str_trim(name), out) != FAULT_NONE) return false;
    return out->n > 0;
}

const struct stage *pipeline_stage_named(struct arena *arena, const struct pipeline *pipeline,
                                         struct str name)
{
    struct str wanted;
    if (!wanted_fold(arena, name, &wanted)) return NULL;
    struct match_result result = {MATCH_NONE, 0, false};
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        enum match match = name_match(arena, wanted, stage->key, stage->name);
        /* A removed one is found by its full name only, so that it can be said that it is gone. */
        if (stage->removed) match = match == MATCH_FULL ? MATCH_REMOVED : MATCH_NONE;
        match_note(&result, match, i);
    }
    if (result.best == MATCH_NONE || result.several) return NULL;
    return &pipeline->stages[result.index];
}

const struct pipeline *definition_pipeline_named(struct arena *arena,
                                                 const struct definition *definition,
                                                 struct str name)
{
    struct str wanted;
    if (!wanted_fold(arena, name, &wanted)) return NULL;
    struct match_result result = {MATCH_NONE, 0, false};
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        const struct pipeline *pipeline = &definition->pipelines[i];
        match_note(&result, name_match(arena, wanted, pipeline->key, pipeline->name), i);
    }
    if (result.best == MATCH_NONE || result.several) return NULL;
    return &definition->pipelines[result.index];
}

/* --- mistakes --- */

static bool key_is_sound(struct str key)
{
    if (key.n == 0 || key.n > NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < key.n; i++) {
        char c = key.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!plain) return false;
    }
    return true;
}

static bool name_is_sound(struct str name)
{
    return name.n > 0 && name.n <= NAME_BYTES_MAX && text_is_clean(name, false);
}

static struct str gate_mistake(struct arena *arena, const struct pipeline *pipeline,
                               const struct stage *stage, struct str requirement)
{
    struct str rest = requirement, part;
    if (requirement.n == 0) {
        return arena_format(arena, "stage %.*s: an empty gate", STR_ARGS(stage->key));
    }
    while (str_split(&rest, '|', &part)) {
        bool known;
        if (str_starts_with(part, STR("check:"))) {
            struct str key = str_slice(part, sizeof "check:" - 1, part.n);
            known = pipeline_check(pipeline, key) != NULL;
        } else {
            known = field_by_name(ENTITY_DEAL, part) != NULL;
        }
        if (!known) {
            return arena_format(arena, "stage %.*s: the gate \"%.*s\" names no field and no check",
                                STR_ARGS(stage->key), STR_ARGS(part));
        }
    }
    return STR_NONE;
}

static struct str stage_numbers_mistake(struct arena *arena, const struct stage *stage)
{
    struct str key = stage->key;
    if (stage->kind < STAGE_LEAD || stage->kind > STAGE_LOST) {
        return arena_format(arena, "stage %.*s: unknown kind", STR_ARGS(key));
    }
    if (stage->probability < 0 || stage->probability > 100) {
        return arena_format(arena, "stage %.*s: the probability must be 0 to 100", STR_ARGS(key));
    }
    if (stage->expected_days < 0 || stage->quiet_days < 0 || stage->slow_days < 0) {
        return arena_format(arena, "stage %.*s: days cannot be negative", STR_ARGS(key));
    }
    if (stage->back < BACK_ALLOWED || stage->back > BACK_NEVER) {
        return arena_format(arena, "stage %.*s: unknown rule for going back", STR_ARGS(key));
    }
    return STR_NONE;
}

/* Two that people cannot tell apart. A removed one may be called like the one that took its place. */
static struct str stage_name_mistake(struct arena *arena, const struct pipeline *pipeline,
                                     size_t index)
{
    struct str own, other;
    const struct stage *stage = &pipeline->stages[index];
    if (stage->removed || text_fold(arena, stage->name, &own)) return STR_NONE;
    for (size_t i = 0; i < index; i++) {
        const struct stage *before = &pipeline->stages[i];
        if (before->removed || text_fold(arena, before->name, &other)) continue;
        if (!str_equal(own, other)) continue;
        return arena_format(arena, "stage %.*s: %.*s is called %.*s too", STR_ARGS(stage->key),
                            STR_ARGS(before->key), STR_ARGS(stage->name));
    }
    return STR_NONE;
}

static struct str stage_mistake(struct arena *arena, const struct pipeline *pipeline, size_t index)
{
    const struct stage *stage = &pipeline->stages[index];
    struct str key = stage->key;
    if (!key_is_sound(key)) {
        return arena_format(arena, "pipeline %.*s: stage %zu needs a key of a-z, 0-9, - and _",
                            STR_ARGS(pipeline->key), index + 1);
    }
    if (pipeline_stage(pipeline, key) != stage) {
        return arena_format(arena, "stage %.*s: the key occurs twice", STR_ARGS(key));
    }
    if (!name_is_sound(stage->name)) {
        return arena_format(arena, "stage %.*s: needs a name", STR_ARGS(key));
    }
    if (stage->text.n > TEXT_BYTES_MAX || !text_is_clean(stage->text, false)) {
        return arena_format(arena, "stage %.*s: its text is too long or not plain", STR_ARGS(key));
    }
    struct str mistake = stage_numbers_mistake(arena, stage);
    if (mistake.p) return mistake;
    if (stage->removed && !pipeline_stage_today(pipeline, key)) {
        return arena_format(arena, "stage %.*s: removed, but no living stage follows it",
                            STR_ARGS(key));
    }
    if (stage->gate_count > GATES_MAX) {
        return arena_format(arena, "stage %.*s: more than %d gates", STR_ARGS(key), GATES_MAX);
    }
    for (size_t i = 0; i < stage->gate_count; i++) {
        mistake = gate_mistake(arena, pipeline, stage, stage->gates[i].requirement);
        if (mistake.p) return mistake;
    }
    return STR_NONE;
}

static struct str checks_mistake(struct arena *arena, const struct pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->check_count; i++) {
        const struct stage_check *item = &pipeline->checks[i];
        if (!key_is_sound(item->key) || !name_is_sound(item->name)) {
            return arena_format(arena, "pipeline %.*s: check %zu needs a key and a name",
                                STR_ARGS(pipeline->key), i + 1);
        }
        if (pipeline_check(pipeline, item->key) != item) {
            return arena_format(arena, "check %.*s: the key occurs twice", STR_ARGS(item->key));
        }
    }
    return STR_NONE;
}

/* Left to right: leads, proper stages, then won and lost. */
static struct str order_mistake(struct arena *arena, const struct pipeline *pipeline)
{
    static const struct {
        enum stage_kind kind;
        const char *what;
    } needed[] = {{STAGE_OPEN, "proper"}, {STAGE_WON, "won"}, {STAGE_LOST, "lost"}};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (pipeline_stage_of_kind(pipeline, needed[i].kind)) continue;
        return arena_format(arena, "pipeline %.*s: it has no %s stage", STR_ARGS(pipeline->key),
                            needed[i].what);
    }
    const struct stage *before = NULL;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        if (stage->removed) continue;
        if (before && stage->kind < before->kind) {
            return arena_format(arena, "stage %.*s: leads come first, won and lost last",
                                STR_ARGS(stage->key));
        }
        if (before && stage->kind == before->kind && stage->kind != STAGE_OPEN) {
            return arena_format(arena, "stage %.*s: there is one of its kind already",
                                STR_ARGS(stage->key));
        }
        before = stage;
    }
    return STR_NONE;
}

static struct str pipeline_mistake(struct arena *arena, const struct pipeline *pipeline)
{
    if (!key_is_sound(pipeline->key)) {
        return STR("a pipeline needs a key of a-z, 0-9, - and _");
    }
    if (!name_is_sound(pipeline->name)) {
        return arena_format(arena, "pipeline %.*s: needs a name", STR_ARGS(pipeline->key));
    }
    if (pipeline->stage_count > STAGES_MAX || pipeline->check_count > CHECKS_MAX) {
        return arena_format(arena, "pipeline %.*s: more than %d stages or %d checks",
                            STR_ARGS(pipeline->key), STAGES_MAX, CHECKS_MAX);
    }
    struct str mistake = checks_mistake(arena, pipeline);
    for (size_t i = 0; !mistake.p && i < pipeline->stage_count; i++) {
        mistake = stage_mistake(arena, pipeline, i);
        if (!mistake.p) mistake = stage_name_mistake(arena, pipeline, i);
    }
    return mistake.p ? mistake : order_mistake(arena, pipeline);
}

struct str definition_mistake(struct arena *arena, const struct definition *definition)
{
    if (definition->pipeline_count == 0) return STR("there is no pipeline");
    if (definition->pipeline_count > PIPELINES_MAX) {
        return arena_format(arena, "more than %d pipelines", PIPELINES_MAX);
    }
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        const struct pipeline *pipeline = &definition->pipelines[i];
        struct str mistake = pipeline_mistake(arena, pipeline);
        if (mistake.p) return mistake;
        if (definition_pipeline(definition, pipeline->key) != pipeline) {
            return arena_format(arena, "pipeline %.*s: the key occurs twice",
                                STR_ARGS(pipeline->key));
        }
    }
    return STR_NONE;
}

/* --- copying --- */

static void *items_copy(struct arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = arena_array(arena, count ? count : 1, size);
    if (copy && count) memcpy(copy, items, count * size);
    return copy;
}

static bool stage_copy(struct arena *arena, struct stage *stage)
{
    stage->key = arena_str(arena, stage->key);
    stage->name = arena_str(arena, stage->name);
    stage->text = arena_str(arena, stage->text);
    stage->successor = arena_str(arena, stage->successor);
    stage->gates = items_copy(arena, stage->gates, stage->gate_count, sizeof *stage->gates);
    if (!stage->gates) return false;
    for (size_t i = 0; i < stage->gate_count; i++) {
        stage->gates[i].requirement = arena_str(arena, stage->gates[i].requirement);
    }
    return true;
}

static bool pipeline_copy(struct arena *arena, struct pipeline *pipeline)
{
    pipeline->key = arena_str(arena, pipeline->key);
    pipeline->name = arena_str(arena, pipeline->name);
    pipeline->checks =
        items_copy(arena, pipeline->checks, pipeline->check_count, sizeof *pipeline->checks);
    pipeline->stages =
        items_copy(arena, pipeline->stages, pipeline->stage_count, sizeof *pipeline->stages);
    if (!pipeline->checks || !pipeline->stages) return false;
    for (size_t i = 0; i < pipeline->check_count; i++) {
        pipeline->checks[i].key = arena_str(arena, pipeline->checks[i].key);
        pipeline->checks[i].name = arena_str(arena, pipeline->checks[i].name);
    }
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (!stage_copy(arena, &pipeline->stages[i])) return false;
    }
    return true;
}

enum fault definition_copy(struct arena *arena, const struct definition *from,
                           struct definition *out)
{
    *out = *from;
    out->pipelines =
        items_copy(arena, from->pipelines, from->pipeline_count, sizeof *from->pipelines);
    if (!out->pipelines) return FAULT_MEMORY;
    for (size_t i = 0; i < out->pipeline_count; i++) {
        if (!pipeline_copy(arena, &out->pipelines[i])) return FAULT_MEMORY;
    }
    return arena_fault(arena);
}
