/* decide_import.c - IMPORT: a deal where it stood elsewhere, with what is known of its past.
 *
 * The only mutation that may put a deal behind gates it does not satisfy: it is marked `attention`,
 * and goes onward through gates only. Invariant: an unknown time stays unknown; known times of one
 * deal never run backwards (the claim is kept). */
#include "common/domain/decision.h"

#include "common/base/check.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

struct past {
    const struct pipeline *pipeline;
    struct stand *stands;
    size_t count;
};

static void past_add(struct past *past, struct str stage, int64_t status, struct optional since)
{
    past->stands[past->count++] = (struct stand){.stage = stage, .status = status, .since = since};
}

static void since_check(struct decision *d, const struct stand *stand)
{
    if (!stand->since.has) return;
    if (stand->since.v > d->recorded + CLAIM_AHEAD_MS) {
        decision_refuse(d, (struct reason){.code = REASON_IN_FUTURE, .field = STR("since")});
    }
    if (stand->since.v < DATE_MIN * DAY_MS) {
        decision_refuse(d, (struct reason){.code = REASON_NUMBER_RANGE,
                                           .field = STR("since"),
                                           .value = STR("1900-01-01"),
                                           .other = STR("9999-12-31")});
    }
}

/* Other systems keep the stage of a won or lost deal and change only its status: then it stood in
 * that stage, and was closed from there. */
static void past_add_stand(struct decision *d, struct past *past, const struct stand *stand)
{
    const struct pipeline *pipeline = past->pipeline;
    const struct stage *stage = pipeline_stage(pipeline, stand->stage);
    int64_t status = stand->status;
    since_check(d, stand);
    if (!stage) {
        deal_refuse_stage(d, pipeline, stand->stage);
        return;
    }
    if (status == STATUS_NONE || status == STATUS_OPEN) {
        status = STATUS_OPEN;
        if (stage->kind == STAGE_WON) status = STATUS_WON;
        if (stage->kind == STAGE_LOST) status = STATUS_LOST;
    }
    bool closes = status == STATUS_WON || status == STATUS_LOST;
    bool running = stage->kind == STAGE_OPEN || stage->kind == STAGE_LEAD;
    const struct stage *end =
        closes ? pipeline_stage_of_kind(pipeline, status == STATUS_WON ? STAGE_WON : STAGE_LOST)
               : NULL;
    if (running && end) {
        bool known = past->count > 0 && str_equal(past->stands[past->count - 1].stage, stage->key);
        if (!known) past_add(past, stage->key, STATUS_OPEN, (struct optional){false, 0});
        stage = end;
    }
    if (!transition_fits(pipeline, status, stage)) {
        const struct field *field = field_by_name(ENTITY_DEAL, STR("status"));
        const char *name = field_choice_name(field, status);
        decision_refuse(
            d, (struct reason){.code = REASON_STATUS_MISFIT,
                               .stage = stage->key,
                               .value = name ? str_from(name) : decision_number(d, status)});
    }
    past_add(past, stage->key, status, stand->since);
}

static bool past_make(struct decision *d, struct deal *deal, struct past *past)
{
    const struct mutation *mutation = d->mutation;
    const struct definition *definition = d->state->definition;
    if (!deal->pipeline.p && definition && definition->pipeline_count > 0) {
        deal->pipeline = definition->pipelines[0].key;
    }
    past->pipeline = definition ? definition_pipeline(definition, deal->pipeline) : NULL;
    if (!past->pipeline) {
        deal_refuse_pipeline(d, deal->pipeline);
        return false;
    }
    if (mutation->stand_count == 0 && !deal->stage.p) {
        decision_refuse_field(d, REASON_REQUIRED, field_by_name(ENTITY_DEAL, STR("stage")));
        return false;
    }
    /* Each may become two; a stage named without any stand is the one there is. */
    past->stands = arena_array(d->arena, 2 * mutation->stand_count + 2, sizeof *past->stands);
    if (!past->stands) return false;
    if (mutation->stand_count == 0) {
        struct stand only = {.stage = deal->stage, .status = deal->status};
        past_add_stand(d, past, &only);
    }
    for (size_t i = 0; i < mutation->stand_count; i++) {
        past_add_stand(d, past, &mutation->stands[i]);
    }
    if (past->count == 0) return false;
    const struct stand *last = &past->stands[past->count - 1];
    const struct stage *stage = pipeline_stage(past->pipeline, last->stage);
    if (stage && stage->removed) {
        const struct stage *today = pipeline_stage_today(past->pipeline, stage->key);
        decision_refuse(d, (struct reason){.code = REASON_STAGE_REMOVED,
                                           .stage = stage->key,
                                           .value = deal_stage_list(d, past->pipeline),
                                           .other = today ? today->name : stage->successor});
    }
    return true;
}

/* Where it stands now, and since when, as far as it is known. */
static void deal_place(struct decision *d, const struct past *past, struct deal *deal)
{
    const struct optional unknown = {false, 0};
    int64_t latest = INT64_MIN;
    struct optional now = unknown;
    for (size_t i = 0; i < past->count; i++) {
        const struct stand *stand = &past->stands[i];
        now = stand->since;
        if (now.has && now.v > d->recorded) now.v = d->recorded;
        if (now.has && now.v < latest) now.v = latest;
        if (now.has) latest = now.v;
        if (i == 0 || !str_equal(stand->stage, past->stands[i - 1].stage)) {
            deal->stage_entered_at = now;
        }
        if (i == 0) deal->created_at = now;
    }
    const struct stand *last = &past->stands[past->count - 1];
    deal->stage = last->stage;
    deal->status = last->status;
    deal->closed_at = deal_is_closed(deal) ? now : unknown;
    deal->stage_changed_at = latest == INT64_MIN ? unknown : (struct optional){true, latest};
    if (deal->status != STATUS_LOST && deal->status != STATUS_DISCARDED)
        deal->lost_reason = STR_NONE;
    if (deal->status != STATUS_ICED) deal->wake_date = unknown;
}

static void past_tell(struct decision *d, const struct past *past, const struct deal *deal)
{
    const struct stand *before = NULL;
    int64_t latest = INT64_MIN;
    for (size_t i = 0; i < past->count; i++) {
        const struct stand *stand = &past->stands[i];
        struct event *event = history_add(d, EVENT_IMPORTED, deal);
        if (!event) return;
        event->claimed_at = event->happened_at = stand->since;
        if (stand->since.has) {
            if (event->happened_at.v > d->recorded) event->happened_at.v = d->recorded;
            if (event->happened_at.v < latest) event->happened_at.v = latest;
            latest = event->happened_at.v;
        }
        event->from_stage = before ? before->stage : STR_NONE;
        event->from_status = before ? before->status : STATUS_NONE;
        event->to_stage = stand->stage;
        event->to_status = stand->status;
        before = stand;
    }
}

static void import_mark(const struct past *past, struct deal *deal)
{
    const struct stage *stage = pipeline_stage(past->pipeline, deal->stage);
    if (!stage || deal->status == STATUS_DISCARDED) return;
    struct reasons missing = {.count = 0};
    gate_missing(past->pipeline, deal, NULL, stage, &missing);
    bool worthless = deal->status == STATUS_WON && !deal->value.has;
    deal->attention = missing.count > 0 || worthless;
}

static bool stand_is_equal(const struct decision *d, const struct past *past)
{
    const struct deal *deal = state_find(d->state, ENTITY_DEAL, d->mutation->target);
    const struct stand *last = &past->stands[past->count - 1];
    return deal && str_equal(deal->stage, last->stage) && deal->status == last->status;
}

/* Stage and status may be named beside the stands, but not otherwise. */
static void import_judge_place(struct decision *d, const struct deal *deal)
{
    if (d->mutation->stand_count == 0) return; /* then they were the only stand */
    const char *names[] = {"stage", "status"};
    for (size_t i = 0; i < 2; i++) {
        const struct edit *edit = decision_edit(d, names[i]);
        if (!edit || value_equal(edit->want, field_get(edit->field, deal))) continue;
        decision_refuse_field(d, REASON_FIELD_FIXED, edit->field);
    }
}

void decide_import(struct decision *d)
{
    if (d->kind != ENTITY_DEAL) {
        decision_refuse(d, (struct reason){.code = REASON_KIND_UNKNOWN});
        return;
    }
    (void)decision_may(d, ACTION_IMPORT);
    struct deal *deal = arena_alloc(d->arena, sizeof *deal);
    if (!deal) return;
    create_allow_fields(d, FIELD_EDITABLE | FIELD_IMPORTED);
    create_fill(d, deal);
    struct past past = {.count = 0};
    if (!past_make(d, deal, &past)) return;
    if (create_exists(d, stand_is_equal(d, &past))) return;
    create_check_references(d);
    deal->id = d->mutation->target;
    deal->created_by = d->actor;
    deal->probability_by_hand = deal->probability.has;
    deal_place(d, &past, deal);
    import_judge_place(d, deal);
    deal_complete_money(d, deal);
    deal_judge_checks(d, NULL, deal);
    content_required(d, deal, false);
    if (d->refused.count > 0) return;
    import_mark(&past, deal);
    decision_row(d, ENTITY_DEAL, deal->id, deal);
    past_tell(d, &past, deal);
    inbox_creation_settled(d);
}
