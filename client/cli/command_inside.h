/* command_inside.h - what the command*.c share; included by nobody else. */
#ifndef SLUICE_CLIENT_CLI_COMMAND_INSIDE_H
#define SLUICE_CLIENT_CLI_COMMAND_INSIDE_H

#include <stdio.h>

#include "client/cli/argv.h"
#include "client/edge/home.h"

struct command {
    struct arena arena;
    struct command_line line;
    struct answer answer;
    struct work work;
    struct random random;
    char path[4096];
    const char *program;
    struct home *home;
    bool working; /* work is open */
    bool offline;
    uint64_t first; /* number of the first of many things written (an import); 0: one */
    bool gone;     /* the copy was erased meanwhile, and that is said */
    bool waiting; /* what was written could not be handed to anybody who sends it */
};

/* command_print.c */
int command_print(struct command *command); /* the exit status */
void command_write(FILE *to, struct str text);
size_t command_width(void); /* of the terminal, 0: none */
size_t command_height(void);

/* command_fault.c */
/* The sentence for what went wrong outside, and what to do about it. */
void command_fault(struct command *command, const char *what, enum fault fault,
                   const struct trouble *trouble);

/* command_gone.c */
/* True: the device was revoked and its copy erased, and the answer says so. */
bool command_is_gone(struct command *command);
/* After an exchange that failed: says why, and what became of a revoked device's copy. */
void command_refused(struct command *command, const struct sync_report *report,
                     enum error_code error, const char *trouble);

/* command_home.c */
/* Opens work on the home; again after rows came in. */
enum fault command_work(struct command *command);
/* False, and the answer says what stands there instead; `missing` when it is nothing. */
bool command_has_home(struct command *command, const char *missing);

void command_wipe(struct command *command);
void command_doctor(struct command *command);
void command_join(struct command *command);
/* After an exchange: a clock that is far off is worth a word. */
void command_tell_clock(struct command *command);
/* `sync --watch` and `board --watch` */
void command_watch(struct command *command);
void command_sync(struct command *command);
void command_import(struct command *command);
void command_deliver(struct command *command);
/* For what makes no sense without the server: exchanges first, so that nothing is queued when it
 * cannot be reached. */
bool command_online(struct command *command);
/* The copy against the server's rows, and repaired: says how it went, and fills the cells of
 * doctor_table (NULL: there are none). For a whole copy only. */
void command_compare(struct command *command, struct cell *cells);
/* After a write: delivers, or waits for the server's answer and takes its outcome as exit code. */
void command_settle(struct command *command);

#endif
