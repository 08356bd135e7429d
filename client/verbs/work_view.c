/* work_view.c - deals and other things as rows of cells; values as people read them.
 *
 * Callers: lists, records, the board, exports. The machine face of a cell is stable: money as
 * decimal text, dates ISO, times ISO UTC; unknown is absent. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/base/money.h"
#include "common/metrics/health.h"

static const int64_t DAY_MS = INT64_C(86400000);

/* --- deals --- */

enum deal_column {
    DEAL_ID, DEAL_FULL_ID, DEAL_TITLE, DEAL_ORG, DEAL_CONTACT, DEAL_PIPELINE, DEAL_STAGE,
    DEAL_STATUS, DEAL_VALUE, DEAL_CURRENCY, DEAL_OWNER, DEAL_EXPECTED_CLOSE, DEAL_SOURCE,
    DEAL_NEXT_STEP, DEAL_DUE, DEAL_TAGS, DEAL_CATEGORY, DEAL_PROBABILITY, DEAL_LOST_REASON,
    DEAL_CREATED_AT, DEAL_STAGE_ENTERED_AT, DEAL_CLOSED_AT, DEAL_AGE_DAYS, DEAL_IS, DEAL_CHECKS,
    DEAL_WAKE_DATE, DEAL_WHY
};

const struct column deal_columns[] = {
    [DEAL_ID] = {"id", "ID", COLUMN_SHOWN},
    [DEAL_FULL_ID] = {"full_id", "Full ID", 0},
    [DEAL_TITLE] = {"title", "Title", COLUMN_SHOWN | COLUMN_WIDE},
    [DEAL_ORG] = {"org", "Organisation", COLUMN_SHOWN | COLUMN_WIDE | COLUMN_SPARE * 2},
    [DEAL_CONTACT] = {"contact", "Contact", 0},
    [DEAL_PIPELINE] = {"pipeline", "Pipeline", 0},
    [DEAL_STAGE] = {"stage", "Stage", COLUMN_SHOWN},
    [DEAL_STATUS] = {"status", "Status", 0},
    [DEAL_VALUE] = {"value", "Value", COLUMN_SHOWN | COLUMN_RIGHT},
    [DEAL_CURRENCY] = {"currency", "Currency", 0},
    [DEAL_OWNER] = {"owner", "Owner", COLUMN_SHOWN | COLUMN_SPARE * 3},
    [DEAL_EXPECTED_CLOSE] = {"expected_close", "Close", COLUMN_SHOWN | COLUMN_SPARE * 4},
    [DEAL_SOURCE] = {"source", "Source", 0},
    [DEAL_NEXT_STEP] = {"next_step", "Next step", COLUMN_SHOWN | COLUMN_WIDE | COLUMN_SPARE},
    [DEAL_DUE] = {"due", "Due", COLUMN_SHOWN},
    [DEAL_TAGS] = {"tags", "Tags", 0},
    [DEAL_CATEGORY] = {"category", "Forecast", 0},
    [DEAL_PROBABILITY] = {"probability", "Probability", COLUMN_RIGHT},
    [DEAL_LOST_REASON] = {"lost_reason", "Lost because", 0},
    [DEAL_CREATED_AT] = {"created_at", "Created", 0},
    [DEAL_STAGE_ENTERED_AT] = {"stage_entered_at", "In the stage since", 0},
    [DEAL_CLOSED_AT] = {"closed_at", "Closed", 0},
    [DEAL_AGE_DAYS] = {"age_days", "Age in days", COLUMN_RIGHT},
    [DEAL_IS] = {"is", "Is", COLUMN_SHOWN},
    [DEAL_CHECKS] = {"checks", "Checks", 0},
    [DEAL_WAKE_DATE] = {"wake_date", "On ice until", 0},
    [DEAL_WHY] = {"why", "Because", 0},
    /* A field with nothing special about it needs no name above: a row here is enough. */
};
const struct columns deal_table = COLUMNS(deal_columns);
const size_t deal_column_count = sizeof deal_columns / sizeof deal_columns[0];

/* What the flags need beyond the deal: what waits in the outbox (one by one), what is in conflict. */
struct deal_marks {
    bool *waiting;
    struct map conflict;
};

static struct str id_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

static enum fault marks_load(struct work *work, const struct deal *const *deals, size_t count,
                             struct deal_marks *marks)
{
    struct uuid *ids = arena_array(work->arena, count ? count : 1, sizeof *ids);
    marks->waiting = arena_array(work->arena, count ? count : 1, sizeof *marks->waiting);
    map_init(&marks->conflict, work->arena);
    if (!ids || !marks->waiting) return FAULT_MEMORY;
    for (size_t i = 0; i < count; i++) ids[i] = deals[i]->id;
    enum fault fault = work->replica->f->outbox_waiting(work->replica, work->arena, ids, count,
                                                        marks->waiting);
    const void **items;
    size_t item_count;
    if (!fault) {
        fault = work->replica->f->all(work->replica, work->arena, ENTITY_INBOX, &items,
                                      &item_count);
    }
    for (size_t i = 0; !fault && i < item_count; i++) {
        const struct inbox_item *item = items[i];
        if (item->state != INBOX_OPEN || item->kind != INBOX_CONFLICT) continue;
        fault = map_put(&marks->conflict, id_key(&item->subject), marks);
    }
    return fault;
}

static uint32_t deal_flags(const struct deal_marks *marks, const struct deal *deal, bool waiting)
{
    uint32_t is = waiting ? 1u << IS_WAITING : 0;
    if (map_get(&marks->conflict, id_key(&deal->id))) is |= 1u << IS_CONFLICT;
    if (deal->attention) is |= 1u << IS_ATTENTION;
    return is;
}

/* What the deals name, of each. */
struct deal_names {
    struct str *organisations, *contacts;
};

static enum fault deal_names_load(struct work *work, const struct deal *const *deals,
                                  size_t count, struct deal_names *out)
{
    struct uuid *ids = arena_array(work->arena, count ? count : 1, sizeof *ids);
    out->organisations = arena_array(work->arena, count ? count : 1, sizeof(struct str));
    out->contacts = arena_array(work->arena, count ? count : 1, sizeof(struct str));
    if (!ids || !out->organisations || !out->contacts) return FAULT_MEMORY;
    for (size_t i = 0; i < count; i++) ids[i] = deals[i]->organisation;
    enum fault fault = names_of(work, ENTITY_ORGANISATION, ids, count, out->organisations);
    for (size_t i = 0; i < count; i++) ids[i] = deals[i]->contact;
    return fault ? fault : names_of(work, ENTITY_PERSON, ids, count, out->contacts);
}

static void view_make(struct work *work, const struct deal *deal, struct deal_view *view)
{
    view->deal = deal;
    view->owner = name_of_member(work, deal->owner);
    view->pipeline = definition_pipeline(&work->definition, deal->pipeline);
    view->age_days = -1;
    if (view->pipeline) view->stage = pipeline_stage_today(view->pipeline, deal->stage);
    if (view->stage) view->probability = view->stage->probability;
    if (deal->probability_by_hand && deal->probability.has) {
        view->probability = deal->probability.v;
    }
    if (deal->created_at.has) {
        int64_t until = deal->closed_at.has ? deal->closed_at.v : work->now.wall_ms;
        view->age_days = (until - deal->created_at.v) / DAY_MS;
        if (view->age_days < 0) view->age_days = 0;
    }
}

enum fault deal_views(struct work *work, const struct deal *const *deals, size_t count,
                      struct deal_view **out)
{
    struct deal_marks marks;
    struct deal_names names;
    struct deal_view *views = arena_array(work->arena, count ? count : 1, sizeof *views);
    *out = views;
    if (!views) return FAULT_MEMORY;
    enum fault fault = work->replica->f->look_begin(work->replica);
    if (fault) return fault;
    fault = marks_load(work, deals, count, &marks);
    if (!fault) fault = deal_names_load(work, deals, count, &names);
    work->replica->f->look_end(work->replica);
    for (size_t i = 0; i < count && !fault; i++) {
        view_make(work, deals[i], &views[i]);
        views[i].organisation = names.organisations[i];
        views[i].contact = names.contacts[i];
        views[i].is = deal_flags(&marks, deals[i], marks.waiting[i]);
    }
    return fault ? fault : deal_healths(work, views, count);
}

static struct cell cell_is(struct arena *arena, uint32_t is)
{
    struct str names[IS_COUNT];
    struct text_set set = {NULL, 0};
    size_t count = 0;
    for (int i = 0; i < IS_COUNT; i++) {
        if (is & (1u << i)) names[count++] = str_from(deal_is_name((enum deal_is)i));
    }
    if (text_set_make(arena, names, count, &set)) set.count = 0;
    return cell_list(arena, set);
}

/* The names of the reasons; sentences are for few deals, for they cost more than the list. */
static struct cell cell_why(struct work *work, const struct deal_view *view)
{
    struct str names[HEALTH_REASON_COUNT];
    struct text_set set = {NULL, 0};
    size_t count = 0;
    for (int i = 0; i < HEALTH_REASON_COUNT; i++) {
        enum health_reason reason = (enum health_reason)i;
        if (view->why >> i & 1) names[count++] = str_from(health_reason_name(reason));
    }
    if (text_set_make(work->arena, names, count, &set)) set.count = 0;
    return cell_list(work->arena, set);
}

static struct cell cell_is_of(struct work *work, const struct deal_view *view)
{
    struct cell cell = cell_is(work->arena, view->is);
    if (view->is & (1u << IS_OVERDUE | 1u << IS_CONFLICT)) cell.role = CELL_BAD;
    else if (view->is & ~(1u << IS_HOT | 1u << IS_WARM | 1u << IS_WAITING)) {
        cell.role = CELL_WARNING;
    } else if (view->is & 1u << IS_HOT) {
        cell.role = CELL_GOOD;
    }
    return cell;
}

/* One column; most are fields of the same name. */
static struct cell deal_cell(struct work *work, const struct deal_view *view, struct str short_id,
                             size_t column, const struct field *field)
{
    const struct deal *deal = view->deal;
    struct cell cell = {.type = CELL_NONE};
    switch (column) {
    case DEAL_ID: return cell_text(short_id);
    case DEAL_FULL_ID: {
        char full[UUID_TEXT_LENGTH + 1];
        uuid_format(deal->id, full);
        return cell_text(arena_str(work->arena, str_from(full)));
    }
    case DEAL_ORG: return cell_text(view->organisation);
    case DEAL_CONTACT: return cell_text(view->contact);
    case DEAL_OWNER: return cell_text(view->owner);
    case DEAL_VALUE: return cell_money(work, deal->value, deal->currency);
    case DEAL_PROBABILITY: return cell_number(work->arena, view->probability);
    case DEAL_IS: return cell_is_of(work, view);
    case DEAL_WHY: return cell_why(work, view);
    case DEAL_AGE_DAYS:
        return view->age_days >= 0 ? cell_number(work->arena, view->age_days) : cell;
    case DEAL_PIPELINE:
        if (view->pipeline) return cell_faces(view->pipeline->key, view->pipeline->name);
        break;
    case DEAL_STAGE:
        if (view->stage) return cell_faces(view->stage->key, view->stage->name);
        break;
    default: break;
    }
    if (field && field->type != VALUE_REFERENCE) cell = cell_field(work, field, deal);
    if (column == DEAL_DUE && view->is & 1u << IS_OVERDUE) cell.role = CELL_BAD;
    return cell;
}

static const struct field *column_field(size_t column)
{
    return field_by_name(ENTITY_DEAL, str_from(deal_columns[column].name));
}

void deal_cells(struct work *work, const struct deal_view *view, struct str short_id,
                struct cell *cells)
{
    for (size_t i = 0; i < deal_column_count; i++) {
        cells[i] = deal_cell(work, view, short_id, i, column_field(i));
    }
}

static bool field_has(struct str fields, const char *name)
{
    struct str part;
    while (str_split(&fields, ',', &part)) {
        part = str_trim(part);
        bool same = part.n == strlen(name);
        for (size_t i = 0; same && i < part.n; i++) {
            same = name[i] == (part.p[i] == '-' ? '_' : part.p[i]);
        }
        if (same) return true;
    }
    return false;
}

static bool fields_known(struct str fields)
{
    struct str part;
    while (str_split(&fields, ',', &part)) {
        bool known = str_trim(part).n == 0;
        for (size_t i = 0; i < deal_column_count && !known; i++) {
            known = field_has(part, deal_columns[i].name);
        }
        if (!known) return false;
    }
    return true;
}

enum fault deal_choose(struct arena *arena, const struct request *request,
                       struct deal_choice *out)
{
    /* One that there is not is told beside all that there are. */
    bool named = request->fields.n > 0 && fields_known(request->fields);
    bool usual = request->fields.n == 0 && request->usual;
    *out = (struct deal_choice){
        .columns = arena_array(arena, deal_column_count, sizeof *out->columns),
        .fields = arena_array(arena, deal_column_count, sizeof *out->fields),
        .indexes = arena_array(arena, deal_column_count, sizeof *out->indexes)};
    if (arena_fault(arena)) return FAULT_MEMORY;
    for (size_t i = 0; i < deal_column_count; i++) {
        if (named && !field_has(request->fields, deal_columns[i].name)) continue;
        if (usual && !(deal_columns[i].flags & COLUMN_SHOWN)) continue;
        out->columns[out->count] = deal_columns[i];
        out->fields[out->count] = column_field(i);
        out->indexes[out->count++] = i;
    }
    return FAULT_NONE;
}

void deal_cells_chosen(struct work *work, const struct deal_view *view, struct str short_id,
                       const struct deal_choice *choice, struct cell *cells)
{
    for (size_t i = 0; i < choice->count; i++) {
        cells[i] = deal_cell(work, view, short_id, choice->indexes[i], choice->fields[i]);
    }
}

enum fault deal_record(struct work *work, const struct deal *deal, struct answer *answer)
{
    struct deal_view *views;
    enum fault fault = deal_views(work, &deal, 1, &views);
    if (fault) return fault;
    answer_table(answer, SHAPE_RECORD, deal_columns, deal_column_count);
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    deal_cells(work, &views[0], name_short(work, ENTITY_DEAL, deal->id), cells);
    cells[DEAL_WHY].shown = health_say(work, &views[0], UINT32_MAX, true);
    return FAULT_NONE;
}
