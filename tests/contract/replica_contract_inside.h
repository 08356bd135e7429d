/* replica_contract_inside.h - what the files of the replica's contract share. */
#ifndef SLUICE_TESTS_CONTRACT_REPLICA_CONTRACT_INSIDE_H
#define SLUICE_TESTS_CONTRACT_REPLICA_CONTRACT_INSIDE_H

#include "tests/support/replica_world.h"

struct bench {
    struct rule_world world;
    struct replica *replica;
};

/* replica_contract_found.c */
void short_ids_are_unique_in_the_copy(void **state);
void short_ids_of_a_long_list_are_unique_too(void **state);
void what_changes_is_found_as_it_is_now(void **state);

/* replica_contract_past.c */
void open_deals_are_judged_as_by_all_of_their_past(void **state);

#endif
