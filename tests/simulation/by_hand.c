/* by_hand.c - see by_hand.h. */
#include "tests/simulation/by_hand.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

static const size_t HAND_BYTES_MAX = (size_t)16 * 1024 * 1024;

const struct uuid HAND_TEAM = {{1}}, HAND_REPLICA = {{2}}, HAND_DEAL = {{3}}, HAND_FIRM = {{4}};
const struct uuid HAND_OWNER = {{6}}, HAND_REP = {{7}}, HAND_OTHER = {{8}}, HAND_VIEWER = {{10}};

struct uuid by_hand_id(uint8_t n)
{
    return (struct uuid){{9, n}};
}

void by_hand_put(struct by_hand *hand, enum entity_kind kind, struct uuid id, uint64_t seq,
                 const void *entity)
{
    check(hand->count < HAND_ROWS_MAX);
    hand->rows[hand->count++] = (struct row){
        .kind = kind, .id = id, .seq = seq, .removed = entity == NULL, .entity = entity};
}

void by_hand_commit(struct by_hand *hand, uint64_t from, uint64_t to)
{
    struct store_request request = {.kind = STORE_COMMIT,
                                    .team = HAND_TEAM,
                                    .expected_seq = from,
                                    .new_seq = to,
                                    .rows = hand->rows,
                                    .row_count = hand->count};
    oracle_commit(hand->world, &request, from == 0);
    hand->count = 0;
}

void by_hand_open(struct by_hand *hand)
{
    static const struct member members[] = {{.id = {{6}}, .role = ROLE_OWNER},
                                            {.id = {{7}}, .role = ROLE_REP},
                                            {.id = {{8}}, .role = ROLE_REP},
                                            {.id = {{10}}, .role = ROLE_VIEWER}};
    static const struct team team = {
        .id = {{1}}, .name = STR_INIT("Team"), .currency = STR_INIT("EUR")};
    static const struct organisation firm = {.id = {{4}}, .name = STR_INIT("Firm")};
    *hand = (struct by_hand){.world = calloc(1, sizeof *hand->world)};
    check(hand->world != NULL);
    arena_init(&hand->arena, HAND_BYTES_MAX);
    oracle_init(&hand->world->oracle);
    check(definition_default(&hand->arena, HAND_TEAM, &hand->definition) == FAULT_NONE);
    by_hand_put(hand, ENTITY_TEAM, HAND_TEAM, 1, &team);
    by_hand_put(hand, ENTITY_DEFINITION, HAND_TEAM, 1, &hand->definition);
    by_hand_put(hand, ENTITY_ORGANISATION, HAND_FIRM, 1, &firm);
    for (size_t i = 0; i < 4; i++)
        by_hand_put(hand, ENTITY_MEMBER, members[i].id, 1, &members[i]);
    by_hand_commit(hand, 0, 1);
}

void by_hand_close(struct by_hand *hand)
{
    oracle_finish(&hand->world->oracle);
    arena_finish(&hand->arena);
    free(hand->world);
}

bool by_hand_holds(const struct by_hand *hand)
{
    return !hand->world->failed;
}

struct edit by_hand_text(const char *field, const char *base, const char *want)
{
    const struct field *found = field_by_name(ENTITY_DEAL, str_from(field));
    check(found != NULL);
    return (struct edit){.tag = found->tag,
                         .field = found,
                         .base = value_text(str_from(base)),
                         .want = value_text(str_from(want))};
}

struct mutation by_hand_mutation(uint8_t n, enum mutation_kind kind, struct edit *edits,
                                 size_t edit_count)
{
    return (struct mutation){.id = by_hand_id(n),
                             .kind = kind,
                             .entity = ENTITY_DEAL,
                             .target = HAND_DEAL,
                             .edits = edits,
                             .edit_count = edit_count};
}

void by_hand_made(struct by_hand *hand, uint8_t n, const struct mutation *mutation)
{
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    check(n < HAND_MUTATIONS_MAX && codec_mutation_pack(mutation, &packed) == FAULT_NONE);
    hand->payloads[n] = arena_str(&hand->arena, buffer_str(&packed));
    buffer_finish(&packed);
    oracle_promise(hand->world, mutation->id, hand->payloads[n], 0);
}

struct outcome *by_hand_answer(struct by_hand *hand, uint64_t seq, uint8_t n, int64_t number,
                               enum outcome_kind kind, struct uuid member)
{
    struct outcome *outcome = arena_alloc(&hand->arena, sizeof *outcome);
    char *hash = arena_alloc(&hand->arena, 32);
    check(outcome && hash);
    uint8_t bytes[32];
    codec_payload_hash(hand->payloads[n], bytes);
    memcpy(hash, bytes, sizeof bytes);
    *outcome = (struct outcome){.replica = HAND_REPLICA,
                                .number = number,
                                .kind = kind,
                                .mutation = by_hand_id(n),
                                .member = member,
                                .payload_hash = {hash, sizeof bytes}};
    by_hand_put(hand, ENTITY_OUTCOME, HAND_REPLICA, seq, outcome);
    hand->rows[hand->count - 1].n = (uint32_t)number;
    return outcome;
}
