/* replica_contract_inside.h - what the files of the replica's contract share. */
#ifndef SLUICE_TESTS_CONTRACT_REPLICA_CONTRACT_INSIDE_H
#define SLUICE_TESTS_CONTRACT_REPLICA_CONTRACT_INSIDE_H

#include "tests/support/replica_world.h"

struct bench {
    struct rule_world world;
    struct replica *replica;
};

void ok(enum fault fault);
void bench_begin(struct bench *b);
void bench_commit(struct bench *b);
void put(struct bench *b, uint64_t generation, enum entity_kind kind, const char *name,
         uint64_t seq, uint32_t n, const void *entity);
void show(struct bench *b, enum entity_kind kind, const char *name, uint32_t n,
          const void *entity);

/* replica_contract.c: after a crash */
void bench_reopen(struct bench *b);

/* replica_contract_found.c */
void short_ids_are_unique_in_the_copy(void **state);
void short_ids_of_a_long_list_are_unique_too(void **state);
void many_asked_at_once_are_those_asked_one_by_one(void **state);
void what_changes_is_found_as_it_is_now(void **state);

/* replica_contract_outbox.c */
void the_outbox_lists_in_order_of_number(void **state);
void an_entry_keeps_all_it_was_given(void **state);
void entries_are_removed_and_pruned(void **state);
void what_waits_is_known_by_what_it_is_about(void **state);

/* replica_contract_events.c */
void events_come_in_order_predicted_ones_last(void **state);
void events_of_open_and_of_won_deals(void **state);
void the_won_deals_have_a_mark(void **state);

/* replica_contract_past.c */
void open_deals_are_judged_as_by_all_of_their_past(void **state);

#endif
