/* service_user.h - whose process this is: never root once a file of the server is opened.
 *
 * Called by main before anything else. Every failure leaves its sentence in `trouble`. */
#ifndef SLUICE_SERVER_EDGE_SERVICE_USER_H
#define SLUICE_SERVER_EDGE_SERVICE_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/fault.h"

struct trouble {
    char text[600]; /* "what is wrong; what to do" */
};

void trouble_say(struct trouble *trouble, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* On standard error, "sluiced: what is wrong; what to do [code]"; the code is the fault's name. */
void trouble_print(const struct trouble *trouble, enum fault fault);
/* The exit status that goes with it: 2 for what was said wrongly, else 1. */
int trouble_exit(enum fault fault);

/* A file that marks a folder whose init has not come to its end. */
#define INIT_UNFINISHED "init.unfinished"

/* Makes the folder (0700) when it is not there and, as root, gives it to the user `sluice`, else
 * `postgres`, and becomes that user. FAULT_EXISTS when there is something in it already, unless an
 * unfinished init left it. */
MUST_USE enum fault service_user_make(const char *folder, struct trouble *trouble);
/* Becomes the owner of an existing folder. FAULT_NOT_FOUND, FAULT_DENIED. */
MUST_USE enum fault service_user_enter(const char *folder, struct trouble *trouble);

#endif
