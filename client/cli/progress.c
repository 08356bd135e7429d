/* progress.c - see progress.h. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include <unistd.h>

#include "client/cli/say.h"
#include "client/edge/home.h"
#include "common/base/banned.h"

enum {
    PROGRESS_FIRST_MS = 1000,   /* what is over by then needs no telling */
    PROGRESS_TERMINAL_MS = 200,
    PROGRESS_LOG_MS = 3000,
    PROGRESS_BYTES = 16 * 1024
};

void progress_begin(struct progress *progress, size_t pending)
{
    *progress = (struct progress){.began_ms = home_now().boot_ms,
                                  .terminal = isatty(STDERR_FILENO) != 0,
                                  .pending = pending};
}

static bool progress_is_due(const struct progress *progress, uint64_t now)
{
    uint64_t pause = progress->terminal ? PROGRESS_TERMINAL_MS : PROGRESS_LOG_MS;
    if (now < progress->began_ms + PROGRESS_FIRST_MS) return false;
    return progress->shown_ms == 0 || now >= progress->shown_ms + pause;
}

void progress_say(struct progress *progress, const char *sentence, uint64_t done, uint64_t all)
{
    struct arena arena;
    uint64_t now = home_now().boot_ms;
    if (!progress_is_due(progress, now)) return;
    arena_init(&arena, PROGRESS_BYTES);
    struct place places[] = {{"done", arena_format(&arena, "%" PRIu64, done)},
                             {"all", arena_format(&arena, "%" PRIu64, all)}};
    struct str text = say_sentence(&arena, sentence, places, 2);
    if (progress->terminal) {
        fprintf(stderr, "\r%.*s\x1b[K", STR_ARGS(text));
    } else {
        fprintf(stderr, "%.*s\n", STR_ARGS(text));
    }
    fflush(stderr);
    arena_finish(&arena);
    progress->drawn = progress->terminal;
    progress->shown_ms = now;
}

void progress_work(void *context, const char *sentence, size_t done, size_t all)
{
    progress_say(context, sentence, done, all);
}

bool progress_sync(void *context, const struct sync_report *report)
{
    struct progress *progress = context;
    uint64_t pending = progress->pending, answered = report->answered;
    if (report->rows_received < report->rows_expected && answered == 0) {
        progress_say(progress, "Receiving the team's data: {done} of {all} changes",
                     report->rows_received, report->rows_expected);
    } else if (pending > 1 || (pending == 1 && progress->terminal)) { /* a log is told of many */
        progress_say(progress, "Sending: {done} of {all} done",
                     answered < pending ? answered : pending, pending);
    }
    return true;
}

void progress_end(struct progress *progress)
{
    if (progress->drawn) fputs("\r\x1b[K", stderr);
    progress->drawn = false;
}
