/* live_server.c - see live_server.h. */
#define _GNU_SOURCE
#include "tests/support/live_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_MS = 60 * 1000, STOP_MS = 20 * 1000, COMMAND_MAX = 2048 };

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *program(char out[LIVE_LINE_MAX])
{
    const char *folder = getenv("SLUICE_BIN_DIR");
    snprintf(out, LIVE_LINE_MAX, "%s/sluiced", folder ? folder : ".");
    return out;
}

/* Runs a shell command; its last line of output. */
static bool shell(const char *command, char line[LIVE_LINE_MAX])
{
    char each[LIVE_LINE_MAX];
    line[0] = 0;
    FILE *out = popen(command, "re");
    if (!out) return false;
    while (fgets(each, sizeof each, out)) {
        each[strcspn(each, "\n")] = 0;
        snprintf(line, LIVE_LINE_MAX, "%s", each);
    }
    return pclose(out) == 0;
}

bool live_server_init(struct live_server *live)
{
    char command[COMMAND_MAX], path[LIVE_LINE_MAX], line[LIVE_LINE_MAX];
    *live = (struct live_server){.folder = "/tmp/sluice-live-XXXXXX"};
    if (!mkdtemp(live->folder) || chmod(live->folder, 0755) != 0) return false;
    snprintf(live->first.data, sizeof live->first.data, "%.100s/one", live->folder);
    snprintf(command, sizeof command,
             "%s init --data %s --team North --owner Ada --listen 127.0.0.1:7117 2>%s/init.log",
             program(path), live->first.data, live->folder);
    if (shell(command, live->owner)) return true;
    snprintf(command, sizeof command, "cat %s/init.log >&2", live->folder);
    (void)shell(command, line);
    live_server_finish(live);
    return false;
}

bool live_server_command(const struct live_server *live, const char *arguments,
                         char line[LIVE_LINE_MAX])
{
    char command[COMMAND_MAX], path[LIVE_LINE_MAX];
    snprintf(command, sizeof command, "%s %s --data %s 2>>%s/command.log", program(path),
             arguments, live->first.data, live->folder);
    return shell(command, line);
}

bool live_server_copy(const struct live_server *live, const char *name,
                      struct live_process *process)
{
    char command[COMMAND_MAX], line[LIVE_LINE_MAX];
    *process = (struct live_process){.pid = 0};
    snprintf(process->data, sizeof process->data, "%.90s/%.30s", live->folder, name);
    snprintf(command, sizeof command,
             "mkdir %s && cp -p %s/sluiced.conf %s/server.key %s && "
             "sed -i 's|^database =.*|database = host=%s/postgres/run dbname=postgres "
             "user=sluice|' %s/sluiced.conf && chown -R --reference=%s %s && chmod 700 %s",
             process->data, live->first.data, live->first.data, process->data, live->first.data,
             process->data, live->first.data, process->data, process->data);
    return shell(command, line);
}

static int child_main(const struct live_server *live, const struct live_process *process, int out)
{
    char path[LIVE_LINE_MAX], log[LIVE_LINE_MAX];
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snprintf(log, sizeof log, "%s.log", process->data);
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    (void)live;
    if (file < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) return 126;
    execl(program(path), "sluiced", "run", "--data", process->data, "--listen", "127.0.0.1:0",
          (char *)NULL);
    return 127;
}

/* "sluiced: ready on 127.0.0.1:PORT" */
static int port_read(int from)
{
    char text[LIVE_LINE_MAX];
    size_t n = 0;
    int64_t end = clock_ms() + READY_MS;
    while (n + 1 < sizeof text && clock_ms() < end) {
        struct pollfd waiting = {.fd = from, .events = POLLIN};
        if (poll(&waiting, 1, 100) <= 0) continue;
        ssize_t got = read(from, text + n, sizeof text - 1 - n);
        if (got <= 0) return 0;
        n += (size_t)got;
        text[n] = 0;
        const char *ready = strstr(text, "sluiced: ready on "), *colon = strrchr(text, ':');
        if (ready && colon > ready && strchr(ready, '\n')) return (int)strtol(colon + 1, NULL, 10);
    }
    return 0;
}

bool live_server_run(const struct live_server *live, struct live_process *process)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    process->pid = fork();
    if (process->pid == 0) _exit(child_main(live, process, ends[1]));
    close(ends[1]);
    process->port = process->pid > 0 ? port_read(ends[0]) : 0;
    close(ends[0]);
    if (process->port > 0) return true;
    char command[COMMAND_MAX], line[LIVE_LINE_MAX];
    snprintf(command, sizeof command, "cat %s.log >&2", process->data);
    (void)shell(command, line);
    (void)live_server_end(process);
    return false;
}

int live_server_end(struct live_process *process)
{
    int status = 0;
    if (process->pid <= 0) return -1;
    kill(process->pid, SIGCONT);
    kill(process->pid, SIGTERM);
    int64_t end = clock_ms() + STOP_MS;
    bool killed = false;
    while (waitpid(process->pid, &status, WNOHANG) == 0) {
        if (clock_ms() >= end) killed = kill(process->pid, SIGKILL) == 0;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000L}, NULL);
    }
    process->pid = 0;
    return WIFEXITED(status) && !killed ? WEXITSTATUS(status) : -1;
}

void live_server_logs(const struct live_server *live)
{
    char command[COMMAND_MAX], line[LIVE_LINE_MAX];
    snprintf(command, sizeof command, "tail -n 40 %s/*.log %s/one/postgres/log >&2", live->folder,
             live->folder);
    (void)shell(command, line);
}

void live_server_finish(struct live_server *live)
{
    char command[COMMAND_MAX], line[LIVE_LINE_MAX];
    (void)live_server_end(&live->first);
    if (strncmp(live->folder, "/tmp/sluice-live-", strlen("/tmp/sluice-live-")) != 0) return;
    snprintf(command, sizeof command, "rm -rf %s", live->folder);
    (void)shell(command, line);
    live->folder[0] = 0;
}
