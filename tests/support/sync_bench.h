/* sync_bench.h - the sync machine against a scripted server: a channel, the codec and a test that
 * says what the server says. */
#ifndef SLUICE_TESTS_SUPPORT_SYNC_BENCH_H
#define SLUICE_TESTS_SUPPORT_SYNC_BENCH_H

#include "client/core/outbox.h"
#include "client/core/sync.h"
#include "tests/support/link_pair.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

struct bench {
    struct rule_world world;
    struct replica *replica;
    struct sync *sync;
    struct link_pair link; /* its server side is the scripted server */
    struct now now;
    bool unreachable; /* connections fail */
    bool connected;
    size_t fill_bytes; /* of the next machine; 0: the usual */
    char address[32]; /* the last one asked for */
    size_t connects, closes, changed;
    struct hello hello; /* the last one */
    size_t hellos;
    uint64_t pushed_first[64];
    size_t pushed[64], pushes, pings, byes;
};

void ok(enum fault fault);
/* Runs until neither side has anything more to say. */
void bench_drive(struct bench *b);
void server_says(struct bench *b, const struct message *message);
void server_welcomes(struct bench *b, enum plan plan, uint64_t last_number, uint64_t head);
void server_pages(struct bench *b, uint64_t from, uint64_t to, uint64_t head,
                  struct packed_row *rows, size_t count);
void server_bye(struct bench *b, enum bye_reason reason);
struct packed_row bench_deal_row(struct bench *b, const char *name, uint64_t seq,
                                 const char *fields);
/* The answer to that number of the outbox. */
struct packed_row bench_outcome_row(struct bench *b, uint64_t number, uint64_t seq,
                                    enum outcome_kind kind);
struct identity identity_of(struct bench *b);
void identity_set(struct bench *b, const struct identity *identity);
void bench_edit(struct bench *b, const char *edits);
size_t bench_pending(struct bench *b);
void assert_deal(struct bench *b, const char *name, const char *fields);
struct sync_report bench_report(struct bench *b);
/* A new machine over the same copy. */
void bench_sync(struct bench *b, bool live);
/* Set-up and tear-down of a test: a member of rule_world.h with one deal, "roof". */
int bench_open(void **state);
int bench_close(void **state);
void bench_start(struct bench *b);

#endif
