/* calendar.c - civil dates, zones, and their plain printed forms. Callers: decide, metrics, cli,
 * board. Reading what people type is calendar_parse.c.
 *
 * Invariant: every function is total: dates outside 32 bits of days are taken as the nearest one
 * inside, so that no input overflows. */
#include "common/base/calendar.h"

#include "common/base/arena.h"
#include "common/base/bounds.h"

#include "common/base/banned.h"

enum { DAY_S = 86400, OFFSET_S_MAX = 26 * 3600, PACKED_FIRST = 4, PACKED_EACH = 12 };

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_clamp(int64_t days)
{
    if (days < INT32_MIN) return INT32_MIN;
    return days > INT32_MAX ? INT32_MAX : days;
}

struct civil civil_from_days(int64_t days)
{
    int64_t z = days_clamp(days) + 719468; /* since 0000-03-01 */
    int64_t era = floor_divide(z, 146097); /* of 400 years */
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 = March */
    int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    return (struct civil){(int)year, (int)month, (int)day};
}

int64_t days_from_civil(int year, int month, int day)
{
    int64_t carried = floor_divide((int64_t)month - 1, 12);
    int64_t m = month - carried * 12;
    int64_t y = (int64_t)year + carried - (m <= 2);
    int64_t era = floor_divide(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

int weekday_from_days(int64_t days)
{
    int64_t d = days_clamp(days) + 3; /* 1970-01-01 was a Thursday */
    return (int)(d - floor_divide(d, 7) * 7);
}

int64_t month_end(int64_t days)
{
    struct civil c = civil_from_days(days);
    return days_from_civil(c.year, c.month + 1, 1) - 1;
}

int64_t month_add(int64_t days, int months)
{
    struct civil c = civil_from_days(days);
    int64_t month = (int64_t)c.month - 1 + months;
    int64_t year = c.year + floor_divide(month, 12);
    month -= floor_divide(month, 12) * 12;
    int64_t first = days_from_civil((int)year, (int)month + 1, 1);
    int64_t last = month_end(first);
    int64_t same = first + c.day - 1;
    return same < last ? same : last;
}

/* How many transitions are at or before that second. */
static size_t zone_position(const struct zone *zone, int64_t at_s)
{
    size_t from = 0;
    size_t to = zone->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (zone->transitions[middle].at_s <= at_s) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static int32_t zone_offset(const struct zone *zone, size_t position)
{
    return position ? zone->transitions[position - 1].offset_s : zone->first_offset_s;
}

int64_t zone_date(const struct zone *zone, int64_t instant_ms)
{
    int64_t at_s = floor_divide(instant_ms, 1000);
    return floor_divide(at_s + zone_offset(zone, zone_position(zone, at_s)), DAY_S);
}

/* The first instant at which the local clock shows local_s or, where that is skipped, more. */
static int64_t zone_instant(const struct zone *zone, int64_t local_s)
{
    /* Stretches that end earlier than this cannot reach local_s with any offset there is. */
    size_t position = zone_position(zone, local_s - OFFSET_S_MAX);
    int64_t at_s = local_s - zone_offset(zone, position);
    for (; position < zone->count && at_s >= zone->transitions[position].at_s; position++) {
        int64_t start_s = zone->transitions[position].at_s;
        at_s = local_s - zone_offset(zone, position + 1);
        if (at_s < start_s) at_s = start_s;
    }
    return at_s * 1000;
}

int64_t zone_noon(const struct zone *zone, int64_t days)
{
    return zone_instant(zone, days_clamp(days) * DAY_S + DAY_S / 2);
}

int64_t zone_midnight(const struct zone *zone, int64_t days)
{
    return zone_instant(zone, days_clamp(days) * DAY_S);
}

static uint64_t big_endian_read(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v = v << 8 | (uint8_t)p[i];
    return v;
}

static bool offset_is_sane(int32_t offset_s)
{
    return offset_s >= -OFFSET_S_MAX && offset_s <= OFFSET_S_MAX;
}

enum fault zone_unpack(struct arena *arena, struct str packed, struct zone *out)
{
    if (packed.n < PACKED_FIRST || (packed.n - PACKED_FIRST) % PACKED_EACH != 0) {
        return FAULT_FORMAT;
    }
    struct zone zone = {.count = (packed.n - PACKED_FIRST) / PACKED_EACH};
    if (zone.count > ZONE_TRANSITIONS_MAX) return FAULT_LIMIT;
    zone.first_offset_s = (int32_t)(uint32_t)big_endian_read(packed.p, 4);
    if (!offset_is_sane(zone.first_offset_s)) return FAULT_FORMAT;
    struct zone_transition *transitions = arena_array(arena, zone.count, sizeof *transitions);
    if (!transitions) return FAULT_MEMORY;
    for (size_t i = 0; i < zone.count; i++) {
        const char *p = packed.p + PACKED_FIRST + i * PACKED_EACH;
        transitions[i].at_s = (int64_t)big_endian_read(p, 8);
        transitions[i].offset_s = (int32_t)(uint32_t)big_endian_read(p + 8, 4);
        if (!offset_is_sane(transitions[i].offset_s)) return FAULT_FORMAT;
        if (i > 0 && transitions[i].at_s <= transitions[i - 1].at_s) return FAULT_FORMAT;
    }
    zone.transitions = transitions;
    *out = zone;
    return FAULT_NONE;
}

static char *big_endian_write(char *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) p[i] = (char)(uint8_t)(v >> 8 * (n - 1 - i));
    return p + n;
}

enum fault zone_pack(struct arena *arena, const struct zone *zone, struct str *out)
{
    if (zone->count > ZONE_TRANSITIONS_MAX) return FAULT_LIMIT;
    size_t n = PACKED_FIRST + zone->count * PACKED_EACH;
    char *packed = arena_alloc(arena, n);
    if (!packed) return FAULT_MEMORY;
    char *p = big_endian_write(packed, (uint32_t)zone->first_offset_s, 4);
    for (size_t i = 0; i < zone->count; i++) {
        p = big_endian_write(p, (uint64_t)zone->transitions[i].at_s, 8);
        p = big_endian_write(p, (uint32_t)zone->transitions[i].offset_s, 4);
    }
    *out = (struct str){packed, n};
    return FAULT_NONE;
}

static char *number_write(char *p, int64_t value, int digits)
{
    for (int i = digits; i-- > 0; value /= 10) p[i] = (char)('0' + value % 10);
    return p + digits;
}

void date_format(int64_t days, char out[11])
{
    struct civil c = civil_from_days(days);
    if (c.year < 0) c = (struct civil){0, 1, 1};
    if (c.year > 9999) c = (struct civil){9999, 12, 31};
    char *p = number_write(out, c.year, 4);
    *p++ = '-';
    p = number_write(p, c.month, 2);
    *p++ = '-';
    p = number_write(p, c.day, 2);
    *p = '\0';
}

void instant_format(int64_t instant_ms, char out[25])
{
    const int64_t day_ms = (int64_t)DAY_S * 1000;
    int64_t days = floor_divide(instant_ms, day_ms);
    int64_t ms = (instant_ms % day_ms + day_ms) % day_ms;
    date_format(days, out);
    char *p = out + 10;
    *p++ = 'T';
    p = number_write(p, ms / 3600000, 2);
    *p++ = ':';
    p = number_write(p, ms / 60000 % 60, 2);
    *p++ = ':';
    p = number_write(p, ms / 1000 % 60, 2);
    *p++ = '.';
    p = number_write(p, ms % 1000, 3);
    *p++ = 'Z';
    *p = '\0';
}
