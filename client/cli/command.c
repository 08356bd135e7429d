/* command.c - one command: parse, open the home, run the verb, print, deliver.
 *
 * Data goes to standard output, talk to standard error; the exit code is the answer's. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/command_inside.h"
#include "client/cli/output.h"
#include "client/cli/say.h"
#include "common/base/version.h"
#include "common/base/banned.h"

static const size_t ARENA_BYTES = (size_t)1 << 30; /* a big team's history as JSON */
static const size_t OUTPUT_BYTES = (size_t)1 << 30;
enum { WORDS_MAX = 512 };

static void write_text(FILE *to, struct str text)
{
    if (text.n > 0) (void)fwrite(text.p, 1, text.n, to);
}

static bool environment_flag(const char *name)
{
    const char *value = getenv(name);
    return value && *value && strcmp(value, "0") != 0;
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO)) return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

/* --- printing --- */

static void print_note(struct command *command, const struct note *note)
{
    struct str text = say_sentence(&command->arena, note->sentence, note->places,
                                   note->place_count);
    bool result = note->role == NOTE_RESULT && !command->line.request.machine;
    FILE *to = result ? stdout : stderr;
    if (note->role == NOTE_ERROR) write_text(to, STR("sluice: "));
    write_text(to, text);
    write_text(to, STR("\n"));
}

static void print_reasons(struct command *command)
{
    const struct reasons *reasons = &command->answer.reasons;
    if (reasons->count == 0) return;
    write_text(stderr, STR("sluice: refused; nothing was changed:\n"));
    for (size_t i = 0; i < reasons->count; i++) {
        struct str text = say_reason(&command->arena, command->working ? &command->work : NULL,
                                     &reasons->items[i]);
        write_text(stderr, STR("  "));
        write_text(stderr, text);
        write_text(stderr, STR("\n"));
    }
}

/* With --json an error is one object, and nothing else. */
static void print_json_error(struct command *command)
{
    const struct answer *answer = &command->answer;
    struct str message = STR("refused; nothing was changed");
    for (size_t i = 0; i < answer->note_count; i++) {
        const struct note *note = &answer->notes[i];
        if (note->role != NOTE_ERROR) continue;
        message = say_sentence(&command->arena, note->sentence, note->places, note->place_count);
    }
    struct buffer out;
    buffer_init(&out, OUTPUT_BYTES);
    output_json_error(&out, answer->code, message, &answer->reasons);
    write_text(stderr, buffer_str(&out));
    buffer_finish(&out);
}

static void print_data(struct command *command)
{
    struct output_options options = {
        .format = command->line.format,
        .fields = command->line.fields,
        .no_headers = command->line.no_headers,
        .colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
        .width = command->line.format == OUTPUT_TABLE ? terminal_width() : 0,
    };
    struct buffer out;
    struct str unknown = STR_NONE;
    buffer_init(&out, OUTPUT_BYTES);
    if (command->line.list_fields) {
        output_fields(&command->answer, &out);
    } else {
        enum fault fault = output_answer(&command->arena, &command->answer, &options, &out,
                                         &unknown);
        if (fault) command_fault(command, "print", fault, NULL);
    }
    if (unknown.n > 0) {
        struct buffer fields;
        buffer_init(&fields, OUTPUT_BYTES);
        output_fields(&command->answer, &fields);
        struct str list = arena_str(&command->arena, str_trim(buffer_str(&fields)));
        buffer_finish(&fields);
        for (size_t i = 0; i < list.n; i++) {
            if (list.p[i] == '\n') ((char *)(uintptr_t)list.p)[i] = ' ';
        }
        FAIL(&command->answer, ANSWER_USAGE, "there is no field \"{name}\"; there are: {list}",
             {"name", unknown}, {"list", list});
    } else if (command->answer.code == ANSWER_OK || command->answer.wrote) {
        write_text(stdout, buffer_str(&out));
    }
    buffer_finish(&out);
}

static void print_attention(struct command *command)
{
    size_t count;
    const struct verb *verb = command->line.request.verb;
    if (!command->working || !command->work.ready || !verb) return;
    if (strcmp(verb->name, "inbox") == 0 || strcmp(verb->name, "status") == 0) return;
    if (work_attention(&command->work, &count) || count == 0) return;
    struct str number = arena_format(&command->arena, "%zu", count);
    const struct place places[] = {{"count", number}};
    struct str text = say_sentence(&command->arena,
                                   count == 1 ? "{count} change needs attention; see `sluice inbox`"
                                              : "{count} changes need attention; see `sluice inbox`",
                                   places, 1);
    write_text(stderr, text);
    write_text(stderr, STR("\n"));
}

static int command_print(struct command *command)
{
    struct answer *answer = &command->answer;
    if (answer->shape != SHAPE_NOTHING) print_data(command);
    if (answer->code != ANSWER_OK && command->line.format == OUTPUT_JSON) {
        print_json_error(command);
        return (int)answer->code;
    }
    for (size_t i = 0; i < answer->note_count; i++) print_note(command, &answer->notes[i]);
    print_reasons(command);
    bool undoable = strcmp(command->line.request.verb ? command->line.request.verb->name : "",
                           "undo") != 0 && answer->text.n == 0;
    if (answer->wrote && undoable) {
        write_text(stderr, say_sentence(&command->arena, "`sluice undo` takes it back\n", NULL, 0));
    }
    print_attention(command);
    if (fflush(stdout) != 0 && answer->code == ANSWER_OK) answer->code = ANSWER_FAILURE;
    return (int)answer->code;
}

/* --- running --- */

void command_fault(struct command *command, const char *what, enum fault fault,
                   const struct trouble *trouble)
{
    struct str detail = str_from(trouble && trouble->detail[0] ? trouble->detail : "");
    struct str path = str_from(trouble && trouble->path[0] ? trouble->path : "");
    FAIL(&command->answer, ANSWER_FAILURE,
         "could not {what} ({fault}{blank}{path}{blank}{detail}); see `sluice doctor`",
         {"what", str_from(what)}, {"fault", str_from(fault_name(fault))},
         {"blank", path.n > 0 || detail.n > 0 ? STR(" ") : STR("")},
         {"path", arena_str(&command->arena, path)},
         {"detail", arena_str(&command->arena, detail)});
}

enum fault command_work(struct command *command)
{
    enum fault fault = work_open(&command->work, home_replica(command->home), &command->arena,
                                 &command->random, home_now());
    command->working = fault == FAULT_NONE;
    if (fault) command_fault(command, "read the offline copy", fault, NULL);
    return fault;
}

static bool command_open(struct command *command)
{
    struct trouble trouble = {.fault = FAULT_NONE};
    if (!home_exists(command->path)) {
        answer_fail(&command->answer, ANSWER_NOT_JOINED,
                    "this device has not joined a team yet; run `sluice join INVITATION`");
        return false;
    }
    enum fault fault = home_open(command->path, &command->home, &trouble);
    if (fault) {
        command_fault(command, "open the offline copy", fault, &trouble);
        return false;
    }
    return command_work(command) == FAULT_NONE;
}

static void command_verb(struct command *command)
{
    const struct verb *verb = command->line.request.verb;
    const struct column *columns;
    size_t count;
    if (command->line.list_fields && verb_columns(verb, &columns, &count)) {
        answer_table(&command->answer, SHAPE_TABLE, columns, count);
        return;
    }
    if (strcmp(verb->name, "join") == 0) {
        command_join(command);
        return;
    }
    if (!command_open(command)) return;
    if (strcmp(verb->name, "sync") == 0) {
        command_sync(command);
    } else if (strcmp(verb->name, "import") == 0) {
        command_import(command);
        command_settle(command);
    } else if (strcmp(verb->name, "deliver") == 0) {
        command_deliver(command);
    } else {
        if ((verb->flags & VERB_ONLINE) && !command_online(command)) return;
        enum fault fault = work_run(&command->work, &command->line.request, &command->answer);
        if (fault) command_fault(command, "use the offline copy", fault, NULL);
        command_settle(command);
    }
}

static int command_words(struct command *command, const struct str *words, size_t count)
{
    struct command_line *line = &command->line;
    if (argv_parse(&command->arena, words, count, line)) return ANSWER_FAILURE;
    if (line->version) {
        write_text(stdout, STR("sluice " SLUICE_VERSION "\n"));
        return ANSWER_OK;
    }
    if (line->mistake.n > 0) {
        FAIL(&command->answer, ANSWER_USAGE, "{mistake}", {"mistake", line->mistake});
        return command_print(command);
    }
    if (line->help || !line->request.verb) {
        write_text(stdout, argv_help(&command->arena, line));
        return ANSWER_OK;
    }
    line->request.width = terminal_width();
    if (line->request.width == 0) line->request.width = 100;
    command->offline = line->offline || environment_flag("SLUICE_OFFLINE");
    struct str given = arena_str(&command->arena, line->home);
    if (home_path(given.p, command->path)) {
        answer_fail(&command->answer, ANSWER_FAILURE,
                    "there is no home folder; set SLUICE_HOME");
        return command_print(command);
    }
    command_verb(command);
    return command_print(command);
}

int command_main(int argc, char **argv)
{
    static struct str words[WORDS_MAX];
    struct command *command = calloc(1, sizeof *command);
    uint8_t seed[32];
    size_t count = 0;
    if (!command) return ANSWER_FAILURE;
    say_begin();
    arena_init(&command->arena, ARENA_BYTES);
    answer_init(&command->answer, &command->arena);
    home_random(seed, sizeof seed);
    random_init(&command->random, seed);
    command->program = argc > 0 ? argv[0] : "sluice";
    for (int i = 1; i < argc && count < WORDS_MAX; i++) words[count++] = str_from(argv[i]);
    int code = command_words(command, words, count);
    home_close(command->home);
    arena_finish(&command->arena);
    free(command);
    return code;
}
