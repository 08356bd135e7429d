/* command_print.c - what a command has to say: data to standard output, talk to standard error.
 *
 * Invariant: nothing that came from people or from the server reaches a terminal with control
 * characters in it. A closed pipe ends the output quietly; a full disk is told. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/file.h"
#include "client/cli/output.h"
#include "client/cli/say.h"
#include "common/base/banned.h"

static const size_t OUTPUT_BYTES = (size_t)1 << 30;

void command_write(FILE *to, struct str text)
{
    if (text.n > 0) (void)fwrite(text.p, 1, text.n, to);
}

static void write_safe(struct command *command, FILE *to, struct str text)
{
    command_write(to, output_safe(&command->arena, text));
}

size_t command_height(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO)) return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
    return 24;
}

size_t command_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t given;
    if (!isatty(STDOUT_FILENO)) return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    if (columns && str_to_int64(str_from(columns), &given) == FAULT_NONE && given > 0 &&
        given < 10000) {
        return (size_t)given;
    }
    return 80;
}

static bool colours_for(int descriptor)
{
    const char *terminal = getenv("TERM"), *off = getenv("NO_COLOR");
    if (off && *off) return false;
    return isatty(descriptor) && terminal && strcmp(terminal, "dumb") != 0;
}

/* --- talk --- */

static void print_note(struct command *command, const struct note *note)
{
    struct str text = say_sentence(&command->arena, note->sentence, note->places,
                                   note->place_count);
    bool result = note->role == NOTE_RESULT && !command->line.request.machine;
    FILE *to = result ? stdout : stderr;
    if (to == stderr) (void)fflush(stdout); /* in the order of events, also into one file */
    if (note->role == NOTE_ERROR) {
        command_write(to, colours_for(STDERR_FILENO) ? STR("\033[1;31msluice:\033[0m ")
                                                     : STR("sluice: "));
    }
    write_safe(command, to, text);
    command_write(to, STR("\n"));
}

static void print_talk(struct command *command, const char *sentence, size_t count)
{
    struct str number = arena_format(&command->arena, "%zu", count);
    const struct place places[] = {{"count", number}};
    (void)fflush(stdout);
    write_safe(command, stderr, say_sentence(&command->arena, sentence, places, 1));
    command_write(stderr, STR("\n"));
}

static struct str reason_text(struct command *command, const struct reason *reason)
{
    return say_reason(&command->arena, command->working ? &command->work : NULL, reason);
}

static struct str refusal_head(const struct answer *answer)
{
    if (answer->refused.n > 0) return answer->refused;
    return answer->wrote ? STR("the server refused it; see `sluice inbox`")
                         : STR("refused; nothing was changed");
}

static void print_reasons(struct command *command)
{
    const struct answer *answer = &command->answer;
    const struct reasons *reasons = &answer->reasons;
    if (reasons->count == 0) return;
    (void)fflush(stdout);
    /* A conflict is told in one sentence; the inbox has both values. */
    if (answer->code == ANSWER_CONFLICT) return;
    struct str head = refusal_head(answer);
    command_write(stderr, STR("sluice: "));
    write_safe(command, stderr, head);
    command_write(stderr, STR(":\n"));
    for (size_t i = 0; i < reasons->count; i++) {
        command_write(stderr, STR("  "));
        write_safe(command, stderr, reason_text(command, &reasons->items[i]));
        if (!answer->wrote) write_safe(command, stderr, answer->causes[i]);
        command_write(stderr, STR("\n"));
    }
    if (answer->mend.n == 0) return;
    const char *title = answer->mend_title ? answer->mend_title : "mend it and do it in one:";
    write_safe(command, stderr, say_sentence(&command->arena, title, NULL, 0));
    command_write(stderr, STR("\n  "));
    write_safe(command, stderr, answer->mend);
    command_write(stderr, STR("\n"));
}

/* With --json an error is one object, and nothing else. */
static void print_json_error(struct command *command)
{
    const struct answer *answer = &command->answer;
    struct reason_said reasons[REASONS_MAX];
    struct str message = refusal_head(answer);
    for (size_t i = 0; i < answer->note_count; i++) {
        const struct note *note = &answer->notes[i];
        if (note->role != NOTE_ERROR) continue;
        message = say_sentence(&command->arena, note->sentence, note->places, note->place_count);
    }
    for (size_t i = 0; i < answer->reasons.count; i++) {
        const struct reason *reason = &answer->reasons.items[i];
        work_reason_parts(command->working ? &command->work : NULL, reason, &reasons[i]);
        reasons[i].message = reason_text(command, reason);
        if (answer->wrote || answer->causes[i].n == 0) continue;
        reasons[i].message = arena_format(&command->arena, "%.*s%.*s", STR_ARGS(reasons[i].message),
                                          STR_ARGS(answer->causes[i]));
    }
    struct buffer out;
    buffer_init(&out, OUTPUT_BYTES);
    output_json_error(&out, answer->error, message, reasons, answer->reasons.count);
    (void)fflush(stdout);
    command_write(stderr, buffer_str(&out));
    buffer_finish(&out);
}

/* --- data --- */

static void field_unknown(struct command *command, struct str name)
{
    struct buffer fields;
    buffer_init(&fields, OUTPUT_BYTES);
    output_fields(&command->answer, &fields);
    struct str rest = str_trim(buffer_str(&fields)), part, list = STR(""), near = STR_NONE;
    size_t best = 3;
    while (str_split(&rest, '\n', &part)) {
        size_t distance = text_distance(name, part, 2);
        if (distance < best) {
            best = distance;
            near = arena_str(&command->arena, part);
        }
        list = arena_format(&command->arena, "%.*s%s%.*s", STR_ARGS(list), list.n ? ", " : "",
                            STR_ARGS(part));
    }
    buffer_finish(&fields);
    if (near.n > 0) {
        FAIL(&command->answer, ERROR_UNKNOWN_FIELD,
             "there is no field \"{name}\"; did you mean \"{near}\"? There are: {list}",
             {"name", name}, {"near", near}, {"list", list});
    } else {
        FAIL(&command->answer, ERROR_UNKNOWN_FIELD,
             "there is no field \"{name}\"; there are: {list}", {"name", name}, {"list", list});
    }
}

/* More than a screen goes through PAGER, on a terminal only. */
static bool print_paged(struct str text)
{
    struct winsize size;
    size_t lines = 0;
    const char *pager = getenv("PAGER");
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) return false;
    if (!pager || !*pager || strcmp(pager, "cat") == 0) return false;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return false;
    for (size_t i = 0; i < text.n; i++) lines += text.p[i] == '\n';
    if (lines < size.ws_row) return false;
    (void)fflush(stdout);
    (void)setenv("LESS", "FRX", 0);
    FILE *to = popen(pager, "w");
    if (!to) return false;
    command_write(to, text);
    (void)pclose(to);
    return true;
}

static void print_file(struct command *command, struct str name, struct str text)
{
    const char *why, *path = arena_str(&command->arena, name).p;
    enum fault fault = path && name.n > 0 ? file_write_all(path, text, &why) : FAULT_FORMAT;
    if (fault) {
        FAIL(&command->answer, ERROR_FILE_UNWRITABLE, "cannot write {file}: {why}", {"file", name},
             {"why", path && name.n > 0 ? str_from(why) : STR("that is no name of a file")});
        return;
    }
    NOTE(&command->answer, NOTE_TALK, "Wrote {bytes} bytes to {file}",
         {"bytes", arena_format(&command->arena, "%zu", text.n)}, {"file", name});
}

static void print_data(struct command *command)
{
    struct output_options options = {
        .format = command->line.format,
        .fields = command->line.fields,
        .no_headers = command->line.no_headers,
        .colours = colours_for(STDOUT_FILENO),
        .width = command->line.format == OUTPUT_TABLE ? command_width() : 0,
    };
    struct buffer out;
    struct str unknown = STR_NONE;
    if (request_option(&command->line.request, "lines")) options.format = OUTPUT_LINES;
    buffer_init(&out, OUTPUT_BYTES);
    if (command->line.list_fields) {
        output_fields(&command->answer, &out);
    } else {
        enum fault fault = output_answer(&command->arena, &command->answer, &options, &out,
                                         &unknown);
        if (fault) command_fault(command, "print", fault, NULL);
    }
    if (unknown.n > 0) {
        field_unknown(command, unknown);
    } else if (command->answer.code == ANSWER_OK || command->answer.wrote ||
               command->answer.partial) {
        struct str text = buffer_str(&out);
        const struct request_option *file = request_option(&command->line.request, "output");
        if (file) {
            print_file(command, file->value, text);
            buffer_finish(&out);
            return;
        }
        bool people = options.format == OUTPUT_TABLE && !command->line.list_fields;
        if (!people || !print_paged(text)) command_write(stdout, text);
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
    print_talk(command,
               sentence_of(count, "{count} change needs attention; see `sluice inbox`",
                           "{count} changes need attention; see `sluice inbox`"),
               count);
}

/* After a write that the network could not take: how many wait for it. */
static void print_waiting(struct command *command)
{
    size_t count;
    struct replica *replica;
    if (!command->answer.wrote || !command->waiting || !command->home) return;
    replica = home_replica(command->home);
    if (replica->f->outbox_count(replica, &count) || count == 0) return;
    print_talk(command,
               sentence_of(count, "{count} change waiting to be sent",
                           "{count} changes waiting to be sent"),
               count);
}

/* Nobody reads any more: that is no failure. Anything else is. */
static void print_end(struct command *command)
{
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed || errno == EPIPE || command->answer.code != ANSWER_OK) return;
    answer_error(&command->answer, ERROR_OUTPUT_UNWRITABLE);
    command_write(stderr, STR("sluice: the output could not be written; is the disk full?\n"));
}

int command_print(struct command *command)
{
    struct answer *answer = &command->answer;
    if (answer->shape != SHAPE_NOTHING) print_data(command);
    if (answer->code != ANSWER_OK && command->line.format == OUTPUT_JSON) {
        print_json_error(command);
        return (int)answer->code;
    }
    for (size_t i = 0; i < answer->note_count; i++) print_note(command, &answer->notes[i]);
    print_reasons(command);
    if (answer->wrote && answer->undoable && answer->reasons.count == 0) {
        print_talk(command, "`sluice undo` takes it back", 0);
    }
    print_waiting(command);
    print_attention(command);
    print_end(command);
    return (int)answer->code;
}
