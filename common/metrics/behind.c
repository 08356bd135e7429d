/* behind.c - the deals behind the figures of a report, so that each figure can list them.
 *
 * Called by the reports while they are fed, and by whoever shows a report. Counts are remembered as
 * they are counted; what is divided or summed names the counts it is made of. */
#include "common/metrics/engine.h"

#include <string.h>

#include "common/base/banned.h"

enum { PARTS_MAX = 2 };

/* Figures that are made of others. */
static const struct {
    const char *figure, *parts[PARTS_MAX];
} made[] = {
    {"win_rate", {"won", "lost"}},
    {"won_value", {"won", NULL}},
    {"lost_value", {"lost", NULL}},
    {"win_rate_value", {"won", "lost"}},
    {"open_value", {"open", NULL}},
    {"cycle_mean", {"timed", NULL}},
    {"cycle_median", {"timed", NULL}},
    {"conversion", {"entered", NULL}},
    {"conversion_decided", {"advanced", "lost"}},
    {"time_mean", {"timed", NULL}},
    {"time_median", {"timed", NULL}},
    {"time_p90", {"timed", NULL}},
};

static const char *const counted[] = {
    "won",       "lost",      "open",   "entered",        "advanced", "iced",
    "elsewhere", "discarded", "failed", "lost_in_period", "running",
};

static const char *const noted[NOTE_COUNT] = {
    [NOTE_OTHER_CURRENCY] = "other_currency",
    [NOTE_NO_VALUE] = "no_value",
    [NOTE_UNKNOWN_CLOSING] = "unknown_closing",
    [NOTE_UNKNOWN_ENTRY] = "unknown_entry",
    [NOTE_UNKNOWN_DURATION] = "unknown_duration",
    [NOTE_NEVER_PROPER] = "never_proper",
    [NOTE_LATE] = "late",
};

void metrics_behind(struct metrics *m, struct str row, const char *figure, const struct deal *deal)
{
    if (!m->question.behind) return;
    void *items = m->behind;
    struct report_behind *item =
        arena_push(m->arena, &items, &m->behind_count, &m->behind_cap, sizeof *item);
    m->behind = items;
    if (item) *item = (struct report_behind){row, figure, deal->id};
}

void metrics_note(struct metrics *m, enum report_note note, const struct deal *deal)
{
    m->notes[note]++;
    if (noted[note]) metrics_behind(m, STR_NONE, noted[note], deal);
}

const char *report_note_name(enum report_note note)
{
    return note < NOTE_COUNT ? noted[note] : NULL;
}

static bool named_alike(struct str asked, const char *name)
{
    if (asked.n != strlen(name)) return false;
    for (size_t i = 0; i < asked.n; i++) {
        if ((asked.p[i] == '-' ? '_' : asked.p[i]) != name[i]) return false;
    }
    return true;
}

bool report_behind_is(const struct report_behind *behind, struct str figure)
{
    if (named_alike(figure, behind->figure)) return true;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        if (!named_alike(figure, made[i].figure)) continue;
        for (size_t k = 0; k < PARTS_MAX; k++) {
            const char *part = made[i].parts[k];
            if (part && strcmp(part, behind->figure) == 0) return true;
        }
    }
    return false;
}

static bool column_has_deals(const char *key)
{
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        if (strcmp(made[i].figure, key) == 0) return true;
    }
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        if (strcmp(counted[i], key) == 0) return true;
    }
    return false;
}

const char *report_figure(const struct report *report, size_t n)
{
    for (size_t i = 0; i < report->column_count; i++) {
        if (column_has_deals(report->columns[i].key) && n-- == 0) return report->columns[i].key;
    }
    for (size_t i = 0; i < NOTE_COUNT; i++) {
        if (noted[i] && report->notes[i] > 0 && n-- == 0) return noted[i];
    }
    return NULL;
}

bool report_figure_known(const struct report *report, struct str figure)
{
    const char *name;
    for (size_t i = 0; (name = report_figure(report, i)) != NULL; i++) {
        if (named_alike(figure, name)) return true;
    }
    for (size_t i = 0; i < NOTE_COUNT; i++) {
        if (noted[i] && named_alike(figure, noted[i])) return true;
    }
    return false;
}
