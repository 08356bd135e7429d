/* decide_stage.c - EDIT of the definition: one stage added, changed, moved, removed or brought back.
 *
 * Two people's changes of different stages, or of different fields of one, both go through. Where
 * they want the same field otherwise, the later one is refused with what stands: nothing is shared
 * so widely, and a conflict to be settled by one key would change it for everybody.
 * Invariant: what stands afterwards has no mistake (definition_mistake). */
#include "common/domain/decision.h"

#include <string.h>

#include "common/domain/stage_edit.h"

#include "common/base/banned.h"

static void text_normal(struct decision *d, struct str *text)
{
    struct str normal;
    if (text->n == 0 || !text_is_clean(*text, false)) return; /* definition_mistake says so */
    if (text_normalise(d->arena, *text, false, &normal) == FAULT_NONE) *text = normal;
}

static void changed_refuse(struct decision *d, const struct stage *stage, const char *field,
                           struct str stands)
{
    decision_refuse(d, (struct reason){.code = REASON_CHANGED_MEANWHILE,
                                       .field = str_from(field),
                                       .stage = stage->key,
                                       .value = decision_quote(d, stands)});
}

/* One line of history for each field, as for a deal. */
static void stage_tell(struct decision *d, const struct pipeline *pipeline, struct str key,
                       const char *field, struct str from, struct str to)
{
    struct event *event = history_add(d, EVENT_FIELD, NULL);
    if (!event) return;
    event->pipeline = pipeline->key;
    event->to_stage = key;
    event->field = str_from(field);
    event->from_value = from;
    event->to_value = to;
}

static void stage_merge(struct decision *d, const struct pipeline *pipeline,
                        const struct stage_edit *edit, const struct stage *want,
                        struct stage *stage)
{
    for (enum stage_field field = 0; field < STAGE_FIELD_COUNT; field++) {
        if (stage_field_equal(field, &edit->base, want)) continue;
        if (stage_field_equal(field, stage, want)) continue;
        struct str from = stage_field_text(d->arena, field, stage);
        if (!stage_field_equal(field, stage, &edit->base)) {
            changed_refuse(d, stage, stage_field_name(field), from);
            continue;
        }
        stage_field_take(field, want, stage);
        stage_tell(d, pipeline, stage->key, stage_field_name(field), from,
                   stage_field_text(d->arena, field, stage));
    }
}

static void pipeline_move(struct decision *d, struct pipeline *pipeline,
                       const struct stage_edit *edit)
{
    struct str key = edit->want.key, stands = pipeline_before(pipeline, key);
    const struct stage *stage = pipeline_stage(pipeline, key);
    if (str_equal(stands, edit->behind) || str_equal(key, edit->behind)) return;
    if (edit->behind.n > 0 && !pipeline_stage(pipeline, edit->behind)) {
        deal_refuse_stage(d, pipeline, edit->behind);
        return;
    }
    if (!str_equal(stands, edit->behind_base)) {
        changed_refuse(d, stage, "position", stands);
        return;
    }
    stage_tell(d, pipeline, key, "position", stands, edit->behind);
    pipeline_place(pipeline, pipeline_position(pipeline, stage), edit->behind);
}

static void pipeline_add(struct decision *d, struct pipeline *pipeline, const struct stage_edit *edit,
                      const struct stage *want)
{
    if (pipeline_stage(pipeline, want->key)) {
        decision_refuse(d, (struct reason){.code = REASON_EXISTS, .value = STR("stage")});
        return;
    }
    if (edit->behind.n > 0 && !pipeline_stage(pipeline, edit->behind)) {
        deal_refuse_stage(d, pipeline, edit->behind);
        return;
    }
    struct stage *stages = arena_array(d->arena, pipeline->stage_count + 1, sizeof *stages);
    if (!stages) return;
    if (pipeline->stage_count > 0) {
        memcpy(stages, pipeline->stages, pipeline->stage_count * sizeof *stages);
    }
    stages[pipeline->stage_count] = *want;
    pipeline->stages = stages;
    pipeline->stage_count++;
    pipeline_place(pipeline, pipeline->stage_count - 1, edit->behind);
    stage_tell(d, pipeline, want->key, "name", STR_NONE, want->name);
}

static void pipeline_change(struct decision *d, struct pipeline *pipeline,
                         const struct stage_edit *edit, const struct stage *want)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (!str_equal(pipeline->stages[i].key, want->key)) continue;
        stage_merge(d, pipeline, edit, want, &pipeline->stages[i]);
        if (edit->moved) pipeline_move(d, pipeline, edit);
        return;
    }
    deal_refuse_stage(d, pipeline, want->key);
}

static struct pipeline *pipeline_of(struct decision *d, struct definition *definition,
                                    struct str key)
{
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        if (str_equal(definition->pipelines[i].key, key)) return &definition->pipelines[i];
    }
    deal_refuse_pipeline(d, key);
    return NULL;
}

void decide_stage(struct decision *d)
{
    const struct stage_edit *edit = d->mutation->stage;
    const struct definition *before = d->state->definition;
    if (d->mutation->kind != MUTATION_EDIT || !edit) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    if (!decision_may(d, ACTION_DEFINE)) return;
    if (!before || !uuid_equal(before->id, d->mutation->target)) {
        decision_refuse(d, (struct reason){.code = REASON_GONE, .value = STR("definition")});
        return;
    }
    struct definition *after = arena_alloc(d->arena, sizeof *after);
    if (!after || definition_copy(d->arena, before, after)) return;
    struct pipeline *pipeline = pipeline_of(d, after, edit->pipeline);
    if (!pipeline) return;
    struct stage want = edit->want;
    text_normal(d, &want.name);
    text_normal(d, &want.text);
    if (edit->created) pipeline_add(d, pipeline, edit, &want);
    else pipeline_change(d, pipeline, edit, &want);
    if (d->refused.count > 0 || d->change->row_count == 0) return;
    struct str mistake = definition_mistake(d->arena, after);
    if (mistake.n > 0) {
        decision_refuse(d, (struct reason){.code = REASON_STAGES_UNSOUND,
                                           .value = decision_quote(d, mistake)});
        return;
    }
    after->version++;
    decision_row(d, ENTITY_DEFINITION, d->mutation->target, after);
}
