/* command_watch.c - staying connected: `sync --watch` tells what others do, `board --watch` redraws.
 *
 * Ends by SIGINT or SIGTERM (exit 0), when nobody reads any more (exit 0), or when the server wants
 * this device no longer (exit 8). A broken connection is told and tried again. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "client/cli/output.h"
#include "client/cli/say.h"
#include "common/base/banned.h"

static const size_t WATCH_BYTES = (size_t)256 << 20;

struct watch {
    struct command *command;
    bool board, screen; /* screen: a terminal that can be redrawn */
    bool drawn, connected, broken;
    bool closed; /* nobody reads */
    struct arena arena; /* of one change */
};

static void watch_say(struct watch *watch, const char *sentence)
{
    if (watch->screen) return; /* the board's first line tells it */
    struct str text = say_sentence(&watch->command->arena, sentence, NULL, 0);
    command_write(stderr, text);
    command_write(stderr, STR("\n"));
}

static void watch_flush(struct watch *watch)
{
    if (fflush(stdout) == 0) return;
    watch->closed = true;
    if (errno == EPIPE) clearerr(stdout); /* that nobody reads is no failure */
}

static bool watch_work(struct watch *watch, struct work *work)
{
    struct command *command = watch->command;
    arena_reset(&watch->arena);
    return work_open(work, home_replica(command->home), &watch->arena, &command->random,
                     home_now()) == FAULT_NONE && work->ready;
}

/* --- lines --- */

static void watch_tell(struct watch *watch, const struct sync_report *report)
{
    struct work work;
    struct str line;
    if (!watch_work(watch, &work)) return;
    for (size_t i = 0; i < report->revealed_count; i++) {
        if (work_tell(&work, &report->revealed[i], &line) || line.n == 0) continue;
        struct str safe = output_safe(&watch->arena, line);
        for (size_t at = 0; at < safe.n; at++) { /* one change, one line */
            struct str c = str_slice(safe, at, at + 1);
            command_write(stdout, c.p[0] == '\n' ? STR(" ") : c);
        }
        command_write(stdout, STR("\n"));
    }
    if (report->revealed_more) command_write(stdout, STR("... and much more\n"));
    watch_flush(watch);
}

/* --- the board --- */

/* Line by line over what stood there, so that nothing flickers. */
static void screen_draw(struct watch *watch, struct str text)
{
    struct str rest = text, line;
    command_write(stdout, watch->drawn ? STR("\033[H") : STR("\033[H\033[2J"));
    command_write(stdout, watch->broken ? STR("(no connection; trying again)\033[K\n")
                                        : STR("(Ctrl-C ends)\033[K\n"));
    while (str_split(&rest, '\n', &line)) {
        if (line.n == 0 && rest.p == NULL) break;
        command_write(stdout, line);
        command_write(stdout, STR("\033[K\n"));
    }
    command_write(stdout, STR("\033[J"));
    watch->drawn = true;
}

static void watch_board(struct watch *watch)
{
    struct work work;
    struct answer answer;
    struct request request = watch->command->line.request;
    if (!watch_work(watch, &work)) return;
    answer_init(&answer, &watch->arena);
    size_t width = command_width();
    request.width = width > 0 ? width : 100;
    if (work_run(&work, &request, &answer) || answer.code != ANSWER_OK) return;
    struct str text = output_safe(&watch->arena, answer.text);
    if (watch->screen) {
        screen_draw(watch, text);
    } else {
        if (watch->drawn) command_write(stdout, STR("\n"));
        command_write(stdout, text);
        watch->drawn = true;
    }
    watch_flush(watch);
}

/* --- the connection --- */

static bool watch_changed(void *context, const struct sync_report *report)
{
    struct watch *watch = context;
    bool broken = report->state == SYNC_OFFLINE && report->trouble != SYNC_TROUBLE_NONE;
    bool live = report->state == SYNC_LIVE;
    bool news = report->revealed_count > 0 || report->revealed_more;
    bool redraw = news;
    if (broken && !watch->broken) {
        enum error_code error;
        const char *trouble = say_trouble(report, &error);
        watch->broken = redraw = true;
        watch_say(watch, trouble ? trouble : "the connection broke");
        watch_say(watch, "trying again until interrupted");
    }
    if (live && (watch->broken || !watch->connected)) {
        watch_say(watch, watch->broken ? "connected again" : "connected; Ctrl-C ends it");
        watch->broken = false;
        watch->connected = redraw = true;
    }
    if (!watch->board && news) watch_tell(watch, report);
    if (watch->board && redraw) watch_board(watch);
    return !watch->closed;
}

/* What the copy has, at once; a wrong word ends it here. */
static bool watch_begin(struct watch *watch)
{
    struct command *command = watch->command;
    struct answer *answer = &command->answer;
    if (command->line.request.machine) {
        answer_fail(answer, ERROR_NOT_FOR_MACHINES,
                    "--watch draws for people; leave out --json and --csv");
        return false;
    }
    if (work_run(&command->work, &command->line.request, answer) || answer->code != ANSWER_OK) {
        return false;
    }
    answer->shape = SHAPE_NOTHING;
    watch_board(watch);
    return true;
}

void command_watch(struct command *command)
{
    struct sync_report report;
    struct answer *answer = &command->answer;
    struct watch watch = {.command = command};
    struct home_sync_options options = {
        .live = true, .changed = watch_changed, .context = &watch};
    enum error_code error;
    watch.board = command->line.request.verb->run != NULL;
    watch.screen = watch.board && isatty(STDOUT_FILENO);
    arena_init(&watch.arena, WATCH_BYTES);
    if (watch.board && !watch_begin(&watch)) {
        arena_finish(&watch.arena);
        return;
    }
    enum fault fault = command_exchange(command, &options, &report);
    arena_finish(&watch.arena);
    if (fault == FAULT_BUSY) {
        answer_fail(answer, ERROR_CONNECTION_HELD,
                    "another sluice of this identity stays connected; end it first");
        return;
    }
    if (fault) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    if (report.state != SYNC_REFUSED) return; /* interrupted */
    const char *trouble = say_trouble(&report, &error);
    if (trouble) answer_fail(answer, error, trouble);
}
