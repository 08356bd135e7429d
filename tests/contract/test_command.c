/* test_command.c - claims about the program itself, offline, on an encrypted copy of a small team:
 * exit codes, what goes to which stream, what the next command sees. */
#define _GNU_SOURCE
#include "client/edge/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/replica_world.h"

struct result {
    int code;
    char out[16384];
};

static char folder[64];
static const char *binaries;

/* Runs `sluice ARGUMENTS`, with the streams as the shell redirects them. */
static struct result run(const char *arguments)
{
    struct result result = {.code = -1};
    char line[1024];
    (void)snprintf(line, sizeof line, "SLUICE_HOME=%s/home SLUICE_OFFLINE=1 %s/sluice %s", folder,
                   binaries, arguments);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t n = fread(result.out, 1, sizeof result.out - 1, pipe);
    result.out[n] = 0;
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    result.code = WEXITSTATUS(status);
    return result;
}

static int home_make(void **state)
{
    static struct rule_world world;
    struct home *home;
    struct trouble trouble = {.fault = FAULT_NONE};
    char path[128];
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/sluice-command-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/home", folder);
    world_init(&world);
    world_put(&world, ENTITY_DEAL, "roof",
              "title=Łódź roof;pipeline=sales;stage=contact;status=open;owner=rep;org=acme");
    assert_int_equal(home_create(path, &home, &trouble), FAULT_NONE);
    world_fill(&world, home_replica(home), "rep");
    home_close(home);
    world_finish(&world);
    return 0;
}

static int home_remove(void **state)
{
    char path[128];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/home", folder);
    home_discard(path);
    return rmdir(folder);
}

static const struct {
    const char *claim, *arguments;
    int code;
    const char *out; /* part of what was captured; NULL: nothing at all */
} rows[] = {
    {"adding tells what was added", "add Pilot --value 12.5k 2>/dev/null", 0, "Added "},
    {"the hint to undo is talk", "add Second 2>&1 >/dev/null", 0, "sluice undo"},
    {"the next command sees the deal", "ls pilot --json title,value,currency 2>/dev/null", 0,
     "[{\"title\": \"Pilot\", \"value\": \"12500.00\", \"currency\": \"EUR\"}]\n"},
    {"titles match without accents", "deal show \"lodz roof\" --json title,stage 2>/dev/null", 0,
     "{\"title\": \"Łódź roof\", \"stage\": \"contact\"}\n"},
    {"a refusal is exit 4, every reason a line", "mv \"lodz roof\" proposal 2>&1", 4,
     "Proposal needs Value\n"},
    {"with --json an error is an object", "mv \"lodz roof\" proposal --json id 2>&1", 4,
     "{\"error\": {\"code\": \"refused\", \"exit\": 4,"},
    {"an unknown deal is exit 3", "deal show nowhere 2>&1", 3, "sluice: there is no deal"},
    {"a mistyped verb is exit 2", "deal mvoe x y 2>&1", 2, "did you mean \"move\"?"},
    {"an unknown field is exit 2 and prints no data", "ls --json id,titel 2>/dev/null", 2, NULL},
    {"bare --json lists fields and changes nothing", "add Third --json 2>/dev/null", 0,
     "id\nfull_id\ntitle\n"},
    {"undo takes the newest back", "undo 2>/dev/null", 0, "Took back: added Second"},
    {"what was taken back is gone", "ls second 2>/dev/null", 0, NULL},
    {"what was only asked about was not added", "ls third 2>/dev/null", 0, NULL},
    {"sync without the network is exit 6", "sync 2>&1", 6, "needs the network"},
    {"an invitation without the network is exit 6", "invite Bob 2>&1", 6, "needs the network"},
    {"waiting without the network is exit 6", "add Fourth --wait 2>&1", 6, "needs the network"},
    {"status counts what waits", "status --json pending 2>/dev/null", 0, "{\"pending\": 4}\n"},
    {"export has everything", "export --json 2>/dev/null", 0, "\"organisations\": ["},
    {"help has examples first", "deal add --help", 0, "Examples:\n  sluice add"},
};

static void the_program_keeps_its_contract(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].claim);
        struct result result = run(rows[i].arguments);
        if (result.code != rows[i].code) print_message("%s", result.out);
        assert_int_equal(result.code, rows[i].code);
        if (!rows[i].out) assert_string_equal(result.out, "");
        else if (!strstr(result.out, rows[i].out)) fail_msg("got: %s", result.out);
    }
}

int main(void)
{
    binaries = getenv("SLUICE_BIN_DIR");
    if (!binaries) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_program_keeps_its_contract, home_make, home_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
