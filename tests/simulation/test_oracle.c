/* test_oracle.c - the oracle notices: each broken promise of a server makes a seed fail.
 *
 * An oracle that never says no would let every seed pass; here commits are written by hand, one
 * right and then each of them wrong in one way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/simulation/by_hand.h"

enum wrong {
    WRONG_NOTHING,
    WRONG_SEQ_SKIPPED,
    WRONG_NO_OUTCOME,
    WRONG_NUMBER_GAP,
    WRONG_NOBODY_MADE_IT,
    WRONG_OTHER_PAYLOAD,
    WRONG_TWICE,
    WRONG_PARKED_WITHOUT_RECORD,
    WRONG_GATE,
    WRONG_PARENT,
    WRONG_NEVER_ANSWERED
};

/* A deal created in `contact` by mutation 1, as seq 2; then mutation 2, which wants what is so already,
 * as seq 3. */
static void deal_make(struct by_hand *hand, enum wrong wrong, struct deal *deal, struct event *event)
{
    static const struct uuid nowhere = {{5}};
    struct uuid firm = wrong == WRONG_PARENT ? nowhere : HAND_FIRM;
    struct edit edits[3] = {by_hand_text("title", "", "Roof"), by_hand_text("stage", "", "contact"),
                            by_hand_text("org", "", "")};
    edits[2].base = value_absent(VALUE_REFERENCE);
    edits[2].want = value_reference(firm);
    size_t count = wrong == WRONG_GATE ? 2 : 3;
    struct mutation mutation = by_hand_mutation(1, MUTATION_CREATE, edits, count);
    *deal = (struct deal){.id = HAND_DEAL,
                          .title = STR("Roof"),
                          .pipeline = STR("sales"),
                          .stage = STR("contact"),
                          .status = STATUS_OPEN,
                          .owner = HAND_REP,
                          .created_by = HAND_REP,
                          .organisation = firm};
    if (wrong == WRONG_GATE) deal->organisation = (struct uuid){{0}};
    *event = (struct event){.subject = HAND_DEAL,
                            .subject_kind = ENTITY_DEAL,
                            .what = EVENT_CREATED,
                            .who = HAND_REP,
                            .mutation = by_hand_id(1),
                            .pipeline = STR("sales"),
                            .to_stage = STR("contact"),
                            .to_status = STATUS_OPEN};
    by_hand_put(hand, ENTITY_DEAL, HAND_DEAL, 2, deal);
    by_hand_put(hand, ENTITY_EVENT, HAND_DEAL, 2, event);
    if (wrong != WRONG_NOBODY_MADE_IT) by_hand_made(hand, 1, &mutation);
    if (wrong == WRONG_NO_OUTCOME) return;
    struct outcome *outcome = by_hand_answer(hand, 2, 1, wrong == WRONG_NUMBER_GAP ? 2 : 1,
                                             OUTCOME_APPLIED, HAND_REP);
    if (wrong == WRONG_OTHER_PAYLOAD) outcome->payload_hash.n = 31;
}

static bool runs_with(enum wrong wrong)
{
    struct by_hand hand;
    struct deal deal;
    struct event event;
    by_hand_open(&hand);
    struct edit same = by_hand_text("title", "Roof", "Roof");
    struct mutation second = by_hand_mutation(2, MUTATION_EDIT, &same, 1);
    deal_make(&hand, wrong, &deal, &event);
    by_hand_made(&hand, 2, &second);
    by_hand_commit(&hand, wrong == WRONG_SEQ_SKIPPED ? 2 : 1, wrong == WRONG_SEQ_SKIPPED ? 3 : 2);
    if (by_hand_holds(&hand) && wrong != WRONG_NEVER_ANSWERED) {
        enum outcome_kind kind = OUTCOME_APPLIED;
        if (wrong == WRONG_PARKED_WITHOUT_RECORD) kind = OUTCOME_PARKED;
        if (wrong == WRONG_TWICE) by_hand_put(&hand, ENTITY_DEAL, HAND_DEAL, 3, &deal);
        by_hand_answer(&hand, 3, wrong == WRONG_TWICE ? 1 : 2, 2, kind, HAND_REP);
        by_hand_commit(&hand, 2, 3);
    }
    if (by_hand_holds(&hand)) oracle_check_end(hand.world);
    bool ok = by_hand_holds(&hand);
    by_hand_close(&hand);
    return ok;
}

static void test_oracle_notices(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        enum wrong wrong;
    } table[] = {
        {"a commit goes through at another seq", WRONG_SEQ_SKIPPED},
        {"a seq without an outcome", WRONG_NO_OUTCOME},
        {"the numbers of a copy have a gap", WRONG_NUMBER_GAP},
        {"a mutation that nobody made is answered", WRONG_NOBODY_MADE_IT},
        {"the payload is another one", WRONG_OTHER_PAYLOAD},
        {"a mutation takes effect twice", WRONG_TWICE},
        {"parked without its payload", WRONG_PARKED_WITHOUT_RECORD},
        {"a deal in a stage whose gate forbids it", WRONG_GATE},
        {"a deal of an organisation that never was", WRONG_PARENT},
        {"a mutation is never answered", WRONG_NEVER_ANSWERED},
    };
    assert_true(runs_with(WRONG_NOTHING));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (runs_with(table[i].wrong)) fail_msg("not noticed: %s", table[i].claim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_oracle_notices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
