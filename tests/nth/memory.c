/* memory.c - see memory.h. */
#include "tests/nth/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "common/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_STACKS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_STACKS
#endif
#endif
#ifdef HAS_STACKS
#include <sanitizer/common_interface_defs.h>
#endif

#include "common/base/banned.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);
void *sqlcipher_malloc(int n);

enum { SLOTS = 1 << 18 };

static struct {
    enum memory_side side, armed;
    enum memory_asker asker;
    uint64_t count, strike_at;
    bool on, lasting, struck, tell;
    size_t live;
    /* Open addressing; a pointer is kept inverted, so that a leak check does not find it here. */
    uintptr_t slots[SLOTS];
} memory;

/* --- what lives --- */

static size_t slot_of(uintptr_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (SLOTS - 1);
}

static void live_add(const void *p)
{
    uintptr_t key = ~(uintptr_t)p;
    size_t at = slot_of(key);
    check(memory.live < SLOTS / 2);
    while (memory.slots[at] != 0) at = (at + 1) & (SLOTS - 1);
    memory.slots[at] = key;
    memory.live++;
}

/* Nothing happens for a block that was made for the test, or by a library. */
static void live_remove(const void *p)
{
    uintptr_t key = ~(uintptr_t)p;
    size_t at = slot_of(key);
    while (memory.slots[at] != 0 && memory.slots[at] != key) at = (at + 1) & (SLOTS - 1);
    if (memory.slots[at] == 0) return;
    memory.slots[at] = 0;
    memory.live--;
    /* What stands behind it may have been pushed there by it. */
    for (size_t next = (at + 1) & (SLOTS - 1); memory.slots[next] != 0;
         next = (next + 1) & (SLOTS - 1)) {
        uintptr_t moved = memory.slots[next];
        memory.slots[next] = 0;
        size_t to = slot_of(moved);
        while (memory.slots[to] != 0) to = (to + 1) & (SLOTS - 1);
        memory.slots[to] = moved;
    }
}

/* --- counting and refusing --- */

static bool refused(enum memory_asker asker)
{
    if (memory.side == MEMORY_TEST || memory.side != memory.armed) return false;
    if (memory.asker != MEMORY_ANYBODY && memory.asker != asker) return false;
    memory.count++;
    if (memory.strike_at == 0 || memory.count < memory.strike_at) return false;
    if (memory.count > memory.strike_at && !memory.lasting) return false;
#ifdef HAS_STACKS
    if (memory.tell && memory.count == memory.strike_at) __sanitizer_print_stack_trace();
#endif
    memory.struck = true;
    return true;
}

static void *kept(void *p)
{
    if (p && memory.on && memory.side != MEMORY_TEST) live_add(p);
    return p;
}

void *__wrap_malloc(size_t n)
{
    return refused(MEMORY_OURS) ? NULL : kept(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
    return refused(MEMORY_OURS) ? NULL : kept(__real_calloc(count, n));
}

static void *resized(void *p, size_t n, enum memory_asker asker)
{
    if (refused(asker)) return NULL;
    void *larger = __real_realloc(p, n);
    if (larger && p && memory.on) live_remove(p);
    return kept(larger);
}

void *__wrap_realloc(void *p, size_t n)
{
    return resized(p, n, MEMORY_OURS);
}

void __wrap_free(void *p)
{
    if (p && memory.on) live_remove(p);
    __real_free(p);
}

/* --- SQLCipher's --- */

static void *sqlite_malloc(int n)
{
    return refused(MEMORY_LIBRARY) ? NULL : kept(__real_malloc((size_t)n));
}

static void sqlite_free(void *p)
{
    __wrap_free(p);
}

static void *sqlite_realloc(void *p, int n)
{
    return resized(p, (size_t)n, MEMORY_LIBRARY);
}

static int sqlite_size(void *p)
{
    return p ? (int)malloc_usable_size(p) : 0;
}

static int sqlite_roundup(int n)
{
    return (n + 7) & ~7;
}

/* In place of the library's own. SQLCipher 3.4.1 does not look whether it was given memory for its
 * provider of ciphers (the process ends), and frees twice what a copy of a codec had only borrowed
 * when it could not be finished. Neither is ours to mend: what its codec asks for is not refused. */
void *sqlcipher_malloc(int n)
{
    enum memory_side side = memory_enter(MEMORY_TEST);
    void *p = sqlite3_malloc(n);
    memory_enter(side);
    return p && n > 0 ? memset(p, 0, (size_t)n) : p;
}

static int sqlite_init(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *context)
{
    (void)context;
}

void memory_start(void)
{
    static const sqlite3_mem_methods methods = {.xMalloc = sqlite_malloc,
                                                .xFree = sqlite_free,
                                                .xRealloc = sqlite_realloc,
                                                .xSize = sqlite_size,
                                                .xRoundup = sqlite_roundup,
                                                .xInit = sqlite_init,
                                                .xShutdown = sqlite_shutdown};
    check(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
    /* Without its pool of small blocks SQLCipher asks for every one of them. */
    check(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK);
    check(sqlite3_initialize() == SQLITE_OK);
    memory.on = true;
    memory.tell = getenv("SLUICE_NTH_STACK") != NULL;
}

enum memory_side memory_enter(enum memory_side side)
{
    enum memory_side before = memory.side;
    memory.side = side;
    return before;
}

void memory_arm(enum memory_side side, enum memory_asker asker, uint64_t n, bool lasting)
{
    memory.asker = asker;
    memory.armed = side;
    memory.strike_at = n;
    memory.lasting = lasting;
    memory.struck = false;
    memory.count = 0;
}

uint64_t memory_disarm(void)
{
    uint64_t count = memory.count;
    memory.armed = MEMORY_TEST;
    memory.strike_at = 0;
    return count;
}

bool memory_struck(void)
{
    return memory.struck;
}

size_t memory_live(void)
{
    return memory.live;
}
