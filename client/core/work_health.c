/* work_health.c - the health of deals shown: feeds common/metrics/health from the copy.
 *
 * Norms need the history of every won deal, so it is read whole, once per list, and only when an
 * open deal in a proper stage is among those shown. */
#include "client/core/work_inside.h"
#include "common/metrics/health.h"

#include "common/base/banned.h"

struct health_feed {
    struct health_norms *norms;
    struct pasts pasts;
    struct map touches; /* by deal */
};

static struct str id_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

static enum fault norms_feed(struct work *work, struct health_feed *feed)
{
    const struct deal **deals;
    size_t count;
    struct deal_filter filter = {.all = true};
    enum fault fault =
        work->replica->f->deals(work->replica, work->arena, &filter, &deals, &count);
    for (size_t i = 0; !fault && i < count; i++) {
        if (deals[i]->status != STATUS_WON) continue;
        struct past past = past_of(&feed->pasts, deals[i]->id);
        fault = health_norms_feed(feed->norms, deals[i], past.rows, past.count);
    }
    return fault;
}

static enum fault touches_feed(struct work *work, struct uuid subject, struct health_feed *feed)
{
    const struct activity **activities;
    size_t count;
    enum fault fault = work->replica->f->activities(work->replica, work->arena, subject,
                                                    &activities, &count);
    for (size_t i = 0; !fault && i < count; i++) {
        struct uuid deal = activities[i]->deal;
        if (uuid_is_zero(deal)) continue;
        struct touches *touches = map_get(&feed->touches, id_key(&deal));
        if (!touches) {
            touches = arena_alloc(work->arena, sizeof *touches);
            if (!touches) return FAULT_MEMORY;
            fault = map_put(&feed->touches, id_key(&deal), touches);
        }
        touches_add(touches, activities[i], work->now.wall_ms);
    }
    return fault;
}

/* In a list every activity is read at once; of a single deal only its own. */
static enum fault feed_load(struct work *work, const struct deal_view *views, size_t count,
                            struct health_feed *feed)
{
    struct uuid everything = {{0}};
    bool needed = false;
    for (size_t i = 0; i < count && !needed; i++) {
        needed = views[i].deal->status == STATUS_OPEN && views[i].stage &&
                 views[i].stage->kind == STAGE_OPEN;
    }
    map_init(&feed->touches, work->arena);
    map_init(&feed->pasts.by_deal, work->arena);
    enum fault fault = health_norms_create(work->arena, &work->definition, &feed->norms);
    if (needed) {
        if (!fault) fault = pasts_load(work, everything, &feed->pasts);
        if (!fault) fault = norms_feed(work, feed);
        if (!fault) {
            fault = touches_feed(work, count == 1 ? views[0].deal->id : everything, feed);
        }
    }
    if (!fault) health_norms_finish(feed->norms);
    return fault;
}

enum fault deal_healths(struct work *work, struct deal_view *views, size_t count)
{
    static const struct touches untouched;
    struct health_feed feed;
    struct health_question question = {.today = work->today, .now_ms = work->now.wall_ms};
    enum fault fault = feed_load(work, views, count, &feed);
    for (size_t i = 0; !fault && i < count; i++) {
        const struct deal *deal = views[i].deal;
        const struct touches *touches = map_get(&feed.touches, id_key(&deal->id));
        struct past past = past_of(&feed.pasts, deal->id);
        struct health health;
        fault = health_judge(feed.norms, &question, deal, past.rows, past.count,
                             touches ? touches : &untouched, &health);
        if (fault) break;
        views[i].is |= health.is;
        views[i].why = health.why;
    }
    return fault;
}
