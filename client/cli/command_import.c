/* command_import.c - `sluice import FILE`: reads the file, hands it to client/exchange, says what
 * came of it. Called by command.c. Invariant: what did not land is in the rejects file. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <iconv.h>
#include <unistd.h>

#include "client/cli/file.h"
#include "client/cli/import_say.h"
#include "client/cli/progress.h"
#include "client/cli/say.h"
#include "client/exchange/encoding.h"
#include "common/base/money.h"

enum {
    FILE_MAX = 256 * 1024 * 1024, /* a spreadsheet of a million rows is about 100 MiB */
    IMPORT_ARENA = 1024 * 1024 * 1024
};

/* --- the file --- */

static bool text_convert(struct command *command, struct str text, struct str encoding,
                         struct buffer *out)
{
    iconv_t decoder = iconv_open("UTF-8", arena_str(&command->arena, encoding).p);
    if (decoder == (iconv_t)-1) {
        FAIL(&command->answer, ERROR_UNKNOWN_ENCODING,
             "there is no encoding \"{name}\"; usual ones are utf-8, utf-16, windows-1250 and "
             "windows-1252",
             {"name", encoding});
        return false;
    }
    size_t left = text.n, room = text.n * 4 + 4;
    char *from = (char *)(uintptr_t)text.p;
    uint8_t *start = buffer_reserve(out, room);
    char *to = (char *)start;
    bool good = start && iconv(decoder, &from, &left, &to, &room) != (size_t)-1 && left == 0;
    if (good) buffer_grown(out, (size_t)((uint8_t *)to - start));
    iconv_close(decoder);
    if (good) return true;
    FAIL(&command->answer, ERROR_FILE_ENCODING,
         "the file is not in the encoding \"{name}\": byte {at} does not belong to it",
         {"name", encoding}, {"at", arena_format(&command->arena, "%zu", text.n - left)});
    return false;
}

/* To UTF-8, when another encoding was declared or can be told. */
static bool text_decode(struct command *command, struct buffer *raw, struct buffer *out)
{
    const struct request_option *given = request_option(&command->line.request, "encoding");
    struct str text = buffer_str(raw);
    if (given) return text_convert(command, text, given->value, out);
    enum encoding guess = encoding_guess(text);
    const char *name = encoding_name(guess);
    switch (guess) {
    case ENCODING_UTF8: return true;
    case ENCODING_WINDOWS1250:
    case ENCODING_WINDOWS1252:
        NOTE(&command->answer, NOTE_TALK, "Read as {encoding} (--encoding says otherwise)",
             {"encoding", str_from(name)});
        return text_convert(command, text, str_from(name), out);
    case ENCODING_UTF16:
    case ENCODING_UTF16LE:
    case ENCODING_UTF16BE: return text_convert(command, text, str_from(name), out);
    case ENCODING_UNTOLD:
        answer_fail(
            &command->answer, ERROR_FILE_ENCODING,
            "the file is not UTF-8, and its letters may be of several languages; say "
            "--encoding windows-1250 (central European) or windows-1252 (western European)");
        return false;
    case ENCODING_WORKBOOK:
        answer_fail(
            &command->answer, ERROR_FILE_FORMAT,
            "this is a spreadsheet program's own file; save it as \"CSV UTF-8\" and import that");
        return false;
    case ENCODING_BINARY:
        answer_fail(&command->answer, ERROR_FILE_FORMAT,
                    "this is not a table in a text file; export the deals as CSV and import that");
        return false;
    }
    return false;
}

static bool source_read(struct command *command, struct str name, struct buffer *raw,
                        struct buffer *text)
{
    const char *why;
    const char *path = arena_str(&command->arena, name).p;
    enum fault fault = path ? file_read_all(path, raw, &why) : FAULT_MEMORY;
    if (!fault) return text_decode(command, raw, text);
    enum error_code error = ERROR_FILE_UNREADABLE;
    if (fault == FAULT_NOT_FOUND) error = ERROR_FILE_NOT_FOUND;
    if (fault == FAULT_FORMAT || fault == FAULT_LIMIT) error = ERROR_FILE_FORMAT;
    FAIL(&command->answer, error, "cannot read {file}: {why}", {"file", name},
         {"why", str_from(path ? why : "out of memory")});
    return false;
}

/* --- options --- */

static bool maps_read(struct command *command, const char *option, struct import_maps *maps)
{
    const struct request *request = &command->line.request;
    for (size_t i = 0; i < request->option_count; i++) {
        if (strcmp(request->options[i].option->name, option) != 0) continue;
        struct str value = request->options[i].value;
        /* The last one: a heading may hold the sign, a name of ours does not. */
        size_t at = value.n;
        for (size_t k = 0; k < value.n; k++) {
            if (value.p[k] == '=') at = k;
        }
        if (at == value.n || at == 0 || maps->count == IMPORT_MAPS_MAX) {
            FAIL(&command->answer, ERROR_VALUE_INVALID,
                 "--{option} wants THEIRS=OURS, not \"{value}\"", {"option", str_from(option)},
                 {"value", value});
            return false;
        }
        maps->items[maps->count++] = (struct import_map){str_trim(str_slice(value, 0, at)),
                                                         str_trim(str_slice(value, at + 1, value.n))};
    }
    return true;
}

static bool choice_read(struct command *command, const char *option, const char *const *words,
                        size_t *chosen)
{
    const struct request_option *given = request_option(&command->line.request, option);
    struct str list = STR("");
    *chosen = 0;
    if (!given) return true;
    for (size_t i = 1; words[i]; i++) {
        list = arena_format(&command->arena, "%.*s%s%s", STR_ARGS(list), i > 1 ? ", " : "", words[i]);
        if (!str_equal(given->value, str_from(words[i]))) continue;
        *chosen = i;
        return true;
    }
    FAIL(&command->answer, ERROR_VALUE_INVALID,
         "--{option} cannot be \"{value}\"; possible are {list}", {"option", str_from(option)},
         {"value", given->value}, {"list", list});
    return false;
}

/* --- progress --- */

struct import_progress {
    struct command *command;
    struct progress progress;
};

static void progress_show(void *context, size_t done, size_t all)
{
    struct import_progress *import = context;
    progress_say(&import->progress, "Importing: row {done} of {all}", done, all);
}

static struct str refusal_say(void *context, struct arena *arena, const struct reason *reason)
{
    struct import_progress *import = context;
    return say_reason(arena, &import->command->work, reason);
}

static bool options_read(struct command *command, struct import_options *options)
{
    static const char *const orders[] = {"auto", "dmy", "mdy", "ymd", NULL};
    static const char *const decimals[] = {"auto", "point", "comma", NULL};
    size_t order, decimal;
    const struct request *request = &command->line.request;
    const struct request_option *currency = request_option(request, "currency");
    const struct request_option *pipeline = request_option(request, "pipeline");
    if (!maps_read(command, "map", &options->columns)) return false;
    if (!maps_read(command, "map-stage", &options->stages)) return false;
    if (!maps_read(command, "map-owner", &options->owners)) return false;
    if (!choice_read(command, "dates", orders, &order)) return false;
    if (!choice_read(command, "decimal", decimals, &decimal)) return false;
    options->date_order = (enum date_order)order;
    options->decimal = (enum decimal_sign)decimal;
    options->dry_run = request_option(request, "dry-run") != NULL;
    options->update = request_option(request, "update") != NULL;
    options->currency = currency ? currency->value : STR_NONE;
    options->pipeline = pipeline ? pipeline->value : STR_NONE;
    if (currency && !currency_find(currency->value)) {
        FAIL(&command->answer, ERROR_UNKNOWN_CURRENCY,
             "{value} is not a currency; use an ISO code like EUR", {"value", currency->value});
        return false;
    }
    return true;
}

/* --- the command --- */

static void import_run(struct command *command, struct arena *arena,
                       struct import_options *options, struct import_report *report)
{
    struct import_progress progress = {.command = command};
    progress_begin(&progress.progress, 0);
    options->progress = progress_show;
    options->reason_say = refusal_say;
    options->context = &progress;
    command->first = command->work.identity.next_number;
    struct import_saying saying = {
        .command = command, .report = report, .options = options,
        .source = command->line.request.arguments[0],
    };
    enum fault fault = import_deals(home_replica(command->home), arena, options, command->work.now,
                                    &command->random, report);
    progress_end(&progress.progress);
    if (fault && report->mistake.n) import_say_mistake(&saying);
    else if (fault) {
        command_fault(command, "import", fault, NULL);
        if (report->created > 0) {
            answer_say(&command->answer, NOTE_TALK,
                       "What was imported until then is there; import the same file again to go on");
        }
    } else {
        import_say_report(&saying);
    }
}

void command_import(struct command *command)
{
    struct buffer raw, text;
    struct arena arena;
    struct import_report report = {0};
    struct import_options *options = arena_alloc(&command->arena, sizeof *options);
    buffer_init(&raw, FILE_MAX);
    buffer_init(&text, (size_t)FILE_MAX * 4);
    arena_init(&arena, IMPORT_ARENA);
    if (!command->work.ready) {
        answer_fail(&command->answer, ERROR_NOT_SYNCED,
                    "the first exchange with the server is still to come; run `sluice sync`");
    } else if (!work_may(&command->work, ACTION_IMPORT, &command->answer)) {
        /* Else organisations would come in, and every row of the file be refused. */
    } else if (options && options_read(command, options) &&
               source_read(command, command->line.request.arguments[0], &raw, &text)) {
        options->text = text.n ? buffer_str(&text) : buffer_str(&raw);
        import_run(command, &arena, options, &report);
        /* What is said is printed later: sentences may not point into the import's memory. */
        for (size_t i = 0; i < command->answer.note_count; i++) {
            struct note *note = &command->answer.notes[i];
            for (size_t k = 0; k < note->place_count; k++) {
                note->places[k].value = arena_str(&command->arena, note->places[k].value);
            }
        }
    }
    buffer_finish(&report.rejects);
    buffer_finish(&raw);
    buffer_finish(&text);
    arena_finish(&arena);
}
