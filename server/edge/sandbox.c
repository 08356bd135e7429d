/* sandbox.c - a seccomp filter: a list of what is allowed, written by hand for the kernel, because a
 * library for it would be larger than it. Called by the keeper's child, and by a test.
 *
 * A sanitizer looks at its own process from outside and needs a little more; the list is longer then,
 * and everything else the same, so that every test of the server is one of the list. */
#define _GNU_SOURCE
#include "server/edge/sandbox.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "common/base/banned.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif

#if defined(__x86_64__)
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef SANDBOX_ARCHITECTURE

static const uint32_t allowed[] = {
    /* bytes, from and to what is open */
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_close, SYS_lseek,
    SYS_fcntl, SYS_ioctl, SYS_dup, SYS_dup3, SYS_pipe2,
    /* files: the journal, known.numbers, certificates, the resolver's */
    SYS_openat, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_readlinkat, SYS_getcwd,
    SYS_getdents64, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fchmod, SYS_renameat, SYS_unlinkat,
    SYS_flock,
    /* people and the database */
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_shutdown,
    SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt,
    /* waiting */
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_pselect6, SYS_eventfd2,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
    SYS_restart_syscall,
    /* memory and threads */
    SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex,
    SYS_set_robust_list, SYS_sched_yield, SYS_sched_getaffinity, SYS_membarrier, SYS_exit,
    SYS_exit_group,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    /* itself */
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_tgkill,
    SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getrandom, SYS_uname, SYS_sysinfo, SYS_prlimit64, SYS_prctl,
#ifdef __x86_64__
    /* older names of the same */
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_rename, SYS_unlink, SYS_dup2,
    SYS_pipe, SYS_poll, SYS_select, SYS_epoll_wait, SYS_time, SYS_getrlimit,
#endif
#ifdef SANDBOX_SANITIZED
    SYS_clone, SYS_ptrace, SYS_wait4, SYS_personality, SYS_mincore,
#endif
};

enum { ALLOWED = sizeof allowed / sizeof allowed[0], PROGRAM_MAX = 2 * ALLOWED + 32 };

struct program {
    struct sock_filter steps[PROGRAM_MAX];
    unsigned short count;
};

static void step(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    p->steps[p->count++] = (struct sock_filter){.code = code, .k = k, .jt = yes, .jf = no};
}

static void load(struct program *p, uint32_t offset)
{
    step(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* That call comes to this. */
static void rule(struct program *p, uint32_t call, uint32_t answer)
{
    step(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    step(p, BPF_RET | BPF_K, answer, 0, 0);
}

static void program_write(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    step(p, BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCHITECTURE, 1, 0);
    step(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    load(p, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < ALLOWED; i++) rule(p, allowed[i], SECCOMP_RET_ALLOW);
    rule(p, SYS_execve, SECCOMP_RET_KILL_PROCESS);
    rule(p, SYS_execveat, SECCOMP_RET_KILL_PROCESS);
#ifdef SYS_clone3
    /* Its flags cannot be looked at: the library then takes the other one. */
    rule(p, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
#endif
    /* A thread, but no process. */
    step(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
    load(p, offsetof(struct seccomp_data, args[0]));
    step(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
    step(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    step(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

enum fault sandbox_enter(void)
{
    struct program program = {.count = 0};
    program_write(&program);
    struct sock_fprog filter = {.len = program.count, .filter = program.steps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FAULT_NOT_FOUND;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return FAULT_NOT_FOUND;
    return FAULT_NONE;
}

#else /* another machine: nobody has written its list */

enum fault sandbox_enter(void)
{
    errno = ENOSYS;
    return FAULT_NOT_FOUND;
}

#endif
