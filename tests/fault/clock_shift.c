/* clock_shift.c - a library to preload: moves the clocks of one process, for test_clock.sh.
 *
 *   SHIFT_WALL_S     seconds that the wall clock is ahead (may be negative)
 *   SHIFT_BOOT_FILE  a file with the seconds that the boot clock is ahead; read at each look, so that
 *                    a test lets time go by under a running program */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long wall_shift(void)
{
    const char *text = getenv("SHIFT_WALL_S");
    return text ? strtol(text, NULL, 10) : 0;
}

static long boot_shift(void)
{
    char text[32] = "";
    const char *path = getenv("SHIFT_BOOT_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, out);
    if (failed) return failed;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) out->tv_sec += wall_shift();
    if (clock == CLOCK_BOOTTIME) out->tv_sec += boot_shift();
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
