/* gate.c - the requirements of stages, held against a deal.
 *
 * Invariant: reads the deal through the field table only, so that a new field can be a gate without
 * a line here. */
#include "common/domain/gate.h"

#include "common/domain/field.h"

#include "common/base/banned.h"

static const struct str check_prefix = STR_INIT("check:");

/* "check:KEY" -> KEY. */
static bool requirement_check(struct str requirement, struct str *key)
{
    if (!str_starts_with(requirement, check_prefix)) return false;
    *key = str_slice(requirement, check_prefix.n, requirement.n);
    return true;
}

static bool requirement_satisfied(struct str requirement, const struct deal *deal)
{
    struct str key;
    if (requirement_check(requirement, &key)) return text_set_has(deal->checks, key);
    const struct field *field = field_by_name(ENTITY_DEAL, requirement);
    return field && field_get(field, deal).present;
}

bool gate_satisfied(const struct gate *gate, const struct deal *deal)
{
    struct str rest = gate->requirement, alternative;
    while (str_split(&rest, '|', &alternative)) {
        if (requirement_satisfied(str_trim(alternative), deal)) return true;
    }
    return false;
}

static struct reason gate_reason(const struct stage *stage, struct str requirement)
{
    struct reason reason = {.code = REASON_FIELD_REQUIRED, .stage = stage->key};
    struct str key;
    if (str_find(requirement, '|') < requirement.n) {
        reason.code = REASON_ANY_FIELD_REQUIRED;
        reason.field = requirement;
    } else if (requirement_check(requirement, &key)) {
        reason.code = REASON_CHECK_REQUIRED;
        reason.check = key;
    } else {
        reason.field = requirement;
    }
    return reason;
}

static void stage_missing(const struct stage *stage, const struct deal *deal, struct reasons *out)
{
    for (size_t i = 0; i < stage->gate_count; i++) {
        if (gate_satisfied(&stage->gates[i], deal)) continue;
        reasons_add(out, gate_reason(stage, stage->gates[i].requirement));
    }
}

/* The range [first, end) of positions that entry into `to` passes over. */
static void skipped_range(const struct pipeline *pipeline, const struct stage *from,
                          const struct stage *to, size_t *first, size_t *end)
{
    *first = *end = 0;
    if (to->kind != STAGE_OPEN && to->kind != STAGE_WON) return;
    *end = pipeline_position(pipeline, to);
    if (!from || (from->kind != STAGE_OPEN && from->kind != STAGE_LEAD)) return;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (from == &pipeline->stages[i]) *first = i + 1; /* else it is of another pipeline */
    }
}

static bool stage_is_skippable(const struct stage *stage)
{
    return stage->kind == STAGE_OPEN && !stage->removed;
}

void gate_missing(const struct pipeline *pipeline, const struct deal *deal,
                  const struct stage *from, const struct stage *to, struct reasons *out)
{
    size_t first, end;
    skipped_range(pipeline, from, to, &first, &end);
    for (size_t i = first; i < end; i++) {
        if (stage_is_skippable(&pipeline->stages[i]))
            stage_missing(&pipeline->stages[i], deal, out);
    }
    stage_missing(to, deal, out);
}

void gate_skips(const struct pipeline *pipeline, const struct stage *from, const struct stage *to,
                struct reasons *out)
{
    size_t first, end;
    skipped_range(pipeline, from, to, &first, &end);
    for (size_t i = first; i < end; i++) {
        const struct stage *stage = &pipeline->stages[i];
        if (!stage_is_skippable(stage) || !stage->skip_forbidden) continue;
        reasons_add(out, (struct reason){.code = REASON_SKIP_FORBIDDEN, .stage = stage->key});
    }
}
