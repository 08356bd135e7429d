/* metrics_world.c - letters to events. */
#include "tests/support/metrics_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t DAY_MS = INT64_C(86400000);

static struct str letter_stage(char letter)
{
    switch (letter) {
    case 'L': return STR("lead");
    case 'C': return STR("contact");
    case 'Q': return STR("qualification");
    case 'P': return STR("proposal");
    case 'W': return STR("won");
    case 'X': return STR("lost");
    default: return STR_NONE;
    }
}

void past_write(struct past_world *past, const char *text, int64_t value)
{
    struct str stage = STR_NONE, stages[PAST_EVENTS_MAX + 1] = {STR_NONE};
    int64_t status = STATUS_OPEN, statuses[PAST_EVENTS_MAX + 1] = {STATUS_OPEN};
    memset(past, 0, sizeof *past);
    struct deal *deal = &past->deal;
    deal->pipeline = STR("sales");
    deal->value = (struct optional){true, value};
    deal->currency = STR("EUR");
    deal->owner.b[15] = 1;
    for (const char *p = text; *p;) {
        char letter = *p++;
        struct optional at = {false, 0};
        if (*p == '?') {
            p++;
        } else {
            char *end;
            at = (struct optional){true, strtol(p, &end, 10) * DAY_MS + DAY_MS / 2};
            p = end;
        }
        while (*p == ' ') p++;
        size_t n = past->count++;
        assert_true(n < PAST_EVENTS_MAX);
        struct event *event = &past->events[n];
        status = letter == 'W'   ? STATUS_WON
                 : letter == 'X' ? STATUS_LOST
                 : letter == 'I' ? STATUS_ICED
                 : letter == 'D' ? STATUS_DISCARDED
                                 : STATUS_OPEN;
        if (letter_stage(letter).p) stage = letter_stage(letter);
        if (letter == 'U') {
            assert_true(n >= 1);
            event->undoes.b[0] = (uint8_t)n;
            stage = stages[n - 1];
            status = statuses[n - 1];
        }
        stages[n + 1] = stage;
        statuses[n + 1] = status;
        event->what = letter == 'Z' ? EVENT_DELETED : n == 0 ? EVENT_CREATED : EVENT_STAGE;
        event->subject_kind = ENTITY_DEAL;
        event->pipeline = deal->pipeline;
        event->to_stage = stage;
        event->to_status = status;
        event->owner = deal->owner;
        event->happened_at = event->recorded_at = at;
        event->mutation.b[0] = (uint8_t)(n + 1);
        past->rows[n] = (struct row){.kind = ENTITY_EVENT, .seq = n + 1, .entity = event};
        bool closed = status == STATUS_WON || status == STATUS_LOST || status == STATUS_DISCARDED;
        deal->closed_at = closed ? at : (struct optional){false, 0};
    }
    deal->stage = stage;
    deal->status = status;
}

struct question question_about(struct arena *arena, enum report_kind kind, int64_t from, int64_t to)
{
    struct definition *definition = arena_alloc(arena, sizeof *definition);
    assert_non_null(definition);
    assert_int_equal(definition_default(arena, (struct uuid){{1}}, definition), FAULT_NONE);
    return (struct question){.kind = kind, .definition = definition, .from = from, .to = to,
                             .as_of_ms = 100 * DAY_MS, .currency = STR("EUR")};
}
