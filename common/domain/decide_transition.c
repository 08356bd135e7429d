/* decide_transition.c - pipeline, stage, status, reason and wake date: what means something only
 * together, and where it may go.
 *
 *   created --> OPEN (Lead or a proper stage, gates from Lead on), WON, LOST
 *
 *              move: gates of the stage and of skipped ones; back: the policy of the stage left
 *               __
 *              |  v     win: gates of Won and of skipped stages          reopen: right, gates
 *   DISCARDED <-- OPEN ------------------------------------------> WON --> OPEN
 *     |  ^       |  ^ \---- lose: gates of Lost only ------------> LOST -> OPEN
 *     |  | Lead  v  |                                               ^
 *     |  \----- ICED /  thaw: the same visit goes on                |
 *     |          \---------- lose ----------------------------------/
 *     \--> OPEN: as reopen
 *
 * Moving or winning needs a thaw first. Stage and status imply one another for Won and Lost. What
 * takes an own change back (`undoes`) is asked neither right nor back policy, only the gates of the
 * stage it returns to.
 *
 * Invariant: no deal stands in a stage its definition does not know, and status always fits it. */
#include "common/domain/decision.h"

#include "common/base/check.h"

#include "common/base/banned.h"

bool deal_is_closed(const struct deal *deal)
{
    return deal->status == STATUS_WON || deal->status == STATUS_LOST;
}

/* Everything the judgement looks at. */
struct transition {
    const struct deal *before; /* NULL: created */
    struct deal *after;
    const struct pipeline *pipeline; /* after's */
    const struct stage *from;        /* today's, NULL: entering from nothing or elsewhere */
    const struct stage *to;          /* today's */
    bool moved;                      /* another place: pipeline or stage */
    bool reopened;                   /* from won, lost or discarded */
};

static const char *status_name(int64_t status)
{
    const struct field *field = field_by_name(ENTITY_DEAL, STR("status"));
    const char *name = field_choice_name(field, status);
    return name ? name : "none";
}

static bool status_is_over(int64_t status)
{
    return status == STATUS_WON || status == STATUS_LOST || status == STATUS_DISCARDED;
}

bool transition_fits(const struct pipeline *pipeline, int64_t status, const struct stage *stage)
{
    bool running = stage->kind == STAGE_LEAD || stage->kind == STAGE_OPEN;
    switch ((enum deal_status)status) {
    case STATUS_NONE: return false;
    case STATUS_OPEN:
    case STATUS_ICED: return running;
    case STATUS_WON:
        return stage->kind == STAGE_WON || !pipeline_stage_of_kind(pipeline, STAGE_WON);
    case STATUS_LOST:
        return stage->kind == STAGE_LOST || !pipeline_stage_of_kind(pipeline, STAGE_LOST);
    case STATUS_DISCARDED: return stage->kind == STAGE_LEAD;
    }
    return false; /* a number from outside, refused as a value already */
}

/* --- where it goes --- */

static const struct pipeline *pipeline_find(struct decision *d, struct deal *after, bool created)
{
    const struct definition *definition = d->state->definition;
    if (!after->pipeline.p && created && definition && definition->pipeline_count > 0) {
        after->pipeline = definition->pipelines[0].key;
    }
    if (!after->pipeline.p) {
        decision_refuse_field(d, REASON_REQUIRED, field_by_name(ENTITY_DEAL, STR("pipeline")));
        return NULL;
    }
    const struct pipeline *pipeline =
        definition ? definition_pipeline(definition, after->pipeline) : NULL;
    if (!pipeline) deal_refuse_pipeline(d, after->pipeline);
    return pipeline;
}

/* The stage a status stands for, when only the status was named. */
static void stage_imply(struct transition *t)
{
    const struct deal *before = t->before;
    struct deal *after = t->after;
    enum stage_kind kind = STAGE_NONE;
    if (after->status == STATUS_WON) kind = STAGE_WON;
    if (after->status == STATUS_LOST) kind = STAGE_LOST;
    bool status_named = before ? before->status != after->status : after->status != STATUS_NONE;
    const struct stage *stage = NULL;
    if (kind != STAGE_NONE && status_named) stage = pipeline_stage_of_kind(t->pipeline, kind);
    if (!before && !stage) stage = pipeline_stage_of_kind(t->pipeline, STAGE_LEAD);
    if (!before && !stage) stage = pipeline_stage_of_kind(t->pipeline, STAGE_OPEN);
    if (stage) after->stage = stage->key;
}

/* The status a stage stands for, when only the stage was named. */
static void status_imply(struct transition *t)
{
    struct deal *after = t->after;
    bool status_named =
        t->before ? t->before->status != after->status : after->status != STATUS_NONE;
    if (status_named) return;
    if (t->to->kind == STAGE_WON) after->status = STATUS_WON;
    if (t->to->kind == STAGE_LOST) after->status = STATUS_LOST;
    if (!t->before && after->status == STATUS_NONE) after->status = STATUS_OPEN;
}

static bool stage_refuse_removed(struct decision *d, const struct transition *t,
                                 const struct stage *wanted)
{
    if (!wanted->removed || !t->moved) return false;
    const struct stage *today = pipeline_stage_today(t->pipeline, wanted->key);
    decision_refuse(d, (struct reason){.code = REASON_STAGE_REMOVED,
                                       .stage = wanted->key,
                                       .value = deal_stage_list(d, t->pipeline),
                                       .other = today ? today->name : wanted->successor});
    return true;
}

/* Finds both ends and fills in what one half of the pair implies. False when it is refused. */
static bool ends_find(struct decision *d, struct transition *t)
{
    const struct deal *before = t->before;
    struct deal *after = t->after;
    t->pipeline = pipeline_find(d, after, !before);
    if (!t->pipeline) return false;
    bool same_pipeline = before && str_equal(before->pipeline, after->pipeline);
    t->moved = !same_pipeline || !str_equal(before->stage, after->stage);
    if (before ? !t->moved : !after->stage.p) stage_imply(t);
    if (!after->stage.p) {
        decision_refuse_field(d, REASON_REQUIRED, field_by_name(ENTITY_DEAL, STR("stage")));
        return false;
    }
    t->moved = !same_pipeline || !str_equal(before->stage, after->stage);
    const struct stage *wanted = pipeline_stage(t->pipeline, after->stage);
    if (!wanted) {
        deal_refuse_stage(d, t->pipeline, after->stage);
        return false;
    }
    if (stage_refuse_removed(d, t, wanted)) return false;
    t->to = pipeline_stage_today(t->pipeline, after->stage);
    if (!t->to) t->to = wanted; /* a definition without a living successor */
    if (same_pipeline) t->from = pipeline_stage_today(t->pipeline, before->stage);
    if (same_pipeline && t->moved && t->from == t->to) {
        after->stage = before->stage; /* it is shown there already */
        t->moved = false;
    }
    if (t->moved) status_imply(t);
    t->reopened = before && status_is_over(before->status) && !status_is_over(after->status);
    return true;
}

static bool status_refuse_misfit(struct decision *d, const struct transition *t)
{
    if (transition_fits(t->pipeline, t->after->status, t->to)) return false;
    decision_refuse(d, (struct reason){.code = REASON_STATUS_MISFIT,
                                       .stage = t->to->key,
                                       .value = str_from(status_name(t->after->status))});
    return true;
}

/* --- may it go there --- */

static bool stage_is(struct str stage, int64_t status, struct str stage_then, int64_t status_then)
{
    return str_equal(stage, stage_then) && status == status_then;
}

/* Is this exactly the way back? Who merely says so is judged like everybody. */
static bool transition_undoes(const struct decision *d, const struct transition *t)
{
    if (d->context->predicted) return decision_undoes(d);
    const struct event *event = decision_trace(d, STR_NONE);
    const struct deal *before = t->before, *after = t->after;
    if (!event || !stage_is(after->stage, after->status, event->from_stage, event->from_status)) {
        return false;
    }
    if (event->what == EVENT_DELETED) return !before && str_equal(after->pipeline, event->pipeline);
    if (!before || !stage_is(before->stage, before->status, event->to_stage, event->to_status)) {
        return false;
    }
    struct str then = event->field.n > 0 ? event->from_value : event->pipeline;
    return str_equal(before->pipeline, event->pipeline) && str_equal(after->pipeline, then);
}

/* Reason and date belong to the status that has them. */
static void judge_details(struct decision *d, const struct transition *t)
{
    const struct deal *before = t->before, *after = t->after;
    bool reason_new =
        after->lost_reason.n > 0 && !(before && str_equal(before->lost_reason, after->lost_reason));
    if (reason_new && after->status != STATUS_LOST && after->status != STATUS_DISCARDED) {
        decision_refuse(d, (struct reason){.code = REASON_DEAL_NOT_CLOSED});
    }
    bool wake_new = after->wake_date.has &&
                    !(before && before->wake_date.has && before->wake_date.v == after->wake_date.v);
    if (wake_new && after->status != STATUS_ICED) {
        decision_refuse(d, (struct reason){.code = REASON_DEAL_NOT_ICED});
    }
}

static void judge_gates(struct decision *d, const struct transition *t)
{
    if (!t->moved && !t->reopened) return;
    const struct stage *from = t->reopened ? NULL : t->from;
    if (transition_undoes(d, t))
        from = t->to;
    else
        gate_skips(t->pipeline, from, t->to, &d->refused);
    gate_missing(t->pipeline, t->after, from, t->to, &d->refused);
}

static void judge_back(struct decision *d, const struct transition *t)
{
    bool running = t->to->kind == STAGE_LEAD || t->to->kind == STAGE_OPEN;
    if (!t->moved || !t->from || !running || transition_undoes(d, t)) return;
    if (pipeline_position(t->pipeline, t->to) >= pipeline_position(t->pipeline, t->from)) return;
    if (t->from->back == BACK_MANAGER) (void)decision_may(d, ACTION_BACK_MANAGED);
    if (t->from->back != BACK_NEVER) return;
    decision_refuse(d, (struct reason){.code = REASON_BACK_FORBIDDEN, .stage = t->from->key});
}

static void refuse_closed(struct decision *d, const struct deal *before)
{
    decision_refuse(d, (struct reason){.code = REASON_DEAL_CLOSED,
                                       .value = str_from(status_name(before->status))});
}

/* Out of won, lost or discarded: only by reopening; an undo may also put it back on ice. */
static bool judge_reopening(struct decision *d, const struct transition *t)
{
    const struct deal *before = t->before;
    if (!status_is_over(before->status)) return true;
    bool onto_ice = t->after->status == STATUS_ICED && !transition_undoes(d, t);
    if (!t->reopened || onto_ice) {
        refuse_closed(d, before);
        return false;
    }
    if (transition_undoes(d, t)) return true;
    bool own = uuid_equal(before->owner, d->actor);
    (void)decision_may(d, own ? ACTION_REOPEN_OWN : ACTION_REOPEN_ANY);
    return true;
}

static void judge_passage(struct decision *d, const struct transition *t)
{
    const struct deal *before = t->before, *after = t->after;
    if (before && !judge_reopening(d, t)) return;
    if (before && before->status == STATUS_ICED &&
        (after->status == STATUS_WON || (after->status == STATUS_ICED && t->moved))) {
        decision_refuse(d, (struct reason){.code = REASON_DEAL_ICED});
        return;
    }
    if (status_refuse_misfit(d, t)) return;
    /* A new deal runs, or is over; ice and discarding come later, or back by an undo. */
    if (!before && (after->status == STATUS_ICED || after->status == STATUS_DISCARDED) &&
        !transition_undoes(d, t)) {
        decision_refuse(d, (struct reason){.code = REASON_STATUS_MISFIT,
                                           .stage = t->to->key,
                                           .value = str_from(status_name(after->status))});
    }
    if (before && !t->reopened) judge_back(d, t);
    judge_gates(d, t);
}

/* --- what it leaves behind --- */

static void transition_stamp(struct decision *d, const struct transition *t)
{
    const struct deal *before = t->before;
    struct deal *after = t->after;
    struct optional now = {true, decision_happened_stage(d, before)};
    struct optional never = {false, 0};
    after->stage_changed_at = now;
    if (t->moved || t->reopened) after->stage_entered_at = now;
    after->closed_at = deal_is_closed(after) ? now : never; /* from closed to closed is refused */
    if (!status_is_over(after->status) || after->status == STATUS_WON)
        after->lost_reason = STR_NONE;
    if (after->status != STATUS_ICED) after->wake_date = never;
    if (t->moved) after->attention = false;
}

void transition_judge(struct decision *d, const struct deal *before, struct deal *after)
{
    if (before && str_equal(before->pipeline, after->pipeline) &&
        str_equal(before->stage, after->stage) && before->status == after->status) {
        struct transition resting = {.before = before, .after = after};
        judge_details(d, &resting);
        if (deal_is_closed(before) && !str_equal(before->lost_reason, after->lost_reason)) {
            decision_refuse_field(d, REASON_CLOSING_FIXED,
                                  field_by_name(ENTITY_DEAL, STR("lost_reason")));
        }
        return;
    }
    const struct field *status = field_by_name(ENTITY_DEAL, STR("status"));
    if (before && after->status == STATUS_NONE) {
        decision_refuse_field(d, REASON_REQUIRED, status);
        return;
    }
    if (after->status != STATUS_NONE && !field_choice_name(status, after->status)) return;
    struct transition t = {.before = before, .after = after};
    if (!ends_find(d, &t)) return;
    bool stays = before && !t.moved && before->status == after->status;
    judge_details(d, &t);
    if (stays) return;
    judge_passage(d, &t);
    transition_stamp(d, &t);
}
