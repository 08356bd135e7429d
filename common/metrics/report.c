/* report.c - the engine: one deal in, its history read once, handed to the report that was asked.
 *
 * Called by the client's and the server's report commands. Invariant: figures depend on the set of
 * deals and activities fed, never on their order. */
#include "common/metrics/report.h"

#include <inttypes.h>

#include "common/base/money.h"
#include "common/metrics/engine.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

enum fault metrics_create(struct arena *arena, const struct question *question,
                          struct metrics **out)
{
    struct metrics *m = arena_alloc(arena, sizeof *m);
    if (!m) return arena_fault(arena);
    m->arena = arena;
    m->question = *question;
    if (question->pipeline.p) {
        m->pipeline = definition_pipeline(question->definition, question->pipeline);
        if (!m->pipeline) return FAULT_NOT_FOUND;
    } else if (question->kind == REPORT_FUNNEL) {
        if (question->definition->pipeline_count == 0) return FAULT_NOT_FOUND;
        m->pipeline = &question->definition->pipelines[0];
    }
    *out = m;
    switch (question->kind) {
    case REPORT_WINRATE:
    case REPORT_REPS: return winrate_create(m);
    case REPORT_FUNNEL: return funnel_create(m);
    case REPORT_NONE:
    case REPORT_COUNT: break;
    }
    return FAULT_NOT_FOUND;
}

enum fault metrics_feed_deal(struct metrics *m, const struct deal *deal, const struct row *events,
                             size_t count)
{
    enum fault fault =
        history_build(&m->history, m->arena, m->question.definition, deal, events, count);
    if (fault) return fault;
    m->notes[NOTE_UNDONE] += (int64_t)m->history.undone_count;
    if (m->funnel) return funnel_feed(m, deal);
    return winrate_feed(m, deal);
}

enum fault metrics_feed_activity(struct metrics *m, const struct activity *activity)
{
    if (m->question.kind != REPORT_REPS) return FAULT_NONE;
    return winrate_feed_activity(m, activity);
}

enum fault metrics_finish(struct metrics *m, struct report *out)
{
    *out = (struct report){
        .kind = m->question.kind,
        .name = report_name(m->question.kind),
        .explain = report_explain(str_from(report_name(m->question.kind))),
        .from = m->question.from,
        .to = m->question.to,
        .pipeline = m->question.pipeline,
        .currency = m->question.currency,
        .as_of_ms = m->question.as_of_ms,
    };
    enum fault fault = m->funnel                            ? funnel_finish(m, out)
                       : m->question.kind == REPORT_REPS ? reps_finish(m, out)
                                                            : winrate_finish(m, out);
    for (size_t i = 0; i < NOTE_COUNT; i++) out->notes[i] = m->notes[i];
    out->behind = m->behind;
    out->behind_count = m->behind_count;
    return fault;
}

static struct str hundredths_format(struct arena *arena, int64_t number)
{
    return arena_format(arena, "%" PRId64 ".%02" PRId64, number / 100, number % 100);
}

struct str report_cell_format(struct arena *arena, const struct report *report, size_t column,
                              const struct report_cell *cell)
{
    char text[48];
    const struct currency *currency = currency_find(report->currency);
    if (cell->lack != LACK_NONE) return STR_NONE;
    switch (report->columns[column].type) {
    case COLUMN_TEXT: return cell->text;
    case COLUMN_COUNT: return arena_format(arena, "%" PRId64, cell->number);
    case COLUMN_PERCENT: return hundredths_format(arena, cell->number);
    case COLUMN_DAYS: {
        int64_t tenths = (int64_t)wide_divide((wide)cell->number * 10, DAY_MS);
        return arena_format(arena, "%" PRId64 ".%" PRId64, tenths / 10, tenths % 10);
    }
    case COLUMN_MONEY:
        if (!currency) return arena_format(arena, "%" PRId64, cell->number);
        money_format(cell->number, currency, text, sizeof text);
        return arena_str(arena, str_from(text));
    case COLUMN_DATE: date_format(cell->number, text); return arena_str(arena, str_from(text));
    }
    return STR_NONE;
}
