/* health_norms.c - what is usual: how long won deals stayed in each stage and took in all.
 *
 * Called through health.h. Made from the history of every won deal, which is too much to read for
 * each list: so norms can be packed, kept, and used again for as long as the won deals are the same
 * (their mark). Invariant: unpacked norms judge exactly as those that were packed. */
#include "common/metrics/health_inside.h"

#include "common/base/banned.h"

enum fault health_norms_create(struct arena *arena, const struct definition *definition,
                               struct health_norms **out)
{
    size_t count = definition->pipeline_count;
    struct health_norms *norms = arena_alloc(arena, sizeof *norms);
    if (!norms) return arena_fault(arena);
    norms->arena = arena;
    norms->definition = definition;
    norms->pipelines = arena_array(arena, count, sizeof *norms->pipelines);
    for (size_t i = 0; norms->pipelines && i < count; i++) {
        norms->pipelines[i].stages = arena_array(arena, definition->pipelines[i].stage_count,
                                                 sizeof(struct stage_norm));
    }
    *out = norms;
    return arena_fault(arena);
}

struct pipeline_norm *health_pipeline_norm(const struct health_norms *norms,
                                           const struct pipeline *pipeline)
{
    return &norms->pipelines[pipeline - norms->definition->pipelines];
}

struct stage_norm *health_stage_norm(const struct health_norms *norms,
                                     const struct pipeline *pipeline, const struct stage *stage)
{
    return &health_pipeline_norm(norms, pipeline)->stages[pipeline_position(pipeline, stage)];
}

enum fault health_norms_feed(struct health_norms *norms, const struct deal *deal,
                             const struct row *events, size_t count)
{
    struct history *h = &norms->history;
    const struct pipeline *pipeline = definition_pipeline(norms->definition, deal->pipeline);
    int64_t ms;
    if (deal->status != STATUS_WON || !pipeline) return FAULT_NONE;
    enum fault fault = history_build(h, norms->arena, norms->definition, deal, events, count);
    for (size_t i = 0; !fault && i < h->count; i++) {
        const struct visit *visit = &h->visits[i];
        if (!visit->ended || !visit_elapsed(visit, 0, &ms)) continue;
        struct stage_norm *norm = health_stage_norm(norms, visit->pipeline, visit->stage);
        fault = durations_add(&norm->visits, norms->arena, ms);
    }
    if (!fault && deal->closed_at.has && history_cycle(h, deal->closed_at.v, &ms)) {
        fault = durations_add(&health_pipeline_norm(norms, pipeline)->cycles, norms->arena, ms);
    }
    return fault;
}

static struct optional rank_of(const struct durations *d, unsigned percent, size_t at_least)
{
    if (d->count < at_least) return (struct optional){false, 0};
    return (struct optional){true, durations_percentile(d, percent).number};
}

void health_norms_finish(struct health_norms *norms)
{
    for (size_t i = 0; i < norms->definition->pipeline_count; i++) {
        struct pipeline_norm *pipeline = &norms->pipelines[i];
        for (size_t k = 0; k < norms->definition->pipelines[i].stage_count; k++) {
            struct stage_norm *stage = &pipeline->stages[k];
            durations_sort(&stage->visits);
            stage->median = rank_of(&stage->visits, 50, HEALTH_MEDIAN_VISITS);
            stage->usual = rank_of(&stage->visits, 75, HEALTH_USUAL_VISITS);
        }
        durations_sort(&pipeline->cycles);
        pipeline->longest = rank_of(&pipeline->cycles, 90, HEALTH_CYCLES);
    }
}

/* --- keeping them --- */

enum { PACKED_VERSION = 3 /* one more when the history is read otherwise */ };

static uint64_t mark_mix(uint64_t mark, uint64_t word)
{
    /* FNV-1a, a word at a time; the shift brings high bits down. */
    mark = (mark ^ word) * UINT64_C(1099511628211);
    return mark ^ mark >> 29;
}

static uint64_t mark_mix_str(uint64_t mark, struct str text)
{
    for (size_t i = 0; i < text.n; i++) mark = mark_mix(mark, (uint8_t)text.p[i]);
    return mark_mix(mark, text.n);
}

uint64_t health_norms_mark(const struct definition *definition, uint64_t won)
{
    uint64_t mark = mark_mix(PACKED_VERSION, definition->version);
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        mark = mark_mix_str(mark, definition->pipelines[i].key);
        mark = mark_mix(mark, definition->pipelines[i].stage_count);
    }
    return mark_mix(mark, won);
}

static void optional_put(struct buffer *out, struct optional number)
{
    buffer_append_byte(out, number.has);
    buffer_append_u64be(out, (uint64_t)number.v);
}

enum fault health_norms_pack(const struct health_norms *norms, uint64_t mark, struct buffer *out)
{
    buffer_append_u64be(out, mark);
    for (size_t i = 0; i < norms->definition->pipeline_count; i++) {
        const struct pipeline_norm *pipeline = &norms->pipelines[i];
        optional_put(out, pipeline->longest);
        for (size_t k = 0; k < norms->definition->pipelines[i].stage_count; k++) {
            optional_put(out, pipeline->stages[k].median);
            optional_put(out, pipeline->stages[k].usual);
        }
    }
    return buffer_fault(out);
}

static bool number_take(struct str *rest, uint64_t *number)
{
    if (rest->n < 8) return false;
    *number = 0;
    for (size_t i = 0; i < 8; i++) *number = *number << 8 | (uint8_t)rest->p[i];
    *rest = str_slice(*rest, 8, rest->n);
    return true;
}

static bool optional_take(struct str *rest, struct optional *out)
{
    uint64_t number;
    if (rest->n == 0) return false;
    out->has = rest->p[0] != 0;
    *rest = str_slice(*rest, 1, rest->n);
    if (!number_take(rest, &number)) return false;
    out->v = (int64_t)number;
    return true;
}

bool health_norms_unpack(struct health_norms *norms, uint64_t mark, struct str packed)
{
    uint64_t kept;
    if (!number_take(&packed, &kept) || kept != mark) return false;
    for (size_t i = 0; i < norms->definition->pipeline_count; i++) {
        struct pipeline_norm *pipeline = &norms->pipelines[i];
        if (!optional_take(&packed, &pipeline->longest)) return false;
        for (size_t k = 0; k < norms->definition->pipelines[i].stage_count; k++) {
            if (!optional_take(&packed, &pipeline->stages[k].median)) return false;
            if (!optional_take(&packed, &pipeline->stages[k].usual)) return false;
        }
    }
    return packed.n == 0;
}
