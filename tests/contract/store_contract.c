/* store_contract.c - see store_contract.h. */
#include "tests/contract/store_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

struct uuid id_of(const struct contract_world *w, const char *name)
{
    return uuid_derive((struct uuid){{7, (uint8_t)(w->number >> 24), (uint8_t)(w->number >> 16),
                                      (uint8_t)(w->number >> 8), (uint8_t)w->number}},
                       str_from(name));
}

void bytes_of(const struct contract_world *w, const char *name, uint8_t *out, size_t n)
{
    struct uuid id = id_of(w, name);
    for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(id.b[i % 16] + i / 16);
}

const struct store_result *run(struct contract_world *w, const struct store_request *request)
{
    const struct store_result *result = w->subject->run(w->subject->store, request);
    assert_non_null(result);
    assert_int_equal(result->kind, request->kind);
    assert_true(result->ticket == request->ticket);
    return result;
}

void release(struct contract_world *w, const struct store_result *result)
{
    w->subject->release(w->subject->store, result);
}

enum store_status run_status(struct contract_world *w, const struct store_request *request)
{
    const struct store_result *result = run(w, request);
    enum store_status status = result->status;
    release(w, result);
    return status;
}

struct store_request commit_of(struct contract_world *w, const struct row *rows,
                               size_t count, uint64_t new_seq)
{
    struct store_request request = {.kind = STORE_COMMIT,
                                    .ticket = 40 + new_seq,
                                    .team = w->team,
                                    .expected_seq = w->seq,
                                    .new_seq = new_seq,
                                    .recorded_at = NOW + (int64_t)new_seq,
                                    .now_ms = NOW,
                                    .rows = rows,
                                    .row_count = count};
    memset(request.mark, (int)new_seq, MARK_BYTES);
    return request;
}

static void world_begin(struct contract_world *w, const struct store_subject *subject,
                        uint32_t number)
{
    *w = (struct contract_world){.subject = subject, .number = number};
    arena_init(&w->arena, 8 << 20);
    w->team = id_of(w, "team");
    w->owner = id_of(w, "owner");
    w->device = id_of(w, "device");
    w->replica = id_of(w, "replica");
    bytes_of(w, "key", w->device_key, 32);
    bytes_of(w, "code", w->code_hash, HASH);
    w->team_row = (struct team){
        .id = w->team, .name = STR("Roofers"), .zone_name = STR("UTC"), .currency = STR("EUR")};
    w->member = (struct member){.id = w->owner, .name = STR("Anna"), .role = ROLE_OWNER};
    assert_int_equal(definition_default(&w->arena, w->team, &w->definition), FAULT_NONE);
    w->invitation = (struct invitation){.id = id_of(w, "invitation"),
                                        .member = w->owner,
                                        .invited_by = w->owner,
                                        .code_hash = {(const char *)w->code_hash, HASH},
                                        .expires_at = {true, NOW + 1000},
                                        .created_at = {true, NOW}};
    struct row rows[] = {
        {.kind = ENTITY_TEAM, .id = w->team, .seq = 1, .entity = &w->team_row},
        {.kind = ENTITY_MEMBER, .id = w->owner, .seq = 1, .entity = &w->member},
        {.kind = ENTITY_DEFINITION, .id = w->team, .seq = 1, .entity = &w->definition},
        {.kind = ENTITY_INVITATION, .id = w->invitation.id, .seq = 1, .entity = &w->invitation},
    };
    struct store_request request = commit_of(w, rows, 4, 1);
    if (subject->found) {
        assert_true(subject->found(subject->store, &request));
    } else {
        assert_int_equal(run_status(w, &request), STORE_OK);
    }
    w->seq = 1;
}

static void world_end(struct contract_world *w)
{
    arena_finish(&w->arena);
}

struct store_request enrol_of(const struct contract_world *w)
{
    struct store_request request = {.kind = STORE_ENROL,
                                    .ticket = 2,
                                    .device = w->device,
                                    .device_name = STR("laptop"),
                                    .now_ms = NOW};
    memcpy(request.device_key, w->device_key, 32);
    memcpy(request.code_hash, w->code_hash, HASH);
    return request;
}

struct store_request sign_in_of(const struct contract_world *w)
{
    struct store_request request = {
        .kind = STORE_SIGN_IN, .ticket = 3, .replica = w->replica, .now_ms = NOW};
    memcpy(request.device_key, w->device_key, 32);
    return request;
}

struct store_request register_of(const struct contract_world *w, struct uuid replica)
{
    struct store_request request = {.kind = STORE_TOKEN,
                                    .ticket = 4,
                                    .team = w->team,
                                    .replica = replica,
                                    .device = w->device,
                                    .member = w->owner,
                                    .now_ms = NOW};
    request.expected = (struct store_replica){.id = replica};
    request.wanted = (struct store_replica){
        .id = replica, .device = w->device, .known = true, .has_next_token = true,
        .next_token = {1, 2, 3}};
    return request;
}

void enrolled(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w), token = register_of(w, w->replica);
    assert_int_equal(run_status(w, &enrol), STORE_OK);
    assert_int_equal(run_status(w, &token), STORE_OK);
}

struct deal deal_of(struct contract_world *w, const char *name, const char *title)
{
    return (struct deal){.id = id_of(w, name),
                         .title = str_from(title),
                         .owner = w->owner,
                         .pipeline = STR("sales"),
                         .stage = STR("lead"),
                         .status = STATUS_OPEN,
                         .value = {true, 1250000},
                         .currency = STR("EUR"),
                         .created_by = w->owner,
                         .created_at = {true, NOW}};
}

void commit_deal(struct contract_world *w, const char *name, const char *title)
{
    struct deal deal = deal_of(w, name, title);
    struct row row = {.kind = ENTITY_DEAL, .id = deal.id, .seq = w->seq + 1, .entity = &deal};
    struct store_request commit = commit_of(w, &row, 1, w->seq + 1);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    w->seq++;
}

struct store_request page_of(const struct contract_world *w, uint64_t cursor, size_t limit)
{
    return (struct store_request){.kind = STORE_PAGE,
                                  .ticket = 9,
                                  .team = w->team,
                                  .replica = w->replica,
                                  .cursor_seq = cursor,
                                  .row_limit = limit};
}

/* --- claims about rows and pages --- */

static void what_is_committed_is_loaded(struct contract_world *w)
{
    commit_deal(w, "deal", "Roof");
    struct deal deal = deal_of(w, "deal", "Roof");
    struct entity_key keys[] = {{ENTITY_DEAL, deal.id}, {ENTITY_DEAL, id_of(w, "nobody")}};
    struct uuid actors[] = {w->owner, id_of(w, "stranger")};
    struct store_request load = {.kind = STORE_LOAD,
                                 .ticket = 5,
                                 .team = w->team,
                                 .keys = keys,
                                 .key_count = 2,
                                 .actors = actors,
                                 .actor_count = 2};
    const struct store_result *result = run(w, &load);
    assert_int_equal(result->status, STORE_OK);
    assert_true(result->seq == 2 && result->recorded_last == NOW + 2);
    assert_int_equal(result->row_count, 1);
    assert_true(entity_equal(ENTITY_DEAL, result->rows[0].entity, &deal));
    assert_true(result->rows[0].seq == 2);
    assert_int_equal(result->member_count, 1);
    assert_true(uuid_equal(result->members[0]->id, w->owner));
    assert_non_null(result->definition);
    assert_int_equal(result->definition->pipeline_count, w->definition.pipeline_count);
    assert_non_null(result->team_row);
    release(w, result);
}

static void an_unknown_team_is_not_found(struct contract_world *w)
{
    struct store_request load = {.kind = STORE_LOAD, .ticket = 5, .team = id_of(w, "elsewhere")};
    assert_int_equal(run_status(w, &load), STORE_NOT_FOUND);
    load.kind = STORE_HEAD;
    assert_int_equal(run_status(w, &load), STORE_NOT_FOUND);
}

static void a_removed_row_is_not_loaded_but_paged(struct contract_world *w)
{
    commit_deal(w, "deal", "Roof");
    struct entity_key key = {ENTITY_DEAL, id_of(w, "deal")};
    struct row row = {.kind = ENTITY_DEAL, .id = key.id, .seq = 3, .removed = true};
    struct store_request commit = commit_of(w, &row, 1, 3);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    struct store_request load = {
        .kind = STORE_LOAD, .ticket = 5, .team = w->team, .keys = &key, .key_count = 1};
    const struct store_result *result = run(w, &load);
    assert_int_equal(result->row_count, 0);
    release(w, result);
    struct store_request page = page_of(w, 1, 100);
    result = run(w, &page);
    assert_int_equal(result->row_count, 1);
    assert_true(result->rows[0].removed && result->rows[0].seq == 3);
    release(w, result);
}

struct outcome outcome_of(struct contract_world *w, int64_t number, const uint8_t *hash)
{
    return (struct outcome){.replica = w->replica,
                            .number = number,
                            .kind = OUTCOME_APPLIED,
                            .mutation = id_of(w, "mutation"),
                            .member = w->owner,
                            .payload_hash = {(const char *)hash, HASH},
                            .recorded_at = {true, NOW}};
}

void commit_outcome(struct contract_world *w, int64_t number)
{
    uint8_t hash[HASH] = {1, 2, 3};
    struct outcome outcome = outcome_of(w, number, hash);
    struct row row = {.kind = ENTITY_OUTCOME,
                      .id = w->replica,
                      .seq = w->seq + 1,
                      .n = (uint32_t)number,
                      .entity = &outcome};
    struct store_replica stand = {.id = w->replica, .last_number = (uint64_t)number};
    struct store_request commit = commit_of(w, &row, 1, w->seq + 1);
    commit.replica_numbers = &stand;
    commit.replica_number_count = 1;
    assert_int_equal(run_status(w, &commit), STORE_OK);
    w->seq++;
}

static void an_outcome_is_found_by_number_and_by_mutation(struct contract_world *w)
{
    enrolled(w);
    commit_outcome(w, 1);
    struct store_outcome_key keys[] = {
        {.replica = w->replica, .number = 1, .mutation = id_of(w, "mutation")},
        {.replica = id_of(w, "copy"), .number = 8, .mutation = id_of(w, "mutation")},
        {.replica = w->replica, .number = 2, .mutation = id_of(w, "other")},
    };
    for (size_t i = 0; i < 3; i++) {
        struct store_request load = {.kind = STORE_LOAD,
                                     .ticket = 5,
                                     .team = w->team,
                                     .replicas = &w->replica,
                                     .replica_count = 1,
                                     .outcome_keys = &keys[i],
                                     .outcome_key_count = 1};
        const struct store_result *result = run(w, &load);
        assert_int_equal(result->replica_count, 1);
        assert_true(result->replicas[0].last_number == 1);
        assert_true(uuid_equal(result->replicas[0].id, w->replica));
        assert_int_equal(result->outcome_count, i < 2 ? 1 : 0);
        if (i < 2) {
            const struct outcome *outcome = result->outcomes[0];
            assert_int_equal(outcome->number, 1);
            assert_int_equal(outcome->kind, OUTCOME_APPLIED);
            assert_int_equal(outcome->payload_hash.n, HASH);
            assert_int_equal(outcome->payload_hash.p[2], 3);
            assert_true(uuid_equal(outcome->member, w->owner));
            assert_true(result->outcome_seqs[0] == 2);
        }
        release(w, result);
    }
}

/* The first of them is the mutation's answer, whichever number is asked for. */
static void answers_to_one_mutation_come_in_order(struct contract_world *w)
{
    enrolled(w);
    commit_outcome(w, 1);
    commit_outcome(w, 2);
    commit_outcome(w, 3);
    struct store_outcome_key key = {
        .replica = w->replica, .number = 2, .mutation = id_of(w, "mutation")};
    struct store_request load = {.kind = STORE_LOAD,
                                 .ticket = 5,
                                 .team = w->team,
                                 .outcome_keys = &key,
                                 .outcome_key_count = 1};
    const struct store_result *result = run(w, &load);
    assert_int_equal(result->outcome_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(result->outcomes[i]->number, i + 1);
        assert_int_equal(result->outcome_seqs[i], i + 2);
    }
    release(w, result);
}

static void an_outcome_is_paged_to_its_replica_only(struct contract_world *w)
{
    enrolled(w);
    commit_outcome(w, 1);
    struct store_request page = page_of(w, 1, 100);
    const struct store_result *result = run(w, &page);
    assert_int_equal(result->row_count, 1);
    assert_int_equal(result->rows[0].kind, ENTITY_OUTCOME);
    assert_int_equal(result->rows[0].n, 1);
    release(w, result);
    page.replica = id_of(w, "other replica");
    result = run(w, &page);
    assert_int_equal(result->row_count, 0);
    assert_true(result->to_seq == 2 && result->seq == 2 && result->has_mark);
    release(w, result);
}

static void a_first_page_has_everything(struct contract_world *w)
{
    struct store_request page = page_of(w, 0, 100);
    const struct store_result *result = run(w, &page);
    assert_int_equal(result->status, STORE_OK);
    assert_int_equal(result->row_count, 4);
    for (size_t i = 0; i < result->row_count; i++) assert_non_null(result->rows[i].entity);
    assert_true(result->to_seq == 1 && result->has_mark);
    assert_int_equal(result->to_mark[0], 1);
    release(w, result);
}

static void pages_are_cut_between_seqs(struct contract_world *w)
{
    struct deal deals[6];
    struct row rows[6];
    for (size_t i = 0; i < 6; i++) { /* three seqs of two rows, one commit */
        char name[] = {'d', (char)('0' + i), '\0'};
        deals[i] = deal_of(w, name, "Roof");
        rows[i] = (struct row){
            .kind = ENTITY_DEAL, .id = deals[i].id, .seq = 2 + i / 2, .entity = &deals[i]};
    }
    struct store_request commit = commit_of(w, rows, 6, 4);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    uint64_t cursor = 1;
    size_t total = 0, pages = 0;
    while (cursor < 4 && pages < 10) {
        struct store_request page = page_of(w, cursor, 3);
        const struct store_result *result = run(w, &page);
        assert_true(result->seq == 4 && result->to_seq > cursor);
        assert_true(result->row_count % 2 == 0);
        for (size_t i = 0; i < result->row_count; i++) {
            assert_true(result->rows[i].seq > cursor && result->rows[i].seq <= result->to_seq);
            assert_true(i == 0 || result->rows[i].seq >= result->rows[i - 1].seq);
        }
        assert_true(result->has_mark == (result->to_seq == 4));
        if (result->has_mark) assert_int_equal(result->to_mark[0], 4);
        total += result->row_count;
        cursor = result->to_seq;
        pages++;
        release(w, result);
    }
    assert_int_equal(total, 6);
    assert_int_equal(pages, 3);
}

static void a_row_written_again_is_paged_once(struct contract_world *w)
{
    commit_deal(w, "deal", "Roof");
    commit_deal(w, "other", "Shed");
    commit_deal(w, "deal", "Roof and walls");
    struct store_request page = page_of(w, 1, 100);
    const struct store_result *result = run(w, &page);
    assert_int_equal(result->row_count, 2);
    assert_true(result->rows[0].seq == 3 && result->rows[1].seq == 4);
    const struct deal *deal = result->rows[1].entity;
    assert_true(str_equal(deal->title, STR("Roof and walls")));
    release(w, result);
}

static void events_of_one_seq_are_told_apart(struct contract_world *w)
{
    struct event events[2];
    struct row rows[2];
    for (uint32_t i = 0; i < 2; i++) {
        events[i] = (struct event){.subject = id_of(w, "deal"),
                                   .subject_kind = ENTITY_DEAL,
                                   .what = i ? EVENT_FIELD : EVENT_CREATED,
                                   .field = i ? STR("title") : STR_NONE,
                                   .who = w->owner,
                                   .recorded_at = {true, NOW},
                                   .mutation = id_of(w, "mutation")};
        rows[i] = (struct row){.kind = ENTITY_EVENT,
                               .id = events[i].subject,
                               .seq = 2,
                               .n = i,
                               .entity = &events[i]};
    }
    struct store_request commit = commit_of(w, rows, 2, 2);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    struct store_request page = page_of(w, 1, 100);
    const struct store_result *result = run(w, &page);
    assert_int_equal(result->row_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(result->rows[i].n, i);
        assert_true(entity_equal(ENTITY_EVENT, result->rows[i].entity, &events[i]));
    }
    release(w, result);
}

static void an_inbox_item_comes_back_as_it_was(struct contract_world *w)
{
    struct inbox_item item = {.id = id_of(w, "item"),
                              .number = 7,
                              .kind = INBOX_CONFLICT,
                              .state = INBOX_OPEN,
                              .subject_kind = ENTITY_DEAL,
                              .subject = id_of(w, "deal"),
                              .field = STR("title"),
                              .base = STR("a"),
                              .mine = STR("b"),
                              .theirs = STR("c"),
                              .payload = {"\0\1\2", 3},
                              .mutation = id_of(w, "mutation"),
                              .author = w->owner,
                              .recorded_at = {true, NOW}};
    struct row row = {.kind = ENTITY_INBOX, .id = item.id, .seq = 2, .entity = &item};
    struct store_request commit = commit_of(w, &row, 1, 2);
    commit.inbox_last = 7;
    assert_int_equal(run_status(w, &commit), STORE_OK);
    struct entity_key key = {ENTITY_INBOX, item.id};
    struct store_request load = {
        .kind = STORE_LOAD, .ticket = 5, .team = w->team, .keys = &key, .key_count = 1};
    const struct store_result *result = run(w, &load);
    assert_true(result->inbox_last == 7);
    assert_int_equal(result->row_count, 1);
    assert_true(entity_equal(ENTITY_INBOX, result->rows[0].entity, &item));
    release(w, result);
}

#define CLAIM(name)                                                                                \
    static void run_##name(const struct store_subject *subject, uint32_t number)                   \
    {                                                                                              \
        struct contract_world w;                                                                   \
        world_begin(&w, subject, number);                                                          \
        name(&w);                                                                                  \
        world_end(&w);                                                                             \
    }
#define CLAIMS(each)                                                                               \
    each(an_unknown_device_is_not_found)                                                           \
    each(an_invitation_makes_a_device)                                                             \
    each(a_second_copy_of_a_device_is_to_be_told_until_it_was)                                     \
    each(the_same_key_may_enrol_again)                                                             \
    each(another_key_finds_the_invitation_used)                                                    \
    each(a_late_key_finds_the_invitation_expired)                                                  \
    each(what_was_taken_back_lets_nobody_in)                                                       \
    each(who_joined_before_it_was_taken_back_stays)                                                \
    each(a_wrong_code_is_not_found)                                                                \
    each(a_token_moves_only_from_what_was_expected)                                                \
    each(a_commit_from_another_seq_is_stale)                                                       \
    each(what_is_committed_is_loaded)                                                              \
    each(an_unknown_team_is_not_found)                                                             \
    each(a_removed_row_is_not_loaded_but_paged)                                                    \
    each(an_outcome_is_found_by_number_and_by_mutation)                                            \
    each(answers_to_one_mutation_come_in_order)                                                    \
    each(an_outcome_is_paged_to_its_replica_only)                                                  \
    each(a_first_page_has_everything)                                                     \
    each(pages_are_cut_between_seqs)                                                               \
    each(a_row_written_again_is_paged_once)                                                        \
    each(events_of_one_seq_are_told_apart)                                                         \
    each(an_inbox_item_comes_back_as_it_was)                                                       \
    each(versions_rise_with_what_they_count)                                                       \
    each(a_mark_is_known_at_its_seq_only)                                                          \
    each(whoever_builds_on_a_commit_hears_whether_it_is_known)                                     \
    each(the_same_seq_of_another_history_is_stale)                                                 \
    each(a_commit_of_an_answered_mutation_is_stale)                                                \
    each(the_head_is_the_last_commit)                                                              \
    each(a_commit_is_all_or_nothing)                                                               \
    each(a_code_of_another_invitation_is_refused)                                                  \
    each(what_names_a_thing_is_counted)                                                            \
    each(only_what_others_logged_for_a_deal_counts)                                                \
    each(what_others_changed_since_its_creation_is_told)

CLAIMS(CLAIM)

#define ROW(name) {#name, run_##name},
const struct store_claim store_claims[] = {CLAIMS(ROW)};
const size_t store_claim_count = sizeof store_claims / sizeof store_claims[0];
