/* abridged.c - see abridged.h. Called by the copy as events come, and for lists.
 *
 * An event is: flags, what, its place, then what the flags say there is. What can be undone is of a
 * place or of a field, and only by one of the same: so fields nobody reads leave no gap. */
#include "common/metrics/abridged.h"

#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum abridged_flag {
    ABRIDGED_HAPPENED = 1, /* at a known time */
    ABRIDGED_BY_HAND = 2,  /* somebody's single change: see health.c */
    ABRIDGED_UNDOES = 4,
    ABRIDGED_PIPELINE = 8,
};
enum { FLAGS_ALL = 15, NUMBER_BITS = 7, NUMBER_BYTES_MAX = 10 };

/* The fields that are read; of the last one the values are, too. */
static const struct str fields[] = {STR_INIT("next_step"), STR_INIT("due"),
                                    STR_INIT("expected_close")};
enum { FIELD_VALUES = 2, FIELDS = sizeof fields / sizeof fields[0] };

static bool event_of_place(const struct event *event)
{
    return event->what == EVENT_CREATED || event->what == EVENT_STAGE ||
           event->what == EVENT_IMPORTED || event->what == EVENT_DELETED;
}

static size_t field_number(const struct event *event)
{
    size_t i = 0;
    while (i < FIELDS && !str_equal(event->field, fields[i])) i++;
    return i;
}

bool abridged_keeps(const struct event *event)
{
    if (event->subject_kind != ENTITY_DEAL) return false;
    return event_of_place(event) || (event->what == EVENT_FIELD && field_number(event) < FIELDS);
}

/* --- packing --- */

static void number_append(struct buffer *out, uint64_t number)
{
    for (; number >> NUMBER_BITS != 0; number >>= NUMBER_BITS) {
        buffer_append_byte(out, (uint8_t)(number | 1 << NUMBER_BITS));
    }
    buffer_append_byte(out, (uint8_t)number);
}

static void text_append(struct buffer *out, struct str text)
{
    number_append(out, text.n);
    buffer_append_str(out, text);
}

static bool event_by_hand(const struct event *event)
{
    return uuid_is_zero(event->batch) && !uuid_is_zero(event->who);
}

void abridged_append(struct buffer *out, uint64_t seq, uint32_t n, const struct event *event)
{
    check(abridged_keeps(event));
    bool undoes = !uuid_is_zero(event->undoes), place = event_of_place(event);
    int flags = (event->happened_at.has ? ABRIDGED_HAPPENED : 0) |
                (event_by_hand(event) ? ABRIDGED_BY_HAND : 0) | (undoes ? ABRIDGED_UNDOES : 0) |
                (place && event->pipeline.p ? ABRIDGED_PIPELINE : 0);
    buffer_append_byte(out, (uint8_t)flags);
    number_append(out, (uint64_t)event->what);
    number_append(out, seq);
    number_append(out, n);
    buffer_append(out, event->mutation.b, sizeof event->mutation.b);
    if (event->happened_at.has) buffer_append_u64be(out, (uint64_t)event->happened_at.v);
    if (undoes) buffer_append(out, event->undoes.b, sizeof event->undoes.b);
    if (place) {
        if (event->pipeline.p) text_append(out, event->pipeline);
        text_append(out, event->to_stage);
        number_append(out, (uint64_t)event->to_status);
        return;
    }
    size_t field = field_number(event);
    number_append(out, field);
    if (field != FIELD_VALUES) return;
    text_append(out, event->from_value);
    text_append(out, event->to_value);
}

/* --- unpacking --- */

static bool bytes_take(struct str *rest, void *out, size_t n)
{
    if (rest->n < n) return false;
    memcpy(out, rest->p, n);
    *rest = (struct str){rest->p + n, rest->n - n};
    return true;
}

static bool number_take(struct str *rest, uint64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < NUMBER_BYTES_MAX; i++) {
        uint8_t byte;
        if (!bytes_take(rest, &byte, 1)) return false;
        *out |= (uint64_t)(byte & ((1 << NUMBER_BITS) - 1)) << (i * NUMBER_BITS);
        if (byte >> NUMBER_BITS == 0) return true;
    }
    return false;
}

static bool text_take(struct str *rest, struct str *out)
{
    uint64_t n;
    if (!number_take(rest, &n) || n > rest->n) return false;
    *out = (struct str){rest->p, (size_t)n};
    *rest = (struct str){rest->p + n, rest->n - (size_t)n};
    return true;
}

static bool happened_take(struct str *rest, struct event *event)
{
    uint8_t bytes[8];
    uint64_t at = 0;
    if (!bytes_take(rest, bytes, sizeof bytes)) return false;
    for (size_t i = 0; i < sizeof bytes; i++) at = at << 8 | bytes[i];
    event->happened_at = (struct optional){true, (int64_t)at};
    return true;
}

static bool place_take(struct str *rest, uint8_t flags, struct event *event)
{
    uint64_t status;
    if ((flags & ABRIDGED_PIPELINE) && !text_take(rest, &event->pipeline)) return false;
    if (!text_take(rest, &event->to_stage) || !number_take(rest, &status)) return false;
    event->to_status = (int64_t)status;
    return true;
}

static bool field_take(struct str *rest, struct event *event)
{
    uint64_t field;
    if (!number_take(rest, &field) || field >= FIELDS) return false;
    event->field = fields[field];
    return field != FIELD_VALUES ||
           (text_take(rest, &event->from_value) && text_take(rest, &event->to_value));
}

static bool event_take(struct str *rest, struct abridged *out)
{
    struct event *event = out->event;
    uint8_t flags;
    uint64_t what, n;
    if (!bytes_take(rest, &flags, 1) || flags > FLAGS_ALL) return false;
    if (!number_take(rest, &what) || !number_take(rest, &out->seq)) return false;
    if (!number_take(rest, &n) || n > UINT32_MAX) return false;
    out->n = (uint32_t)n;
    event->what = (int64_t)what;
    if (flags & ABRIDGED_BY_HAND) event->who.b[0] = 1; /* whoever it was */
    if (!bytes_take(rest, event->mutation.b, sizeof event->mutation.b)) return false;
    if ((flags & ABRIDGED_HAPPENED) && !happened_take(rest, event)) return false;
    bool undoes = (flags & ABRIDGED_UNDOES) != 0;
    if (undoes && !bytes_take(rest, event->undoes.b, sizeof event->undoes.b)) return false;
    return event_of_place(event) ? place_take(rest, flags, event) : field_take(rest, event);
}

enum fault abridged_next(struct arena *arena, struct uuid deal, struct str *rest,
                         struct abridged *out)
{
    out->event = arena_alloc(arena, sizeof *out->event);
    if (!out->event) return FAULT_MEMORY;
    out->event->subject = deal;
    out->event->subject_kind = ENTITY_DEAL;
    return event_take(rest, out) ? FAULT_NONE : FAULT_FORMAT;
}
