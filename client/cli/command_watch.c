/* command_watch.c - staying connected: `sync --watch` tells what others do, `board --watch` redraws.
 *
 * Ends by SIGINT or SIGTERM or `q` (exit 0), when nobody reads any more (exit 0), or when the server
 * wants this device no longer (exit 8). A broken connection is told and tried again. Beside another
 * process that holds the connection the board is drawn from the copy, until it is our turn.
 * Invariant: the terminal is left as it was found, whichever way it ends. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <termios.h>
#include <unistd.h>

#include "client/cli/output.h"
#include "client/cli/say.h"
#include "common/base/banned.h"

static const size_t WATCH_BYTES = (size_t)256 << 20;

enum {
    BESIDE_LINES_MAX = 64 /* more at once nobody reads a line each of */
};
enum { BESIDE_MS = 2000 }; /* how often it is asked whether it is our turn */

/* What the picture was drawn of; another one is drawn when any of it is another. */
struct watch_seen {
    uint64_t cursor, generation, next_number;
    size_t pending, width, height;
    bool broken, beside, connected;
};

struct watch {
    struct command *command;
    bool board, screen; /* screen: a terminal that can be redrawn */
    bool drawn, connected, broken;
    bool beside;     /* another process holds the connection */
    bool looked;     /* beside: `seen` says up to where the lines were told */
    bool closed;     /* nobody reads */
    bool quit;       /* `q` was typed */
    bool raw;        /* `before` is how the keyboard was */
    struct termios before;
    int64_t broken_at;
    int64_t role; /* as it was told last */
    struct watch_seen seen;
    size_t attention; /* what waits in the inbox */
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

/* One change, one line. */
static void watch_line(struct watch *watch, struct str line)
{
    struct str safe = output_safe(&watch->arena, line);
    if (line.n == 0) return;
    for (size_t at = 0; at < safe.n; at++) {
        struct str c = str_slice(safe, at, at + 1);
        command_write(stdout, c.p[0] == '\n' ? STR(" ") : c);
    }
    command_write(stdout, STR("\n"));
}

static void watch_tell(struct watch *watch, const struct sync_revealed *revealed, size_t count,
                       bool more)
{
    struct work work;
    struct str line;
    if (!watch_work(watch, &work)) return;
    for (size_t i = 0; i < count; i++) {
        if (work_tell(&work, &revealed[i], &line) == FAULT_NONE) watch_line(watch, line);
    }
    if (work_tell_role(&work, watch->role, &line) == FAULT_NONE) watch_line(watch, line);
    if (work.me) watch->role = work.me->role;
    if (more) command_write(stdout, STR("... and much more\n"));
    watch_flush(watch);
}

/* Beside the process that is connected: what came into the copy since it was looked at last. */
static void watch_tell_beside(struct watch *watch)
{
    struct home *home = watch->command->home;
    struct replica *replica = home_replica(home);
    struct sync_revealed revealed[BESIDE_LINES_MAX];
    struct identity identity;
    size_t count = 0;
    arena_reset(&watch->arena);
    if (replica->f->identity_load(replica, &watch->arena, &identity)) return;
    struct watch_seen seen = watch->seen;
    watch->seen.cursor = identity.cursor_seq;
    watch->seen.generation = identity.generation;
    if (!watch->looked || seen.cursor == identity.cursor_seq) {
        watch->looked = true;
        return;
    }
    bool anew = seen.generation != identity.generation;
    if (!anew && home_revealed(home, seen.cursor, BESIDE_LINES_MAX, revealed, &count)) return;
    watch_tell(watch, revealed, count, anew || count == BESIDE_LINES_MAX);
}

/* --- the screen --- */

/* Another screen without a cursor; keys come at once and are not shown. */
static void screen_begin(struct watch *watch)
{
    struct termios raw;
    watch->raw = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &watch->before) == 0;
    if (watch->raw) {
        raw = watch->before;
        raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* stopped, it would leave a foreign screen behind */
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    command_write(stdout, STR("\033[?1049h\033[?25l\033[H\033[2J"));
    (void)fflush(stdout);
}

static void screen_end(struct watch *watch)
{
    command_write(stdout, STR("\033[?25h\033[?1049l"));
    (void)fflush(stdout);
    if (watch->raw) (void)tcsetattr(STDIN_FILENO, TCSANOW, &watch->before);
}

/* One line at the bottom: is this how things are, or how they were? */
static struct str screen_state(struct watch *watch)
{
    char clock[16] = "";
    struct tm local;
    time_t since = (time_t)(watch->broken_at / 1000);
    struct str state = STR("connecting");
    if (watch->broken && localtime_r(&since, &local)) {
        (void)strftime(clock, sizeof clock, "%H:%M", &local);
        state = arena_format(&watch->arena, "offline since %s; trying again", clock);
    } else if (watch->beside) {
        state = STR("live, through another sluice");
    } else if (watch->connected) {
        state = STR("live");
    }
    if (watch->attention > 0) {
        state = arena_format(&watch->arena, "%.*s; %zu in the inbox", STR_ARGS(state),
                             watch->attention);
    }
    if (watch->seen.pending > 0) {
        state = arena_format(&watch->arena, "%.*s; %zu waiting to be sent", STR_ARGS(state),
                             watch->seen.pending);
    }
    return arena_format(&watch->arena, "%.*s; q ends", STR_ARGS(state));
}

/* Line by line over what stood there, in one piece, so that nothing flickers. */
static void screen_draw(struct watch *watch, struct str text)
{
    struct buffer out;
    struct str rest = text, line;
    size_t lines = 0, height = watch->seen.height;
    buffer_init(&out, WATCH_BYTES);
    buffer_append_str(&out, STR("\033[H"));
    while (lines + 1 < height && str_split(&rest, '\n', &line)) {
        if (line.n == 0 && rest.p == NULL) break;
        buffer_append_str(&out, text_clip(line, watch->seen.width));
        buffer_append_str(&out, STR("\033[K\n"));
        lines++;
    }
    struct str state = text_clip(screen_state(watch), watch->seen.width);
    buffer_format(&out, "\033[J\033[%zu;1H\033[7m%.*s\033[0m", height, STR_ARGS(state));
    command_write(stdout, buffer_str(&out));
    buffer_finish(&out);
}

/* --- the board --- */

static void watch_board(struct watch *watch)
{
    struct work work;
    struct answer answer;
    struct request request = watch->command->line.request;
    if (!watch_work(watch, &work)) return;
    answer_init(&answer, &watch->arena);
    request.width = watch->screen ? watch->seen.width : 100;
    if (watch->screen) request.height = watch->seen.height;
    if (work_run(&work, &request, &answer) || answer.code != ANSWER_OK) return;
    struct str text = output_safe(&watch->arena, answer.text);
    if (work_attention(&work, &watch->attention)) watch->attention = 0;
    if (watch->screen) {
        screen_draw(watch, text);
    } else {
        if (watch->drawn) command_write(stdout, STR("\n"));
        command_write(stdout, text);
    }
    watch->drawn = true;
    watch_flush(watch);
}

/* Draws when what would be drawn is another. */
static void watch_refresh(struct watch *watch)
{
    struct replica *replica = home_replica(watch->command->home);
    struct identity identity;
    struct watch_seen now = {.width = command_width(), .height = command_height()};
    if (!watch->board) {
        if (watch->beside) watch_tell_beside(watch);
        return;
    }
    arena_reset(&watch->arena);
    if (replica->f->identity_load(replica, &watch->arena, &identity)) return;
    if (replica->f->outbox_count(replica, &now.pending)) return;
    if (watch->beside) {
        watch->broken = identity.last_failure_at > identity.last_sync_at;
        watch->broken_at = identity.last_failure_at;
    }
    now.cursor = identity.cursor_seq;
    now.generation = identity.generation;
    now.next_number = identity.next_number;
    now.broken = watch->broken;
    now.beside = watch->beside;
    now.connected = watch->connected;
    const struct watch_seen *seen = &watch->seen;
    bool rows = seen->cursor != now.cursor || seen->generation != now.generation ||
                seen->next_number != now.next_number;
    bool frame = seen->pending != now.pending || seen->width != now.width ||
                 seen->height != now.height || seen->broken != now.broken ||
                 seen->beside != now.beside || seen->connected != now.connected;
    if (watch->drawn && !rows && !(frame && watch->screen)) return;
    watch->seen = now;
    watch_board(watch);
}

static bool watch_look(void *context)
{
    struct watch *watch = context;
    char keys[64];
    ssize_t n = watch->raw ? read(STDIN_FILENO, keys, sizeof keys) : -1;
    /* Without a byte there was none to read; a terminal that is gone tells an error. */
    if (n < 0 && watch->raw && errno != EAGAIN && errno != EINTR) watch->quit = true;
    for (ssize_t i = 0; i < n; i++) watch->quit = watch->quit || keys[i] == 'q' || keys[i] == 'Q';
    if (!watch->quit) watch_refresh(watch);
    return !watch->quit && !watch->closed;
}

/* --- the connection --- */

static bool watch_changed(void *context, const struct sync_report *report)
{
    struct watch *watch = context;
    bool broken = report->state == SYNC_OFFLINE && report->trouble != SYNC_TROUBLE_NONE;
    bool live = report->state == SYNC_LIVE;
    bool news = report->revealed_count > 0 || report->revealed_more;
    watch->beside = false; /* it is our turn */
    if (broken && !watch->broken) {
        enum error_code error;
        const char *trouble = say_trouble(report, &error);
        watch->broken = true;
        watch->broken_at = home_now().wall_ms;
        watch_say(watch, trouble ? trouble : "the connection broke");
        watch_say(watch, "trying again until interrupted");
    }
    if (live && (watch->broken || !watch->connected)) {
        watch_say(watch, watch->broken ? "connected again" : "connected; Ctrl-C ends it");
        watch->broken = false;
        watch->connected = true;
    }
    watch->looked = false;
    if (!watch->board && news) {
        watch_tell(watch, report->revealed, report->revealed_count, report->revealed_more);
    }
    watch_refresh(watch);
    return !watch->closed;
}

/* What the copy has, at once; a wrong word ends it here. */
static bool watch_begin(struct watch *watch)
{
    struct command *command = watch->command;
    struct answer *answer = &command->answer;
    if (work_run(&command->work, &command->line.request, answer) || answer->code != ANSWER_OK) {
        return false;
    }
    answer->shape = SHAPE_NOTHING;
    if (watch->screen) screen_begin(watch);
    watch_refresh(watch);
    return true;
}

/* In our turn, or beside the process whose turn it is; until it is over. */
static enum fault watch_run(struct watch *watch, struct sync_report *report)
{
    struct command *command = watch->command;
    const struct home_look look = {
        .look = watch_look, .context = watch, .input = watch->raw ? STDIN_FILENO : -1};
    struct home_sync_options options = {
        .live = true, .changed = watch_changed, .context = watch,
        .look = watch->board ? &look : NULL};
    for (;;) {
        bool stopped;
        enum fault fault = home_sync(command->home, &options, report);
        if (fault != FAULT_BUSY) return fault;
        bool first = !watch->beside;
        watch->beside = true;
        watch->connected = false;
        if (first) {
            watch_say(watch, watch->board ? "another sluice of this identity is connected; drawing "
                                            "beside it; Ctrl-C ends it"
                                          : "another sluice of this identity is connected; telling "
                                            "what it receives; Ctrl-C ends it");
        }
        watch_refresh(watch);
        fault = home_wait(command->home, &look, BESIDE_MS, &stopped);
        *report = (struct sync_report){.state = SYNC_OFFLINE};
        if (fault || stopped) return fault;
    }
}

void command_watch(struct command *command)
{
    struct sync_report report;
    struct watch watch = {.command = command};
    enum error_code error;
    if (command->line.request.machine) {
        answer_fail(&command->answer, ERROR_NOT_FOR_MACHINES,
                    "--watch is for people; leave out --json and --csv");
        return;
    }
    watch.board = command->line.request.verb->run != NULL;
    watch.screen = watch.board && isatty(STDOUT_FILENO);
    arena_init(&watch.arena, WATCH_BYTES);
    if (watch.board && !watch_begin(&watch)) {
        arena_finish(&watch.arena);
        return;
    }
    if (command->work.me) watch.role = command->work.me->role;
    enum fault fault = watch_run(&watch, &report);
    if (watch.screen) screen_end(&watch);
    arena_finish(&watch.arena);
    if (fault) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    if (report.state != SYNC_REFUSED) return; /* interrupted */
    const char *trouble = say_trouble(&report, &error);
    if (trouble) command_refused(command, &report, error, trouble);
}
