/* test_replica_memory.c - the replica contract on the replica in memory. */
#include "tests/contract/replica_contract.h"

#include "tests/support/replica_memory.h"

static struct replica *memory_open(void *context)
{
    (void)context;
    return replica_memory_open();
}

static struct replica *memory_reopen(void *context, struct replica *replica)
{
    (void)context;
    struct replica *copy = replica_memory_copy(replica);
    replica->f->close(replica);
    return copy;
}

static void memory_discard(void *context, struct replica *replica)
{
    (void)context;
    replica->f->close(replica);
}

int main(void)
{
    const struct replica_factory factory = {.name = "replica in memory",
                                            .open = memory_open,
                                            .reopen = memory_reopen,
                                            .discard = memory_discard};
    return replica_contract_run(&factory);
}
