/* test_sandbox.c - claims about what a worker may do once it is in its sandbox. Each in a process of
 * its own, because there is no way out. */
#define _GNU_SOURCE
#include "server/edge/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NO_SANDBOX = 99 };

static void *thread_main(void *mark)
{
    *(int *)mark = 1;
    return NULL;
}

static int makes_a_thread(void)
{
    pthread_t thread;
    int mark = 0;
    if (pthread_create(&thread, NULL, thread_main, &mark) != 0) return 1;
    return pthread_join(thread, NULL) == 0 && mark == 1 ? 0 : 2;
}

static int reads_a_file(void)
{
    char bytes[16];
    int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : 1;
    return read(fd, bytes, sizeof bytes) >= 0 && close(fd) == 0 ? 0 : 2;
}

static int speaks(void)
{
    int ends[2];
    char byte = 'a';
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 1;
    if (send(ends[0], &byte, 1, 0) != 1 || recv(ends[1], &byte, 1, 0) != 1) return 2;
    struct addrinfo *found = NULL, wanted = {.ai_socktype = SOCK_STREAM};
    int failed = getaddrinfo("localhost", "5432", &wanted, &found);
    if (!failed) freeaddrinfo(found);
    return failed == 0 || failed == EAI_NONAME || failed == EAI_AGAIN ? 0 : 3;
}

static int waits(void)
{
    return nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL) == 0 ? 0 : 1;
}

static int executes(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

static int mounts(void)
{
    return mount("none", "/tmp", "tmpfs", 0, NULL) != 0 && errno == EPERM ? 0 : 1;
}

static int looks_into_another(void)
{
    char bytes[8];
    struct iovec here = {.iov_base = bytes, .iov_len = sizeof bytes};
    struct iovec there = {.iov_base = bytes, .iov_len = sizeof bytes};
    long n = syscall(SYS_process_vm_readv, getppid(), &here, 1UL, &there, 1UL, 0UL);
    return n < 0 && errno == EPERM ? 0 : 1;
}

static int becomes_another(void)
{
    return setuid(getuid()) != 0 && errno == EPERM ? 0 : 1;
}

static int signals_another(void)
{
    return kill(getppid(), 0) != 0 && errno == EPERM ? 0 : 1;
}

static void each_does_what_its_row_says(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        int (*act)(void);
        int killed_by; /* 0: ends by itself */
    } rows[] = {
        {"a thread is made", makes_a_thread, 0},
        {"a file is read", reads_a_file, 0},
        {"sockets speak, names are looked up", speaks, 0},
        {"it may wait", waits, 0},
        {"a program cannot be executed", executes, SIGSYS},
        {"nothing can be mounted", mounts, 0},
        {"no other process can be looked into", looks_into_another, 0},
        {"it stays who it is", becomes_another, 0},
        {"it cannot signal others", signals_another, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) _exit(sandbox_enter() ? NO_SANDBOX : rows[i].act());
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX) {
            print_message("this system has no such filter\n");
            skip();
        }
        int killed_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        if (killed_by != rows[i].killed_by) fail_msg("%s: signal %d", rows[i].sentence, killed_by);
        if (killed_by == 0 && WEXITSTATUS(status) != 0) {
            fail_msg("%s: %d", rows[i].sentence, WEXITSTATUS(status));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_does_what_its_row_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
