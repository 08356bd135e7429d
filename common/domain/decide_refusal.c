/* decide_refusal.c - what there is instead of a stage or pipeline that cannot be. */
#include "common/domain/decision.h"

#include "common/base/banned.h"

struct str deal_stage_list(struct decision *d, const struct pipeline *pipeline)
{
    struct str list = STR("");
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        if (stage->removed) continue;
        list = arena_format(d->arena, "%.*s%s%.*s", STR_ARGS(list), list.n > 0 ? ", " : "",
                            STR_ARGS(stage->key));
    }
    return list;
}

void deal_refuse_stage(struct decision *d, const struct pipeline *pipeline, struct str key)
{
    decision_refuse(d, (struct reason){.code = REASON_STAGE_UNKNOWN,
                                       .value = decision_quote(d, key),
                                       .other = deal_stage_list(d, pipeline)});
}

void deal_refuse_pipeline(struct decision *d, struct str key)
{
    const struct definition *definition = d->state->definition;
    struct str list = STR("");
    for (size_t i = 0; definition && i < definition->pipeline_count; i++) {
        list = arena_format(d->arena, "%.*s%s%.*s", STR_ARGS(list), i > 0 ? ", " : "",
                            STR_ARGS(definition->pipelines[i].key));
    }
    decision_refuse(d, (struct reason){.code = REASON_PIPELINE_UNKNOWN,
                                       .value = decision_quote(d, key),
                                       .other = list});
}
