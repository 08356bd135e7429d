/* replica_contract.h - what every replica must do, as one suite over a factory.
 *
 * Run on the memory (test_replica_memory) and on the encrypted file, so that what the tests and the
 * simulator show on the one holds on the other. */
#ifndef SLUICE_TESTS_CONTRACT_REPLICA_CONTRACT_H
#define SLUICE_TESTS_CONTRACT_REPLICA_CONTRACT_H

#include "client/core/replica.h"

struct replica_factory {
    const char *name;
    void *context;
    /* A new copy with nothing in it. */
    struct replica *(*open)(void *context);
    /* Closes it as a crash would (an open transaction is lost) and opens it again. */
    struct replica *(*reopen)(void *context, struct replica *replica);
    /* Closes it and removes what it left behind. */
    void (*discard)(void *context, struct replica *replica);
};

/* Runs the whole suite with cmocka; the number of tests that failed. */
int replica_contract_run(const struct replica_factory *factory);

#endif
