/* check_stage.c - no deal enters a stage its gates forbid. Written without gate.c on purpose: the
 * rule is read from the definition a second time. */
#include "tests/simulation/world.h"

#include <string.h>

#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

static bool set_has(const struct text_set *set, struct str item)
{
    for (size_t i = 0; i < set->count; i++) {
        if (str_equal(set->items[i], item)) return true;
    }
    return false;
}

/* The requirements the default definition uses; anything else is a mistake of this file. */
static bool alternative_holds(struct world *world, const struct deal *deal, struct str wanted)
{
    if (str_starts_with(wanted, STR("check:")))
        return set_has(&deal->checks, str_slice(wanted, 6, wanted.n));
    if (str_equal(wanted, STR("org"))) return !uuid_is_zero(deal->organisation);
    if (str_equal(wanted, STR("contact"))) return !uuid_is_zero(deal->contact);
    if (str_equal(wanted, STR("value"))) return deal->value.has;
    if (str_equal(wanted, STR("expected_close"))) return deal->expected_close.has;
    if (str_equal(wanted, STR("lost_reason"))) return deal->lost_reason.n > 0;
    world_fail(world, "the oracle does not know the gate %.*s", STR_ARGS(wanted));
    return false;
}

static bool gates_hold(struct world *world, const struct stage *stage, const struct deal *deal)
{
    for (size_t i = 0; i < stage->gate_count; i++) {
        struct str rest = stage->gates[i].requirement, one;
        bool holds = false;
        while (str_split(&rest, '|', &one)) holds = holds || alternative_holds(world, deal, one);
        if (!holds) return false;
    }
    return true;
}

static const struct pipeline *pipeline_of(const struct oracle *oracle, struct str key)
{
    for (size_t i = 0; oracle->definition && i < oracle->definition->pipeline_count; i++) {
        const struct pipeline *pipeline = &oracle->definition->pipelines[i];
        if (str_equal(pipeline->key, key)) return pipeline;
    }
    return NULL;
}

static size_t stage_position(const struct pipeline *pipeline, struct str key)
{
    size_t at = 0;
    while (at < pipeline->stage_count && !str_equal(pipeline->stages[at].key, key)) at++;
    return at;
}

/* Where a deal is shown that stands there: a removed stage's deals stand in its successor. */
static size_t position_shown(const struct pipeline *pipeline, struct str key)
{
    size_t at = stage_position(pipeline, key);
    for (size_t steps = 0; steps < pipeline->stage_count; steps++) {
        if (at == pipeline->stage_count || !pipeline->stages[at].removed) break;
        at = stage_position(pipeline, pipeline->stages[at].successor);
    }
    return at;
}

/* The deal as it was written under the event's seq. A batch that changes it again writes it only
 * under the later seq: then *later, and there is nothing to hold the gates against. */
static const struct deal *deal_after(const struct store_request *request, const struct row *event,
                                     bool *later)
{
    *later = false;
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind != ENTITY_DEAL || !uuid_equal(row->id, event->id)) continue;
        *later = row->seq > event->seq;
        return row->seq == event->seq && !row->removed ? row->entity : NULL;
    }
    return NULL;
}

void check_stage(struct world *world, const struct row *row, const struct store_request *request)
{
    const struct event *event = row->entity;
    bool creation = event->what == EVENT_CREATED;
    if (event->subject_kind != ENTITY_DEAL || (event->what != EVENT_STAGE && !creation)) return;
    bool later;
    const struct deal *deal = deal_after(request, row, &later);
    if (later) return;
    const struct pipeline *pipeline = pipeline_of(&world->oracle, event->pipeline);
    if (!deal || !pipeline) {
        world_fail(world, "a stage event without its deal or pipeline");
        return;
    }
    size_t to = stage_position(pipeline, event->to_stage);
    size_t from = creation ? 0 : position_shown(pipeline, event->from_stage);
    if (to == pipeline->stage_count || !str_equal(deal->stage, event->to_stage)) {
        world_fail(world, "a deal stands in a stage there is not");
        return;
    }
    if (creation && !uuid_is_zero(event->undoes)) return; /* brought back where it stood */
    world->oracle.stages++;
    if (pipeline->stages[to].removed && !str_equal(event->from_stage, event->to_stage))
        world_fail(world, "a deal came into a stage that was removed");
    bool moved = creation || !str_equal(event->from_stage, event->to_stage);
    if (!moved) return; /* ice, thaw, discard: the same place */
    bool closed = event->from_status != STATUS_OPEN && event->from_status != STATUS_ICED;
    if (!creation && closed) from = 0; /* reopened: as if it came anew */
    bool lost = pipeline->stages[to].kind == STAGE_LOST;
    size_t first = to;
    if (from < to && !lost && uuid_is_zero(event->undoes)) first = from + 1;
    for (size_t i = first; i <= to; i++) {
        const struct stage *stage = &pipeline->stages[i];
        if (i < to && (stage->kind != STAGE_OPEN || stage->removed)) continue;
        if (gates_hold(world, stage, deal)) continue;
        world_fail(world, "seq %llu: a deal came into %.*s although %.*s forbids it",
                   (unsigned long long)world->oracle.seq, STR_ARGS(event->to_stage),
                   STR_ARGS(stage->key));
    }
}
