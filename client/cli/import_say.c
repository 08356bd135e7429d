/* import_say.c - see import_say.h. Called by command_import.c. Invariant: every count and every
 * remark of the report is said, by a sentence or in the tables of --json. */
#include "client/cli/import_say.h"

#include <string.h>

#include "client/cli/file.h"
#include "common/base/map.h"

#include "common/base/banned.h"

enum { LINES_SHOWN = 5, DETAILS_SHOWN = 3 };

static struct str number_text(const struct import_saying *saying, size_t number)
{
    return arena_format(&saying->command->arena, "%zu", number);
}

static void suggestions_say(const struct import_saying *saying)
{
    if (!saying->report->suggestions.n) return;
    NOTE(&saying->command->answer, NOTE_TALK, "Perhaps add:\n{options}",
         {"options", saying->report->suggestions});
}

void import_say_mistake(const struct import_saying *saying)
{
    FAIL(&saying->command->answer, ERROR_IMPORT_UNCLEAR, "{mistake}",
         {"mistake", saying->report->mistake});
    suggestions_say(saying);
}

/* --- remarks by kind --- */

struct remark_group {
    size_t count;
    struct str text, lines, details;
    size_t detail_count;
};

static bool group_add(const struct import_saying *saying, struct remark_group *group,
                      const struct import_remark *remark)
{
    struct arena *arena = &saying->command->arena;
    if (group->count++ < LINES_SHOWN) {
        group->lines = arena_format(arena, "%.*s%s%zu", STR_ARGS(group->lines),
                                    group->lines.n ? ", " : "", remark->line);
    }
    if (remark->detail.n && group->detail_count++ < DETAILS_SHOWN) {
        group->details = arena_format(arena, "%.*s%s%.*s", STR_ARGS(group->details),
                                      group->details.n ? "; " : "", STR_ARGS(remark->detail));
    }
    return !arena->failed;
}

static bool groups_make(const struct import_saying *saying, struct map *groups)
{
    struct arena *arena = &saying->command->arena;
    map_init(groups, arena);
    for (size_t i = 0; i < saying->report->remark_count; i++) {
        const struct import_remark *remark = &saying->report->remarks[i];
        struct remark_group *group = map_get(groups, remark->text);
        if (!group) {
            group = arena_alloc(arena, sizeof *group);
            if (!group || map_put(groups, remark->text, group)) return false;
            group->text = arena_str(arena, remark->text);
        }
        if (!group_add(saying, group, remark)) return false;
    }
    return true;
}

static void remarks_all_say(const struct import_saying *saying)
{
    for (size_t i = 0; i < saying->report->remark_count; i++) {
        const struct import_remark *remark = &saying->report->remarks[i];
        NOTE(&saying->command->answer, NOTE_TALK, "line {line}: {rejected}{text}{colon}{detail}",
             {"line", number_text(saying, remark->line)},
             {"rejected", remark->rejected ? STR("rejected: ") : STR("")},
             {"text", remark->text}, {"colon", remark->detail.n ? STR(": ") : STR("")},
             {"detail", remark->detail});
    }
}

static void group_say(const struct import_saying *saying, const struct remark_group *group)
{
    struct arena *arena = &saying->command->arena;
    struct str details = STR("");
    if (group->details.n) {
        details = arena_format(arena, ": %.*s%s", STR_ARGS(group->details),
                               group->detail_count > DETAILS_SHOWN ? "; ..." : "");
    }
    NOTE(&saying->command->answer, NOTE_TALK,
         sentence_of(group->count, "{count} × {text}{details} (line {lines})",
                     "{count} × {text}{details} (lines {lines}{more})"),
         {"count", number_text(saying, group->count)}, {"text", group->text}, {"details", details},
         {"lines", group->lines},
         {"more", group->count > LINES_SHOWN ? STR(", ...; --verbose lists all") : STR("")});
}

static void remarks_say(const struct import_saying *saying, const struct map *groups)
{
    if (request_option(&saying->command->line.request, "verbose")) {
        remarks_all_say(saying);
    } else {
        for (size_t i = 0; i < groups->count; i++) group_say(saying, groups->entries[i].value);
    }
    if (saying->report->remarks_dropped == 0) return;
    NOTE(&saying->command->answer, NOTE_TALK, sentence_of(saying->report->remarks_dropped, "{count} more remark is not listed",
                     "{count} more remarks are not listed"),
         {"count", number_text(saying, saying->report->remarks_dropped)});
}

/* --- the summary --- */

static void attention_say(const struct import_saying *saying)
{
    const struct import_report *report = saying->report;
    if (report->attention == 0) return;
    NOTE(&saying->command->answer, NOTE_RESULT,
         sentence_of(report->attention,
                     "{count} is marked as needing attention: it stands where the stage's rules "
                     "would not have let it in",
                     "{count} are marked as needing attention: they stand where the stage's rules "
                     "would not have let them in"),
         {"count", number_text(saying, report->attention)});
    for (size_t i = 0; i < report->missing_count; i++) {
        NOTE(&saying->command->answer, NOTE_RESULT, "  {count}: {reason}",
             {"count", number_text(saying, report->missing[i].line)},
             {"reason", report->missing[i].text});
    }
}

static void counts_say(const struct import_saying *saying)
{
    const struct import_report *report = saying->report;
    struct answer *answer = &saying->command->answer;
    bool dry = saying->options->dry_run;
    const struct {
        size_t count;
        const char *done, *done_many, *would, *would_many;
    } rows[] = {
        {report->created, "  {count} deal added", "  {count} deals added",
         "  {count} deal would be added", "  {count} deals would be added"},
        {report->updated, "  {count} deal changed to what the file says",
         "  {count} deals changed to what the file says",
         "  {count} deal would be changed to what the file says",
         "  {count} deals would be changed to what the file says"},
        {report->conflicts,
         "    {count} of them changed here too: see `sluice inbox` after `sluice sync`",
         "    {count} of them changed here too: see `sluice inbox` after `sluice sync`",
         "    {count} of them was changed here too, and would become a conflict",
         "    {count} of them were changed here too, and would become conflicts"},
        {report->unchanged, "  {count} deal there already", "  {count} deals there already",
         "  {count} deal there already", "  {count} deals there already"},
        {report->kept, "    {count} of them changed here since, and kept",
         "    {count} of them changed here since, and kept",
         "    {count} of them changed here since, and kept",
         "    {count} of them changed here since, and kept"},
        {report->differing,
         "  {count} deal differs from the file and was left; --update takes the file's",
         "  {count} deals differ from the file and were left; --update takes the file's",
         "  {count} deal differs from the file; --update takes the file's",
         "  {count} deals differ from the file; --update takes the file's"},
        {report->rejected, "  {count} row rejected", "  {count} rows rejected",
         "  {count} row would be rejected", "  {count} rows would be rejected"},
        {report->new_members, "{count} member without a device added",
         "{count} members without a device added", "{count} member without a device would be added",
         "{count} members without a device would be added"},
        {report->new_organisations, "{count} organisation added", "{count} organisations added",
         "{count} organisation would be added", "{count} organisations would be added"},
        {report->read_alike, "{count} organisation taken for one that is spelled otherwise",
         "{count} organisations taken for ones that are spelled otherwise",
         "{count} organisation would be taken for one that is spelled otherwise",
         "{count} organisations would be taken for ones that are spelled otherwise"},
        {report->new_people, "{count} person added", "{count} people added",
         "{count} person would be added", "{count} people would be added"},
        {report->notes, "{count} note added", "{count} notes added", "{count} note would be added",
         "{count} notes would be added"},
    };
    const char *read = sentence_of(report->rows, "{rows} row read:", "{rows} rows read:");
    if (dry) {
        read = sentence_of(report->rows, "{rows} row read, nothing written:",
                           "{rows} rows read, nothing written:");
    }
    NOTE(answer, NOTE_RESULT, read, {"rows", number_text(saying, report->rows)});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].count == 0) continue;
        NOTE(answer, NOTE_RESULT,
             dry ? sentence_of(rows[i].count, rows[i].would, rows[i].would_many)
                 : sentence_of(rows[i].count, rows[i].done, rows[i].done_many),
             {"count", number_text(saying, rows[i].count)});
    }
}

/* Where the rejected rows went; absent if nowhere. */
static struct str rejects_write(const struct import_saying *saying)
{
    struct command *command = saying->command;
    const char *why;
    struct str source = str_equal(saying->source, STR("-")) ? STR("import") : saying->source;
    struct str path = arena_format(&command->arena, "%.*s.rejects.csv", STR_ARGS(source));
    if (saying->report->rejected == 0 || saying->options->dry_run || !path.p) return STR_NONE;
    if (!file_write_all(path.p, buffer_str(&saying->report->rejects), &why)) return path;
    FAIL(&command->answer, ERROR_FILE_UNWRITABLE, "cannot write {path}: {why}", {"path", path},
         {"why", str_from(why)});
    return STR_NONE;
}

static void rejected_say(const struct import_saying *saying, struct str path)
{
    struct answer *answer = &saying->command->answer;
    if (saying->report->rejected == 0 || answer->code != ANSWER_OK) return;
    struct str count = number_text(saying, saying->report->rejected);
    if (path.n) {
        FAIL(answer, ERROR_ROWS_REJECTED,
             sentence_of(saying->report->rejected,
                         "{count} row did not land; it is in {path}, with the reason: mend it there "
                         "and import that file with the same options",
                         "{count} rows did not land; they are in {path}, each with the reason: mend "
                         "them there and import that file with the same options"),
             {"count", count}, {"path", path});
    } else {
        FAIL(answer, ERROR_ROWS_REJECTED,
             sentence_of(saying->report->rejected, "{count} row would not land",
                         "{count} rows would not land"),
             {"count", count});
    }
}

/* --- for scripts --- */

static void summary_table(const struct import_saying *saying, struct str rejects)
{
    static const struct column columns[] = {
        {"file", "File", 0},           {"dry_run", "Dry run", 0},
        {"rows", "Rows", 0},           {"added", "Added", 0},
        {"updated", "Updated", 0},     {"conflicts", "Conflicts", 0},
        {"unchanged", "Unchanged", 0}, {"kept", "Kept", 0},
        {"differing", "Differing", 0}, {"rejected", "Rejected", 0},
        {"attention", "Attention", 0}, {"members", "Members", 0},
        {"organisations", "Organisations", 0}, {"people", "People", 0},
        {"notes", "Notes", 0},         {"unmapped", "Unmapped", 0},
        {"rejects", "Rejects", 0},     {"read_alike", "Spelled otherwise", 0},
    };
    const struct import_report *report = saying->report;
    struct answer *answer = &saying->command->answer;
    struct arena *arena = &saying->command->arena;
    answer_table(answer, SHAPE_RECORD, columns, sizeof columns / sizeof columns[0]);
    answer->name = "import";
    answer->machine_only = true;
    struct cell *cells = answer_row(answer);
    if (!cells) return;
    const size_t counts[] = {report->rows,      report->created,     report->updated,
                             report->conflicts, report->unchanged,   report->kept,
                             report->differing, report->rejected,    report->attention,
                             report->new_members, report->new_organisations, report->new_people,
                             report->notes};
    cells[0] = cell_text(saying->source);
    cells[1] = cell_flag(saying->options->dry_run);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        cells[2 + i] = cell_number(arena, (int64_t)counts[i]);
    }
    if (report->unmapped.n) cells[15] = cell_text(arena_str(arena, report->unmapped));
    if (rejects.n) cells[16] = cell_text(rejects);
    cells[17] = cell_number(arena, (int64_t)report->read_alike);
}

static void remarks_table(const struct import_saying *saying)
{
    static const struct column columns[] = {
        {"line", "Line", 0}, {"rejected", "Rejected", 0}, {"text", "Text", 0}, {"detail", "Detail", 0}};
    static const struct column missing_columns[] = {{"count", "Count", 0}, {"reason", "Reason", 0}};
    const struct import_report *report = saying->report;
    struct arena *arena = &saying->command->arena;
    struct answer *missing = answer_more(&saying->command->answer, "attention");
    struct answer *remarks = answer_more(&saying->command->answer, "remarks");
    if (!missing || !remarks) return;
    answer_table(missing, SHAPE_TABLE, missing_columns, 2);
    missing->machine_only = true;
    for (size_t i = 0; i < report->missing_count; i++) {
        struct cell *cells = answer_row(missing);
        if (!cells) return;
        cells[0] = cell_number(arena, (int64_t)report->missing[i].line);
        cells[1] = cell_text(arena_str(arena, report->missing[i].text));
    }
    answer_table(remarks, SHAPE_TABLE, columns, 4);
    remarks->machine_only = true;
    for (size_t i = 0; i < report->remark_count; i++) {
        struct cell *cells = answer_row(remarks);
        if (!cells) return;
        cells[0] = cell_number(arena, (int64_t)report->remarks[i].line);
        cells[1] = cell_flag(report->remarks[i].rejected);
        cells[2] = cell_text(arena_str(arena, report->remarks[i].text));
        if (report->remarks[i].detail.n) {
            cells[3] = cell_text(arena_str(arena, report->remarks[i].detail));
        }
    }
}

void import_say_report(const struct import_saying *saying)
{
    const struct import_report *report = saying->report;
    struct answer *answer = &saying->command->answer;
    struct map groups;
    if (report->unmapped.n) {
        NOTE(answer, NOTE_TALK, "Not mapped to a field: {columns} (used for titles where there is "
             "none; --map 'HEADING=-' leaves a column out)", {"columns", report->unmapped});
    }
    suggestions_say(saying);
    if (report->read_as.n) NOTE(answer, NOTE_TALK, "Read: {how}", {"how", report->read_as});
    if (groups_make(saying, &groups)) remarks_say(saying, &groups);
    answer->wrote = answer->undoable =
        !saying->options->dry_run && report->created + report->updated > 0;
    struct str rejects = rejects_write(saying);
    if (saying->command->line.request.machine) {
        answer->partial = true;
        summary_table(saying, rejects);
        remarks_table(saying);
    }
    counts_say(saying);
    attention_say(saying);
    rejected_say(saying, rejects);
}
