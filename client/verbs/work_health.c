/* work_health.c - the health of deals shown: feeds common/metrics/health from the copy.
 *
 * Norms need the history of every won deal: they are kept in the copy and made anew only when the
 * won deals are not the same any more. Of the others only the history of open deals is read. */
#include "client/verbs/work_inside.h"
#include "common/metrics/health.h"

#include <inttypes.h>

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);
enum {
    NORMS_BYTES_MAX = 1 << 20, /* 18 bytes a stage; definitions are bounded */
    NORMS_KEPT = 1             /* under which number they are kept in the copy */
};

struct health_feed {
    struct health_norms *norms;
    struct pasts pasts;
    struct map touches; /* by deal */
};

static struct str id_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

static enum fault norms_make(struct work *work, const struct deal *const *deals, size_t count,
                             struct health_norms *norms)
{
    struct pasts pasts;
    enum fault fault = pasts_load_won(work, &pasts);
    for (size_t i = 0; !fault && i < count; i++) {
        struct past past = past_of(&pasts, deals[i]->id);
        fault = health_norms_feed(norms, deals[i], past.rows, past.count);
    }
    if (!fault) health_norms_finish(norms);
    return fault;
}

/* Keeping is a convenience: whatever hinders it (another process writing, a full disk) does not
 * hinder the list. */
static void norms_keep(struct work *work, const struct health_norms *norms, uint64_t mark)
{
    struct buffer packed;
    buffer_init(&packed, NORMS_BYTES_MAX);
    if (!health_norms_pack(norms, mark, &packed)) {
        (void)work->replica->f->kept_store(work->replica, NORMS_KEPT, buffer_str(&packed));
    }
    buffer_finish(&packed);
}

static enum fault norms_load(struct work *work, struct health_norms **norms)
{
    const struct deal **deals;
    struct deal_filter filter = {.won = true};
    size_t count;
    uint64_t won;
    struct str packed = STR_NONE;
    enum fault fault = health_norms_create(work->arena, &work->definition, norms);
    /* The mark first: what changes while the deals are read is of the next. */
    if (!fault) fault = work->replica->f->won_mark(work->replica, &won);
    if (fault) return fault;
    uint64_t mark = health_norms_mark(&work->definition, won);
    bool kept = work->replica->f->kept_load(work->replica, work->arena, NORMS_KEPT, &packed) ==
                FAULT_NONE;
    if (kept && health_norms_unpack(*norms, mark, packed)) return FAULT_NONE;
    fault = health_norms_create(work->arena, &work->definition, norms);
    if (!fault) {
        fault = work->replica->f->deals(work->replica, work->arena, &filter, &deals, &count);
    }
    if (!fault) fault = norms_make(work, deals, count, *norms);
    if (!fault) norms_keep(work, *norms, mark);
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

static uint32_t reason_of_flag(uint32_t is, enum deal_is flag, enum health_reason reason)
{
    return is >> flag & 1 ? UINT32_C(1) << reason : 0;
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
    if (!needed) return health_norms_create(work->arena, &work->definition, &feed->norms);
    enum fault fault = norms_load(work, &feed->norms);
    if (!fault) {
        fault = count == 1 ? pasts_load(work, views[0].deal->id, &feed->pasts)
                           : pasts_load_open(work, &feed->pasts);
    }
    if (fault) return fault;
    return touches_feed(work, count == 1 ? views[0].deal->id : everything, feed);
}

enum fault deal_healths(struct work *work, struct deal_view *views, size_t count)
{
    static const struct touches untouched;
    struct health_feed feed;
    struct health_question question = {.today = work->today, .now_ms = work->now.wall_ms};
    struct health *healths = arena_array(work->arena, count ? count : 1, sizeof *healths);
    if (!healths) return FAULT_MEMORY;
    enum fault fault = feed_load(work, views, count, &feed);
    for (size_t i = 0; !fault && i < count; i++) {
        const struct deal *deal = views[i].deal;
        const struct touches *touches = map_get(&feed.touches, id_key(&deal->id));
        struct past past = past_of(&feed.pasts, deal->id);
        struct health *health = &healths[i];
        fault = health_judge(feed.norms, &question, deal, past.rows, past.count,
                             touches ? touches : &untouched, health);
        if (fault) break;
        health->why |= reason_of_flag(views[i].is, IS_WAITING, HEALTH_WAITING) |
                       reason_of_flag(views[i].is, IS_CONFLICT, HEALTH_CONFLICT) |
                       reason_of_flag(views[i].is, IS_ATTENTION, HEALTH_ATTENTION);
        views[i].is |= health->is;
        views[i].why = health->why;
        views[i].health = health;
    }
    return fault;
}

/* --- saying it --- */

/* "7.1 days": rounded up, so that what passed a limit also looks so. */
static struct str days_say(struct arena *arena, struct optional ms)
{
    if (!ms.has) return STR("an unknown time");
    int64_t tenths = (ms.v + DAY_MS / 10 - 1) / (DAY_MS / 10);
    if (tenths == 10) return STR("1 day");
    if (tenths % 10 == 0 || tenths > 100) {
        return arena_format(arena, "%" PRId64 " days", (tenths + 9) / 10);
    }
    return arena_format(arena, "%" PRId64 ".%" PRId64 " days", tenths / 10, tenths % 10);
}

struct str health_say(struct work *work, const struct deal_view *view, uint32_t wanted, bool signs)
{
    static const struct health unknown;
    struct arena *arena = work->arena;
    const struct health *health = view->health ? view->health : &unknown;
    struct optional silence = health->last_touch;
    if (silence.has) silence.v = work->now.wall_ms - silence.v;
    const struct place places[] = {
        {"stay", days_say(arena, health->stage_ms)}, {"bears", days_say(arena, health->bears_ms)},
        {"age", days_say(arena, health->age_ms)},    {"cycle", days_say(arena, health->cycle_ms)},
        {"silence", days_say(arena, silence)},       {"due", date_say(work, view->deal->due)},
        {"quiet", days_say(arena, (struct optional){true, health->quiet_days * DAY_MS})},
        {"close", date_say(work, view->deal->expected_close)},
    };
    struct str out = STR("");
    for (int i = 0; i < HEALTH_REASON_COUNT; i++) {
        if (!(view->why & wanted & 1u << i)) continue;
        struct str one = sentence_fill(arena, health_reason_sentence((enum health_reason)i),
                                       places, sizeof places / sizeof places[0]);
        bool point = i >= HEALTH_STEP_SOON && i <= HEALTH_DECIDER;
        out = arena_format(arena, "%.*s%s%s%.*s", STR_ARGS(out), out.n > 0 ? "\n" : "",
                           !signs ? "" : point ? "+ " : "- ", STR_ARGS(one));
    }
    return out;
}
