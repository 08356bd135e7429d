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
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
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

static int signals_anothers_thread(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0) != 0 && errno == EPERM ? 0 : 1;
}

static int signals_itself(void)
{
    return raise(0) == 0 ? 0 : 1;
}

static int limits_another(void)
{
    struct rlimit limit;
    if (prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit) == 0 || errno != EPERM) return 1;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : 2; /* but itself */
}

/* Into the terminal that it was started from. */
static int types_for_another(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) terminal = 0;
    if (ioctl(terminal, TIOCSTI, "x") == 0 || errno != EPERM) return 1;
    int on = 1;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 2;
    return ioctl(ends[0], FIONBIO, &on) == 0 ? 0 : 3;
}

/* The same with bits above those that the kernel looks at. */
static int types_in_disguise(void)
{
    return syscall(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, "x") != 0 && errno == EPERM ? 0 : 1;
}

static int has_signals_sent(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 1;
    if (fcntl(ends[0], F_SETOWN, getppid()) == 0 || errno != EPERM) return 2;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : 3;
}

static int speaks_raw(void)
{
    return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 && errno == EPERM ? 0 : 1;
}

/* What nobody knows yet is not there, so that the C library takes what it replaces. */
static int asks_for_news(void)
{
    return syscall(100000L) < 0 && errno == ENOSYS ? 0 : 1;
}

static int dies_in_order(void)
{
    abort();
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
        {"nor a thread of others", signals_anothers_thread, 0},
        {"it may signal itself", signals_itself, 0},
        {"it can abort", dies_in_order, SIGABRT},
        {"it cannot limit others", limits_another, 0},
        {"it cannot type into a terminal", types_for_another, 0},
        {"not with other bits either", types_in_disguise, 0},
        {"it cannot have signals sent", has_signals_sent, 0},
        {"it speaks only where people are", speaks_raw, 0},
        {"a call that is unknown is not there", asks_for_news, 0},
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
