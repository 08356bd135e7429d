/* progress.h - what takes longer than a second says on standard error how far it is.
 *
 * On a terminal one line that is drawn over; else a line every few seconds, for a log. Called by
 * the commands that exchange or import. */
#ifndef SLUICE_CLIENT_CLI_PROGRESS_H
#define SLUICE_CLIENT_CLI_PROGRESS_H

#include "client/core/sync.h"

struct progress {
    uint64_t began_ms, shown_ms;
    bool terminal, drawn;
    size_t pending; /* how many were waiting to be sent when it began */
};

void progress_begin(struct progress *progress, size_t pending);
/* Says the sentence with its {done} and {all}, if it is time to. */
void progress_say(struct progress *progress, const char *sentence, uint64_t done, uint64_t all);
/* The same for work_progress.say, with the progress as its context. */
void progress_work(void *context, const char *sentence, size_t done, size_t all);
/* For home_sync_options.changed, with the progress as its context. Always true. */
bool progress_sync(void *context, const struct sync_report *report);
/* Leaves no half-drawn line behind. */
void progress_end(struct progress *progress);

#endif
