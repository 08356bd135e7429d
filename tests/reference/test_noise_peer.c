/* test_noise_peer.c - live sessions with two independent implementations of the link: Python on
 * dissononce and OpenSSL, Go on flynn/noise. Both roles, many handshakes, messages of all sizes.
 *
 * Each peer is a child process at the other end of a socket pair. What is not installed is skipped;
 * with neither peer the whole test is (exit code 77). */
#define _GNU_SOURCE
#include "common/link/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include <cmocka.h>

#include "tests/support/link_pair.h"

enum { SESSIONS = 50, MESSAGES = 6, PATIENCE_MS = 30000, LARGEST = 200000 };

static char scratch[] = "/tmp/sluice-peer-XXXXXX";
static char go_peer[sizeof scratch + 16];
static char python_peer[4096];
static bool have_python, have_go;

static char *source_path(const char *file, char *out, size_t n)
{
    const char *root = getenv("SLUICE_SOURCE_DIR");
    snprintf(out, n, "%s/tests/reference/%s", root != NULL ? root : ".", file);
    return out;
}

/* Runs it to its end; true when that is 0. What it says goes to nowhere unless `loud`. */
static bool run(char *const argv[], bool loud)
{
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, 0);
        dup2(nowhere, 1);
        if (!loud) dup2(nowhere, 2);
        execvp(argv[0], argv);
        _exit(127);
    }
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* --- one peer process --- */

struct peer {
    pid_t child;
    int fd;
};

static void hex_write(const uint8_t key[32], char out[65])
{
    sodium_bin2hex(out, 65, key, 32);
}

static struct peer peer_start(bool go, const char *role, const struct key_pair *keys,
                              const struct public32 *server)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    char secret[65], public[65], role_text[8];
    hex_write(keys->secret.b, secret);
    hex_write(server->b, public);
    snprintf(role_text, sizeof role_text, "%s", role);
    char interpreter[] = "/usr/bin/python3";
    char *python_argv[] = {interpreter, python_peer, role_text, secret, public, NULL};
    char *go_argv[] = {go_peer, role_text, secret, public, NULL};
    struct peer peer = {.child = fork(), .fd = pair[0]};
    assert_true(peer.child >= 0);
    if (peer.child == 0) {
        dup2(pair[1], 0);
        dup2(pair[1], 1);
        execv(go ? go_peer : interpreter, go ? go_argv : python_argv);
        _exit(127);
    }
    close(pair[1]);
    fcntl(peer.fd, F_SETFL, O_NONBLOCK);
    return peer;
}

static void peer_finish(struct peer *peer)
{
    close(peer->fd);
    int status = 0;
    assert_int_equal(waitpid(peer->child, &status, 0), peer->child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Moves bytes until there is an event; each wait is bounded. */
static struct channel_event await(struct peer *peer, struct channel *c, struct random *random)
{
    struct channel_event event;
    while (!channel_next(c, &event)) {
        struct str out = channel_output(c);
        struct pollfd waiting = {peer->fd, POLLIN, 0};
        if (out.n > 0) waiting.events |= POLLOUT;
        if (poll(&waiting, 1, PATIENCE_MS) <= 0) fail_msg("the peer says nothing");
        if (waiting.revents & POLLOUT) {
            ssize_t n = write(peer->fd, out.p, out.n);
            if (n > 0) channel_sent(c, (size_t)n);
        }
        if (waiting.revents & (POLLIN | POLLHUP)) {
            char bytes[65536];
            ssize_t n = read(peer->fd, bytes, 1 + (size_t)random_below(random, sizeof bytes));
            if (n == 0)
                channel_end(c);
            else if (n > 0)
                channel_feed(c, (struct str){bytes, (size_t)n});
        }
    }
    if (event.kind == CHANNEL_CLOSED) fail_msg("closed: %s", channel_reason_name(event.reason));
    return event;
}

static void flush(struct peer *peer, struct channel *c)
{
    for (struct str out; (out = channel_output(c)).n > 0;) {
        struct pollfd waiting = {peer->fd, POLLOUT, 0};
        assert_int_equal(poll(&waiting, 1, PATIENCE_MS), 1);
        ssize_t n = write(peer->fd, out.p, out.n);
        assert_true(n > 0);
        channel_sent(c, (size_t)n);
    }
}

/* --- the conversation --- */

static void echo(struct peer *peer, struct channel *c, struct random *random, size_t n)
{
    uint8_t *message = malloc(n + 1);
    random_bytes(random, message, n);
    assert_int_equal(channel_send(c, (struct str){(const char *)message, n}), FAULT_NONE);
    struct channel_event event = await(peer, c, random);
    assert_int_equal(event.kind, CHANNEL_MESSAGE);
    assert_int_equal(event.bytes.n, n);
    for (size_t i = 0; i < n; i++) {
        if ((uint8_t)event.bytes.p[i] != message[n - 1 - i]) fail_msg("another echo at %zu", i);
    }
    free(message);
}

static void session(struct peer *peer, const struct channel_options *options,
                    const struct link_pair *pair, struct random *random, bool last)
{
    struct channel c;
    struct channel_options fresh = *options;
    random_bytes(random, fresh.ephemeral.b, sizeof fresh.ephemeral.b);
    assert_int_equal(channel_init(&c, &fresh), FAULT_NONE);
    struct channel_event event = await(peer, &c, random);
    assert_int_equal(event.kind, CHANNEL_HANDSHAKE_DONE);
    bool server = options->role == CHANNEL_SERVER;
    const struct key_pair *own = server ? &pair->keys[0] : &pair->device;
    const struct key_pair *theirs = server ? &pair->device : &pair->keys[0];
    assert_true(public32_equal(&event.peer, &theirs->public));
    if (server) assert_true(str_starts_with(event.bytes, STR("hello from ")));

    /* what the peer thinks of this session: its handshake hash, our key, our hello */
    event = await(peer, &c, random);
    assert_int_equal(event.kind, CHANNEL_MESSAGE);
    assert_int_equal(event.bytes.n, 64 + 32 + (server ? 0 : options->hello.n));
    assert_memory_equal(event.bytes.p, channel_binding(&c), 64);
    assert_memory_equal(event.bytes.p + 64, own->public.b, 32);
    if (!server) assert_memory_equal(event.bytes.p + 96, options->hello.p, options->hello.n);

    for (int i = 0; i < MESSAGES; i++) {
        size_t bound = i == 0 ? 2 : i == 1 ? LARGEST : 3000;
        echo(peer, &c, random, (size_t)random_below(random, bound));
    }
    assert_int_equal(channel_send(&c, last ? STR("bye") : STR("next")), FAULT_NONE);
    flush(peer, &c);
    channel_finish(&c);
}

static void converse(bool go, bool we_are_server)
{
    if (!(go ? have_go : have_python)) {
        print_message("%s is not installed: skipped\n",
                      go ? "golang-github-flynn-noise-dev" : "python3-dissononce");
        skip();
    }
    struct link_pair pair;
    link_pair_init(&pair, go ? 21 : 22);
    pair.client_options.frame_in_max = pair.client_options.frame_out_max = LARGEST;
    struct peer peer = we_are_server
                           ? peer_start(go, "client", &pair.device, &pair.keys[0].public)
                           : peer_start(go, "server", &pair.keys[0], &pair.keys[0].public);
    const struct channel_options *options =
        we_are_server ? &pair.server_options : &pair.client_options;
    for (int i = 0; i < SESSIONS; i++) {
        session(&peer, options, &pair, &pair.random, i == SESSIONS - 1);
    }
    peer_finish(&peer);
}

static void test_python_server(void **state)
{
    (void)state;
    converse(false, false);
}

static void test_python_client(void **state)
{
    (void)state;
    converse(false, true);
}

static void test_go_server(void **state)
{
    (void)state;
    converse(true, false);
}

static void test_go_client(void **state)
{
    (void)state;
    converse(true, true);
}

/* Which peers are there? Go's has to be compiled, offline, from what Debian installs. */
static void peers_find(void)
{
    source_path("noise_peer.py", python_peer, sizeof python_peer);
    char interpreter[] = "/usr/bin/python3", isolated[] = "-c", program[] = "import dissononce";
    char *probe[] = {interpreter, isolated, program, NULL};
    have_python = access(python_peer, R_OK) == 0 && run(probe, false);

    char source[4096], cache[sizeof scratch + 16];
    source_path("noise_peer.go", source, sizeof source);
    if (access("/usr/share/gocode/src/github.com/flynn/noise/state.go", R_OK) != 0) return;
    if (mkdtemp(scratch) == NULL) return;
    snprintf(go_peer, sizeof go_peer, "%s/noise_peer", scratch);
    snprintf(cache, sizeof cache, "%s/cache", scratch);
    setenv("GO111MODULE", "off", 1);
    setenv("GOPATH", "/usr/share/gocode", 1);
    setenv("GOFLAGS", "", 1);
    if (getenv("HOME") == NULL) setenv("GOCACHE", cache, 1);
    char go[] = "go", build[] = "build", out[] = "-o";
    char *compile[] = {go, build, out, go_peer, source, NULL};
    have_go = run(compile, true);
}

static void scratch_remove(void)
{
    char remove[] = "rm", flags[] = "-rf";
    char *argv[] = {remove, flags, scratch, NULL};
    if (strstr(scratch, "XXXXXX") == NULL) run(argv, true);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    signal(SIGPIPE, SIG_IGN);
    peers_find();
    if (!have_python && !have_go) {
        printf(
            "neither python3-dissononce nor golang-github-flynn-noise-dev is installed: skipped\n");
        scratch_remove();
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python_server),
        cmocka_unit_test(test_python_client),
        cmocka_unit_test(test_go_server),
        cmocka_unit_test(test_go_client),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
