/* store_contract_inside.h - what the files of the store's contract share. */
#ifndef SLUICE_TESTS_CONTRACT_STORE_CONTRACT_INSIDE_H
#define SLUICE_TESTS_CONTRACT_STORE_CONTRACT_INSIDE_H

#include "common/domain/field.h"
#include "tests/contract/store_contract.h"

enum { HASH = 32 };

static const int64_t NOW = INT64_C(1800000000000);

/* A team of its own for each claim. */
struct contract_world {
    const struct store_subject *subject;
    uint32_t number;
    struct arena arena;
    struct uuid team, owner, device, replica;
    uint8_t device_key[32], code_hash[HASH];
    struct team team_row;
    struct member member;
    struct definition definition;
    struct invitation invitation;
    uint64_t seq;
};

struct uuid id_of(const struct contract_world *w, const char *name);
void bytes_of(const struct contract_world *w, const char *name, uint8_t *out, size_t n);
const struct store_result *run(struct contract_world *w, const struct store_request *request);
void release(struct contract_world *w, const struct store_result *result);
enum store_status run_status(struct contract_world *w, const struct store_request *request);
struct store_request commit_of(struct contract_world *w, const struct row *rows,
                               size_t count, uint64_t new_seq);
struct store_request enrol_of(const struct contract_world *w);
struct store_request sign_in_of(const struct contract_world *w);
struct store_request register_of(const struct contract_world *w, struct uuid replica);
void enrolled(struct contract_world *w);
struct deal deal_of(struct contract_world *w, const char *name, const char *title);
void commit_deal(struct contract_world *w, const char *name, const char *title);
struct store_request page_of(const struct contract_world *w, uint64_t cursor, size_t limit);
struct outcome outcome_of(struct contract_world *w, int64_t number, const uint8_t *hash);
void commit_outcome(struct contract_world *w, int64_t number);

/* store_contract_access.c */
void an_unknown_device_is_not_found(struct contract_world *w);
void an_invitation_makes_a_device(struct contract_world *w);
void the_same_key_may_enrol_again(struct contract_world *w);
void a_second_copy_of_a_device_is_to_be_told_until_it_was(struct contract_world *w);
void another_key_finds_the_invitation_used(struct contract_world *w);
void a_late_key_finds_the_invitation_expired(struct contract_world *w);
void what_was_taken_back_lets_nobody_in(struct contract_world *w);
void who_joined_before_it_was_taken_back_stays(struct contract_world *w);
void a_wrong_code_is_not_found(struct contract_world *w);
void a_token_moves_only_from_what_was_expected(struct contract_world *w);

/* store_contract_commit.c */
void a_commit_from_another_seq_is_stale(struct contract_world *w);
void a_mark_is_known_at_its_seq_only(struct contract_world *w);
void whoever_builds_on_a_commit_hears_whether_it_is_known(struct contract_world *w);
void the_same_seq_of_another_history_is_stale(struct contract_world *w);
void a_commit_of_an_answered_mutation_is_stale(struct contract_world *w);
void the_head_is_the_last_commit(struct contract_world *w);
void a_commit_is_all_or_nothing(struct contract_world *w);
void a_code_of_another_invitation_is_refused(struct contract_world *w);
void versions_rise_with_what_they_count(struct contract_world *w);

/* store_contract_use.c */
void what_names_a_thing_is_counted(struct contract_world *w);
void only_what_others_logged_for_a_deal_counts(struct contract_world *w);
void what_others_changed_since_its_creation_is_told(struct contract_world *w);

#endif
