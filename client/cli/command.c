/* command.c - one command: parse, open the home, run the verb, print, deliver.
 *
 * Data goes to standard output, talk to standard error; the exit code is the answer's. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "client/cli/command_inside.h"
#include "client/cli/progress.h"
#include "client/cli/say.h"
#include "client/edge/keys.h"
#include "common/base/version.h"
#include "common/base/banned.h"

static const size_t ARENA_BYTES = (size_t)1 << 30; /* a big team's history as JSON */
enum { WORDS_MAX = 512, STANDARD_INPUT_MAX = 64 * 1024 };

static bool environment_flag(const char *name)
{
    const char *value = getenv(name);
    return value && *value && strcmp(value, "0") != 0;
}

/* --- running --- */

static bool command_open(struct command *command)
{
    struct trouble trouble = {.fault = FAULT_NONE};
    if (!command_has_home(command, "this device has not joined a team yet; run `sluice join "
                                   "INVITATION`")) {
        return false;
    }
    enum fault fault = home_open(command->path, &command->home, &trouble);
    if (fault) {
        command_fault(command, "open the offline copy", fault, &trouble);
        return false;
    }
    return command_work(command) == FAULT_NONE;
}

static void command_run(struct command *command)
{
    struct progress progress;
    const struct work_progress told = {.say = progress_work, .context = &progress};
    progress_begin(&progress, 0);
    command->work.progress = &told;
    enum fault fault = work_run(&command->work, &command->line.request, &command->answer);
    command->work.progress = NULL;
    progress_end(&progress);
    if (fault) command_fault(command, "use the offline copy", fault, NULL);
}

static void command_verb(struct command *command)
{
    const struct verb *verb = command->line.request.verb;
    struct columns columns;
    /* Whoever asks what fields there are does not mean the deed. */
    if (command->line.list_fields && !(verb->flags & VERB_HIDDEN)) {
        if (verb_columns(&command->arena, &command->line.request, &columns)) {
            answer_table(&command->answer, SHAPE_TABLE, columns.items, columns.count);
        } else {
            answer_fail(&command->answer, ERROR_NOT_FOR_MACHINES,
                        "this command has no fields; leave out --json");
        }
        return;
    }
    if (strcmp(verb->name, "join") == 0) {
        command_join(command);
        return;
    }
    if (strcmp(verb->name, "doctor") == 0) {
        command_doctor(command);
        return;
    }
    if (strcmp(verb->name, "wipe") == 0) {
        command_wipe(command);
        return;
    }
    if (!command_open(command)) return;
    bool board = verb->run && strcmp(verb->name, "board") == 0;
    if (strcmp(verb->name, "sync") == 0 ||
        (board && request_option(&command->line.request, "watch"))) {
        command_sync(command);
    } else if (strcmp(verb->name, "import") == 0) {
        command_import(command);
        command_settle(command);
    } else if (strcmp(verb->name, "deliver") == 0) {
        command_deliver(command);
    } else {
        if ((verb->flags & VERB_ONLINE) && !command_online(command)) return;
        command_run(command);
        command_settle(command);
    }
}

/* Completion and manual page need no identity. */
static void command_completion(struct command *command)
{
    struct str what = command->line.request.arguments[0];
    struct answer *answer = &command->answer;
    if (command->line.request.machine || command->line.list_fields) {
        answer_fail(answer, ERROR_NOT_FOR_MACHINES,
                    "this is made for bash and for man; leave out --json and --csv");
        return;
    }
    answer->shape = SHAPE_TEXT;
    if (str_equal(what, STR("bash"))) {
        answer->text = argv_completion(&command->arena);
    } else if (str_equal(what, STR("man"))) {
        answer->text = argv_manual(&command->arena);
    } else {
        answer->shape = SHAPE_NOTHING;
        FAIL(answer, ERROR_UNKNOWN_KIND,
             "there is no completion for \"{what}\"; there are: bash, man", {"what", what});
    }
}

/* --- a value of "-" is read from standard input --- */

static bool input_read(struct command *command, struct str *value)
{
    char *bytes = arena_alloc(&command->arena, STANDARD_INPUT_MAX + 1);
    struct answer *answer = &command->answer;
    if (!bytes) return false;
    size_t n = fread(bytes, 1, STANDARD_INPUT_MAX + 1, stdin);
    struct str text = {bytes, n};
    if (n > STANDARD_INPUT_MAX) {
        answer_fail(answer, ERROR_INPUT_TOO_LONG,
                    "standard input is too long for a value; at most 64 KiB");
        return false;
    }
    if (!text_is_utf8(text)) {
        answer_fail(answer, ERROR_NOT_UTF8, "standard input is not UTF-8");
        return false;
    }
    *value = str_trim(text);
    return true;
}

static bool command_input(struct command *command)
{
    struct request *request = &command->line.request;
    bool read = false;
    /* Filters begin with '-', and import reads its file itself. */
    if (!(request->verb->flags & VERB_WRITES) || !request->verb->run) return true;
    for (size_t i = 0; i < request->argument_count + request->option_count; i++) {
        struct str *value = i < request->argument_count
                                ? &request->arguments[i]
                                : &request->options[i - request->argument_count].value;
        if (!str_equal(*value, STR("-"))) continue;
        if (read) {
            answer_fail(&command->answer, ERROR_ARGUMENT_UNWANTED,
                        "standard input is one value; only one may be `-`");
            return false;
        }
        read = true;
        if (!input_read(command, value)) return false;
    }
    return true;
}

static int command_words(struct command *command, const struct str *words, size_t count)
{
    struct command_line *line = &command->line;
    if (argv_parse(&command->arena, words, count, line)) return ANSWER_FAILURE;
    if (line->version) {
        command_write(stdout, STR("sluice " SLUICE_VERSION "\n"));
        return ANSWER_OK;
    }
    if (line->mistake.n > 0) {
        FAIL(&command->answer, line->mistake_code, "{mistake}", {"mistake", line->mistake});
        return command_print(command);
    }
    if (line->request.verb && strcmp(line->request.verb->name, "completion") == 0 && !line->help) {
        command_completion(command);
        return command_print(command);
    }
    if (line->help || !line->request.verb) {
        command_write(stdout, argv_help(&command->arena, line));
        return ANSWER_OK;
    }
    if (!command_input(command)) return command_print(command);
    line->request.width = command_width();
    if (line->request.width == 0) line->request.width = 100;
    line->request.height = command_height();
    command->offline = line->offline || environment_flag("SLUICE_OFFLINE");
    struct str given = arena_str(&command->arena, line->home);
    if (home_path(given.p, command->path)) {
        answer_fail(&command->answer, ERROR_NO_HOME, "there is no home folder; set SLUICE_HOME");
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
    system_random(seed, sizeof seed);
    random_init(&command->random, seed);
    command->program = argc > 0 ? argv[0] : "sluice";
    for (int i = 1; i < argc && count < WORDS_MAX; i++) words[count++] = str_from(argv[i]);
    int code = ANSWER_USAGE;
    if (argc > WORDS_MAX) {
        answer_fail(&command->answer, ERROR_TOO_MANY_WORDS, "too many words; at most 512");
        code = command_print(command);
    } else {
        code = command_words(command, words, count);
    }
    home_close(command->home);
    arena_finish(&command->arena);
    free(command);
    return code;
}
