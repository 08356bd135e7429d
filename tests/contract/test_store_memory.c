/* test_store_memory.c - the memory store is held to the store contract. */
#include "tests/support/store_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/contract/store_contract.h"

enum { CLAIMS_MAX = 64 };

static const struct store_result *memory_run(void *store, const struct store_request *request)
{
    return store_memory_run(store, request);
}

static void memory_release(void *store, const struct store_result *result)
{
    store_memory_release(store, result);
}

static void claim_holds(void **state)
{
    const struct store_claim *claim = *state;
    struct store_memory *store = store_memory_create();
    struct store_subject subject = {store, memory_run, memory_release, NULL};
    claim->run(&subject, (uint32_t)(claim - store_claims) + 1);
    store_memory_destroy(store);
}

int main(void)
{
    struct CMUnitTest tests[CLAIMS_MAX];
    assert_true(store_claim_count <= CLAIMS_MAX);
    for (size_t i = 0; i < store_claim_count; i++) {
        union {
            const struct store_claim *in;
            void *out;
        } claim = {.in = &store_claims[i]};
        tests[i] = (struct CMUnitTest){store_claims[i].name, claim_holds, NULL, NULL, claim.out};
    }
    return _cmocka_run_group_tests("store_memory", tests, store_claim_count, NULL, NULL);
}
