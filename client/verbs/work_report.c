/* work_report.c - the verb `report`: asks the metrics engine over the copy, and says the answer.
 *
 * The figures are the engine's (common/metrics); here are only the question, the feeding and the
 * faces of cells. Cells without a number are null for machines and "n/a" for people, with the
 * reason as a note. */
#include "client/verbs/work_report.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/money.h"

#include "common/base/banned.h"

/* --- the question --- */

static const struct {
    const char *word;
    enum winrate_by by;
} groupings[] = {
    {"owner", WINRATE_BY_OWNER}, {"source", WINRATE_BY_SOURCE}, {"month", WINRATE_BY_MONTH}};

/* False: the answer tells the mistake. */
static bool question_by(const struct request *request, struct question *question,
                        struct answer *answer)
{
    const struct request_option *by = request_option(request, "by");
    if (!by) return true;
    if (question->kind != REPORT_WINRATE) {
        answer_fail(answer, ERROR_ARGUMENT_UNWANTED, "--by is for `report winrate` only");
        return false;
    }
    for (size_t i = 0; i < sizeof groupings / sizeof groupings[0]; i++) {
        if (!str_equal(by->value, str_from(groupings[i].word))) continue;
        question->by = groupings[i].by;
        return true;
    }
    FAIL(answer, ERROR_UNKNOWN_REPORT,
         "there is no --by \"{word}\"; there are: owner, source, month", {"word", by->value});
    return false;
}

static bool question_scope(struct work *work, const struct request *request,
                           struct question *question, struct answer *answer)
{
    const struct request_option *pipeline = request_option(request, "pipeline");
    const struct request_option *owner = request_option(request, "owner");
    if (pipeline) {
        const struct pipeline *found =
            definition_pipeline_named(work->arena, &work->definition, pipeline->value);
        if (!found) {
            FAIL(answer, ERROR_NOT_FOUND,
                 "there is no pipeline \"{name}\"; see `sluice pipeline show`",
                 {"name", pipeline->value});
            return false;
        }
        question->pipeline = found->key;
    }
    if (owner) {
        const struct member *member = name_member(work, owner->value, answer);
        if (!member) return false;
        question->owners = &member->id;
        question->owner_count = 1;
    }
    return true;
}

/* The team's currency; where no deal is valued in it, the one most deals are valued in, so that
 * what was brought in from elsewhere is not all left out. Never a sum over several. */
static struct str currency_usual(struct work *work, const struct question *question,
                                 const struct report_deals *deals)
{
    enum { CURRENCIES_MAX = 64 };
    struct tally {
        struct str code;
        size_t deals;
    } tallies[CURRENCIES_MAX];
    size_t count = 0, best = 0;
    for (size_t i = 0; i < deals->count; i++) {
        const struct deal *deal = deals->deals[i];
        if (!deal->value.has || deal->currency.n == 0) continue;
        if (question->pipeline.p && !str_equal(deal->pipeline, question->pipeline)) continue;
        if (str_equal(deal->currency, work->team->currency)) return work->team->currency;
        size_t at = 0;
        while (at < count && !str_equal(tallies[at].code, deal->currency)) at++;
        if (at == CURRENCIES_MAX) continue;
        if (at == count) tallies[count++] = (struct tally){deal->currency, 0};
        tallies[at].deals++;
    }
    for (size_t i = 1; i < count; i++) {
        bool more = tallies[i].deals > tallies[best].deals;
        bool same = tallies[i].deals == tallies[best].deals;
        if (more || (same && str_compare(tallies[i].code, tallies[best].code) < 0)) best = i;
    }
    return count > 0 ? tallies[best].code : work->team->currency;
}

static bool question_currency(struct work *work, const struct request *request,
                              const struct report_deals *deals, struct question *question,
                              struct answer *answer)
{
    const struct request_option *given = request_option(request, "currency");
    if (!given) {
        question->currency = currency_usual(work, question, deals);
        return true;
    }
    const struct currency *currency = currency_find(given->value);
    if (currency) {
        question->currency = str_from(currency->code);
        return true;
    }
    FAIL(answer, ERROR_UNKNOWN_CURRENCY, "{value} is not a currency; use an ISO code like EUR",
         {"value", given->value});
    return false;
}

static bool question_make(struct work *work, const struct request *request,
                          const struct report_deals *deals, struct question *question,
                          struct answer *answer)
{
    const struct request_option *period = request_option(request, "period");
    struct str span = period ? period->value : STR("quarter");
    *question = (struct question){
        .kind = report_named(request->arguments[0]),
        .definition = &work->definition,
        .zone = work->zone,
        .as_of_ms = work->now.wall_ms,
        .members = work->members,
        .member_count = work->member_count,
        .behind = request_option(request, "deals") != NULL,
    };
    if (question->kind == REPORT_NONE) {
        FAIL(answer, ERROR_UNKNOWN_REPORT,
             "there is no report \"{name}\"; there are: winrate, reps, funnel",
             {"name", request->arguments[0]});
        return false;
    }
    if (period_parse(span, work->today, &question->from, &question->to)) {
        FAIL(answer, ERROR_INVALID_PERIOD,
             "\"{period}\" is no period; say all, month, quarter, last-quarter, 2027, 2027-Q1, "
             "2027-03 or 2027-01-15..2027-02-14",
             {"period", span});
        return false;
    }
    return question_scope(work, request, question, answer) &&
           question_currency(work, request, deals, question, answer) &&
           question_by(request, question, answer);
}

/* --- feeding --- */

static enum fault report_feed(struct work *work, const struct report_deals *deals,
                              struct metrics *metrics)
{
    const struct activity **activities;
    struct pasts pasts;
    size_t count;
    enum fault fault = pasts_load(work, (struct uuid){{0}}, &pasts);
    for (size_t i = 0; !fault && i < deals->count; i++) {
        struct past past = past_of(&pasts, deals->deals[i]->id);
        fault = metrics_feed_deal(metrics, deals->deals[i], past.rows, past.count);
    }
    if (!fault) {
        fault = work->replica->f->activities(work->replica, work->arena, (struct uuid){{0}},
                                             &activities, &count);
    }
    for (size_t i = 0; !fault && i < count; i++) {
        fault = metrics_feed_activity(metrics, activities[i]);
    }
    return fault;
}

/* --- the answer --- */

static struct cell report_face(struct work *work, const struct report *report, size_t column,
                               const struct report_cell *from)
{
    struct arena *arena = work->arena;
    struct str text = report_cell_format(arena, report, column, from);
    const char *so_far = from->so_far ? " so far" : "";
    if (from->lack == LACK_NO_MEANING) return (struct cell){.type = CELL_NONE};
    if (from->lack != LACK_NONE) {
        return (struct cell){.type = CELL_NONE, .shown = STR("n/a")};
    }
    struct cell cell = {.type = CELL_NUMBER, .text = text, .shown = text};
    switch (report->columns[column].type) {
    case COLUMN_TEXT:
    case COLUMN_DATE: return cell_text(text);
    case COLUMN_COUNT: break;
    case COLUMN_MONEY:
        cell.type = CELL_MONEY;
        cell.shown = money_say(work, from->number, report->currency);
        break;
    case COLUMN_PERCENT:
        cell.shown = arena_format(arena, "%.*s %%%s", STR_ARGS(text), so_far);
        break;
    case COLUMN_DAYS:
        cell.shown = arena_format(arena, "%.*s d", STR_ARGS(text));
        break;
    }
    return cell;
}

enum { REPORT_OWN_COLUMNS = 2 }; /* key before, so_far behind those of the report */

/* Columns that are 0 all over tell people nothing; those that are the report stay. */
static bool column_tells(const struct report *report, size_t column)
{
    static const char *const always[] = {"won", "lost", "entered", "advanced", "open"};
    const struct report_column *about = &report->columns[column];
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        if (strcmp(about->key, always[i]) == 0) return true;
    }
    for (size_t i = 0; i < report->row_count; i++) {
        const struct report_cell *cell = &report->rows[i].cells[column];
        if (cell->lack == LACK_NONE && cell->number != 0) return true;
    }
    return about->type != COLUMN_COUNT || report->row_count == 0;
}

static enum fault report_columns(struct work *work, const struct report *report,
                                 struct answer *answer)
{
    size_t count = report->column_count + REPORT_OWN_COLUMNS;
    struct column *columns = arena_array(work->arena, count, sizeof *columns);
    if (!columns) return FAULT_MEMORY;
    columns[0] = (struct column){"key", "Key", 0};
    for (size_t i = 0; i < report->column_count; i++) {
        const struct report_column *from = &report->columns[i];
        unsigned face = from->type == COLUMN_TEXT ? COLUMN_WIDE : COLUMN_RIGHT;
        if (column_tells(report, i)) face |= COLUMN_SHOWN;
        columns[i + 1] = (struct column){from->key, from->label, face};
    }
    columns[count - 1] = (struct column){"so_far", "So far", 0};
    answer_table(answer, SHAPE_TABLE, columns, count);
    return FAULT_NONE;
}

static enum fault report_line(struct work *work, const struct report *report,
                              const struct report_row *row, struct str name,
                              struct answer *answer)
{
    struct cell *cells = answer_row(answer);
    bool so_far = false;
    if (!cells) return FAULT_MEMORY;
    cells[0] = cell_text(row->key);
    for (size_t i = 0; i < report->column_count; i++) {
        struct cell *cell = &cells[i + 1];
        *cell = report_face(work, report, i, &row->cells[i]);
        if (row->cells[i].so_far) so_far = true;
        if (report->columns[i].type == COLUMN_TEXT && cell->shown.n == 0) cell->shown = name;
    }
    cells[report->column_count + 1] = cell_flag(so_far);
    return FAULT_NONE;
}

static struct str period_say(struct work *work, const struct report *report)
{
    char from[11], to[11];
    if (report->from == INT32_MIN && report->to == INT32_MAX) return STR("all");
    date_format(report->from, from);
    date_format(report->to - 1, to);
    return arena_format(work->arena, "%s..%s", from, to);
}

static const struct column about_columns[] = {
    {"report", "Report", 0},     {"period", "Period", 0}, {"pipeline", "Pipeline", 0},
    {"currency", "Currency", 0}, {"as_of", "As of", 0},
};
enum { ABOUT_COUNT = sizeof about_columns / sizeof about_columns[0] };

static enum fault report_about(struct work *work, const struct report *report,
                               struct answer *answer)
{
    struct cell *cells = arena_array(work->arena, ABOUT_COUNT, sizeof *cells);
    if (!cells) return FAULT_MEMORY;
    cells[0] = cell_text(str_from(report->name));
    cells[1] = cell_text(period_say(work, report));
    cells[2] = cell_text(report->pipeline);
    cells[3] = cell_text(report->currency);
    cells[4] = cell_time(work, (struct optional){true, report->as_of_ms});
    answer->about_columns = about_columns;
    answer->about = cells;
    answer->about_count = ABOUT_COUNT;
    answer->totals = report->totals.cells != NULL;
    return FAULT_NONE;
}

/* Each reason why something is n/a, once. */
static void report_lacks(const struct report *report, struct answer *answer)
{
    bool lacks[LACK_COUNT] = {false};
    for (size_t i = 0; i <= report->row_count; i++) {
        const struct report_row *row = i < report->row_count ? &report->rows[i] : &report->totals;
        for (size_t c = 0; row->cells && c < report->column_count; c++) {
            lacks[row->cells[c].lack] = true;
        }
    }
    for (int i = LACK_NONE + 1; i < LACK_COUNT; i++) {
        if (!lacks[i] || i == LACK_NO_MEANING) continue;
        NOTE(answer, NOTE_TALK, "n/a: {reason}",
             {"reason", str_from(report_lack_sentence((enum report_lack)i))});
    }
}

static const char *column_explain(struct work *work, const struct report *report, size_t column)
{
    const char *key = report->columns[column].key;
    const char *own = report_explain(arena_format(work->arena, "%s.%s", report->name, key));
    return own ? own : report_explain(str_from(key));
}

static void report_notes(struct work *work, const struct report *report, bool explain,
                         struct answer *answer)
{
    NOTE(answer, NOTE_TALK, "{report}, {period}, in {currency}",
         {"report", str_from(report->name)}, {"period", period_say(work, report)},
         {"currency", report->currency});
    for (int i = 0; i < NOTE_COUNT; i++) {
        if (report->notes[i] == 0) continue;
        const char *name = report_note_name((enum report_note)i);
        struct str which = name ? arena_format(work->arena, " (--deals %s)", name) : STR("");
        NOTE(answer, NOTE_TALK, report_note_sentence((enum report_note)i, report->notes[i]),
             {"count", arena_format(work->arena, "%" PRId64, report->notes[i])},
             {"currency", report->currency}, {"which", which});
    }
    report_lacks(report, answer);
    if (!explain) return;
    answer_say(answer, NOTE_RESULT, report->explain);
    for (size_t i = 0; i < report->column_count; i++) {
        const char *sentence = column_explain(work, report, i);
        if (!sentence) continue;
        NOTE(answer, NOTE_RESULT, "{column}: {sentence}",
             {"column", str_from(report->columns[i].label)}, {"sentence", str_from(sentence)});
    }
}

static enum fault report_answer(struct work *work, const struct report *report,
                                struct answer *answer)
{
    enum fault fault = report_columns(work, report, answer);
    for (size_t i = 0; !fault && i < report->row_count; i++) {
        fault = report_line(work, report, &report->rows[i], STR("none"), answer);
    }
    if (!fault && report->totals.cells) {
        fault = report_line(work, report, &report->totals, STR("Total"), answer);
    }
    return fault ? fault : report_about(work, report, answer);
}

enum fault report_show(struct work *work, const struct request *request, struct answer *answer)
{
    struct question question;
    struct metrics *metrics;
    struct report report;
    struct report_deals deals;
    const struct request_option *behind = request_option(request, "deals");
    enum fault fault = work_deals(work, &deals.deals, &deals.count);
    if (fault || !question_make(work, request, &deals, &question, answer)) return fault;
    fault = metrics_create(work->arena, &question, &metrics);
    if (!fault) fault = report_feed(work, &deals, metrics);
    if (!fault) fault = metrics_finish(metrics, &report);
    if (!fault) fault = arena_fault(work->arena);
    if (!fault && behind) return report_behind_answer(work, &report, behind->value, &deals, answer);
    if (!fault) fault = report_answer(work, &report, answer);
    if (!fault) report_notes(work, &report, request_option(request, "explain") != NULL, answer);
    return fault;
}
