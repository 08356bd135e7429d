/* decide_deal.c - the rules of a deal as a whole, and of an activity: what no single value says.
 *
 * Called with the deal as it stood and as it would be, after its units were merged; the stage comes
 * last, because gates look at all the rest. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/base/calendar.h"

#include "common/base/banned.h"

static bool optional_equal(struct optional a, struct optional b)
{
    return a.has == b.has && (!a.has || a.v == b.v);
}

/* --- single rules --- */

void deal_complete_money(struct decision *d, struct deal *deal)
{
    if (!deal->value.has || deal->currency.n > 0) return;
    /* Nobody said a word about the currency: it is the team's. */
    if (!decision_edit(d, "currency") && d->state->team && d->state->team->currency.n > 0) {
        deal->currency = d->state->team->currency;
        return;
    }
    decision_refuse(d, (struct reason){.code = REASON_VALUE_WITHOUT_CURRENCY});
}

static void judge_money(struct decision *d, const struct deal *before, const struct deal *after)
{
    if (!before || !deal_is_closed(before) || !deal_is_closed(after)) return;
    if (d->mutation->kind == MUTATION_CORRECT) return;
    const char *changed = NULL;
    if (!str_equal(before->currency, after->currency)) changed = "currency";
    if (!optional_equal(before->value, after->value)) changed = "value";
    if (!changed) return;
    const struct field *field = field_by_name(ENTITY_DEAL, str_from(changed));
    decision_refuse_field(d, REASON_CLOSING_FIXED, field);
}

/* By hand is a percentage that is there: giving one sets the hand, taking the hand takes it. */
static void complete_probability(const struct deal *before, struct deal *deal)
{
    bool percent_same = before && optional_equal(before->probability, deal->probability);
    bool hand_taken = before && before->probability_by_hand && !deal->probability_by_hand;
    if (percent_same && hand_taken) deal->probability = (struct optional){false, 0};
    deal->probability_by_hand = deal->probability.has;
}

static void judge_owner(struct decision *d, const struct deal *before, const struct deal *after)
{
    struct uuid from = before ? before->owner : d->actor;
    if (uuid_equal(from, after->owner)) return;
    bool own = uuid_is_zero(from) || uuid_equal(from, d->actor);
    (void)decision_may(d, own ? ACTION_ASSIGN_OWN : ACTION_ASSIGN_ANY);
}

static int64_t month_of(int64_t days)
{
    struct civil civil = civil_from_days(days);
    return (int64_t)civil.year * 12 + civil.month;
}

/* A push is a move to a later month. Taking a push back takes it off the count; an undo is never a
 * push itself. */
static void count_push(const struct decision *d, const struct deal *before, struct deal *after)
{
    if (!before->expected_close.has || !after->expected_close.has) return;
    int64_t from = month_of(before->expected_close.v), to = month_of(after->expected_close.v);
    int64_t count = before->push_count.has ? before->push_count.v : 0;
    if (!decision_undoes(d) && to > from) after->push_count = (struct optional){true, count + 1};
    bool taken_back = d->context->predicted || decision_trace(d, STR("expected_close"));
    if (decision_undoes(d) && taken_back && to < from && count > 0) {
        after->push_count = (struct optional){count > 1, count - 1};
    }
}

void deal_judge_checks(struct decision *d, const struct deal *before, const struct deal *after)
{
    if (!d->state->definition) return; /* refused for its pipeline already */
    if (decision_undoes(d)) return;    /* it held before, perhaps from another pipeline's time */
    const struct pipeline *pipeline = definition_pipeline(d->state->definition, after->pipeline);
    for (size_t i = 0; pipeline && i < after->checks.count; i++) {
        struct str key = after->checks.items[i];
        if (before && text_set_has(before->checks, key)) continue;
        if (pipeline_check(pipeline, key)) continue;
        struct str list = STR("");
        for (size_t k = 0; k < pipeline->check_count; k++) {
            list = arena_format(d->arena, "%.*s%s%.*s", STR_ARGS(list), k > 0 ? ", " : "",
                                STR_ARGS(pipeline->checks[k].key));
        }
        decision_refuse(d, (struct reason){.code = REASON_CHECK_UNKNOWN,
                                           .value = decision_quote(d, key),
                                           .other = list});
    }
}

void deal_judge(struct decision *d, const struct deal *before, struct deal *after)
{
    complete_probability(before, after);
    judge_owner(d, before, after);
    if (before) count_push(d, before, after);
    deal_complete_money(d, after);
    transition_judge(d, before, after);
    judge_money(d, before, after);
    deal_judge_checks(d, before, after);
}

/* --- activities --- */

void activity_judge(struct decision *d, const struct activity *before, struct activity *after)
{
    if (uuid_is_zero(after->deal) && uuid_is_zero(after->organisation) &&
        uuid_is_zero(after->person)) {
        decision_refuse(d,
                        (struct reason){.code = REASON_REQUIRED, .field = STR("deal|org|person")});
    }
    struct uuid from = before ? before->member : d->actor;
    if (!uuid_equal(from, after->member)) (void)decision_may(d, ACTION_ASSIGN_ANY);
    if (!after->happened_at.has) {
        decision_refuse(d, (struct reason){.code = REASON_REQUIRED, .field = STR("happened_at")});
    } else if (after->happened_at.v > d->recorded + CLAIM_AHEAD_MS) {
        decision_refuse(d, (struct reason){.code = REASON_IN_FUTURE, .field = STR("happened_at")});
    } else if (after->happened_at.v > d->recorded) {
        after->happened_at.v = d->recorded;
    }
}
