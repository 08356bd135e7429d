/* calendar.h - civil dates and the team's time zone, without any system clock.
 *
 * A date is the number of days since 1970-01-01; an instant is milliseconds since the epoch, UTC.
 * A zone is a table of transitions sent by the server, so that both sides compute the same local
 * date (architecture, invariant 12). Civil-date arithmetic: Howard Hinnant, "chrono-compatible
 * low-level date algorithms". */
#ifndef SLUICE_COMMON_BASE_CALENDAR_H
#define SLUICE_COMMON_BASE_CALENDAR_H

#include "common/base/text.h"

struct zone_transition {
    int64_t at_s;     /* first second of the new offset, UTC */
    int32_t offset_s; /* seconds east of UTC from then on */
};

/* Before the first transition, or with none, first_offset_s holds. Borrowed table. */
struct zone {
    int32_t first_offset_s;
    size_t count;
    const struct zone_transition *transitions;
};

struct civil {
    int year, month, day; /* month 1..12 */
};

/* Days are clamped to 32 bits (5.8 million years either way); a month outside 1..12 carries into
 * the year, a day outside its month into the days. */
struct civil civil_from_days(int64_t days);
int64_t days_from_civil(int year, int month, int day);
int weekday_from_days(int64_t days); /* 0 = Monday .. 6 = Sunday */
int64_t month_add(int64_t days, int months); /* clamped to the month's last day */
int64_t month_end(int64_t days);

/* Local date of an instant. */
int64_t zone_date(const struct zone *zone, int64_t instant_ms);
/* The instant of noon local time on that date: what a date-only input means. */
int64_t zone_noon(const struct zone *zone, int64_t days);
/* The instant the local day begins: the first one, where the clock skips or repeats midnight. */
int64_t zone_midnight(const struct zone *zone, int64_t days);
/* Packed form of a zone, as the team row carries it (big-endian i32 first offset, then i64+i32
 * pairs). FAULT_FORMAT unless strictly ascending with offsets within 26 hours; FAULT_LIMIT above
 * ZONE_TRANSITIONS_MAX. */
MUST_USE enum fault zone_unpack(struct arena *arena, struct str packed, struct zone *out);
MUST_USE enum fault zone_pack(struct arena *arena, const struct zone *zone, struct str *out);

/* ISO "2027-03-01". */
MUST_USE enum fault date_parse_iso(struct str text, int64_t *days);
/* What people type, relative to `today`: ISO, today, tomorrow, yesterday, mon..sun (the next such
 * day, never today), +3d +2w +1m -1w, eow eom eoq eoy, 2027-Q1 (last day of it), 2027-03 (last
 * day). Case ignored; weekdays also by their full name. FAULT_FORMAT otherwise. */
MUST_USE enum fault date_parse(struct str text, int64_t today, int64_t *days);
/* A period [from, to): all, today, week, month, quarter, year, last-week .. last-year, 2027,
 * 2027-Q1, 2027-03, FROM..TO (both ISO, TO included). `all` gives INT32_MIN..INT32_MAX. */
MUST_USE enum fault period_parse(struct str text, int64_t today, int64_t *from, int64_t *to);
void date_format(int64_t days, char out[11]);          /* "2027-03-01"; kept within 0000 to 9999 */
void instant_format(int64_t instant_ms, char out[25]); /* "2027-03-01T09:30:00.123Z" */
/* That form, milliseconds optional. */
MUST_USE enum fault instant_parse(struct str text, int64_t *instant_ms);

#endif
