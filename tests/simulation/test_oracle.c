/* test_oracle.c - the oracle notices: each broken promise of a server makes a seed fail.
 *
 * An oracle that never says no would let every seed pass; here commits are written by hand, one
 * right and then each of them wrong in one way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"
#include "tests/simulation/world.h"

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

struct fixture {
    struct world *world;
    struct definition definition;
    struct row rows[8];
    size_t count;
    struct outcome outcomes[4];
    size_t outcome_count;
    uint8_t hash[32];
};

static const struct uuid TEAM = {{1}}, REPLICA = {{2}}, DEAL = {{3}};

static struct uuid mutation_id(uint8_t n)
{
    return (struct uuid){{9, n}};
}

static void commit(struct fixture *f, uint64_t from, uint64_t to)
{
    struct store_request request = {.kind = STORE_COMMIT,
                                    .team = TEAM,
                                    .expected_seq = from,
                                    .new_seq = to,
                                    .rows = f->rows,
                                    .row_count = f->count};
    oracle_commit(f->world, &request, from == 0);
    f->count = 0;
}

static void put(struct fixture *f, enum entity_kind kind, struct uuid id, uint64_t seq,
                const void *entity)
{
    f->rows[f->count++] = (struct row){.kind = kind, .id = id, .seq = seq, .entity = entity};
}

static void put_outcome(struct fixture *f, uint64_t seq, uint8_t mutation, int64_t number,
                        enum outcome_kind kind)
{
    struct outcome *outcome = &f->outcomes[f->outcome_count++];
    *outcome = (struct outcome){.replica = REPLICA,
                                .number = number,
                                .kind = kind,
                                .mutation = mutation_id(mutation),
                                .payload_hash = {(const char *)f->hash, 32}};
    put(f, ENTITY_OUTCOME, REPLICA, seq, outcome);
    f->rows[f->count - 1].n = (uint32_t)number;
}

/* A deal created in `contact` by mutation 1, as seq 2; then mutation 2, as seq 3. */
static bool runs_with(enum wrong wrong)
{
    struct fixture f = {.world = calloc(1, sizeof *f.world)};
    assert_non_null(f.world);
    struct world *world = f.world;
    oracle_init(&world->oracle);
    codec_payload_hash(STR("payload"), f.hash);
    assert_int_equal(definition_default(&world->oracle.arena, TEAM, &f.definition), FAULT_NONE);
    struct team team = {.id = TEAM, .name = STR("Team"), .currency = STR("EUR")};
    put(&f, ENTITY_TEAM, TEAM, 1, &team);
    put(&f, ENTITY_DEFINITION, TEAM, 1, &f.definition);
    struct organisation organisation = {.id = {{4}}, .name = STR("Firm")};
    put(&f, ENTITY_ORGANISATION, organisation.id, 1, &organisation);
    commit(&f, 0, 1);

    if (wrong != WRONG_NOBODY_MADE_IT) oracle_promise(world, mutation_id(1), STR("payload"), 0);
    oracle_promise(world, mutation_id(2), STR("payload"), 0);
    if (wrong == WRONG_OTHER_PAYLOAD) f.hash[0] ^= 1;
    struct deal deal = {.id = DEAL,
                        .title = STR("Roof"),
                        .pipeline = STR("sales"),
                        .stage = STR("contact"),
                        .status = STATUS_OPEN,
                        .organisation = {{4}}};
    if (wrong == WRONG_PARENT) deal.organisation = (struct uuid){{5}};
    if (wrong == WRONG_GATE) deal.organisation = (struct uuid){{0}};
    struct event event = {.subject = DEAL,
                          .subject_kind = ENTITY_DEAL,
                          .what = EVENT_CREATED,
                          .pipeline = STR("sales"),
                          .to_stage = STR("contact"),
                          .to_status = STATUS_OPEN};
    put(&f, ENTITY_DEAL, DEAL, 2, &deal);
    put(&f, ENTITY_EVENT, DEAL, 2, &event);
    if (wrong != WRONG_NO_OUTCOME)
        put_outcome(&f, 2, 1, wrong == WRONG_NUMBER_GAP ? 2 : 1, OUTCOME_APPLIED);
    commit(&f, wrong == WRONG_SEQ_SKIPPED ? 2 : 1, wrong == WRONG_SEQ_SKIPPED ? 3 : 2);
    if (!world->failed && wrong != WRONG_NEVER_ANSWERED) {
        enum outcome_kind kind = OUTCOME_APPLIED;
        if (wrong == WRONG_PARKED_WITHOUT_RECORD) kind = OUTCOME_PARKED;
        if (wrong == WRONG_TWICE) put(&f, ENTITY_DEAL, DEAL, 3, &deal);
        put_outcome(&f, 3, wrong == WRONG_TWICE ? 1 : 2, 2, kind);
        commit(&f, 2, 3);
    }
    if (!world->failed) oracle_check_end(world);
    bool ok = !world->failed;
    oracle_finish(&world->oracle);
    free(world);
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
