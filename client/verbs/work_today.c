/* work_today.c - the verb `today`: what to do now, grouped, each with why it is there.
 *
 * A deal stands in the first group that fits, most pressing first. People get a short list, with
 * the words that give the rest; scripts get everything. */
#include "client/verbs/work_inside.h"
#include "common/metrics/health.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

enum { GROUP_SHOWN = 8 };
#define WHY(reason) (UINT32_C(1) << (reason))

static const struct {
    const char *key, *name;
    const char *filter; /* what gives the whole group in a list */
    uint32_t is;        /* any of these flags */
    uint32_t why;       /* the reasons to be told */
    enum cell_role role;
} groups[] = {
    {"overdue", "Overdue", "is:overdue", 1u << IS_OVERDUE,
     WHY(HEALTH_STEP_OVERDUE) | WHY(HEALTH_CLOSE_OVERDUE), CELL_BAD},
    {"due-today", "Due today", "due:today", 0, 0, CELL_PLAIN},
    {"conflict", "In conflict", "is:conflict", 1u << IS_CONFLICT, WHY(HEALTH_CONFLICT),
     CELL_BAD},
    {"stale", "Slow or quiet", "is:stale", 1u << IS_STALE,
     WHY(HEALTH_SLOW_OWN) | WHY(HEALTH_SLOW_USUAL) | WHY(HEALTH_SLOW_EXPECTED) |
         WHY(HEALTH_SLOW_AGE) | WHY(HEALTH_QUIET) | WHY(HEALTH_UNTOUCHED),
     CELL_WARNING},
    {"no-next-step", "No next step", "is:no-next-step", 1u << IS_NO_NEXT_STEP,
     WHY(HEALTH_NO_STEP), CELL_WARNING},
    {"attention", "Behind its gates", "is:attention", 1u << IS_ATTENTION, WHY(HEALTH_ATTENTION),
     CELL_WARNING},
};
enum { GROUPS = sizeof groups / sizeof groups[0], GROUP_DUE_TODAY = 1 };

struct item {
    const struct listed_deal *listed;
    size_t group;
    size_t place; /* in the order of a list */
};

struct whose {
    const struct member *owner; /* NULL: the whole team's */
    size_t elsewhere;           /* how many there would be for the rest of the team */
};

static bool item_groups(struct work *work, const struct deal_view *view, size_t *group)
{
    for (size_t i = 0; i < GROUPS; i++) {
        bool due = i == GROUP_DUE_TODAY && view->deal->due.has &&
                   view->deal->due.v == work->today;
        if (!due && !(view->is & groups[i].is)) continue;
        *group = i;
        return true;
    }
    return false;
}

/* By group; within it soonest due first, as in a list; stale ones by what is at stake. */
static int item_compare(const void *left, const void *right)
{
    const struct item *a = left, *b = right;
    if (a->group != b->group) return a->group < b->group ? -1 : 1;
    const struct deal *x = a->listed->view->deal, *y = b->listed->view->deal;
    if (x->due.has || y->due.has) return a->place < b->place ? -1 : a->place > b->place;
    if (x->value.has != y->value.has) return x->value.has ? -1 : 1;
    int currencies = str_compare(x->currency, y->currency);
    if (currencies) return currencies;
    if (x->value.v != y->value.v) return x->value.v > y->value.v ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* Those reasons of the group that hold, in one line. */
static struct str item_why(struct work *work, const struct item *item)
{
    const struct deal_view *view = item->listed->view;
    if (item->group == GROUP_DUE_TODAY) {
        return view->deal->next_step.n > 0
                   ? arena_format(work->arena, "%.*s: due today", STR_ARGS(view->deal->next_step))
                   : STR("due today");
    }
    struct str rest = health_say(work, view, groups[item->group].why, false), part, out = STR("");
    bool step = item->group == 0 && view->deal->next_step.n > 0 &&
                (view->why & WHY(HEALTH_STEP_OVERDUE));
    if (step) out = view->deal->next_step;
    while (str_split(&rest, '\n', &part)) {
        out = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(out),
                           out.n == 0 ? "" : step ? ": " : "; ", STR_ARGS(part));
        step = false;
    }
    return out;
}

/* "group" before the columns of deals, "reason" behind them: the reason is what it is all about, so
 * in little room others are left out for it. */
struct columns today_table(struct arena *arena, bool team, size_t width)
{
    static const char *const own[] = {"id", "title", "stage", "value", "org"};
    static const char *const all[] = {"id", "title", "owner", "stage", "value", "org"};
    const char *const *shown = team ? all : own;
    size_t most = (team ? 1 : 0) + (width < 110 ? 3 : width < 140 ? 4 : 5);
    size_t count = deal_column_count + 2;
    struct column *columns = arena_array(arena, count, sizeof *columns);
    if (!columns) return (struct columns){NULL, 0};
    columns[0] = (struct column){"group", "Today", COLUMN_SHOWN};
    for (size_t i = 0; i < deal_column_count; i++) {
        columns[i + 1] = deal_columns[i];
        columns[i + 1].flags &= ~(unsigned)COLUMN_SHOWN;
        for (size_t k = 0; k < most; k++) {
            if (strcmp(deal_columns[i].name, shown[k]) == 0) columns[i + 1].flags |= COLUMN_SHOWN;
        }
    }
    columns[count - 1] = (struct column){"reason", "Why", COLUMN_SHOWN | COLUMN_WIDE | COLUMN_WRAP};
    return (struct columns){columns, count};
}

static enum fault today_rows(struct work *work, const struct whose *whose,
                              const struct item *items, size_t count, size_t width, bool whole,
                              struct answer *answer)
{
    size_t in_group = 0;
    struct columns columns = today_table(work->arena, !whose->owner, width);
    if (!columns.items) return FAULT_MEMORY;
    answer_table(answer, SHAPE_TABLE, columns.items, columns.count);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        in_group = i > 0 && items[i - 1].group == item->group ? in_group + 1 : 0;
        if (!whole && in_group >= GROUP_SHOWN) continue;
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        cells[0] = cell_faces(str_from(groups[item->group].key),
                              str_from(groups[item->group].name));
        if (!whole && in_group > 0) cells[0].shown = STR("");
        else cells[0].role = groups[item->group].role;
        deal_cells(work, item->listed->view, item->listed->id, &cells[1]);
        cells[columns.count - 1] = cell_text(item_why(work, item));
    }
    return FAULT_NONE;
}

/* What is theirs, as a word of the filter language; empty for the team's. */
static struct str whose_filter(struct work *work, const struct whose *whose)
{
    if (!whose->owner) return STR("");
    if (whose->owner == work->me) return STR("owner:me ");
    return arena_format(work->arena, "\"owner:%.*s\" ", STR_ARGS(whose->owner->name));
}

/* How many there are of each group, and of which not all are shown. */
static void today_say(struct work *work, const struct whose *whose, const struct item *items,
                      size_t count, bool whole, struct answer *answer)
{
    size_t counts[GROUPS] = {0};
    for (size_t i = 0; i < count; i++) counts[items[i].group]++;
    for (size_t i = 0; i < GROUPS; i++) {
        if (whole || counts[i] <= GROUP_SHOWN) continue;
        NOTE(answer, NOTE_TALK, "{group}: {count} more; `sluice ls {owner}{filter}`",
             {"group", str_from(groups[i].name)}, {"owner", whose_filter(work, whose)},
             {"filter", str_from(groups[i].filter)},
             {"count", arena_format(work->arena, "%zu", counts[i] - GROUP_SHOWN)});
    }
    if (count > 0) return;
    if (whose->elsewhere == 0) {
        answer_say(answer, NOTE_TALK, "nothing is due today");
        return;
    }
    NOTE(answer, NOTE_TALK,
         "nothing of {whose} is due today; `sluice today --team` has {count} of others",
         {"whose", whose->owner == work->me ? STR("yours") : whose->owner->name},
         {"count", arena_format(work->arena, "%zu", whose->elsewhere)});
}

/* Whose deals are asked for: one's own if nothing is said. False: answered why not. */
static bool whose_read(struct work *work, const struct request *request, struct whose *whose,
                       struct answer *answer)
{
    const struct request_option *owner = request_option(request, "owner");
    *whose = (struct whose){.owner = work->me};
    if (request_option(request, "team")) whose->owner = NULL;
    if (!owner) return true;
    if (!whose->owner) {
        answer_fail(answer, ERROR_ARGUMENT_UNWANTED, "--team is everybody; leave out --owner");
        return false;
    }
    whose->owner = name_member(work, owner->value, answer);
    return whose->owner != NULL;
}

enum fault today_show(struct work *work, const struct request *request, struct answer *answer)
{
    struct listed_deal *list;
    size_t count, kept = 0;
    bool whole = request->script || request_option(request, "all");
    struct whose whose;
    if (!whose_read(work, request, &whose, answer)) return FAULT_NONE;
    enum fault fault = deals_listed(work, NULL, false, &list, &count);
    if (fault) return fault;
    struct item *items = arena_array(work->arena, count + 1, sizeof *items);
    if (!items) return FAULT_MEMORY;
    for (size_t i = 0; i < count; i++) {
        items[kept] = (struct item){.listed = &list[i], .place = i};
        if (!item_groups(work, list[i].view, &items[kept].group)) continue;
        if (!whose.owner || uuid_equal(list[i].view->deal->owner, whose.owner->id)) kept++;
        else whose.elsewhere++;
    }
    qsort(items, kept, sizeof *items, item_compare);
    /* Without a terminal nothing is clipped, and all columns have room. */
    size_t width = request->height > 0 ? request->width : SIZE_MAX;
    fault = today_rows(work, &whose, items, kept, width, whole, answer);
    if (!fault) today_say(work, &whose, items, kept, whole, answer);
    return fault;
}
