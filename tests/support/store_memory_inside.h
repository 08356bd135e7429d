/* store_memory_inside.h - what the memory store is made of: shared by the store_memory*.c files and
 * nobody else. */
#ifndef SLUICE_TESTS_SUPPORT_STORE_MEMORY_INSIDE_H
#define SLUICE_TESTS_SUPPORT_STORE_MEMORY_INSIDE_H

#include "common/base/map.h"
#include "tests/support/store_memory.h"

enum { KINDS = STORE_HEAD + 1, KEY_BYTES = 1 + 16 + 8 + 4 };

struct log_entry {
    uint64_t seq;
    struct row *row; /* stale when the row has another seq by now */
};

struct commit_mark {
    uint64_t seq;
    uint8_t mark[MARK_BYTES];
};

struct memory_team {
    struct memory_team *next;
    struct uuid id;
    uint64_t seq, definition_version, access_version;
    int64_t recorded_last, inbox_last;
    const struct team *row;
    const struct definition *definition;
    struct map rows;      /* key -> row */
    struct map mutations; /* mutation id -> outcome row, the first one */
    struct map sights;    /* member -> seq of the last change of role */
    struct log_entry *log;
    size_t log_count, log_cap;
    struct commit_mark *marks;
    size_t mark_count, mark_cap;
};

struct memory_device {
    struct memory_device *next;
    struct uuid id, member;
    struct memory_team *team;
    uint8_t key[32];
};

struct memory_replica {
    struct memory_replica *next;
    struct memory_team *team;
    struct store_replica stand;
    bool copy; /* its device had one before */
};

struct memory_use { /* an invitation that was used */
    struct memory_use *next;
    struct uuid invitation;
    uint8_t key[32];
};

struct memory_failure {
    enum store_status status;
    bool done;
    unsigned times;
};

/* Everything ever written, shared by a store and its copies; entities in it never change. */
struct memory_pool {
    struct arena arena;
    size_t stores;
};

struct store_memory {
    struct memory_pool *pool;
    struct memory_team *teams;
    struct memory_device *devices;
    struct memory_replica *replicas;
    struct memory_use *uses;
    struct memory_failure failures[KINDS];
    bool slow; /* they fail because the database takes too long */
};

/* A result with its arena behind it. */
struct memory_result {
    struct store_result result;
    struct arena arena;
};

void *memory_alloc(struct store_memory *store, size_t size);
struct str memory_row_key(char key[KEY_BYTES], enum entity_kind kind, struct uuid id, uint64_t seq,
                          uint32_t n);
struct row *memory_row_find(const struct memory_team *team, enum entity_kind kind, struct uuid id,
                            uint32_t n);
struct memory_team *memory_team_find(struct store_memory *store, struct uuid id);

#endif
