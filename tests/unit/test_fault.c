/* test_fault.c - claims about fault names, and about what a broken invariant does. */
#define _POSIX_C_SOURCE 200809L
#include "common/base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/check.h"

static void fault_names_are_words_of_their_own(void **state)
{
    (void)state;
    for (int a = 0; a < FAULT_COUNT; a++) {
        const char *name = fault_name((enum fault)a);
        assert_true(strlen(name) > 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (int b = 0; b < a; b++) assert_string_not_equal(name, fault_name((enum fault)b));
    }
    assert_string_equal(fault_name(FAULT_NOT_FOUND), "not_found");
}

static void a_failed_check_says_where_and_aborts(void **state)
{
    (void)state;
    int ends[2];
    char said[300] = "";
    int status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        check(1 + 1 == 2);
        check(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    for (size_t n = 0; n < sizeof said - 1;) {
        ssize_t part = read(ends[0], said + n, sizeof said - 1 - n);
        if (part <= 0) break;
        n += (size_t)part;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_ptr_equal(strstr(said, "bug: 1 + 1 == 3 ("), said);
    assert_non_null(strstr(said, "test_fault.c:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_names_are_words_of_their_own),
        cmocka_unit_test(a_failed_check_says_where_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
