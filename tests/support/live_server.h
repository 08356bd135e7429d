/* live_server.h - real sluiced processes for a test executable: one team, one private database,
 * and as many servers on it as wanted. The programs come from SLUICE_BIN_DIR. */
#ifndef SLUICE_TESTS_SUPPORT_LIVE_SERVER_H
#define SLUICE_TESTS_SUPPORT_LIVE_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/fault.h"

enum { LIVE_PATH_MAX = 128, LIVE_LINE_MAX = 512 };

/* A server process; zeroed is one that does not run. */
struct live_process {
    char data[LIVE_PATH_MAX];
    pid_t pid;
    int port;
};

/* Zeroed is a valid, empty one. */
struct live_server {
    char folder[LIVE_PATH_MAX]; /* temporary; every data folder and log is in it */
    char owner[LIVE_LINE_MAX];  /* the owner's invitation line */
    struct live_process first;  /* with the private database */
};

/* Makes a team and its data folder. False: the reason is on stderr, nothing is left behind. */
MUST_USE bool live_server_init(struct live_server *live);
/* Runs the server of process->data on a free port; waits until it is ready. */
MUST_USE bool live_server_run(const struct live_server *live, struct live_process *process);
/* Another data folder, with the same key and settings, on the first one's database. */
MUST_USE bool live_server_copy(const struct live_server *live, const char *name,
                               struct live_process *process);
/* Runs `sluiced COMMAND --data DATA ...` of the first, and keeps its last line of output. Exit code
 * 0 or false. */
MUST_USE bool live_server_command(const struct live_server *live, const char *arguments,
                                  char line[LIVE_LINE_MAX]);
/* SIGTERM, and waits; the exit code, negative when it had to be killed. */
int live_server_end(struct live_process *process);
/* All logs to stderr, for a test that failed. */
void live_server_logs(const struct live_server *live);
/* Ends the first and removes the folder. */
void live_server_finish(struct live_server *live);

#endif
