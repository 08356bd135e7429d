/* store_contract_commit.c - what a commit builds on, and what it leaves. */
#include "tests/contract/store_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

void a_commit_from_another_seq_is_stale(struct contract_world *w)
{
    struct deal deal = deal_of(w, "deal", "Roof");
    struct row row = {.kind = ENTITY_DEAL, .id = deal.id, .seq = 3, .entity = &deal};
    struct store_request commit = commit_of(w, &row, 1, 3);
    commit.expected_seq = 2;
    assert_int_equal(run_status(w, &commit), STORE_STALE);
    struct store_request page = page_of(w, 1, 100);
    const struct store_result *result = run(w, &page);
    assert_true(result->seq == 1 && result->row_count == 0);
    release(w, result);
}

void a_mark_is_known_at_its_seq_only(struct contract_world *w)
{
    enrolled(w);
    commit_deal(w, "deal", "Roof");
    static const struct {
        const char *sentence;
        uint64_t seq;
        uint8_t mark;
        bool has, known;
    } rows[] = {
        {"the head", 2, 2, true, true},
        {"an older commit", 1, 1, true, true},
        {"another history's mark", 2, 9, true, false},
        {"a seq that is not there yet", 5, 5, true, false},
        {"no mark at all", 2, 2, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_request request = sign_in_of(w);
        request.cursor_seq = rows[i].seq;
        request.has_mark = rows[i].has;
        memset(request.cursor_mark, rows[i].mark, MARK_BYTES);
        const struct store_result *result = run(w, &request);
        if (result->mark_known != rows[i].known) fail_msg("%s", rows[i].sentence);
        assert_false(result->top_known);
        release(w, result);
        /* The same of the top, whatever the cursor is. */
        request.has_top = rows[i].has;
        request.top_seq = rows[i].seq;
        memset(request.top_mark, rows[i].mark, MARK_BYTES);
        request.has_mark = i % 2 == 0;
        request.cursor_mark[0] ^= 1;
        result = run(w, &request);
        if (result->top_known != rows[i].known) fail_msg("as top: %s", rows[i].sentence);
        assert_false(result->mark_known && rows[i].known);
        release(w, result);
    }
}

void whoever_builds_on_a_commit_hears_whether_it_is_known(struct contract_world *w)
{
    enrolled(w);
    commit_deal(w, "deal", "Roof");
    static const enum store_kind kinds[] = {STORE_LOAD, STORE_PAGE, STORE_HEAD};
    static const struct {
        uint64_t seq;
        uint8_t mark;
        bool has, known;
    } rows[] = {{2, 2, true, true}, {1, 1, true, true}, {2, 9, true, false}, {5, 5, true, false},
                {2, 2, false, false}};
    for (size_t i = 0; i < 3 * sizeof rows / sizeof rows[0]; i++) {
        struct store_request request = {.kind = kinds[i % 3],
                                        .ticket = 50 + i,
                                        .team = w->team,
                                        .row_limit = 100,
                                        .has_known = rows[i / 3].has,
                                        .known_seq = rows[i / 3].seq};
        memset(request.known_mark, rows[i / 3].mark, MARK_BYTES);
        const struct store_result *result = run(w, &request);
        assert_int_equal(result->status, STORE_OK);
        assert_int_equal(result->mark_known, rows[i / 3].known);
        release(w, result);
    }
}

void the_same_seq_of_another_history_is_stale(struct contract_world *w)
{
    struct deal deal = {.id = id_of(w, "deal"),
                        .title = STR("Roof"),
                        .pipeline = STR("sales"),
                        .stage = STR("lead"),
                        .status = STATUS_OPEN};
    struct row row = {.kind = ENTITY_DEAL, .id = deal.id, .seq = 2, .entity = &deal};
    struct store_request commit = commit_of(w, &row, 1, 2);
    commit.has_expected_mark = true;
    memset(commit.expected_mark, 9, MARK_BYTES);
    assert_int_equal(run_status(w, &commit), STORE_STALE);
    memset(commit.expected_mark, 1, MARK_BYTES);
    assert_int_equal(run_status(w, &commit), STORE_OK);
}

/* Decided without a look at what was answered: the commit looks. */
void a_commit_of_an_answered_mutation_is_stale(struct contract_world *w)
{
    enrolled(w);
    commit_outcome(w, 1);
    struct deal deal = deal_of(w, "deal", "Roof");
    struct row row = {.kind = ENTITY_DEAL, .id = deal.id, .seq = 3, .entity = &deal};
    struct uuid asked[] = {id_of(w, "other"), id_of(w, "mutation")};
    struct store_request commit = commit_of(w, &row, 1, 3);
    commit.unanswered = asked;
    commit.unanswered_count = 2;
    assert_int_equal(run_status(w, &commit), STORE_STALE);
    struct store_request page = page_of(w, 2, 100);
    const struct store_result *result = run(w, &page);
    assert_true(result->seq == 2 && result->row_count == 0);
    release(w, result);
    commit.unanswered_count = 1;
    assert_int_equal(run_status(w, &commit), STORE_OK);
}

void the_head_is_the_last_commit(struct contract_world *w)
{
    commit_deal(w, "deal", "Roof");
    struct store_request head = {.kind = STORE_HEAD, .ticket = 8, .team = w->team};
    const struct store_result *result = run(w, &head);
    assert_int_equal(result->status, STORE_OK);
    assert_true(result->seq == 2);
    assert_int_equal(result->mark[3], 2);
    release(w, result);
}

void a_commit_is_all_or_nothing(struct contract_world *w)
{
    enrolled(w);
    commit_outcome(w, 1);
    uint8_t hash[HASH] = {4};
    struct outcome again = outcome_of(w, 1, hash); /* the number is taken */
    struct deal deal = deal_of(w, "deal", "Roof");
    struct row rows[] = {
        {.kind = ENTITY_DEAL, .id = deal.id, .seq = 3, .entity = &deal},
        {.kind = ENTITY_OUTCOME, .id = w->replica, .seq = 3, .n = 1, .entity = &again},
    };
    struct store_request commit = commit_of(w, rows, 2, 3);
    assert_int_not_equal(run_status(w, &commit), STORE_OK);
    struct store_request page = page_of(w, 2, 100);
    const struct store_result *result = run(w, &page);
    assert_true(result->seq == 2 && result->row_count == 0);
    release(w, result);
}

void a_code_of_another_invitation_is_refused(struct contract_world *w)
{
    enrolled(w);
    struct invitation again = w->invitation;
    again.id = id_of(w, "again");
    struct row row = {.kind = ENTITY_INVITATION, .id = again.id, .seq = w->seq + 1,
                      .entity = &again};
    struct store_request commit = commit_of(w, &row, 1, w->seq + 1);
    assert_int_equal(run_status(w, &commit), STORE_REFUSED);
    commit_deal(w, "deal", "Roof"); /* and nothing of it is in the way of the next */
}

void versions_rise_with_what_they_count(struct contract_world *w)
{
    struct store_request load = {.kind = STORE_LOAD, .ticket = 5, .team = w->team};
    const struct store_result *before = run(w, &load);
    struct member member = w->member;
    member.name = STR("Anna B");
    struct row row = {.kind = ENTITY_MEMBER, .id = w->owner, .seq = 2, .entity = &member};
    struct store_request commit = commit_of(w, &row, 1, 2);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    const struct store_result *after = run(w, &load);
    assert_true(after->access_version > before->access_version);
    assert_true(after->definition_version == before->definition_version);
    release(w, before);
    release(w, after);
}
