/* test_replica_file.c - the replica contract on the encrypted copy, and what only a file can do
 * wrong: other keys, damage, a full disk, several processes, plaintext left lying about. */
#define _GNU_SOURCE
#include "client/edge/replica_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlcipher/sqlite3.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/codec/row.h"
#include "tests/contract/replica_contract.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

enum { PATH_BYTES = 256 };

static const struct secret32 key = {{1, 2, 3}};
static const struct secret32 device = {{4, 5, 6}};

/* --- the contract --- */

struct place {
    char folder[PATH_BYTES], path[PATH_BYTES + 16];
};

static void place_make(struct place *place)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(place->folder, sizeof place->folder, "%s/sluice-copy-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/copy.db", place->folder);
}

static void place_remove(const struct place *place)
{
    DIR *folder = opendir(place->folder);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder != NULL) closedir(folder);
    rmdir(place->folder);
}

static struct replica *file_open(void *context)
{
    struct place *place = context;
    struct replica *replica = NULL;
    place_make(place);
    assert_int_equal(replica_file_create(place->path, &key, &device, &replica), FAULT_NONE);
    return replica;
}

static struct replica *file_reopen(void *context, struct replica *replica)
{
    struct place *place = context;
    replica->f->close(replica);
    assert_int_equal(replica_file_open(place->path, &key, &replica), FAULT_NONE);
    return replica;
}

static void file_discard(void *context, struct replica *replica)
{
    replica->f->close(replica);
    place_remove(context);
}

/* --- a file in a place, filled with the world --- */

struct bench {
    struct rule_world world;
    struct place place;
    struct replica *replica;
};

static int bench_open(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    world_init(&b->world);
    b->replica = file_open(&b->place);
    *state = b;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *b = *state;
    if (b->replica != NULL) b->replica->f->close(b->replica);
    place_remove(&b->place);
    world_finish(&b->world);
    free(b);
    return 0;
}

static void bench_shut(struct bench *b)
{
    b->replica->f->close(b->replica);
    b->replica = NULL;
}

static enum fault open_with(struct bench *b, const struct secret32 *with)
{
    return replica_file_open(b->place.path, with, &b->replica);
}

static enum fault entry_add(struct replica *replica, uint64_t number)
{
    static const char padding[4096] = "x";
    struct outbox_entry entry = {.number = number, .payload = {padding, sizeof padding}};
    memcpy(entry.mutation.b, &number, sizeof number);
    return replica->f->outbox_add(replica, &entry);
}

static size_t pending_count(struct replica *replica)
{
    size_t pending = 0;
    assert_int_equal(replica->f->outbox_count(replica, &pending), FAULT_NONE);
    return pending;
}

/* --- opening --- */

static void the_device_secret_comes_back(void **state)
{
    struct bench *b = *state;
    struct secret32 out;
    assert_int_equal(replica_file_device(b->replica, &out), FAULT_NONE);
    assert_true(secret32_equal(&out, &device));
    struct stat status;
    assert_int_equal(stat(b->place.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void nothing_is_made_over_a_copy(void **state)
{
    struct bench *b = *state;
    struct replica *other = NULL;
    assert_int_equal(replica_file_create(b->place.path, &key, &device, &other), FAULT_EXISTS);
    assert_null(other);
    bench_shut(b);
    assert_int_equal(open_with(b, &key), FAULT_NONE);
}

static void no_file_is_not_found(void **state)
{
    struct bench *b = *state;
    bench_shut(b);
    assert_int_equal(unlink(b->place.path), 0);
    assert_int_equal(open_with(b, &key), FAULT_NOT_FOUND);
    assert_int_equal(access(b->place.path, F_OK), -1); /* and none was made */
}

static void another_key_does_not_open_it(void **state)
{
    struct bench *b = *state;
    const struct secret32 wrong = {{9}};
    bench_shut(b);
    assert_int_equal(open_with(b, &wrong), FAULT_CRYPTO);
    assert_int_equal(open_with(b, &key), FAULT_NONE); /* and the attempt did no harm */
}

static void file_garble(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte = 0;
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x5a;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Everything the copy can be asked: the first fault there is. */
static enum fault read_everything(struct bench *b)
{
    const struct replica_functions *f = b->replica->f;
    const struct deal_filter all = {.all = true};
    const struct deal **deals;
    const struct event **events;
    const struct activity **activities;
    struct outbox_entry *entries;
    struct identity identity;
    struct secret32 secret;
    const void **things;
    uint64_t *seqs;
    size_t count;
    struct arena *arena = &b->world.arena;
    enum fault fault = f->identity_load(b->replica, arena, &identity);
    if (!fault) fault = replica_file_device(b->replica, &secret);
    if (!fault) fault = f->deals(b->replica, arena, &all, &deals, &count);
    if (!fault) fault = f->all(b->replica, arena, ENTITY_ORGANISATION, &things, &count);
    if (!fault) {
        fault = f->activities(b->replica, arena, (struct uuid){{0}}, &activities, &count);
    }
    if (!fault) fault = f->events(b->replica, arena, (struct uuid){{0}}, &events, &seqs, &count);
    if (!fault) fault = f->outbox_list(b->replica, arena, 0, true, 10000, &entries, &count);
    if (!fault) {
        fault = f->find(b->replica, arena, ENTITY_DEAL, STR("roof"), 10, &things, &count);
    }
    return fault;
}

static int mark_compare(const void *left, const void *right)
{
    const struct row_mark *a = left, *b = right;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static size_t marks_sorted(struct bench *b, struct replica *replica, struct row_mark **out)
{
    size_t count = 0;
    assert_int_equal(replica->f->marks(replica, &b->world.arena, out, &count), FAULT_NONE);
    if (count > 1) qsort(*out, count, sizeof **out, mark_compare);
    return count;
}

/* What a copy is compared by: the server's rows of what is shown, each as it was received, and the
 * same from the file as from the memory. */
static void marks_are_of_the_servers_rows(void **state)
{
    struct bench *b = *state;
    struct replica *both[] = {b->replica, replica_memory_open()};
    struct row_mark *marks[2], *before;
    struct event event = {.subject = world_id("roof"), .what = EVENT_CREATED};
    struct row shown = {.kind = ENTITY_DEAL, .id = world_id("roof"),
                        .entity = world_deal(&b->world, "roof", "title=Predicted")};
    world_deal(&b->world, "roof", "title=Roof");
    struct packed_row of_event =
        world_row(&b->world, ENTITY_EVENT, world_id("roof"), 70, 3, &event);
    struct packed_row gone = {.kind = ENTITY_DEAL, .id = world_id("roof"), .seq = 90,
                              .removed = true};
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        struct replica *replica = both[i];
        const struct replica_functions *f = replica->f;
        struct identity identity;
        world_fill(&b->world, replica, "rep");
        assert_int_equal(f->identity_load(replica, &b->world.arena, &identity), FAULT_NONE);
        size_t rows = marks_sorted(b, replica, &before);
        assert_int_equal(f->begin(replica), FAULT_NONE);
        assert_int_equal(f->put_row(replica, identity.generation, &of_event), FAULT_NONE);
        assert_int_equal(f->put_row(replica, identity.generation + 1, &of_event), FAULT_NONE);
        assert_int_equal(f->put_row(replica, identity.generation, &gone), FAULT_NONE);
        assert_int_equal(f->shown_put(replica, &shown), FAULT_NONE);
        assert_int_equal(f->commit(replica), FAULT_NONE);
        count = marks_sorted(b, replica, &marks[i]);
        assert_int_equal(count, rows); /* an event more, a deal less */
        bool found = false;
        for (size_t k = 0; k < count; k++) {
            assert_false(marks[i][k].kind == ENTITY_DEAL &&
                         uuid_equal(marks[i][k].id, gone.id));
            found = found || (marks[i][k].hash == codec_row_hash(&of_event) &&
                              marks[i][k].n == 3 && marks[i][k].seq == 70);
        }
        assert_true(found);
    }
    for (size_t k = 0; k < count; k++) {
        assert_true(marks[0][k].hash == marks[1][k].hash);
        assert_true(marks[0][k].seq == marks[1][k].seq);
    }
    both[1]->f->close(both[1]);
}

static void damage_is_noticed_wherever_it_is(void **state)
{
    struct bench *b = *state;
    struct stat status;
    size_t noticed = 0, pages;
    world_deal(&b->world, "roof", "title=Roof");
    world_fill(&b->world, b->replica, "rep");
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    for (uint64_t i = 1; i <= 40; i++) assert_int_equal(entry_add(b->replica, i), FAULT_NONE);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    assert_int_equal(read_everything(b), FAULT_NONE);
    bench_shut(b);
    assert_int_equal(stat(b->place.path, &status), 0);
    pages = (size_t)status.st_size / 4096;
    for (size_t page = 0; page < pages; page++) {
        file_garble(b->place.path, (off_t)(page * 4096 + 1000));
        enum fault fault = open_with(b, &key);
        if (fault == FAULT_NONE) {
            fault = read_everything(b);
            bench_shut(b);
        }
        if (fault != FAULT_NONE) {
            assert_string_equal(fault_name(fault), "crypto");
            noticed++;
        }
        file_garble(b->place.path, (off_t)(page * 4096 + 1000)); /* whole again */
    }
    /* Pages of secondary indexes are not read by what is asked here. */
    assert_true(noticed > pages / 2);
    assert_int_equal(open_with(b, &key), FAULT_NONE);
    assert_int_equal(read_everything(b), FAULT_NONE);
}

static void a_file_cut_short_is_noticed(void **state)
{
    struct bench *b = *state;
    const off_t lengths[] = {0, 17, 4096, 4096 + 100, 5 * 4096};
    world_fill(&b->world, b->replica, "rep");
    bench_shut(b);
    struct stat status;
    assert_int_equal(stat(b->place.path, &status), 0);
    for (size_t i = sizeof lengths / sizeof *lengths; i-- > 0;) {
        assert_true(lengths[i] < status.st_size);
        assert_int_equal(truncate(b->place.path, lengths[i]), 0);
        enum fault fault = open_with(b, &key);
        if (fault == FAULT_NONE) {
            fault = read_everything(b);
            bench_shut(b);
        }
        assert_string_equal(fault_name(fault), "crypto");
    }
}

static void another_file_is_not_a_copy(void **state)
{
    struct bench *b = *state;
    bench_shut(b);
    FILE *file = fopen(b->place.path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++) fputs("title,value\nRoof,100\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(open_with(b, &key), FAULT_CRYPTO);
}

/* --- a full disk --- */

static void a_full_disk_changes_nothing(void **state)
{
    struct bench *b = *state;
    struct stat status;
    struct rlimit before, small;
    world_fill(&b->world, b->replica, "rep");
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    assert_int_equal(entry_add(b->replica, 1), FAULT_NONE);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    assert_int_equal(stat(b->place.path, &status), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = (rlim_t)status.st_size + 8192;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum fault fault = b->replica->f->begin(b->replica);
    for (uint64_t i = 2; i < 100 && !fault; i++) fault = entry_add(b->replica, i);
    if (fault == FAULT_NONE) {
        fault = b->replica->f->commit(b->replica);
    } else {
        b->replica->f->rollback(b->replica);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_string_equal(fault_name(fault), "full");
    assert_int_equal(pending_count(b->replica), 1);
    /* With room again, work goes on in the same process. */
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    assert_int_equal(entry_add(b->replica, 2), FAULT_NONE);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    bench_shut(b);
    assert_int_equal(open_with(b, &key), FAULT_NONE);
    assert_int_equal(pending_count(b->replica), 2);
}

/* --- several processes --- */

enum { WRITERS = 3, WRITES = 25 };

static int write_some(const char *path)
{
    struct replica *replica = NULL;
    struct arena arena;
    if (replica_file_open(path, &key, &replica) != FAULT_NONE) return 1;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < WRITES; i++) {
        struct identity identity;
        arena_reset(&arena);
        if (replica->f->begin(replica) != FAULT_NONE) return 2;
        if (replica->f->identity_load(replica, &arena, &identity) != FAULT_NONE) return 3;
        if (entry_add(replica, identity.next_number) != FAULT_NONE) return 4;
        identity.next_number++;
        if (replica->f->identity_store(replica, &identity) != FAULT_NONE) return 5;
        if (replica->f->commit(replica) != FAULT_NONE) return 6;
    }
    arena_finish(&arena);
    replica->f->close(replica);
    return 0;
}

static void processes_write_at_once_and_nothing_is_lost(void **state)
{
    struct bench *b = *state;
    pid_t pids[WRITERS];
    world_fill(&b->world, b->replica, "rep");
    bench_shut(b); /* no connection goes across a fork */
    for (size_t i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) _exit(write_some(b->place.path));
        assert_true(pids[i] > 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    struct identity identity;
    assert_int_equal(open_with(b, &key), FAULT_NONE);
    assert_int_equal(b->replica->f->identity_load(b->replica, &b->world.arena, &identity),
                     FAULT_NONE);
    assert_int_equal(identity.next_number, WRITERS * WRITES + 1);
    assert_int_equal(pending_count(b->replica), WRITERS * WRITES);
}

static void a_writer_that_is_killed_leaves_whole_transactions(void **state)
{
    struct bench *b = *state;
    world_fill(&b->world, b->replica, "rep");
    bench_shut(b);
    for (int round = 0; round < 5; round++) {
        int ready[2];
        char byte;
        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct replica *replica = NULL;
            if (replica_file_open(b->place.path, &key, &replica) != FAULT_NONE) _exit(1);
            for (uint64_t i = (uint64_t)round * 100000 + 1;; i += 2) {
                if (replica->f->begin(replica) != FAULT_NONE) _exit(2);
                if (entry_add(replica, i) != FAULT_NONE) _exit(3);
                if (entry_add(replica, i + 1) != FAULT_NONE) _exit(4);
                if (replica->f->commit(replica) != FAULT_NONE) _exit(5);
                if (write(ready[1], "x", 1) != 1) _exit(6);
            }
        }
        close(ready[1]);
        for (int i = 0; i < 3 + round; i++) assert_int_equal(read(ready[0], &byte, 1), 1);
        kill(pid, SIGKILL);
        size_t acknowledged = (size_t)(3 + round);
        while (read(ready[0], &byte, 1) == 1) acknowledged++;
        close(ready[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        struct outbox_entry *entries = NULL;
        size_t count = 0;
        assert_int_equal(open_with(b, &key), FAULT_NONE);
        assert_int_equal(b->replica->f->outbox_list(b->replica, &b->world.arena,
                                                    (uint64_t)round * 100000, true, 10000,
                                                    &entries, &count),
                         FAULT_NONE);
        bench_shut(b);
        assert_true(count >= 2 * acknowledged); /* what was said to be durable is there */
        assert_int_equal(count % 2, 0);         /* and never half a transaction */
        arena_reset(&b->world.arena);
    }
}

static void a_reader_sees_a_whole_state_while_another_writes(void **state)
{
    struct bench *b = *state;
    struct replica *other = NULL;
    world_fill(&b->world, b->replica, "rep");
    assert_int_equal(replica_file_open(b->place.path, &key, &other), FAULT_NONE);
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    assert_int_equal(entry_add(b->replica, 1), FAULT_NONE);
    assert_int_equal(pending_count(other), 0);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    assert_int_equal(pending_count(other), 1);
    other->f->close(other);
}

/* --- what lies on the disk --- */

static bool file_has(const char *path, const char *text)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) {
        bytes = realloc(bytes, n + got);
        assert_non_null(bytes);
        memcpy(bytes + n, chunk, got);
        n += got;
    }
    fclose(file);
    bool found = bytes != NULL && memmem(bytes, n, text, strlen(text)) != NULL;
    free(bytes);
    return found;
}

static void nothing_is_readable_in_any_file(void **state)
{
    struct bench *b = *state;
    char journal[PATH_BYTES + 32];
    world_deal(&b->world, "roof", "title=Unmistakable");
    world_fill(&b->world, b->replica, "rep");
    bench_shut(b);
    assert_int_equal(open_with(b, &key), FAULT_NONE);
    assert_non_null(replica_deal(&b->world, b->replica, "roof", false));
    bench_shut(b);
    /* In the middle of a commit the journal holds what was there before. */
    pid_t pid = fork();
    if (pid == 0) {
        struct replica *replica = NULL;
        struct rlimit small = {.rlim_cur = 64 * 1024, .rlim_max = 64 * 1024};
        struct packed_row row = world_row(&b->world, ENTITY_DEAL, world_id("roof"), 9, 0,
                                          world_deal(&b->world, "roof", "title=Unmistakable"));
        if (replica_file_open(b->place.path, &key, &replica) != FAULT_NONE) _exit(1);
        if (replica->f->begin(replica) != FAULT_NONE) _exit(2);
        if (replica->f->put_row(replica, 1, &row) != FAULT_NONE) _exit(3);
        for (uint64_t i = 1; i < 100; i++) {
            if (entry_add(replica, i) != FAULT_NONE) _exit(4);
        }
        setrlimit(RLIMIT_FSIZE, &small); /* and SIGXFSZ ends it there */
        _exit(replica->f->commit(replica) == FAULT_NONE ? 5 : 6);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGXFSZ);
    snprintf(journal, sizeof journal, "%s-journal", b->place.path);
    struct stat held;
    assert_int_equal(stat(journal, &held), 0);
    assert_true(held.st_size > 4096);
    assert_false(file_has(b->place.path, "Unmistakable"));
    assert_false(file_has(journal, "Unmistakable"));
    assert_false(file_has(b->place.path, "SQLite format"));
    /* The next reader plays the journal back. */
    assert_int_equal(open_with(b, &key), FAULT_NONE);
    assert_int_equal(pending_count(b->replica), 0);
}

/* --- indexes of another program --- */

/* Says something to the file that no program of ours would. */
static void file_tell(const struct bench *b, const char *sql)
{
    sqlite3 *db = NULL;
    char text[80];
    memcpy(text, "x'", 2);
    sodium_bin2hex(text + 2, 65, key.b, sizeof key.b);
    memcpy(text + 66, "'", 1);
    assert_int_equal(sqlite3_open(b->place.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_key(db, text, 67), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA cipher_page_size = 4096", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static size_t found(struct bench *b, enum entity_kind kind, const char *text)
{
    const void **items;
    size_t count = 0;
    assert_int_equal(b->replica->f->find(b->replica, &b->world.arena, kind, str_from(text), 10,
                                         &items, &count), FAULT_NONE);
    return count;
}

static void indexes_of_another_program_are_made_again_from_the_rows(void **state)
{
    struct bench *b = *state;
    const struct deal_filter open = {.all = false};
    const struct deal **deals;
    size_t count = 0;
    world_deal(&b->world, "roof", "title=Roof");
    world_fill(&b->world, b->replica, "rep");
    struct row mine = {.kind = ENTITY_DEAL, .id = world_id("shed"),
                       .entity = world_deal(&b->world, "shed", "title=Shed")};
    struct event event = {.subject = world_id("roof"), .subject_kind = ENTITY_DEAL,
                          .what = EVENT_STAGE};
    struct packed_row past =
        world_row(&b->world, ENTITY_EVENT, world_id("roof"), 9, 0, &event);
    struct mutation mutation = {.id = world_id("m"), .kind = MUTATION_DELETE,
                                .entity = ENTITY_DEAL, .target = world_id("roof")};
    struct buffer payload;
    buffer_init(&payload, 1 << 16);
    assert_int_equal(codec_mutation_pack(&mutation, &payload), FAULT_NONE);
    struct outbox_entry waits = {.number = 1, .payload = buffer_str(&payload)};
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    assert_int_equal(b->replica->f->shown_put(b->replica, &mine), FAULT_NONE);
    assert_int_equal(b->replica->f->put_row(b->replica, 1, &past), FAULT_NONE);
    assert_int_equal(b->replica->f->outbox_add(b->replica, &waits), FAULT_NONE);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    buffer_finish(&payload);
    bench_shut(b);
    file_tell(b, "PRAGMA user_version = 1; DROP TABLE deal_index;"
                 "DROP INDEX entity_index_name; DELETE FROM entity_index;"
                 "DELETE FROM activity_index; DELETE FROM past_open; DELETE FROM outbox_target");
    assert_int_equal(replica_file_open(b->place.path, &key, &b->replica), FAULT_NONE);
    assert_int_equal(found(b, ENTITY_DEAL, "roof"), 1);
    assert_int_equal(found(b, ENTITY_DEAL, "shed"), 1);
    assert_int_equal(found(b, ENTITY_ORGANISATION, "acme"), 1);
    assert_int_equal(b->replica->f->deals(b->replica, &b->world.arena, &open, &deals, &count),
                     FAULT_NONE);
    assert_int_equal(count, 2);
    assert_true(str_equal(deals[0]->title, STR("Roof")) || str_equal(deals[1]->title, STR("Roof")));
    const struct event **events;
    bool waiting = false;
    assert_int_equal(b->replica->f->events_open(b->replica, &b->world.arena, &events, &count),
                     FAULT_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(b->replica->f->outbox_waiting(b->replica, &b->world.arena, &event.subject, 1,
                                                   &waiting),
                     FAULT_NONE);
    assert_true(waiting);
}

static void a_file_without_what_must_be_there_is_damaged(void **state)
{
    struct bench *b = *state;
    world_fill(&b->world, b->replica, "rep");
    bench_shut(b);
    file_tell(b, "DROP TABLE outbox");
    assert_int_equal(replica_file_open(b->place.path, &key, &b->replica), FAULT_CRYPTO);
}

/* --- what was shown before --- */

static void events_put(struct bench *b, const char *subject, size_t count)
{
    struct event event = {.subject = world_id(subject), .subject_kind = ENTITY_DEAL,
                          .what = EVENT_STAGE};
    for (size_t i = 0; i < count; i++) {
        struct packed_row row = world_row(&b->world, ENTITY_EVENT, event.subject, 10 + i, 0, &event);
        assert_int_equal(b->replica->f->put_row(b->replica, 1, &row), FAULT_NONE);
    }
}

static void generation_show(struct bench *b, uint64_t generation)
{
    struct identity identity;
    assert_int_equal(b->replica->f->identity_load(b->replica, &b->world.arena, &identity),
                     FAULT_NONE);
    identity.generation = generation;
    assert_int_equal(b->replica->f->identity_store(b->replica, &identity), FAULT_NONE);
    assert_int_equal(b->replica->f->keep_generation(b->replica, generation), FAULT_NONE);
}

static void assert_holds(struct bench *b, size_t deals_expected, size_t marks_expected)
{
    const struct deal_filter all = {.all = true};
    const struct deal **deals;
    struct row_mark *marks;
    size_t count = 0;
    assert_int_equal(b->replica->f->deals(b->replica, &b->world.arena, &all, &deals, &count),
                     FAULT_NONE);
    assert_int_equal(count, deals_expected);
    assert_int_equal(marks_sorted(b, b->replica, &marks), marks_expected);
    assert_int_equal(found(b, ENTITY_DEAL, "roof"), 0);
}

/* More of one thing than a part has, twice: no part is empty, and none waits for who writes. */
static void what_was_shown_before_goes_in_parts(void **state)
{
    struct bench *b = *state;
    struct replica *other = NULL;
    struct packed_row barn = world_row(&b->world, ENTITY_DEAL, world_id("barn"), 5, 0,
                                       world_deal(&b->world, "barn", "title=Barn"));
    bool more = false;
    size_t parts = 0;
    world_deal(&b->world, "roof", "title=Roof");
    world_fill(&b->world, b->replica, "rep");
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    events_put(b, "roof", 10500);
    events_put(b, "shed", 10500);
    assert_int_equal(b->replica->f->put_row(b->replica, 2, &barn), FAULT_NONE);
    generation_show(b, 2);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    assert_holds(b, 1, 1);
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    assert_int_equal(b->replica->f->put_row(b->replica, 3, &barn), FAULT_NONE);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    assert_int_equal(replica_file_open(b->place.path, &key, &other), FAULT_NONE);
    do {
        assert_int_equal(other->f->begin(other), FAULT_NONE);
        assert_int_equal(replica_file_drop_former(b->replica, &more), FAULT_BUSY);
        assert_true(more);
        other->f->rollback(other);
        assert_int_equal(replica_file_drop_former(b->replica, &more), FAULT_NONE);
        assert_holds(b, 1, 1);
        parts++;
    } while (more);
    assert_true(parts >= 2);
    assert_int_equal(other->f->begin(other), FAULT_NONE);
    assert_int_equal(replica_file_drop_former(b->replica, &more), FAULT_NONE); /* asks for nothing */
    assert_false(more);
    other->f->rollback(other);
    other->f->close(other);
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    generation_show(b, 3); /* what is on its way is not what was shown */
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    assert_holds(b, 1, 1);
    assert_int_equal(b->replica->f->begin(b->replica), FAULT_NONE);
    generation_show(b, 1);
    assert_int_equal(b->replica->f->commit(b->replica), FAULT_NONE);
    assert_holds(b, 0, 0); /* all of it is gone */
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    struct place place;
    const struct replica_factory factory = {.name = "replica in a file",
                                            .context = &place,
                                            .open = file_open,
                                            .reopen = file_reopen,
                                            .discard = file_discard};
    const struct CMUnitTest tests[] = {
        FILE_TEST(indexes_of_another_program_are_made_again_from_the_rows),
        FILE_TEST(a_file_without_what_must_be_there_is_damaged),
        FILE_TEST(what_was_shown_before_goes_in_parts),
        FILE_TEST(the_device_secret_comes_back),
        FILE_TEST(nothing_is_made_over_a_copy),
        FILE_TEST(no_file_is_not_found),
        FILE_TEST(another_key_does_not_open_it),
        FILE_TEST(marks_are_of_the_servers_rows),
        FILE_TEST(damage_is_noticed_wherever_it_is),
        FILE_TEST(a_file_cut_short_is_noticed),
        FILE_TEST(another_file_is_not_a_copy),
        FILE_TEST(a_full_disk_changes_nothing),
        FILE_TEST(processes_write_at_once_and_nothing_is_lost),
        FILE_TEST(a_writer_that_is_killed_leaves_whole_transactions),
        FILE_TEST(a_reader_sees_a_whole_state_while_another_writes),
        FILE_TEST(nothing_is_readable_in_any_file),
    };
    int failed = replica_contract_run(&factory);
    return failed + cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
