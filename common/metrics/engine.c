/* engine.c - what every report asks of a deal; see engine.h. */
#include "common/metrics/engine.h"

#include "common/base/banned.h"

bool metrics_has_owner(const struct metrics *m, struct uuid owner)
{
    for (size_t i = 0; i < m->question.owner_count; i++) {
        if (uuid_equal(m->question.owners[i], owner)) return true;
    }
    return m->question.owner_count == 0;
}

bool metrics_in_period(const struct metrics *m, int64_t at_ms)
{
    int64_t date = zone_date(&m->question.zone, at_ms);
    return date >= m->question.from && date < m->question.to;
}

bool metrics_is_late(const struct metrics *m, struct optional recorded)
{
    return recorded.has && zone_date(&m->question.zone, recorded.v) >= m->question.to;
}

bool metrics_value(struct metrics *m, const struct deal *deal, int64_t *out)
{
    *out = deal->value.has ? deal->value.v : 0;
    if (!deal->value.has || str_equal(deal->currency, m->question.currency)) return true;
    metrics_note(m, NOTE_OTHER_CURRENCY, deal);
    return false;
}

struct report_row report_row_make(struct arena *arena, struct str key, size_t columns)
{
    return (struct report_row){key, arena_array(arena, columns, sizeof(struct report_cell))};
}
