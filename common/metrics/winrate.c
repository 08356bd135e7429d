/* winrate.c - won / (won + lost), by count and by value, of what was closed in the period.
 *
 * Called by report.c; reps.c makes its table of the same groups. A closing belongs to the owner at
 * close, dated by the deal itself, since only a correction changes a closed deal's date and value. */
#include "common/metrics/winrate.h"

#include <stdlib.h>

#include "common/base/banned.h"

static const struct report_column columns[] = {
    {"group", "Group", COLUMN_TEXT},
    {"won", "Won", COLUMN_COUNT},
    {"lost", "Lost", COLUMN_COUNT},
    {"win_rate", "Win rate", COLUMN_PERCENT},
    {"won_value", "Won value", COLUMN_MONEY},
    {"lost_value", "Lost value", COLUMN_MONEY},
    {"win_rate_value", "Win rate by value", COLUMN_PERCENT},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

enum fault winrate_create(struct metrics *m)
{
    m->winrate = arena_alloc(m->arena, sizeof *m->winrate);
    if (!m->winrate) return arena_fault(m->arena);
    map_init(&m->winrate->groups, m->arena);
    return FAULT_NONE;
}

static struct group *winrate_group(struct metrics *m, struct str key, struct str name)
{
    struct group *group = map_get(&m->winrate->groups, key);
    if (group) return group;
    group = arena_alloc(m->arena, sizeof *group);
    if (!group) return NULL;
    group->key = arena_str(m->arena, key);
    group->name = arena_str(m->arena, name);
    if (map_put(&m->winrate->groups, group->key, group)) return NULL;
    return group;
}

struct group *winrate_member_group(struct metrics *m, struct uuid member)
{
    char text[UUID_TEXT_LENGTH + 1];
    struct str name = STR_NONE;
    if (uuid_is_zero(member)) return winrate_group(m, STR("none"), name);
    for (size_t i = 0; i < m->question.member_count; i++) {
        if (uuid_equal(m->question.members[i]->id, member)) name = m->question.members[i]->name;
    }
    uuid_format(member, text);
    return winrate_group(m, str_from(text), name);
}

static struct group *winrate_deal_group(struct metrics *m, const struct deal *deal,
                                        struct uuid owner)
{
    if (m->question.kind == REPORT_REPS) return winrate_member_group(m, owner);
    switch (m->question.by) {
    case WINRATE_BY_NONE: return winrate_group(m, STR("all"), STR_NONE);
    case WINRATE_BY_OWNER: return winrate_member_group(m, owner);
    case WINRATE_BY_SOURCE:
        return deal->source.n ? winrate_group(m, deal->source, deal->source)
                              : winrate_group(m, STR("none"), STR_NONE);
    case WINRATE_BY_MONTH: {
        char date[11];
        date_format(zone_date(&m->question.zone, deal->closed_at.v), date);
        struct str month = str_slice(str_from(date), 0, 7);
        return winrate_group(m, month, month);
    }
    }
    return NULL;
}

static enum fault winrate_close(struct metrics *m, const struct deal *deal)
{
    const struct history *h = &m->history;
    bool told = h->closing.has && h->closing.status == deal->status;
    struct uuid owner = told ? h->closing.owner : deal->owner;
    if (!metrics_has_owner(m, owner)) return FAULT_NONE;
    if (!history_is_proper(h, deal)) {
        metrics_note(m, NOTE_NEVER_PROPER, deal);
        return FAULT_NONE;
    }
    if (!deal->closed_at.has) {
        metrics_note(m, NOTE_UNKNOWN_CLOSING, deal);
        return FAULT_NONE;
    }
    if (!metrics_in_period(m, deal->closed_at.v)) return FAULT_NONE;
    if (told && metrics_is_late(m, h->closing.recorded)) metrics_note(m, NOTE_LATE, deal);
    struct group *groups[] = {winrate_deal_group(m, deal, owner), &m->winrate->total};
    int64_t value = 0, cycle = 0;
    bool valued = metrics_value(m, deal, &value);
    bool won = deal->status == STATUS_WON;
    bool timed = won && history_cycle(h, deal->closed_at.v, &cycle);
    if (won && !timed) metrics_note(m, NOTE_UNKNOWN_DURATION, deal);
    if (valued && !deal->value.has) metrics_note(m, NOTE_NO_VALUE, deal);
    if (!groups[0]) return FAULT_MEMORY;
    metrics_behind(m, groups[0]->key, won ? "won" : "lost", deal);
    if (timed) metrics_behind(m, groups[0]->key, "timed", deal);
    for (size_t i = 0; i < 2; i++) {
        struct group *group = groups[i];
        *(won ? &group->won : &group->lost) += 1;
        if (valued) *(won ? &group->won_value : &group->lost_value) += value;
        if (valued && !won) group->lost_valued++;
        enum fault fault = timed ? durations_add(&group->cycles, m->arena, cycle) : FAULT_NONE;
        if (fault) return fault;
    }
    return FAULT_NONE;
}

static enum fault winrate_open(struct metrics *m, const struct deal *deal)
{
    const struct pipeline *pipeline = definition_pipeline(m->question.definition, deal->pipeline);
    const struct stage *stage = pipeline ? pipeline_stage_today(pipeline, deal->stage) : NULL;
    if (!stage || stage->kind != STAGE_OPEN || !metrics_has_owner(m, deal->owner))
        return FAULT_NONE;
    struct group *group = winrate_member_group(m, deal->owner);
    int64_t value = 0;
    if (!group) return FAULT_MEMORY;
    if (!metrics_value(m, deal, &value)) value = 0;
    metrics_behind(m, group->key, "open", deal);
    group->open++;
    group->open_value += value;
    m->winrate->total.open++;
    m->winrate->total.open_value += value;
    return FAULT_NONE;
}

enum fault winrate_feed(struct metrics *m, const struct deal *deal)
{
    if (m->pipeline && !str_equal(deal->pipeline, m->pipeline->key)) return FAULT_NONE;
    if (deal->status == STATUS_WON || deal->status == STATUS_LOST) return winrate_close(m, deal);
    if (m->question.kind == REPORT_REPS && deal->status == STATUS_OPEN)
        return winrate_open(m, deal);
    return FAULT_NONE;
}

enum fault winrate_feed_activity(struct metrics *m, const struct activity *activity)
{
    if (activity->type <= ACTIVITY_NONE || activity->type > ACTIVITY_NOTE) return FAULT_NONE;
    if (!metrics_has_owner(m, activity->member)) return FAULT_NONE;
    if (!activity->happened_at.has) {
        m->notes[NOTE_UNKNOWN_ACTIVITY]++;
        return FAULT_NONE;
    }
    if (!metrics_in_period(m, activity->happened_at.v)) return FAULT_NONE;
    struct group *group = winrate_member_group(m, activity->member);
    if (!group) return FAULT_MEMORY;
    group->activities[activity->type]++;
    m->winrate->total.activities[activity->type]++;
    return FAULT_NONE;
}

struct report_cell group_rate(const struct group *group)
{
    return report_cell_percent(group->won, (wide)group->won + group->lost, LACK_NO_CLOSED);
}

static struct report_cell group_rate_value(const struct group *group)
{
    if (group->won + group->lost == 0) return report_cell_lack(LACK_NO_CLOSED);
    if (group->lost > 0 && group->lost_valued == 0) return report_cell_lack(LACK_LOST_ELSEWHERE);
    if (group->lost > 0 && group->lost_value == 0) return report_cell_lack(LACK_LOST_WORTHLESS);
    return report_cell_percent(group->won_value, group->won_value + group->lost_value,
                               LACK_NO_VALUE);
}

static struct report_row winrate_row(struct metrics *m, const struct group *group, struct str key)
{
    struct report_row row = report_row_make(m->arena, key, COLUMNS);
    if (!row.cells) return row;
    row.cells[0] = report_cell_text(group->name);
    row.cells[1] = report_cell_count(group->won);
    row.cells[2] = report_cell_count(group->lost);
    row.cells[3] = group_rate(group);
    row.cells[4] = report_cell_wide(group->won_value);
    row.cells[5] = report_cell_wide(group->lost_value);
    row.cells[6] = group_rate_value(group);
    return row;
}

static int row_compare(const void *left, const void *right)
{
    const struct report_row *a = left, *b = right;
    return str_compare(a->key, b->key);
}

enum fault winrate_finish(struct metrics *m, struct report *out)
{
    const struct winrate *w = m->winrate;
    bool grouped = m->question.by != WINRATE_BY_NONE;
    out->columns = columns;
    out->column_count = COLUMNS;
    out->row_count = grouped ? w->groups.count : 0;
    out->rows = arena_array(m->arena, out->row_count + 1, sizeof *out->rows);
    out->totals = winrate_row(m, &w->total, STR("total"));
    if (!out->rows) return arena_fault(m->arena);
    for (size_t i = 0; i < out->row_count; i++) {
        const struct group *group = w->groups.entries[i].value;
        out->rows[i] = winrate_row(m, group, group->key);
    }
    qsort(out->rows, out->row_count, sizeof *out->rows, row_compare);
    uint64_t closed = w->total.won + w->total.lost;
    if (closed < REPORT_THIN_BELOW) m->notes[NOTE_THIN] = (int64_t)closed;
    return arena_fault(m->arena);
}
