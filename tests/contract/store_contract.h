/* store_contract.h - what every implementation of the store port is held to.
 *
 * A test gives a subject (its store behind three functions) and runs store_contract_tests, each on
 * a team of its own, so that one database serves all of them. */
#ifndef SLUICE_TESTS_CONTRACT_STORE_CONTRACT_H
#define SLUICE_TESTS_CONTRACT_STORE_CONTRACT_H

#include "server/core/store.h"

struct store_subject {
    void *store;
    /* Runs a request to its end. */
    const struct store_result *(*run)(void *store, const struct store_request *request);
    void (*release)(void *store, const struct store_result *result);
    /* Makes a team from a COMMIT request with expected_seq 0, new_seq 1: its rows are the TEAM, the
     * DEFINITION, one MEMBER (the owner) and one INVITATION for that member, all with seq 1. NULL:
     * that commit itself does it. */
    bool (*found)(void *store, const struct store_request *commit);
};

/* `run`: a claim that fails the cmocka test when it does not hold. `number` is unique in the
 * database (ids are made from it). */
struct store_claim {
    const char *name;
    void (*run)(const struct store_subject *subject, uint32_t number);
};

extern const struct store_claim store_claims[];
extern const size_t store_claim_count;

#endif
