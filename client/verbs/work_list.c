/* work_list.c - the verbs that only look at deals: list and show; and members. */
#include "client/verbs/work_inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

/* --- list --- */

/* Soonest next step first, those without one after them; then by title, then by id. */
static int listed_compare(const void *a, const void *b)
{
    const struct listed_deal *x = a, *y = b;
    int order = x->query ? query_compare(x->query, x->view, y->view) : 0;
    if (order) return order;
    if (x->due.has != y->due.has) return x->due.has ? -1 : 1;
    if (x->due.has && x->due.v != y->due.v) return x->due.v < y->due.v ? -1 : 1;
    int titles = str_compare(x->title, y->title);
    return titles ? titles : uuid_compare(x->view->deal->id, y->view->deal->id);
}

static enum fault filter_compile(struct work *work, const struct request *request,
                                 struct query **query, struct answer *answer)
{
    struct str text = STR(""), mistake = STR_NONE;
    for (size_t i = 0; i < request->argument_count; i++) {
        struct str word = request->arguments[i];
        /* One shell word is one term: what was quoted there stays together. */
        size_t colon = str_find(word, ':');
        bool quote = str_find(word, ' ') < word.n && str_find(word, '"') == word.n;
        struct str head = quote && colon < word.n ? str_slice(word, 0, colon + 1) : STR("");
        struct str tail = str_slice(word, head.n, word.n);
        text = arena_format(work->arena, "%.*s %.*s%s%.*s%s", STR_ARGS(text), STR_ARGS(head),
                            quote ? "\"" : "", STR_ARGS(tail), quote ? "\"" : "");
    }
    struct query_context context = {
        .definition = &work->definition,
        .me = work->identity.member,
        .my_name = work->me->name,
        .zone = work->zone,
        .today = work->today,
        .members = work->members,
        .member_count = work->member_count,
        .currency = work->team->currency,
    };
    enum fault fault = query_compile(work->arena, text, &context, query, &mistake);
    if (fault != FAULT_FORMAT) return fault;
    FAIL(answer, ERROR_INVALID_FILTER, "{mistake}", {"mistake", mistake});
    return FAULT_NONE;
}

enum fault deals_listed(struct work *work, const struct query *query, bool all,
                        struct listed_deal **out, size_t *count)
{
    const struct deal **deals;
    struct deal_view *views;
    size_t total;
    const struct deal_filter open = {.all = false};
    enum fault fault = all ? work_deals(work, &deals, &total)
                           : work->replica->f->deals(work->replica, work->arena, &open, &deals,
                                                     &total);
    if (!fault) fault = deal_views(work, deals, total, &views);
    if (fault) return fault;
    struct uuid *ids = arena_array(work->arena, total + 1, sizeof *ids);
    struct str *shorts = arena_array(work->arena, total + 1, sizeof *shorts);
    struct listed_deal *list = arena_array(work->arena, total + 1, sizeof *list);
    if (!ids || !shorts || !list) return FAULT_MEMORY;
    for (size_t i = 0; i < total; i++) ids[i] = deals[i]->id;
    fault = all ? names_short(work->arena, ids, total, shorts)
                : names_short_among_all(work, ENTITY_DEAL, ids, total, shorts);
    *count = 0;
    for (size_t i = 0; i < total && !fault; i++) {
        if (query && !query_matches(query, &views[i])) continue;
        list[(*count)++] = (struct listed_deal){.view = &views[i],
                                                .id = shorts[i],
                                                .query = query,
                                                .due = deals[i]->due,
                                                .title = deals[i]->title};
    }
    qsort(list, *count, sizeof *list, listed_compare);
    *out = list;
    return fault;
}

static enum fault deals_table(struct work *work, const struct request *request,
                              const struct listed_deal *list, size_t count, struct answer *answer)
{
    struct deal_choice choice;
    enum fault fault = deal_choose(work->arena, request, &choice);
    if (fault) return fault;
    answer_table(answer, SHAPE_TABLE, choice.columns, choice.count);
    answer_expect(answer, count);
    for (size_t i = 0; i < count; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        deal_cells_chosen(work, list[i].view, list[i].id, &choice, cells);
    }
    return FAULT_NONE;
}

enum fault deal_list(struct work *work, const struct request *request, struct answer *answer)
{
    struct query *query = NULL;
    struct listed_deal *list;
    size_t count;
    enum fault fault = filter_compile(work, request, &query, answer);
    if (fault || answer->code != ANSWER_OK) return fault;
    fault = deals_listed(work, query, request_option(request, "all") != NULL, &list, &count);
    if (!fault) fault = deals_table(work, request, list, count, answer);
    if (!fault && count == 0) {
        answer_say(answer, NOTE_TALK, request->argument_count > 0
                                          ? "no deal matches"
                                          : "no open deals; `sluice add TITLE` adds one");
    }
    return fault;
}

/* --- show --- */

static const struct column activity_columns[] = {
    {"when", "When", COLUMN_SHOWN},
    {"type", "What", COLUMN_SHOWN},
    {"who", "Who", COLUMN_SHOWN},
    {"text", "Text", COLUMN_SHOWN | COLUMN_WIDE},
};

static enum fault activities_table(struct work *work, struct uuid subject, struct answer *answer)
{
    const struct activity **activities;
    size_t count;
    enum fault fault = work->replica->f->activities(work->replica, work->arena, subject,
                                                    &activities, &count);
    if (fault || count == 0) return fault;
    struct answer *table = answer_more(answer, "activities");
    if (!table) return FAULT_MEMORY;
    answer_table(table, SHAPE_TABLE, activity_columns, 4);
    const struct field *type = field_by_name(ENTITY_ACTIVITY, STR("type"));
    for (size_t i = 0; i < count; i++) {
        struct cell *cells = answer_row(table);
        if (!cells) return FAULT_MEMORY;
        cells[0] = cell_time(work, activities[i]->happened_at);
        cells[1] = cell_field(work, type, activities[i]);
        cells[2] = cell_text(name_of_member(work, activities[i]->member));
        cells[3] = cell_text(activities[i]->text);
    }
    return FAULT_NONE;
}

enum fault deal_show(struct work *work, const struct request *request, struct answer *answer)
{
    const void *found;
    enum fault fault = name_find(work, ENTITY_DEAL, request->arguments[0], answer, &found);
    if (fault || !found) return fault;
    fault = deal_record(work, found, answer);
    if (!fault) fault = activities_table(work, ((const struct deal *)found)->id, answer);
    return fault;
}
