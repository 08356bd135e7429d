/* funnel.c - what became of the deals that entered each stage in the period, and how long they stay.
 *
 * Called by report.c. Invariant: advanced + lost + iced + elsewhere + discarded + open = entered,
 * each deal once per stage. An implied entry counts for conversion and never for time. */
#include "common/metrics/engine.h"

#include "common/base/banned.h"

static const struct report_column columns[] = {
    {"stage", "Stage", COLUMN_TEXT},
    {"entered", "Entered", COLUMN_COUNT},
    {"advanced", "Advanced", COLUMN_COUNT},
    {"lost", "Lost", COLUMN_COUNT},
    {"iced", "On ice", COLUMN_COUNT},
    {"elsewhere", "Other pipeline", COLUMN_COUNT},
    {"discarded", "Discarded", COLUMN_COUNT},
    {"open", "Still open", COLUMN_COUNT},
    {"conversion", "Conversion", COLUMN_PERCENT},
    {"conversion_decided", "Of those decided", COLUMN_PERCENT},
    {"failed", "Lost from here", COLUMN_PERCENT},
    {"lost_in_period", "Lost in period", COLUMN_COUNT},
    {"time_mean", "Mean time", COLUMN_DAYS},
    {"time_median", "Median time", COLUMN_DAYS},
    {"time_p90", "90 % within", COLUMN_DAYS},
    {"running", "There now", COLUMN_COUNT},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

struct funnel_stage {
    uint64_t entered, advanced, lost, iced, elsewhere, discarded, open;
    uint64_t failed, lost_in_period, running;
    struct durations times;
};

struct funnel {
    struct funnel_stage *stages; /* by position in the pipeline; one more for "unknown" */
};

static bool stage_is_shown(const struct stage *stage)
{
    return stage->kind == STAGE_OPEN && !stage->removed;
}

enum fault funnel_create(struct metrics *m)
{
    m->funnel = arena_alloc(m->arena, sizeof *m->funnel);
    if (!m->funnel) return arena_fault(m->arena);
    m->funnel->stages =
        arena_array(m->arena, m->pipeline->stage_count + 1, sizeof *m->funnel->stages);
    return arena_fault(m->arena);
}

/* Where the deal was lost from, by position; stage_count: not known. */
static size_t funnel_lost_from(const struct metrics *m)
{
    const struct stage *from = m->history.closing.from;
    for (size_t i = 0; from && i < m->pipeline->stage_count; i++) {
        if (&m->pipeline->stages[i] == from) return i;
    }
    return m->pipeline->stage_count;
}

static void funnel_enter(struct metrics *m, const struct deal *deal, size_t position)
{
    struct funnel_stage *stage = &m->funnel->stages[position];
    struct str row = m->pipeline->stages[position].key;
    bool here = str_equal(deal->pipeline, m->pipeline->key);
    const char *figure = "open";
    uint64_t *count = &stage->open;
    if (history_reach(&m->history, deal, m->pipeline) > position + 1) {
        figure = "advanced";
        count = &stage->advanced;
    } else if (!here) {
        figure = "elsewhere";
        count = &stage->elsewhere;
    } else if (deal->status == STATUS_LOST) {
        figure = "lost";
        count = &stage->lost;
    } else if (deal->status == STATUS_ICED) {
        figure = "iced";
        count = &stage->iced;
    } else if (deal->status == STATUS_DISCARDED) {
        figure = "discarded";
        count = &stage->discarded;
    }
    stage->entered++;
    ++*count;
    metrics_behind(m, row, "entered", deal);
    metrics_behind(m, row, figure, deal);
    if (here && deal->status == STATUS_LOST && funnel_lost_from(m) == position) {
        stage->failed++;
        metrics_behind(m, row, "failed", deal);
    }
}

static enum fault funnel_time(struct metrics *m, const struct deal *deal,
                              const struct visit *visit)
{
    if (visit->pipeline != m->pipeline || !stage_is_shown(visit->stage)) return FAULT_NONE;
    if (!metrics_has_owner(m, visit->owner)) return FAULT_NONE;
    struct funnel_stage *stage =
        &m->funnel->stages[pipeline_position(m->pipeline, visit->stage)];
    int64_t ms;
    if (!visit->ended) {
        if (visit->iced) return FAULT_NONE;
        stage->running++;
        metrics_behind(m, visit->stage->key, "running", deal);
        return FAULT_NONE;
    }
    if (visit->left.has && !metrics_in_period(m, visit->left.v)) return FAULT_NONE;
    if (!visit_elapsed(visit, m->question.as_of_ms, &ms)) {
        metrics_note(m, NOTE_UNKNOWN_DURATION, deal);
        return FAULT_NONE;
    }
    metrics_behind(m, visit->stage->key, "timed", deal);
    return durations_add(&stage->times, m->arena, ms);
}

static void funnel_lose(struct metrics *m, const struct deal *deal, bool *late)
{
    const struct history *h = &m->history;
    if (deal->status != STATUS_LOST || !str_equal(deal->pipeline, m->pipeline->key)) return;
    if (!metrics_has_owner(m, h->closing.has ? h->closing.owner : deal->owner)) return;
    if (!history_is_proper(h, deal)) {
        metrics_note(m, NOTE_NEVER_PROPER, deal);
    } else if (!deal->closed_at.has) {
        metrics_note(m, NOTE_UNKNOWN_CLOSING, deal);
    } else if (metrics_in_period(m, deal->closed_at.v)) {
        size_t from = funnel_lost_from(m);
        *late |= h->closing.has && metrics_is_late(m, h->closing.recorded);
        m->funnel->stages[from].lost_in_period++;
        metrics_behind(m,
                       from < m->pipeline->stage_count ? m->pipeline->stages[from].key
                                                       : STR("unknown"),
                       "lost_in_period", deal);
    }
}

enum fault funnel_feed(struct metrics *m, const struct deal *deal)
{
    struct arrival arrival;
    bool unknown = false, late = false;
    for (size_t i = 0; i < m->pipeline->stage_count; i++) {
        if (!stage_is_shown(&m->pipeline->stages[i])) continue;
        if (!history_arrival(&m->history, deal, m->pipeline, i, &arrival)) continue;
        if (!metrics_has_owner(m, arrival.owner)) continue;
        if (!arrival.at.has) {
            unknown = true;
        } else if (metrics_in_period(m, arrival.at.v)) {
            late |= metrics_is_late(m, arrival.recorded);
            funnel_enter(m, deal, i);
        }
    }
    if (unknown) metrics_note(m, NOTE_UNKNOWN_ENTRY, deal);
    funnel_lose(m, deal, &late);
    if (late) metrics_note(m, NOTE_LATE, deal);
    for (size_t i = 0; i < m->history.count; i++) {
        enum fault fault = funnel_time(m, deal, &m->history.visits[i]);
        if (fault) return fault;
    }
    return FAULT_NONE;
}

static struct report_row funnel_row(struct metrics *m, const struct stage *stage,
                                    struct funnel_stage *sums)
{
    struct report_row row = report_row_make(m->arena, stage->key, COLUMNS);
    if (!row.cells) return row;
    uint64_t counts[] = {sums->entered, sums->advanced, sums->lost, sums->iced, sums->elsewhere,
                         sums->discarded, sums->open};
    durations_sort(&sums->times);
    row.cells[0] = report_cell_text(stage->name);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        row.cells[1 + i] = report_cell_count(counts[i]);
    row.cells[8] = report_cell_percent(sums->advanced, sums->entered, LACK_NO_ENTERED);
    row.cells[8].so_far = sums->open + sums->iced > 0;
    row.cells[9] = report_cell_percent(sums->advanced, (wide)sums->advanced + sums->lost,
                                       LACK_NO_OUTCOME);
    row.cells[9].so_far = row.cells[8].so_far;
    row.cells[10] = report_cell_percent(sums->failed, sums->entered, LACK_NO_ENTERED);
    row.cells[10].so_far = row.cells[8].so_far;
    row.cells[11] = report_cell_count(sums->lost_in_period);
    row.cells[12] = durations_mean(&sums->times);
    row.cells[13] = durations_percentile(&sums->times, 50);
    row.cells[14] = durations_percentile(&sums->times, 90);
    row.cells[15] = report_cell_count(sums->running);
    return row;
}

enum fault funnel_finish(struct metrics *m, struct report *out)
{
    size_t count = m->pipeline->stage_count;
    struct funnel_stage *unknown = &m->funnel->stages[count];
    uint64_t entered = 0;
    out->columns = columns;
    out->column_count = COLUMNS;
    out->pipeline = m->pipeline->key;
    out->rows = arena_array(m->arena, count + 1, sizeof *out->rows);
    if (!out->rows) return arena_fault(m->arena);
    for (size_t i = 0; i < count; i++) {
        const struct stage *stage = &m->pipeline->stages[i];
        if (!stage_is_shown(stage)) continue;
        out->rows[out->row_count++] = funnel_row(m, stage, &m->funnel->stages[i]);
        if (m->funnel->stages[i].entered > entered) entered = m->funnel->stages[i].entered;
    }
    if (unknown->lost_in_period > 0) {
        struct report_row row = report_row_make(m->arena, STR("unknown"), COLUMNS);
        for (size_t i = 1; row.cells && i < COLUMNS; i++)
            row.cells[i] = report_cell_lack(LACK_NO_MEANING);
        if (row.cells) row.cells[11] = report_cell_count(unknown->lost_in_period);
        out->rows[out->row_count++] = row;
    }
    if (entered < REPORT_THIN_BELOW) m->notes[NOTE_THIN] = (int64_t)entered;
    return arena_fault(m->arena);
}
