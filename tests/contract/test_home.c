/* test_home.c - the folder of one identity: its files, its keys, the turn, senders, and what an
 * exchange with a server that is not there, or is something else, comes to. */
#define _GNU_SOURCE
#include "client/edge/home.h"
#include "client/edge/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/edge/turn.h"

enum { PATH_BYTES = 256, WAIT_MS = 10 * 1000 };

struct bench {
    char folder[PATH_BYTES], path[PATH_BYTES + 16];
    struct home *home;
    struct trouble trouble;
    struct arena arena;
};

static int bench_open(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    const char *tmp = getenv("TMPDIR");
    assert_non_null(b);
    snprintf(b->folder, sizeof b->folder, "%s/sluice-home-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof b->path, "%s/a/home", b->folder);
    arena_init(&b->arena, 1 << 20);
    assert_int_equal(home_create(b->path, &b->home, &b->trouble), FAULT_NONE);
    *state = b;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *b = *state;
    char between[PATH_BYTES + 8];
    home_close(b->home);
    home_discard(b->path);
    snprintf(between, sizeof between, "%s/a", b->folder);
    assert_int_equal(rmdir(between), 0); /* a discarded home leaves nothing */
    assert_int_equal(rmdir(b->folder), 0);
    arena_finish(&b->arena);
    free(b);
    return 0;
}

static char *inside(struct bench *b, const char *name)
{
    return (char *)(uintptr_t)arena_format(&b->arena, "%s/%s", b->path, name).p;
}

static unsigned mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

/* Waits until the condition holds; fails the test when it does not in time. */
#define assert_soon(condition)                                                                     \
    do {                                                                                           \
        uint64_t deadline_ = home_now().boot_ms + WAIT_MS;                                         \
        while (!(condition)) {                                                                     \
            if (home_now().boot_ms > deadline_) fail_msg("not in time: %s", #condition);           \
            usleep(2000);                                                                          \
        }                                                                                          \
    } while (0)

/* --- the folder --- */

static void only_its_owner_can_read_it(void **state)
{
    struct bench *b = *state;
    assert_int_equal(mode_of(b->path), 0700);
    assert_int_equal(mode_of(inside(b, "key")), 0600);
    assert_int_equal(mode_of(inside(b, "copy.db")), 0600);
    assert_true(home_exists(b->path));
    assert_false(home_exists(b->folder));
}

static void the_same_device_is_opened_again(void **state)
{
    struct bench *b = *state;
    uint8_t before[32];
    memcpy(before, home_device_public(b->home), sizeof before);
    home_close(b->home);
    assert_int_equal(home_open(b->path, &b->home, &b->trouble), FAULT_NONE);
    assert_memory_equal(home_device_public(b->home), before, sizeof before);
}

static void a_home_is_not_made_twice(void **state)
{
    struct bench *b = *state;
    struct home *other = NULL;
    assert_int_equal(home_create(b->path, &other, &b->trouble), FAULT_EXISTS);
    assert_null(other);
    assert_int_equal(b->trouble.fault, FAULT_EXISTS);
    home_close(b->home);
    assert_int_equal(home_open(b->path, &b->home, &b->trouble), FAULT_NONE);
}

static void where_there_is_none_it_says_so(void **state)
{
    struct bench *b = *state;
    struct home *other = NULL;
    assert_int_equal(home_open(b->folder, &other, &b->trouble), FAULT_NOT_FOUND);
    assert_string_equal(b->trouble.operation, "open");
    assert_non_null(strstr(b->trouble.path, "copy.db"));
}

static void file_write(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static void a_bad_key_file_is_refused(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *sentence;
        size_t bytes;
        mode_t mode;
        enum fault fault;
    } rows[] = {
        {"another key", 32, 0600, FAULT_CRYPTO},   {"cut short", 31, 0600, FAULT_CRYPTO},
        {"too long", 33, 0600, FAULT_CRYPTO},      {"empty", 0, 0600, FAULT_CRYPTO},
        {"others may read", 32, 0644, FAULT_DENIED},
    };
    const char bytes[33] = {7};
    char *key = inside(b, "key");
    home_close(b->home);
    b->home = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        file_write(key, bytes, rows[i].bytes);
        assert_int_equal(chmod(key, rows[i].mode), 0);
        enum fault fault = home_open(b->path, &b->home, &b->trouble);
        if (fault != rows[i].fault) fail_msg("%s: %s", rows[i].sentence, fault_name(fault));
        assert_null(b->home);
    }
    assert_int_equal(unlink(key), 0);
    assert_int_equal(home_open(b->path, &b->home, &b->trouble), FAULT_CRYPTO);
}

static void an_interrupted_creation_is_done_again(void **state)
{
    struct bench *b = *state;
    home_close(b->home);
    b->home = NULL;
    /* As if the machine had stopped after the key, or in the middle of the copy. */
    assert_int_equal(rename(inside(b, "copy.db"), inside(b, "copy.new")), 0);
    assert_false(home_exists(b->path));
    assert_int_equal(home_create(b->path, &b->home, &b->trouble), FAULT_NONE);
    assert_int_equal(access(inside(b, "copy.new"), F_OK), -1);
}

static void the_path_is_looked_for_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *given, *sluice, *data, *home, *expected;
    } rows[] = {
        {"what was given", "/g", "/s", "/x", "/h", "/g"},
        {"else SLUICE_HOME", NULL, "/s", "/x", "/h", "/s"},
        {"else XDG_DATA_HOME", NULL, NULL, "/x", "/h", "/x/sluice"},
        {"a relative one does not count", NULL, NULL, "x", "/h", "/h/.local/share/sluice"},
        {"else below HOME", NULL, "", NULL, "/h", "/h/.local/share/sluice"},
        {"else nowhere", NULL, NULL, NULL, NULL, NULL},
    };
    const char *names[] = {"SLUICE_HOME", "XDG_DATA_HOME", "HOME"};
    char *before[3];
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        before[i] = value ? strdup(value) : NULL;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *values[] = {rows[i].sluice, rows[i].data, rows[i].home};
        char out[4096] = "";
        for (size_t j = 0; j < 3; j++) {
            if (values[j]) {
                setenv(names[j], values[j], 1);
            } else {
                unsetenv(names[j]);
            }
        }
        enum fault fault = home_path(rows[i].given, out);
        if (fault != (rows[i].expected ? FAULT_NONE : FAULT_NOT_FOUND) ||
            (rows[i].expected && strcmp(out, rows[i].expected) != 0)) {
            fail_msg("%s: %s", rows[i].sentence, out);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (before[i]) setenv(names[i], before[i], 1);
        free(before[i]);
    }
}

/* --- exchanging --- */

static void point_to(struct bench *b, const char *const *addresses, size_t count)
{
    struct replica *replica = home_replica(b->home);
    struct identity identity = {.address_count = count, .next_number = 1};
    for (size_t i = 0; i < count; i++) identity.addresses[i] = str_from(addresses[i]);
    system_random(identity.replica.b, sizeof identity.replica.b);
    identity.server_key[0] = 9; /* X25519's base point: a key like any other */
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->identity_store(replica, &identity), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
}

/* A listening socket on a free port of the loopback; the address goes into the arena. */
static int listener_open(struct bench *b, const char **address)
{
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof where;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &n), 0);
    *address = arena_format(&b->arena, "127.0.0.1:%d", ntohs(where.sin_port)).p;
    return fd;
}

/* A peer in its own process: takes `count` connections, says something to each, closes it. */
static pid_t peer_start(int listener, size_t count, const char *says)
{
    pid_t pid = fork();
    if (pid != 0) return pid;
    for (size_t i = 0; i < count; i++) {
        char byte;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) _exit(1);
        if (read(fd, &byte, 1) != 1) _exit(2);
        if (*says && write(fd, says, strlen(says)) < 0) _exit(3);
        shutdown(fd, SHUT_WR);
        while (read(fd, &byte, 1) > 0) {
        }
        close(fd);
    }
    _exit(0);
}

static void peer_end(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static struct sync_report exchange(struct bench *b)
{
    const struct home_sync_options options = {.timeout_ms = WAIT_MS};
    struct sync_report report;
    assert_int_equal(home_sync(b->home, &options, &report), FAULT_NONE);
    return report;
}

static struct identity identity_of(struct bench *b)
{
    struct identity identity;
    struct replica *replica = home_replica(b->home);
    assert_int_equal(replica->f->identity_load(replica, &b->arena, &identity), FAULT_NONE);
    return identity;
}

static void nobody_there_is_unreachable(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *sentence, *address;
    } rows[] = {
        {"nothing listens there", NULL},      {"no port", "127.0.0.1"},
        {"no host", ":7000"},                 {"a port that is no number", "127.0.0.1:http"},
        {"no such name", "nowhere.invalid:1"}, {"nothing at all", ""},
    };
    const char *closed = NULL;
    close(listener_open(b, &closed));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *address = rows[i].address ? rows[i].address : closed;
        point_to(b, &address, 1);
        struct sync_report report = exchange(b);
        if (report.state != SYNC_OFFLINE || report.trouble != SYNC_TROUBLE_UNREACHABLE) {
            fail_msg("%s: state %d, trouble %d", rows[i].sentence, report.state, report.trouble);
        }
    }
    assert_true(identity_of(b).last_failure_at > 0);
}

static void something_else_there_is_told_apart(void **state)
{
    struct bench *b = *state;
    const char *address = NULL;
    int listener = listener_open(b, &address);
    pid_t peer = peer_start(listener, 1, "HTTP/1.1 400 Bad Request\r\n\r\n");
    point_to(b, &address, 1);
    struct sync_report report = exchange(b);
    assert_int_equal(report.trouble, SYNC_TROUBLE_NOT_SLUICE);
    peer_end(peer);
    peer = peer_start(listener, 1, "");
    report = exchange(b);
    assert_int_equal(report.state, SYNC_OFFLINE);
    assert_int_equal(report.trouble, SYNC_TROUBLE_CLOSED);
    peer_end(peer);
    close(listener);
}

static void the_next_address_is_tried(void **state)
{
    struct bench *b = *state;
    const char *addresses[2];
    close(listener_open(b, &addresses[0]));
    int listener = listener_open(b, &addresses[1]);
    pid_t peer = peer_start(listener, 1, "HTTP/1.1 400 Bad Request\r\n\r\n");
    point_to(b, addresses, 2);
    struct sync_report report = exchange(b);
    assert_int_equal(report.trouble, SYNC_TROUBLE_NOT_SLUICE);
    peer_end(peer);
    close(listener);
}

static void a_signal_ends_a_live_exchange(void **state)
{
    struct bench *b = *state;
    const char *address = NULL;
    close(listener_open(b, &address));
    point_to(b, &address, 1);
    home_close(b->home);
    b->home = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        const struct home_sync_options options = {.live = true};
        struct sync_report report;
        if (home_open(b->path, &b->home, &b->trouble) != FAULT_NONE) _exit(1);
        if (home_sync(b->home, &options, &report) != FAULT_NONE) _exit(2);
        home_close(b->home);
        _exit(0);
    }
    struct turn turn = {.fd = -1};
    /* It holds the turn, so nobody else may. */
    assert_soon(turn_take(b->path, &turn) == FAULT_BUSY || (turn_release(&turn), false));
    assert_int_equal(home_open(b->path, &b->home, &b->trouble), FAULT_NONE);
    assert_soon(identity_of(b).last_failure_at > 0); /* it is past its start */
    const struct home_sync_options options = {.live = false};
    struct sync_report report;
    assert_int_equal(home_sync(b->home, &options, &report), FAULT_BUSY);
    assert_int_equal(kill(pid, SIGTERM), 0);
    peer_end(pid);
    assert_int_equal(turn_take(b->path, &turn), FAULT_NONE);
    turn_release(&turn);
}

static bool ask_to_stop(void *context, const struct sync_report *report)
{
    (void)report;
    ++*(int *)context;
    return false;
}

static void a_silent_server_is_not_waited_for(void **state)
{
    struct bench *b = *state;
    int calls = 0;
    const char *address = NULL;
    int listener = listener_open(b, &address);
    point_to(b, &address, 1);
    /* A server that never answers: the overall time is what ends it. */
    const struct home_sync_options options = {
        .timeout_ms = 200, .changed = ask_to_stop, .context = &calls};
    struct sync_report report;
    assert_int_equal(home_sync(b->home, &options, &report), FAULT_NONE);
    assert_int_equal(report.trouble, SYNC_TROUBLE_SILENT);
    assert_int_equal(report.state, SYNC_OFFLINE);
    close(listener);
}

/* --- senders --- */

static char *script_write(struct bench *b, const char *said)
{
    char *path = (char *)(uintptr_t)arena_format(&b->arena, "%s/sender", b->folder).p;
    char *text = (char *)(uintptr_t)arena_format(
                     &b->arena,
                     "#!/bin/sh\n"
                     "for n in 3 4 5 6 7 8 9; do\n"
                     "  test -e /proc/$$/fd/$n && open=\"$open $n\"\ndone\n"
                     "echo \"$1 $SLUICE_HOME$open\" > %s.new\nmv %s.new %s\n",
                     said, said, said)
                     .p;
    file_write(path, text, strlen(text));
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

static void a_sender_is_left_behind_unless_it_failed_lately(void **state)
{
    struct bench *b = *state;
    const char *address = "127.0.0.1:1";
    char *said = (char *)(uintptr_t)arena_format(&b->arena, "%s/said", b->folder).p;
    char *script = script_write(b, said);
    char line[512] = "", expected[512];
    home_deliver_later(b->home, b->path, script); /* no server is known: no sender */
    point_to(b, &address, 1);
    struct replica *replica = home_replica(b->home);
    struct identity identity = identity_of(b);
    identity.last_failure_at = home_now().wall_ms - 1000;
    identity.last_failure = STR("refused"); /* empty: there was a success since */
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->identity_store(replica, &identity), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
    home_deliver_later(b->home, b->path, script); /* failed a second ago: none */
    identity.last_failure_at = home_now().wall_ms - 60 * 1000;
    assert_int_equal(access(said, F_OK), -1);
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->identity_store(replica, &identity), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
    home_deliver_later(b->home, b->path, script);
    assert_soon(access(said, F_OK) == 0);
    FILE *file = fopen(said, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    /* Told what to do and where, with none of our files still open. */
    snprintf(expected, sizeof expected, "deliver %s\n", b->path);
    assert_string_equal(line, expected);
    assert_int_equal(unlink(said), 0);
    assert_int_equal(unlink(script), 0);
}

#define HOME_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME_TEST(only_its_owner_can_read_it),
        HOME_TEST(the_same_device_is_opened_again),
        HOME_TEST(a_home_is_not_made_twice),
        HOME_TEST(where_there_is_none_it_says_so),
        HOME_TEST(a_bad_key_file_is_refused),
        HOME_TEST(an_interrupted_creation_is_done_again),
        cmocka_unit_test(the_path_is_looked_for_in_order),
        HOME_TEST(nobody_there_is_unreachable),
        HOME_TEST(something_else_there_is_told_apart),
        HOME_TEST(the_next_address_is_tried),
        HOME_TEST(a_signal_ends_a_live_exchange),
        HOME_TEST(a_silent_server_is_not_waited_for),
        HOME_TEST(a_sender_is_left_behind_unless_it_failed_lately),
    };
    return cmocka_run_group_tests_name("home", tests, NULL, NULL);
}
