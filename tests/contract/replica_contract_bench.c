/* replica_contract_bench.c - what the tests of the contract say often. */
#include "tests/contract/replica_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

void ok(enum fault fault)
{
    assert_string_equal(fault_name(fault), fault_name(FAULT_NONE));
}

void bench_begin(struct bench *b)
{
    ok(b->replica->f->begin(b->replica));
}

void bench_commit(struct bench *b)
{
    ok(b->replica->f->commit(b->replica));
}

void put(struct bench *b, uint64_t generation, enum entity_kind kind, const char *name,
         uint64_t seq, uint32_t n, const void *entity)
{
    struct packed_row row = world_row(&b->world, kind, world_id(name), seq, n, entity);
    ok(b->replica->f->put_row(b->replica, generation, &row));
}

void show(struct bench *b, enum entity_kind kind, const char *name, uint32_t n,
          const void *entity)
{
    struct row row = {.kind = kind, .id = world_id(name), .n = n, .entity = entity};
    ok(b->replica->f->shown_put(b->replica, &row));
}
