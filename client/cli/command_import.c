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

#include "client/cli/say.h"
#include "client/exchange/import.h"
#include "common/base/map.h"
#include "common/base/money.h"

enum {
    FILE_MAX = 256 * 1024 * 1024, /* a spreadsheet of a million rows is about 100 MiB */
    IMPORT_ARENA = 1024 * 1024 * 1024,
    LINES_SHOWN = 5
};

static struct str number_text(struct arena *arena, size_t number)
{
    return arena_format(arena, "%zu", number);
}

static bool file_read(struct command *command, struct str name, struct buffer *out)
{
    const char *path = arena_str(&command->arena, name).p;
    FILE *file = path ? fopen(path, "rb") : NULL;
    size_t n = 0;
    while (file && !out->failed) {
        uint8_t *room = buffer_reserve(out, 1 << 16);
        if (!room || (n = fread(room, 1, 1 << 16, file)) == 0) break;
        buffer_grown(out, n);
    }
    bool good = file && !ferror(file) && !out->failed;
    if (!good) {
        FAIL(&command->answer, file ? ANSWER_FAILURE : ANSWER_NOT_FOUND, "cannot read {file}: {why}",
             {"file", name},
             {"why", out->failed ? STR("it is too large; split it") : str_from(strerror(errno))});
    }
    if (file) fclose(file);
    return good;
}

/* To UTF-8 when another encoding was declared, or a byte order mark tells. */
static bool text_decode(struct command *command, struct buffer *raw, struct buffer *out)
{
    const struct request_option *given = request_option(&command->line.request, "encoding");
    struct str text = buffer_str(raw);
    struct str encoding = given ? given->value : STR_NONE;
    bool marked = str_starts_with(text, STR("\xFF\xFE")) || str_starts_with(text, STR("\xFE\xFF"));
    if (!encoding.n && marked) encoding = STR("UTF-16");
    if (!encoding.n) {
        if (text_is_utf8(text)) return true;
        answer_fail(&command->answer, ANSWER_USAGE,
                    "the file is not UTF-8; declare it, for example --encoding windows-1250 (Polish "
                    "Excel) or windows-1252");
        return false;
    }
    iconv_t decoder = iconv_open("UTF-8", arena_str(&command->arena, encoding).p);
    if (decoder == (iconv_t)-1) {
        FAIL(&command->answer, ANSWER_USAGE, "there is no encoding \"{name}\"", {"name", encoding});
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
    FAIL(&command->answer, ANSWER_USAGE, "the file is not in the encoding \"{name}\"",
         {"name", encoding});
    return false;
}

static bool maps_read(struct command *command, const char *option, struct import_map *maps,
                      size_t *count)
{
    const struct request *request = &command->line.request;
    for (size_t i = 0; i < request->option_count; i++) {
        if (strcmp(request->options[i].option->name, option) != 0) continue;
        struct str value = request->options[i].value;
        size_t at = str_find(value, '=');
        if (at == value.n || at == 0 || *count == IMPORT_MAPS_MAX) {
            FAIL(&command->answer, ANSWER_USAGE, "--{option} wants THEIRS=OURS, not \"{value}\"",
                 {"option", str_from(option)}, {"value", value});
            return false;
        }
        maps[(*count)++] = (struct import_map){str_trim(str_slice(value, 0, at)),
                                               str_trim(str_slice(value, at + 1, value.n))};
    }
    return true;
}

static bool choice_read(struct command *command, const char *option, const char *const *words,
                        size_t *chosen)
{
    const struct request_option *given = request_option(&command->line.request, option);
    if (!given) return true;
    for (size_t i = 0; words[i]; i++) {
        if (!str_equal(given->value, str_from(words[i]))) continue;
        *chosen = i;
        return true;
    }
    FAIL(&command->answer, ANSWER_USAGE, "--{option} cannot be \"{value}\"; see `sluice import --help`",
         {"option", str_from(option)}, {"value", given->value});
    return false;
}

static void progress_show(void *context, size_t done, size_t all)
{
    (void)context;
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\rimporting row %zu of about %zu ", done, all);
    if (isatty(STDERR_FILENO) && done + 200 > all) fputc('\n', stderr);
}

static bool options_read(struct command *command, struct import_options *options)
{
    static const char *const orders[] = {"iso", "dmy", "mdy", NULL};
    static const char *const decimals[] = {"point", "comma", NULL};
    size_t order = 0, decimal = 0;
    const struct request *request = &command->line.request;
    const struct request_option *currency = request_option(request, "currency");
    if (!maps_read(command, "map", options->columns, &options->column_count)) return false;
    if (!maps_read(command, "map-stage", options->stages, &options->stage_count)) return false;
    if (!choice_read(command, "date-order", orders, &order)) return false;
    if (!choice_read(command, "decimal", decimals, &decimal)) return false;
    options->date_order = (enum date_order)order;
    options->decimal_comma = decimal == 1;
    options->dry_run = request_option(request, "dry-run") != NULL;
    options->currency = currency ? currency->value : STR_NONE;
    options->batch = uuid_v7((uint64_t)command->work.now.wall_ms, &command->random);
    options->progress = progress_show;
    if (currency && !currency_find(currency->value)) {
        FAIL(&command->answer, ANSWER_USAGE, "{value} is not a currency; use an ISO code like EUR",
             {"value", currency->value});
        return false;
    }
    return true;
}

static bool rejects_write(struct command *command, const struct import_report *report,
                          struct str source)
{
    struct str path = arena_format(&command->arena, "%.*s.rejects.csv", STR_ARGS(source));
    FILE *file = path.p ? fopen(path.p, "wb") : NULL;
    bool good = file && fwrite(report->rejects.p, 1, report->rejects.n, file) == report->rejects.n;
    if (file && fclose(file) != 0) good = false;
    if (good) {
        NOTE(&command->answer, NOTE_TALK, "The rejected rows are in {path}: correct them there and "
             "import that file", {"path", path});
    } else {
        FAIL(&command->answer, ANSWER_FAILURE, "cannot write {path}: {why}", {"path", path},
             {"why", str_from(strerror(errno))});
    }
    return good;
}

struct remark_group {
    size_t count;
    struct str lines;
};

/* One sentence per kind of remark, with the first lines; --verbose gives every line. */
static void remarks_say(struct command *command, const struct import_report *report)
{
    bool all = request_option(&command->line.request, "verbose") != NULL;
    struct map groups;
    map_init(&groups, &command->arena);
    for (size_t i = 0; i < report->remark_count; i++) {
        const struct import_remark *remark = &report->remarks[i];
        if (all) {
            NOTE(&command->answer, NOTE_TALK, "line {line}: {text}",
                 {"line", number_text(&command->arena, remark->line)}, {"text", remark->text});
            continue;
        }
        struct remark_group *group = map_get(&groups, remark->text);
        if (!group) {
            group = arena_alloc(&command->arena, sizeof *group);
            if (!group || map_put(&groups, remark->text, group)) return;
        }
        if (group->count++ >= LINES_SHOWN) continue;
        group->lines = arena_format(&command->arena, "%.*s%s%zu", STR_ARGS(group->lines),
                                    group->lines.n ? ", " : "", remark->line);
    }
    for (size_t i = 0; i < groups.count; i++) {
        const struct remark_group *group = groups.entries[i].value;
        NOTE(&command->answer, NOTE_TALK, "{count}: {text} (line {lines}{more})",
             {"count", number_text(&command->arena, group->count)},
             {"text", groups.entries[i].key}, {"lines", group->lines},
             {"more", group->count > LINES_SHOWN ? STR(", ...; --verbose lists all") : STR("")});
    }
}

static void report_say(struct command *command, const struct import_report *report,
                       const struct import_options *options, struct str source)
{
    struct arena *arena = &command->arena;
    struct answer *answer = &command->answer;
    if (report->unmapped.n) {
        NOTE(answer, NOTE_TALK, "Not mapped to a field: {columns} (used for titles where there is none)",
             {"columns", report->unmapped});
    }
    remarks_say(command, report);
    NOTE(answer, NOTE_RESULT,
         options->dry_run ? "{rows} rows: {created} would be added, {unchanged} are there already, "
                            "{rejected} rejected"
                          : "{rows} rows: {created} added, {unchanged} there already, {rejected} "
                            "rejected; {attention} need attention",
         {"rows", number_text(arena, report->rows)},
         {"created", number_text(arena, report->created)},
         {"unchanged", number_text(arena, report->unchanged)},
         {"rejected", number_text(arena, report->rejected)},
         {"attention", number_text(arena, report->attention)});
    if (report->new_members + report->new_organisations > 0) {
        NOTE(answer, NOTE_RESULT, "{members} members without a device and {organisations} "
             "organisations were added",
             {"members", number_text(arena, report->new_members)},
             {"organisations", number_text(arena, report->new_organisations)});
    }
    answer->wrote = !options->dry_run && report->created > 0;
    if (report->rejected == 0) return;
    if (options->dry_run || rejects_write(command, report, source)) answer->code = ANSWER_REFUSED;
}

void command_import(struct command *command)
{
    struct buffer raw, text;
    struct arena arena;
    struct import_report report = {0};
    struct import_options *options = arena_alloc(&command->arena, sizeof *options);
    struct str name = command->line.request.arguments[0];
    buffer_init(&raw, FILE_MAX);
    buffer_init(&text, (size_t)FILE_MAX * 4);
    arena_init(&arena, IMPORT_ARENA);
    if (!command->work.ready) {
        answer_fail(&command->answer, ANSWER_NOT_JOINED,
                    "the first exchange with the server is still to come; run `sluice sync`");
    } else if (options && options_read(command, options) && file_read(command, name, &raw) &&
               text_decode(command, &raw, &text)) {
        options->text = text.n ? buffer_str(&text) : buffer_str(&raw);
        enum fault fault = import_deals(home_replica(command->home), &arena, options,
                                        command->work.now, &command->random, &report);
        if (fault && report.mistake.n) {
            FAIL(&command->answer, ANSWER_USAGE, "{mistake}",
                 {"mistake", arena_str(&command->arena, report.mistake)});
        } else if (fault) {
            command_fault(command, "import", fault, NULL);
        } else {
            report.unmapped = arena_str(&command->arena, report.unmapped);
            report_say(command, &report, options, name);
        }
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
