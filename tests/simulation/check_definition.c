/* check_definition.c - history explains the stages: the definition is made a second time, from what
 * each change of a stage says it did, and must come to what is stored. Moves are judged by it as it
 * stood at their seq, also where a batch wrote the definition only once, under a later one.
 *
 * Each line of history begins at the value its author saw and ends at the one they wanted. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/domain/stage_edit.h"
#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

static bool same_text(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* As it stands, to be changed; counted once for each seq. */
static struct definition *definition_next(struct oracle *oracle)
{
    struct definition *next = arena_alloc(&oracle->arena, sizeof *next);
    check(next && definition_copy(&oracle->arena, oracle->definition, next) == FAULT_NONE);
    if (oracle->definition_seq != oracle->seq) next->version++;
    oracle->definition_seq = oracle->seq;
    return next;
}

static struct pipeline *pipeline_in(struct definition *definition, struct str key)
{
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        if (str_equal(definition->pipelines[i].key, key)) return &definition->pipelines[i];
    }
    return NULL;
}

static size_t place_of(const struct pipeline *pipeline, struct str key)
{
    size_t at = 0;
    while (at < pipeline->stage_count && !str_equal(pipeline->stages[at].key, key)) at++;
    return at;
}

static struct str key_before(const struct pipeline *pipeline, size_t at)
{
    return at > 0 ? pipeline->stages[at - 1].key : STR_NONE;
}

static void stage_take_out(struct pipeline *pipeline, size_t at)
{
    pipeline->stage_count--;
    for (size_t i = at; i < pipeline->stage_count; i++) pipeline->stages[i] = pipeline->stages[i + 1];
}

/* There is room for it. */
static void stage_put_in(struct pipeline *pipeline, const struct stage *stage, struct str behind)
{
    size_t at = 0;
    if (behind.n > 0) at = place_of(pipeline, behind) + 1;
    if (at > pipeline->stage_count) at = pipeline->stage_count;
    for (size_t i = pipeline->stage_count; i > at; i--) pipeline->stages[i] = pipeline->stages[i - 1];
    pipeline->stages[at] = *stage;
    pipeline->stage_count++;
}

static void stage_add(struct oracle *oracle, struct pipeline *pipeline,
                      const struct stage_edit *edit)
{
    struct stage *stages =
        arena_array(&oracle->arena, pipeline->stage_count + 1, sizeof *stages), own = edit->want;
    check(stages != NULL);
    memcpy(stages, pipeline->stages, pipeline->stage_count * sizeof *stages);
    pipeline->stages = stages;
    stage_put_in(pipeline, &own, edit->behind);
}

static void told_wrongly(struct world *world, const struct event *event, const char *what)
{
    world_fail(world, "seq %llu: %.*s of the stage %.*s goes from \"%.*s\" to \"%.*s\", %s",
               (unsigned long long)world->oracle.seq, STR_ARGS(event->field),
               STR_ARGS(event->to_stage), STR_ARGS(event->from_value), STR_ARGS(event->to_value),
               what);
}

static void stage_move(struct world *world, struct pipeline *pipeline, size_t at,
                       const struct stage_edit *edit, const struct event *event)
{
    struct stage stage = pipeline->stages[at];
    if (!same_text(event->from_value, key_before(pipeline, at)))
        told_wrongly(world, event, "and stood elsewhere");
    if (!same_text(event->from_value, edit->behind_base) ||
        !same_text(event->to_value, edit->behind))
        told_wrongly(world, event, "which its author did not see, or not want");
    stage_take_out(pipeline, at);
    stage_put_in(pipeline, &stage, edit->behind);
}

static void stage_set(struct world *world, struct arena *arena, struct stage *stage,
                      const struct stage_edit *edit, const struct event *event)
{
    for (enum stage_field field = 0; field < STAGE_FIELD_COUNT; field++) {
        if (!str_equal(event->field, str_from(stage_field_name(field)))) continue;
        struct str stood = stage_field_text(arena, field, stage);
        struct str seen = stage_field_text(arena, field, &edit->base);
        struct str wanted = stage_field_text(arena, field, &edit->want);
        if (!same_text(event->from_value, stood)) told_wrongly(world, event, "and was otherwise");
        if (!same_text(event->from_value, seen) || !same_text(event->to_value, wanted))
            told_wrongly(world, event, "which its author did not see, or not want");
        stage_field_take(field, &edit->want, stage);
        return;
    }
    told_wrongly(world, event, "and no stage has that");
}

/* The mutation's texts live as long as the definition that is made of them. */
void check_stage_change(struct world *world, const struct event *event)
{
    struct oracle *oracle = &world->oracle;
    const struct mutation *mutation = oracle_mutation(world, &oracle->arena, event->mutation);
    if (!mutation || !mutation->stage || !oracle->definition) {
        told_wrongly(world, event, "and nobody wanted that");
        return;
    }
    const struct stage_edit *edit = mutation->stage;
    struct definition *next = definition_next(oracle);
    struct pipeline *pipeline = pipeline_in(next, event->pipeline);
    size_t at = pipeline ? place_of(pipeline, event->to_stage) : 0;
    if (!pipeline || !str_equal(event->to_stage, edit->want.key) ||
        (at == pipeline->stage_count) != edit->created) {
        told_wrongly(world, event, "and there is no such stage, or there was already");
        return;
    }
    if (edit->created)
        stage_add(oracle, pipeline, edit);
    else if (str_equal(event->field, STR("position")))
        stage_move(world, pipeline, at, edit, event);
    else
        stage_set(world, &oracle->arena, &pipeline->stages[at], edit, event);
    oracle->definition = next;
}

static bool stage_same(const struct stage *a, const struct stage *b)
{
    bool same = str_equal(a->key, b->key) && a->kind == b->kind;
    for (enum stage_field field = 0; field < STAGE_FIELD_COUNT && same; field++)
        same = stage_field_equal(field, a, b);
    return same;
}

void check_definition(struct world *world, const struct definition *stored)
{
    const struct definition *told = world->oracle.definition;
    bool same = told && told->version == stored->version &&
                told->pipeline_count == stored->pipeline_count;
    for (size_t i = 0; same && i < told->pipeline_count; i++) {
        const struct pipeline *a = &told->pipelines[i], *b = &stored->pipelines[i];
        same = str_equal(a->key, b->key) && a->stage_count == b->stage_count;
        for (size_t k = 0; same && k < a->stage_count; k++)
            same = stage_same(&a->stages[k], &b->stages[k]);
    }
    if (!same)
        world_fail(world, "seq %llu: the stages are not what their history tells",
                   (unsigned long long)world->oracle.seq);
    if (!world->oracle.replaying) world_mark(world, MARK_DEFINITION_CHANGED);
}
