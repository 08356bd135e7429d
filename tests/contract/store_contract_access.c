/* store_contract_access.c - who is let in: invitations, devices, the tokens of their copies. */
#include "tests/contract/store_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

void an_unknown_device_is_not_found(struct contract_world *w)
{
    struct store_request request = sign_in_of(w);
    assert_int_equal(run_status(w, &request), STORE_NOT_FOUND);
}

void an_invitation_makes_a_device(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w), sign_in = sign_in_of(w);
    const struct store_result *result = run(w, &enrol);
    assert_int_equal(result->status, STORE_OK);
    assert_true(uuid_equal(result->team, w->team));
    release(w, result);
    result = run(w, &sign_in);
    assert_int_equal(result->status, STORE_OK);
    assert_true(uuid_equal(result->team, w->team));
    assert_true(uuid_equal(result->device, w->device));
    assert_non_null(result->member);
    assert_true(uuid_equal(result->member->id, w->owner));
    assert_int_equal(result->member->role, ROLE_OWNER);
    assert_non_null(result->team_row);
    assert_true(str_equal(result->team_row->name, STR("Roofers")));
    assert_false(result->replica.known);
    assert_true(result->seq == 1);
    assert_false(result->mark_known);
    release(w, result);
}

void the_same_key_may_enrol_again(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w), sign_in = sign_in_of(w);
    assert_int_equal(run_status(w, &enrol), STORE_OK);
    enrol.device = id_of(w, "second attempt");
    enrol.now_ms = NOW + 100000; /* a retry counts as what it retries */
    assert_int_equal(run_status(w, &enrol), STORE_OK);
    const struct store_result *result = run(w, &sign_in);
    assert_int_equal(result->status, STORE_OK);
    assert_true(uuid_equal(result->device, w->device));
    release(w, result);
}

static bool copy_is_to_be_told(struct contract_world *w, struct uuid replica, struct uuid notice)
{
    struct store_request sign_in = sign_in_of(w);
    sign_in.replica = replica;
    sign_in.notice = notice;
    const struct store_result *result = run(w, &sign_in);
    assert_int_equal(result->status, STORE_OK);
    bool copied = result->copied;
    release(w, result);
    return copied;
}

void a_second_copy_of_a_device_is_to_be_told_until_it_was(struct contract_world *w)
{
    struct uuid first = w->replica, second = id_of(w, "second copy"), notice = id_of(w, "told");
    struct store_request enrol = enrol_of(w);
    assert_int_equal(run_status(w, &enrol), STORE_OK);
    assert_false(copy_is_to_be_told(w, first, notice)); /* there is none yet */
    struct store_request token = register_of(w, first);
    assert_int_equal(run_status(w, &token), STORE_OK);
    assert_false(copy_is_to_be_told(w, first, notice)); /* it is the one */
    assert_true(copy_is_to_be_told(w, second, notice));
    token = register_of(w, second);
    assert_int_equal(run_status(w, &token), STORE_OK);
    assert_true(copy_is_to_be_told(w, second, notice)); /* nobody was told yet */
    assert_false(copy_is_to_be_told(w, first, notice)); /* which one was there first is known */
    struct inbox_item item = {.id = notice, .kind = INBOX_NOTICE, .state = INBOX_OPEN, .number = 1};
    struct row row = {.kind = ENTITY_INBOX, .id = notice, .seq = 2, .entity = &item};
    struct store_request commit = commit_of(w, &row, 1, 2);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    assert_false(copy_is_to_be_told(w, second, notice));
    assert_true(copy_is_to_be_told(w, second, id_of(w, "another")));
}

void another_key_finds_the_invitation_used(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w);
    assert_int_equal(run_status(w, &enrol), STORE_OK);
    enrol.device_key[0] ^= 1;
    enrol.device = id_of(w, "thief");
    assert_int_equal(run_status(w, &enrol), STORE_USED);
}

void a_late_key_finds_the_invitation_expired(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w);
    enrol.now_ms = NOW + 1001;
    assert_int_equal(run_status(w, &enrol), STORE_EXPIRED);
}

static void revoked_now(struct contract_world *w)
{
    struct invitation taken_back = w->invitation;
    taken_back.revoked = true;
    struct row row = {.kind = ENTITY_INVITATION, .id = taken_back.id, .seq = w->seq + 1,
                      .entity = &taken_back};
    struct store_request commit = commit_of(w, &row, 1, w->seq + 1);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    w->seq++;
}

void what_was_taken_back_lets_nobody_in(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w);
    revoked_now(w);
    assert_int_equal(run_status(w, &enrol), STORE_NOT_FOUND);
}

/* Who was let in before stays, and says with what it joined. */
void who_joined_before_it_was_taken_back_stays(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w), sign_in = sign_in_of(w);
    assert_int_equal(run_status(w, &enrol), STORE_OK);
    revoked_now(w);
    assert_int_equal(run_status(w, &enrol), STORE_OK);
    assert_int_equal(run_status(w, &sign_in), STORE_OK);
    struct entity_key key = {ENTITY_DEVICE, w->device};
    struct store_request load = {
        .kind = STORE_LOAD, .ticket = 9, .team = w->team, .keys = &key, .key_count = 1};
    const struct store_result *result = run(w, &load);
    assert_int_equal(result->row_count, 1);
    const struct device *device = result->rows[0].entity;
    assert_true(uuid_equal(device->invitation, w->invitation.id));
    release(w, result);
}

void a_wrong_code_is_not_found(struct contract_world *w)
{
    struct store_request enrol = enrol_of(w);
    enrol.code_hash[5] ^= 1;
    assert_int_equal(run_status(w, &enrol), STORE_NOT_FOUND);
}

void a_token_moves_only_from_what_was_expected(struct contract_world *w)
{
    enrolled(w);
    struct store_request sign_in = sign_in_of(w);
    const struct store_result *result = run(w, &sign_in);
    assert_true(result->replica.known);
    assert_true(uuid_equal(result->replica.device, w->device));
    assert_true(result->replica.last_number == 0);
    assert_false(result->replica.has_token);
    assert_true(result->replica.has_next_token);
    assert_int_equal(result->replica.next_token[1], 2);
    struct store_request token = register_of(w, w->replica);
    assert_int_equal(run_status(w, &token), STORE_STALE); /* it is known already */
    token.expected = result->replica;
    release(w, result);
    token.wanted.has_token = true;
    token.wanted.token[0] = 1;
    token.wanted.next_token[0] = 99;
    assert_int_equal(run_status(w, &token), STORE_OK);
    assert_int_equal(run_status(w, &token), STORE_STALE); /* the expected one is gone */
    result = run(w, &sign_in);
    assert_true(result->replica.has_token);
    assert_int_equal(result->replica.token[0], 1);
    assert_int_equal(result->replica.next_token[0], 99);
    release(w, result);
}
