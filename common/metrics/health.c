/* health.c - judging open deals by norms of the won ones.
 *
 * Called by client/verbs/work_view.c. Invariant: a flag is set only together with a reason, and what
 * machines did in bulk (imports, batches) is never a touch. */
#include "common/metrics/health.h"

#include "common/metrics/health_inside.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

enum {
    STEP_SOON_DAYS = 7,
    INBOUND_DAYS = 14,
    STEADY_DAYS = 30,
    SUPPRESS_DAYS = 30, /* a next step further off does not excuse silence */
    HOT_POINTS = 4,
    WARM_POINTS = 2
};

static const struct {
    const char *name, *sentence;
} reasons[HEALTH_REASON_COUNT] = {
    [HEALTH_SLOW_OWN] = {"slow-own", "in this stage for {stay}; it allows {bears}"},
    [HEALTH_SLOW_USUAL] = {"slow-usual", "in this stage for {stay}; three in four won deals took "
                                         "{bears} or less"},
    [HEALTH_SLOW_EXPECTED] = {"slow-expected", "in this stage for {stay}; {bears} are expected"},
    [HEALTH_SLOW_AGE] = {"slow-age", "{age} old; nine in ten won deals took {cycle} or less"},
    [HEALTH_QUIET] = {"quiet", "no touch for {silence}; this stage bears {quiet}"},
    [HEALTH_UNTOUCHED] = {"untouched", "no touch is known; this stage bears {quiet} without"},
    [HEALTH_STEP_SOON] = {"step-soon", "the next step is within 7 days"},
    [HEALTH_INBOUND] = {"inbound", "they wrote within 14 days"},
    [HEALTH_BRISK] = {"brisk", "not longer in this stage than half the won deals were"},
    [HEALTH_STEADY] = {"steady", "the close was not pushed in 30 days"},
    [HEALTH_DECIDER] = {"decider", "the decision maker is known"},
    [HEALTH_SILENT] = {"silent", "neither a next step soon nor word from them"},
    [HEALTH_STEP_OVERDUE] = {"step-overdue", "the next step was due {due}"},
    [HEALTH_CLOSE_OVERDUE] = {"close-overdue", "the expected close has passed: {close}"},
    [HEALTH_NO_STEP] = {"no-step", "there is no next step"},
    [HEALTH_WAITING] = {"waiting", "a change waits to be sent"},
    [HEALTH_CONFLICT] = {"conflict", "a conflict waits for an answer; see `sluice inbox`"},
    [HEALTH_ATTENTION] = {"gates", "it stands where the gates would not have let it in"},
};

const char *health_reason_name(enum health_reason reason)
{
    return reason < HEALTH_REASON_COUNT ? reasons[reason].name : "";
}

const char *health_reason_sentence(enum health_reason reason)
{
    return reason < HEALTH_REASON_COUNT ? reasons[reason].sentence : "";
}

/* --- what the past of a deal tells --- */

static void optional_raise(struct optional *latest, struct optional at, int64_t now_ms)
{
    if (!at.has || at.v > now_ms || (latest->has && latest->v >= at.v)) return;
    *latest = at;
}

void touches_add(struct touches *touches, const struct activity *activity, int64_t now_ms)
{
    if (activity->type <= ACTIVITY_NONE || activity->type > ACTIVITY_NOTE) return;
    optional_raise(&touches->last, activity->happened_at, now_ms);
    if (activity->type != ACTIVITY_MAIL_IN) return;
    optional_raise(&touches->last_inbound, activity->happened_at, now_ms);
}

/* A person's single change of stage or next step; creating it is the first. */
static bool event_touches(const struct event *event)
{
    if (!uuid_is_zero(event->batch) || uuid_is_zero(event->who)) return false;
    if (event->what == EVENT_CREATED || event->what == EVENT_STAGE) return true;
    return event->what == EVENT_FIELD &&
           (str_equal(event->field, STR("next_step")) || str_equal(event->field, STR("due")));
}

/* A move of the expected close to a later calendar month. */
static bool event_pushes(const struct event *event)
{
    int64_t from, to;
    if (event->what != EVENT_FIELD || !str_equal(event->field, STR("expected_close"))) return false;
    if (date_parse_iso(event->from_value, &from) || date_parse_iso(event->to_value, &to)) {
        return false;
    }
    return month_end(from) < month_end(to);
}

/* --- judging one --- */

struct judging {
    const struct health_norms *norms;
    const struct health_question *question;
    const struct deal *deal;
    const struct pipeline *pipeline;
    const struct stage *stage;
    struct optional inbound, pushed;
    struct health *out;
};

static void reason_add(struct health *health, enum health_reason reason)
{
    health->why |= UINT32_C(1) << reason;
}

static bool reason_has(const struct health *health, enum health_reason reason)
{
    return (health->why >> reason & 1) != 0;
}

static void flag_add(struct health *health, enum deal_is is)
{
    health->is |= UINT32_C(1) << is;
}

static bool within(const struct judging *j, struct optional at, int64_t days)
{
    return at.has && j->question->now_ms - at.v <= days * DAY_MS;
}

/* Days from today until the next step is due; false without one. */
static bool step_ahead(const struct judging *j, int64_t most)
{
    const struct deal *deal = j->deal;
    return deal->next_step.n > 0 && deal->due.has && deal->due.v >= j->question->today &&
           deal->due.v <= j->question->today + most;
}

static void judge_dates(struct judging *j)
{
    const struct deal *deal = j->deal;
    if (deal->due.has && deal->due.v < j->question->today) {
        flag_add(j->out, IS_OVERDUE);
        reason_add(j->out, HEALTH_STEP_OVERDUE);
    }
    if (deal->expected_close.has && deal->expected_close.v < j->question->today) {
        flag_add(j->out, IS_OVERDUE);
        reason_add(j->out, HEALTH_CLOSE_OVERDUE);
    }
    if (deal->next_step.n > 0) return;
    flag_add(j->out, IS_NO_NEXT_STEP);
    reason_add(j->out, HEALTH_NO_STEP);
}

static void judge_slow(struct judging *j)
{
    const struct stage *stage = j->stage;
    const struct stage_norm *norm = health_stage_norm(j->norms, j->pipeline, stage);
    struct optional stay = j->out->stage_ms, longest =
        health_pipeline_norm(j->norms, j->pipeline)->longest;
    enum health_reason reason = HEALTH_SLOW_EXPECTED;
    int64_t limit = stage->expected_days * DAY_MS, age;
    if (stage->slow_days > 0) {
        reason = HEALTH_SLOW_OWN;
        limit = stage->slow_days * DAY_MS;
    } else if (norm->usual.has) {
        reason = HEALTH_SLOW_USUAL;
        limit = norm->usual.v;
    }
    bool known = limit > 0 || reason == HEALTH_SLOW_USUAL;
    j->out->bears_ms = (struct optional){known, limit};
    j->out->cycle_ms = longest;
    if (known && stay.has && stay.v > limit) reason_add(j->out, reason);
    if (history_cycle(&j->norms->history, j->question->now_ms, &age)) {
        j->out->age_ms = (struct optional){true, age};
        if (longest.has && age > longest.v) reason_add(j->out, HEALTH_SLOW_AGE);
    }
    uint32_t slow = 1u << HEALTH_SLOW_OWN | 1u << HEALTH_SLOW_USUAL | 1u << HEALTH_SLOW_EXPECTED |
                    1u << HEALTH_SLOW_AGE;
    if (j->out->why & slow) flag_add(j->out, IS_SLOW);
}

static void judge_quiet(struct judging *j)
{
    int64_t days = j->stage->quiet_days > 0 ? j->stage->quiet_days : HEALTH_QUIET_DAYS;
    j->out->quiet_days = days;
    /* What is younger than that cannot have been silent for so long. */
    struct optional since = j->out->last_touch.has ? j->out->last_touch : j->deal->created_at;
    if (step_ahead(j, SUPPRESS_DAYS) || within(j, since, days)) return;
    flag_add(j->out, IS_QUIET);
    reason_add(j->out, j->out->last_touch.has ? HEALTH_QUIET : HEALTH_UNTOUCHED);
}

/* The check "people" (we talk to the right people) where the pipeline has it, else a contact. */
static bool decider_known(const struct judging *j)
{
    if (pipeline_check(j->pipeline, STR("people"))) {
        return text_set_has(j->deal->checks, STR("people"));
    }
    return !uuid_is_zero(j->deal->contact);
}

static void judge_temperature(struct judging *j)
{
    struct health *out = j->out;
    const struct stage_norm *norm = health_stage_norm(j->norms, j->pipeline, j->stage);
    if (step_ahead(j, STEP_SOON_DAYS)) reason_add(out, HEALTH_STEP_SOON);
    if (within(j, j->inbound, INBOUND_DAYS)) reason_add(out, HEALTH_INBOUND);
    if (norm->median.has && out->stage_ms.has && out->stage_ms.v <= norm->median.v) {
        reason_add(out, HEALTH_BRISK);
    }
    if (!within(j, j->pushed, STEADY_DAYS)) reason_add(out, HEALTH_STEADY);
    if (decider_known(j)) reason_add(out, HEALTH_DECIDER);
    int points = 0;
    for (int i = HEALTH_STEP_SOON; i <= HEALTH_DECIDER; i++) {
        if (reason_has(out, (enum health_reason)i)) points++;
    }
    if (!reason_has(out, HEALTH_STEP_SOON) && !reason_has(out, HEALTH_INBOUND)) {
        reason_add(out, HEALTH_SILENT);
        flag_add(out, IS_COLD);
    } else if (points >= HOT_POINTS && !(out->is & 1u << IS_OVERDUE)) {
        flag_add(out, IS_HOT);
    } else {
        flag_add(out, points >= WARM_POINTS ? IS_WARM : IS_COLD);
    }
}

/* Reads the events: touches by hand, pushes, and the time in the stage. */
static void judge_past(struct judging *j, const struct row *events, size_t count)
{
    const struct history *h = &j->norms->history;
    int64_t now_ms = j->question->now_ms, ms;
    for (size_t i = 0; i < count; i++) {
        const struct event *event = events[i].entity;
        if (h->undone[i]) continue;
        if (event_touches(event)) optional_raise(&j->out->last_touch, event->happened_at, now_ms);
        if (event_pushes(event)) optional_raise(&j->pushed, event->happened_at, now_ms);
    }
    const struct visit *last = h->count > 0 ? &h->visits[h->count - 1] : NULL;
    if (last && !last->ended && last->stage == j->stage) {
        if (visit_elapsed(last, now_ms, &ms)) j->out->stage_ms = (struct optional){true, ms};
    } else if (j->deal->stage_entered_at.has && j->deal->stage_entered_at.v <= now_ms) {
        /* No history, or not all of it: what the deal itself says. */
        j->out->stage_ms = (struct optional){true, now_ms - j->deal->stage_entered_at.v};
    }
}

enum fault health_judge(struct health_norms *norms, const struct health_question *question,
                        const struct deal *deal, const struct row *events, size_t count,
                        const struct touches *touches, struct health *out)
{
    struct judging j = {.norms = norms, .question = question, .deal = deal, .out = out,
                        .inbound = touches->last_inbound};
    *out = (struct health){.last_touch = touches->last};
    if (deal->status != STATUS_OPEN) return FAULT_NONE;
    judge_dates(&j);
    j.pipeline = definition_pipeline(norms->definition, deal->pipeline);
    j.stage = j.pipeline ? pipeline_stage_today(j.pipeline, deal->stage) : NULL;
    if (!j.stage || j.stage->kind != STAGE_OPEN) return FAULT_NONE;
    enum fault fault = history_build(&norms->history, norms->arena, norms->definition, deal,
                                     events, count);
    if (fault) return fault;
    judge_past(&j, events, count);
    judge_slow(&j);
    judge_quiet(&j);
    if (out->is & (1u << IS_SLOW | 1u << IS_QUIET)) flag_add(out, IS_STALE);
    judge_temperature(&j);
    return FAULT_NONE;
}
