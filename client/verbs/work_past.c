/* work_past.c - the history of all deals, read at once: what reports and the health of deals need.
 *
 * Invariant: rows of one deal stand together, in order; they are numbered anew, for predicted
 * events have no seq yet. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

static struct str subject_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

enum fault work_deals(struct work *work, const struct deal ***deals, size_t *count)
{
    struct deal_filter filter = {.all = true};
    enum fault fault = FAULT_NONE;
    if (!work->deals_loaded) {
        fault = work->replica->f->deals(work->replica, work->arena, &filter, &work->deals,
                                        &work->deal_count);
        work->deals_loaded = !fault;
    }
    *deals = work->deals;
    *count = work->deal_count;
    return fault;
}

static enum fault pasts_make(struct work *work, const struct event **events, size_t count,
                             struct pasts *out)
{
    enum fault fault;
    map_init(&out->by_deal, work->arena);
    struct row *rows = arena_array(work->arena, count ? count : 1, sizeof *rows);
    if (!rows) return FAULT_MEMORY;
    struct past *past = NULL;
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct row){.kind = ENTITY_EVENT, .id = events[i]->subject, .seq = i + 1,
                               .entity = events[i]};
        if (events[i]->subject_kind != ENTITY_DEAL) continue;
        if (!past || !uuid_equal(rows[i].id, rows[i - 1].id)) {
            past = arena_alloc(work->arena, sizeof *past);
            if (!past) return FAULT_MEMORY;
            past->rows = &rows[i];
            fault = map_put(&out->by_deal, subject_key(&rows[i].id), past);
            if (fault) return fault;
        }
        past->count++;
    }
    return FAULT_NONE;
}

enum fault pasts_load(struct work *work, struct uuid deal, struct pasts *out)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    enum fault fault = work->replica->f->events(work->replica, work->arena, deal, &events, &seqs,
                                                &count);
    return fault ? fault : pasts_make(work, events, count, out);
}

enum fault pasts_load_open(struct work *work, struct pasts *out)
{
    const struct event **events;
    size_t count;
    enum fault fault =
        work->replica->f->events_open(work->replica, work->arena, &events, &count);
    return fault ? fault : pasts_make(work, events, count, out);
}

enum fault pasts_load_won(struct work *work, struct pasts *out)
{
    const struct event **events;
    size_t count;
    enum fault fault =
        work->replica->f->events_won(work->replica, work->arena, &events, &count);
    return fault ? fault : pasts_make(work, events, count, out);
}

struct past past_of(const struct pasts *pasts, struct uuid deal)
{
    const struct past *past = map_get(&pasts->by_deal, subject_key(&deal));
    return past ? *past : (struct past){NULL, 0};
}
