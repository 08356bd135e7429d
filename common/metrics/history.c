/* history.c - events to visits.
 *
 * Called by the reports for each deal. Invariant: at most one visit has not ended,
 * and it is the last. */
#include "common/metrics/history.h"

#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

bool event_places(const struct event *event)
{
    return event->what == EVENT_CREATED || event->what == EVENT_STAGE ||
           event->what == EVENT_IMPORTED;
}

/* What puts a deal somewhere or takes it away, against what changes a field. */
static bool event_is_of_place(const struct event *event)
{
    return event_places(event) || event->what == EVENT_DELETED;
}

/* An undo takes back what its mutation did to the same thing: the place, or that field. */
static bool event_undoes(const struct event *undo, const struct event *event)
{
    if (!uuid_equal(event->mutation, undo->undoes)) return false;
    if (event_is_of_place(undo) || event_is_of_place(event)) {
        return event_is_of_place(undo) == event_is_of_place(event);
    }
    return event->what == undo->what && str_equal(event->field, undo->field);
}

/* Backwards, so that an undo that was itself undone takes nothing back. What was deleted and is
 * there again (an import taken back and done again) starts anew, unless that was taken back. */
enum fault history_mark_undone(struct history *h, struct arena *arena, const struct row *events,
                               size_t count)
{
    h->undone_count = 0;
    if (count > h->undone_cap) {
        h->undone = arena_array(arena, 2 * count, sizeof *h->undone);
        if (!h->undone) return arena_fault(arena);
        h->undone_cap = 2 * count;
    }
    for (size_t i = 0; i < count; i++) h->undone[i] = false;
    for (size_t i = count; i-- > 0;) {
        const struct event *undo = events[i].entity;
        if (h->undone[i]) continue;
        if (undo->what == EVENT_DELETED) {
            for (size_t j = 0; j <= i; j++) h->undone[j] = true;
            break;
        }
        if (uuid_is_zero(undo->undoes)) continue;
        for (size_t j = i; j-- > 0;) {
            if (!event_undoes(undo, events[j].entity)) continue;
            h->undone[j] = true;
            h->undone[i] = true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (h->undone[i] && event_places(events[i].entity)) h->undone_count++;
    }
    return FAULT_NONE;
}

static struct visit *visit_running(struct history *h)
{
    if (h->count == 0) return NULL;
    struct visit *last = &h->visits[h->count - 1];
    return last->ended ? NULL : last;
}

/* Nothing runs backwards; what seems to has no known length. */
static bool span(struct optional from, struct optional to, int64_t *out_ms)
{
    if (!from.has || !to.has) return false;
    return !__builtin_sub_overflow(to.v, from.v, out_ms) && *out_ms >= 0;
}

static void visit_thaw(struct visit *visit, struct optional at)
{
    int64_t ms;
    if (!visit->iced) return;
    if (span(visit->iced_since, at, &ms))
        visit->iced_ms += ms;
    else
        visit->time_unknown = true;
    visit->iced = false;
    visit->iced_since = (struct optional){false, 0};
}

static void visit_end(struct visit *visit, struct optional at)
{
    visit_thaw(visit, at);
    visit->ended = true;
    visit->left = at;
}

static enum fault history_stay(struct history *h, struct arena *arena, const struct event *event,
                               const struct pipeline *pipeline, const struct stage *stage)
{
    struct visit *visit = visit_running(h);
    if (visit && (visit->stage != stage || visit->pipeline != pipeline)) {
        visit_end(visit, event->happened_at);
        visit = NULL;
    }
    if (!visit) {
        void *visits = h->visits;
        visit = arena_push(arena, &visits, &h->count, &h->cap, sizeof *visit);
        h->visits = visits;
        if (!visit) return arena_fault(arena);
        visit->pipeline = pipeline;
        visit->stage = stage;
        visit->entered = event->happened_at;
        visit->recorded = event->recorded_at;
        visit->owner = event->owner;
        if (stage->kind == STAGE_LEAD) h->saw_lead = true;
    }
    if (event->to_status == STATUS_ICED && !visit->iced) {
        visit->iced = true;
        visit->iced_since = event->happened_at;
    } else if (event->to_status == STATUS_OPEN) {
        visit_thaw(visit, event->happened_at);
    }
    return FAULT_NONE;
}

static void history_close(struct history *h, const struct event *event)
{
    struct visit *visit = visit_running(h);
    if (visit) visit_end(visit, event->happened_at);
    h->closing = (struct closing){.has = true,
                                  .status = event->to_status,
                                  .at = event->happened_at,
                                  .recorded = event->recorded_at,
                                  .owner = event->owner};
    for (size_t i = h->count; i-- > 0 && !h->closing.from;) {
        if (h->visits[i].stage->kind == STAGE_OPEN) h->closing.from = h->visits[i].stage;
    }
}

/* Closed before it was an opportunity: that time is before the cycle, not within. */
static void history_reopen(struct history *h, const struct event *event)
{
    int64_t ms;
    if (!h->closing.has) return;
    if (h->closing.from) {
        if (span(h->closing.at, event->happened_at, &ms))
            h->closed_ms += ms;
        else
            h->closed_unknown = true;
    }
    h->closing = (struct closing){.has = false};
}

enum fault history_build(struct history *h, struct arena *arena,
                         const struct definition *definition, const struct deal *deal,
                         const struct row *events, size_t count)
{
    enum fault fault = history_mark_undone(h, arena, events, count);
    if (fault) return fault;
    h->count = 0;
    h->closing = (struct closing){.has = false};
    h->closed_ms = 0;
    h->closed_unknown = h->saw_lead = false;
    for (size_t i = 0; i < count; i++) {
        const struct event *event = events[i].entity;
        if (i > 0 && (events[i].seq < events[i - 1].seq ||
                      (events[i].seq == events[i - 1].seq && events[i].n <= events[i - 1].n)))
            return FAULT_FORMAT;
        if (h->undone[i] || !event_places(event)) continue;
        struct str key = event->pipeline.p ? event->pipeline : deal->pipeline;
        const struct pipeline *pipeline = definition_pipeline(definition, key);
        bool over = event->to_status == STATUS_WON || event->to_status == STATUS_LOST ||
                    event->to_status == STATUS_DISCARDED;
        if (over) {
            history_close(h, event);
            continue;
        }
        history_reopen(h, event);
        const struct stage *stage =
            pipeline ? pipeline_stage_today(pipeline, event->to_stage) : NULL;
        if (!stage || (stage->kind != STAGE_LEAD && stage->kind != STAGE_OPEN)) continue;
        fault = history_stay(h, arena, event, pipeline, stage);
        if (fault) return fault;
    }
    return FAULT_NONE;
}

static bool won_in(const struct deal *deal, const struct pipeline *pipeline)
{
    return deal->status == STATUS_WON && str_equal(deal->pipeline, pipeline->key);
}

bool history_arrival(const struct history *h, const struct deal *deal,
                     const struct pipeline *pipeline, size_t position, struct arrival *out)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct visit *visit = &h->visits[i];
        if (visit->pipeline != pipeline || visit->stage->kind != STAGE_OPEN) continue;
        size_t reached = pipeline_position(pipeline, visit->stage);
        if (reached < position) continue;
        *out = (struct arrival){visit->entered, visit->recorded, visit->owner, reached != position};
        return true;
    }
    if (!won_in(deal, pipeline)) return false;
    bool told = h->closing.has && h->closing.status == STATUS_WON;
    *out = (struct arrival){.at = deal->closed_at,
                            .owner = told ? h->closing.owner : deal->owner,
                            .implied = true};
    if (told) out->recorded = h->closing.recorded;
    return true;
}

size_t history_reach(const struct history *h, const struct deal *deal,
                     const struct pipeline *pipeline)
{
    if (won_in(deal, pipeline)) return SIZE_MAX;
    size_t reach = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct visit *visit = &h->visits[i];
        if (visit->pipeline != pipeline || visit->stage->kind != STAGE_OPEN) continue;
        size_t reached = pipeline_position(pipeline, visit->stage) + 1;
        if (reached > reach) reach = reached;
    }
    return reach;
}

bool history_is_proper(const struct history *h, const struct deal *deal)
{
    if (deal->status == STATUS_WON) return true;
    for (size_t i = 0; i < h->count; i++) {
        if (h->visits[i].stage->kind == STAGE_OPEN) return true;
    }
    return deal->status == STATUS_LOST && !h->saw_lead;
}

bool visit_elapsed(const struct visit *visit, int64_t now_ms, int64_t *out_ms)
{
    struct optional end = {true, now_ms};
    if (visit->ended) end = visit->left;
    if (!visit->ended && visit->iced) end = visit->iced_since;
    if (visit->time_unknown || !span(visit->entered, end, out_ms)) return false;
    *out_ms -= visit->iced_ms;
    return *out_ms >= 0;
}

bool history_cycle(const struct history *h, int64_t end_ms, int64_t *out_ms)
{
    struct optional end = {true, end_ms};
    if (h->closed_unknown) return false;
    for (size_t i = 0; i < h->count; i++) {
        if (h->visits[i].stage->kind != STAGE_OPEN) continue;
        int64_t pause = h->closed_ms, ice;
        for (size_t j = i; j < h->count; j++) {
            const struct visit *visit = &h->visits[j];
            if (visit->time_unknown) return false;
            pause += visit->iced_ms;
            if (!visit->iced) continue;
            if (!span(visit->iced_since, end, &ice)) return false;
            pause += ice;
        }
        if (!span(h->visits[i].entered, end, out_ms)) return false;
        *out_ms -= pause;
        return *out_ms >= 0;
    }
    return false;
}
