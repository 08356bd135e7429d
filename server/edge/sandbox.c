/* sandbox.c - seccomp filters made by libseccomp: a list of what is allowed, some of it only with
 * certain arguments. Called by the keeper's child, and by a test.
 *
 * What is known and not wanted fails with EPERM, so that whoever meets it hears that it is forbidden.
 * What these lists do not know, being newer, fails with ENOSYS: then the C library takes the older call
 * that it replaces. Executing a program ends the process: nothing here ever does, so somebody else is
 * at work.
 *
 * They are two, because a call that is allowed with some arguments falls to a filter's default with
 * others: the first has EPERM there, and the second, which is asked about what is known at all, ENOSYS.
 * Of two that refuse, the one that came last says how.
 *
 * A sanitizer looks at its own process from outside and needs a little more; the list is longer then,
 * and everything else the same, so that every test of the server is one of the list. */
#define _GNU_SOURCE
#include "server/edge/sandbox.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "common/base/banned.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* the C library names its memory, on a newer system */
#endif

/* Whatever their arguments. Names an architecture does not have are left out by the library. */
static const int allowed[] = {
    /* bytes, from and to what is open */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(dup), SCMP_SYS(dup2),
    SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2),
    /* files: the journal, known.numbers, certificates, the resolver's */
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(getdents64), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
    SCMP_SYS(fchmod), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(flock),
    /* people and the database */
    SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept),
    SCMP_SYS(accept4), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(shutdown),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
    /* waiting */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(eventfd2),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(restart_syscall),
    /* memory and threads */
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
    SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier), SCMP_SYS(rseq), SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* itself */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid),
    SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrlimit),
#ifdef SANDBOX_SANITIZED
    SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(wait4), SCMP_SYS(personality), SCMP_SYS(mincore),
    SCMP_SYS(prctl),
#endif
};

/* Only with one of these as that argument; else forbidden. */
struct choice {
    int call;
    unsigned argument;
    uint64_t value;
};
static const struct choice choices[] = {
    /* fcntl could have signals sent to others (F_SETOWN, F_SETSIG) */
    {SCMP_SYS(fcntl), 1, F_DUPFD},
    {SCMP_SYS(fcntl), 1, F_DUPFD_CLOEXEC},
    {SCMP_SYS(fcntl), 1, F_GETFD},
    {SCMP_SYS(fcntl), 1, F_SETFD},
    {SCMP_SYS(fcntl), 1, F_GETFL},
    {SCMP_SYS(fcntl), 1, F_SETFL},
    {SCMP_SYS(fcntl), 1, F_GETLK},
    {SCMP_SYS(fcntl), 1, F_SETLK},
    {SCMP_SYS(fcntl), 1, F_SETLKW},
    /* ioctl could type into the terminal the server was started from (TIOCSTI) */
    {SCMP_SYS(ioctl), 1, FIONBIO},
    {SCMP_SYS(ioctl), 1, FIONREAD},
    {SCMP_SYS(ioctl), 1, FIOCLEX},
    {SCMP_SYS(ioctl), 1, FIONCLEX},
    {SCMP_SYS(ioctl), 1, TCGETS},
    {SCMP_SYS(ioctl), 1, TIOCGWINSZ},
    {SCMP_SYS(socket), 0, AF_UNIX},
    {SCMP_SYS(socket), 0, AF_INET},
    {SCMP_SYS(socket), 0, AF_INET6},
    {SCMP_SYS(socket), 0, AF_NETLINK}, /* which addresses this machine has, for the resolver */
    {SCMP_SYS(prlimit64), 0, 0},       /* its own limits, not another's */
#ifndef SANDBOX_SANITIZED
    {SCMP_SYS(prctl), 0, PR_SET_NAME},
    {SCMP_SYS(prctl), 0, PR_GET_NAME},
    {SCMP_SYS(prctl), 0, PR_SET_VMA},
    {SCMP_SYS(prctl), 0, PR_GET_DUMPABLE},
    {SCMP_SYS(prctl), 0, PR_SET_PDEATHSIG},
#endif
};

/* Told that it is forbidden; most of it others would refuse too. */
static const int forbidden[] = {
    SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo),
    SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(unshare), SCMP_SYS(setns),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(chdir),
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid),
    SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid), SCMP_SYS(capset), SCMP_SYS(setrlimit), SCMP_SYS(setpriority),
    SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown),
    SCMP_SYS(fchownat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat),
    SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(keyctl), SCMP_SYS(add_key),
    SCMP_SYS(request_key), SCMP_SYS(reboot), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load), SCMP_SYS(swapon), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
    SCMP_SYS(sethostname), SCMP_SYS(memfd_create),
#ifndef SANDBOX_SANITIZED
    SCMP_SYS(ptrace),
#endif
};

/* --- the two filters; each step: 0, or a negative errno --- */

typedef int rules_add_fn(scmp_filter_ctx filter);

static int calls_add(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int failed = 0;
    for (size_t i = 0; !failed && i < count; i++) {
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    }
    return failed;
}

static int wanted_add(scmp_filter_ctx filter)
{
    const scmp_datum_t self = (scmp_datum_t)getpid();
    int failed = calls_add(filter, allowed, sizeof allowed / sizeof allowed[0]);
    for (size_t i = 0; !failed && i < sizeof choices / sizeof choices[0]; i++) {
        const struct choice *each = &choices[i];
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, each->call, 1,
                                  SCMP_CMP(each->argument, SCMP_CMP_EQ, each->value, 0));
    }
    /* Its own threads, as abort() does; no other process. */
    if (!failed) {
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, self, 0));
    }
#ifndef SANDBOX_SANITIZED
    /* A thread, but no process. */
    if (!failed) {
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    }
#endif
    /* Until the other filter is there, which does not know it. */
    if (!failed) failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0);
    if (!failed) failed = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve), 0);
    if (!failed) failed = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execveat), 0);
    return failed;
}

/* Not clone3: its flags cannot be seen, and the library takes clone where there is none. */
static int known_add(scmp_filter_ctx filter)
{
    static const int others[] = {SCMP_SYS(tgkill), SCMP_SYS(clone), SCMP_SYS(execve),
                                 SCMP_SYS(execveat)};
    int failed = calls_add(filter, allowed, sizeof allowed / sizeof allowed[0]);
    if (!failed) failed = calls_add(filter, forbidden, sizeof forbidden / sizeof forbidden[0]);
    if (!failed) failed = calls_add(filter, others, sizeof others / sizeof others[0]);
    for (size_t i = 0; !failed && i < sizeof choices / sizeof choices[0]; i++) {
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, choices[i].call, 0);
    }
    return failed;
}

/* first: from now on it gains no privileges either, which stays so. */
static int filter_load(uint32_t otherwise, rules_add_fn *rules_add, bool first)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int failed = filter ? 0 : -ENOMEM;
    if (!failed) {
        failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    }
    if (!failed) failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, first ? 1 : 0);
    /* A tree: each call of the loop passes through it. */
    if (!failed) failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!failed) failed = rules_add(filter);
    if (!failed) failed = seccomp_load(filter);
    if (filter) seccomp_release(filter);
    return failed;
}

enum fault sandbox_enter(void)
{
    int failed = filter_load(SCMP_ACT_ERRNO(EPERM), wanted_add, true);
    if (!failed) failed = filter_load(SCMP_ACT_ERRNO(ENOSYS), known_add, false);
    if (!failed) return FAULT_NONE;
    errno = -failed;
    return FAULT_NOT_FOUND;
}
