/* test_calendar.c - claims about civil dates, zones, and what people type for a date. */
#include "common/base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/arena.h"
#include "common/base/bounds.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Thursday. */
#define TODAY "2027-03-04"

static int64_t date(const char *iso)
{
    int64_t days;
    assert_int_equal(date_parse_iso(str_from(iso), &days), FAULT_NONE);
    return days;
}

static int64_t instant(const char *text)
{
    int64_t ms;
    assert_int_equal(instant_parse(str_from(text), &ms), FAULT_NONE);
    return ms;
}

static void civil_dates_count_without_gaps(void **state)
{
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = days_from_civil(-401, 1, 1);
    int weekday = weekday_from_days(days);
    for (int year = -401; year <= 2401; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int month = 1; month <= 12; month++) {
            int length = lengths[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= length; day++) {
                struct civil c = civil_from_days(days);
                if (c.year != year || c.month != month || c.day != day ||
                    days_from_civil(year, month, day) != days ||
                    weekday_from_days(days) != weekday || month_end(days) != days + length - day) {
                    fail_msg("%d-%d-%d", year, month, day);
                }
                days++;
                weekday = (weekday + 1) % 7;
            }
        }
    }
    assert_int_equal(days_from_civil(1970, 1, 1), 0);
    assert_int_equal(weekday_from_days(0), 3);
    assert_int_equal(weekday_from_days(date("2027-03-01")), 0);
    assert_int_equal(days_from_civil(2027, 13, 1), date("2028-01-01"));
    assert_int_equal(days_from_civil(2027, 0, 1), date("2026-12-01"));
    assert_int_equal(days_from_civil(2027, -11, 1), date("2026-01-01"));
}

static void far_dates_are_clamped(void **state)
{
    (void)state;
    assert_int_equal(civil_from_days(INT64_MAX).year, civil_from_days(INT32_MAX).year);
    assert_int_equal(civil_from_days(INT64_MIN).year, civil_from_days(INT32_MIN).year);
    assert_int_equal(weekday_from_days(INT64_MAX), weekday_from_days(INT32_MAX));
    char text[25];
    date_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31");
    date_format(INT32_MIN, text);
    assert_string_equal(text, "0000-01-01");
    instant_format(INT64_MIN, text);
    assert_int_equal(strlen(text), 24);
    instant_format(INT64_MAX, text);
    assert_int_equal(strlen(text), 24);
    (void)month_add(INT64_MAX, INT32_MAX);
    (void)month_add(INT64_MIN, INT32_MIN);
}

static void months_are_added_within_the_month(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        int months;
        const char *want;
    } rows[] = {
        {"2027-01-31", 1, "2027-02-28"},  {"2028-01-31", 1, "2028-02-29"},
        {"2027-01-31", 2, "2027-03-31"},  {"2027-03-31", -1, "2027-02-28"},
        {"2027-12-15", 1, "2028-01-15"},  {"2027-01-15", -1, "2026-12-15"},
        {"2028-02-29", 12, "2029-02-28"}, {"2028-02-29", -48, "2024-02-29"},
        {"2027-05-31", 0, "2027-05-31"},  {"2027-08-31", -18, "2026-02-28"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (month_add(date(rows[i].from), rows[i].months) != date(rows[i].want)) {
            fail_msg("%s %+d", rows[i].from, rows[i].months);
        }
    }
}

/* Zones as they are or were: Warsaw in 2027; Cairo, which skips midnight; Apia, which skipped
 * 2011-12-30; St. John's, which went back one minute after midnight. */
static const struct zone_transition warsaw_table[] = {
    {1806195600, 7200}, /* 2027-03-28 01:00 UTC */
    {1824944400, 3600}, /* 2027-10-31 01:00 UTC */
};
static const struct zone warsaw = {3600, ROWS(warsaw_table), warsaw_table};
static const struct zone_transition cairo_table[] = {{1714082400, 10800}}; /* 2024-04-25 22:00 */
static const struct zone cairo = {7200, ROWS(cairo_table), cairo_table};
static const struct zone_transition apia_table[] = {{1325239200, 50400}}; /* 2011-12-30 10:00 */
static const struct zone apia = {-36000, ROWS(apia_table), apia_table};
static const struct zone_transition johns_table[] = {{1289097060, -12600}}; /* 2010-11-07 02:31 */
static const struct zone johns = {-9000, ROWS(johns_table), johns_table};

static void local_dates_follow_the_zone(void **state)
{
    (void)state;
    static const struct zone utc = {0};
    static const struct {
        const char *claim;
        const struct zone *zone;
        const char *at, *want;
    } rows[] = {
        {"UTC has no table", &utc, "2027-03-01T23:59:59.999Z", "2027-03-01"},
        {"the last second before midnight", &warsaw, "2027-03-01T22:59:59.999Z", "2027-03-01"},
        {"midnight in winter", &warsaw, "2027-03-01T23:00:00Z", "2027-03-02"},
        {"midnight in summer", &warsaw, "2027-07-01T22:00:00Z", "2027-07-02"},
        {"an hour earlier it is still today", &warsaw, "2027-07-01T21:59:59.999Z", "2027-07-01"},
        {"before the epoch", &warsaw, "1969-12-31T22:59:59.999Z", "1969-12-31"},
        {"west of the date line", &apia, "2011-12-30T09:59:59.999Z", "2011-12-29"},
        {"a second later on the other side", &apia, "2011-12-30T10:00:00Z", "2011-12-31"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (zone_date(rows[i].zone, instant(rows[i].at)) != date(rows[i].want)) {
            fail_msg("%s", rows[i].claim);
        }
    }
}

static void days_begin_and_have_a_noon(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        const struct zone *zone;
        const char *day, *midnight, *noon;
    } rows[] = {
        {"winter", &warsaw, "2027-03-01", "2027-02-28T23:00:00Z", "2027-03-01T11:00:00Z"},
        {"summer", &warsaw, "2027-07-01", "2027-06-30T22:00:00Z", "2027-07-01T10:00:00Z"},
        {"the short day", &warsaw, "2027-03-28", "2027-03-27T23:00:00Z", "2027-03-28T10:00:00Z"},
        {"the day after", &warsaw, "2027-03-29", "2027-03-28T22:00:00Z", "2027-03-29T10:00:00Z"},
        {"the long day", &warsaw, "2027-10-31", "2027-10-30T22:00:00Z", "2027-10-31T11:00:00Z"},
        {"after the table", &warsaw, "2050-07-01", "2050-06-30T23:00:00Z", "2050-07-01T11:00:00Z"},
        {"skipped midnight", &cairo, "2024-04-26", "2024-04-25T22:00:00Z", "2024-04-26T09:00:00Z"},
        {"a skipped day", &apia, "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
        {"the day after", &apia, "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"},
        {"midnight twice", &johns, "2010-11-07", "2010-11-07T02:30:00Z", "2010-11-07T15:30:00Z"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t day = date(rows[i].day);
        if (zone_midnight(rows[i].zone, day) != instant(rows[i].midnight) ||
            zone_noon(rows[i].zone, day) != instant(rows[i].noon)) {
            fail_msg("%s: %s", rows[i].day, rows[i].claim);
        }
    }
    for (int64_t day = date("2027-01-01"); day < date("2028-01-01"); day++) {
        assert_int_equal(zone_date(&warsaw, zone_noon(&warsaw, day)), day);
        assert_int_equal(zone_date(&warsaw, zone_midnight(&warsaw, day)), day);
        assert_int_equal(zone_date(&warsaw, zone_midnight(&warsaw, day) - 1), day - 1);
    }
    (void)zone_noon(&warsaw, INT64_MAX);
    (void)zone_midnight(&warsaw, INT64_MIN);
    (void)zone_date(&warsaw, INT64_MIN);
}

static void zones_travel_packed(void **state)
{
    (void)state;
    struct arena arena;
    struct str packed;
    struct zone zone;
    arena_init(&arena, 1 << 16);
    assert_int_equal(zone_pack(&arena, &apia, &packed), FAULT_NONE);
    assert_true(str_equal(packed, STR("\xff\xff\x73\x60\x00\x00\x00\x00\x4e\xfd\x8b\xa0"
                                      "\x00\x00\xc4\xe0")));
    assert_int_equal(zone_unpack(&arena, packed, &zone), FAULT_NONE);
    assert_int_equal(zone.first_offset_s, -36000);
    assert_int_equal(zone.count, 1);
    assert_int_equal(zone.transitions[0].at_s, 1325239200);
    assert_int_equal(zone.transitions[0].offset_s, 50400);
    assert_int_equal(zone_unpack(&arena, STR("\0\0\0\0"), &zone), FAULT_NONE);
    assert_int_equal(zone.count, 0);

    static const struct zone_transition backwards[] = {{5, 0}, {5, 3600}};
    static const struct zone_transition absurd[] = {{5, 100000}};
    const struct zone bad[] = {{0, 2, backwards}, {0, 1, absurd}, {-100000, 0, NULL}};
    for (size_t i = 0; i < ROWS(bad); i++) {
        assert_int_equal(zone_pack(&arena, &bad[i], &packed), FAULT_NONE);
        assert_int_equal(zone_unpack(&arena, packed, &zone), FAULT_FORMAT);
    }
    assert_int_equal(zone_unpack(&arena, STR_NONE, &zone), FAULT_FORMAT);
    assert_int_equal(zone_unpack(&arena, STR("\0\0\0\0\0"), &zone), FAULT_FORMAT);
    static const char large[4 + 12 * (ZONE_TRANSITIONS_MAX + 1)];
    assert_int_equal(zone_unpack(&arena, (struct str){large, sizeof large}, &zone), FAULT_LIMIT);
    arena_finish(&arena);
    arena_init(&arena, 8);
    assert_int_equal(zone_pack(&arena, &apia, &packed), FAULT_MEMORY);
    arena_finish(&arena);
}

static void iso_dates_are_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2027-3-01",
        "2027-02-29",
        "2027-13-01",
        "2027-00-10",
        "2027-04-31",
        "2027-04-00",
        "2027/04/01",
        "2027-04-1x",
        "0000-01-01",
        "12027-01-01",
        " 2027-01-01",
        "2027-01-01 ",
        "+027-01-01",
        "20270101",
    };
    for (size_t i = 0; i < ROWS(bad); i++) {
        int64_t days;
        if (date_parse_iso(str_from(bad[i]), &days) != FAULT_FORMAT) fail_msg("\"%s\"", bad[i]);
    }
    char out[11];
    date_format(date("2028-02-29"), out);
    assert_string_equal(out, "2028-02-29");
    date_format(date("0001-01-01"), out);
    assert_string_equal(out, "0001-01-01");
}

static void people_type_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text, *today, *want; /* no want: refused */
    } rows[] = {
        {"2027-05-06", TODAY, "2027-05-06"},
        {"today", TODAY, "2027-03-04"},
        {" Tomorrow ", TODAY, "2027-03-05"},
        {"yesterday", "2027-03-01", "2027-02-28"},
        {"thu", TODAY, "2027-03-11"}, /* never today */
        {"fri", TODAY, "2027-03-05"},
        {"FRI", TODAY, "2027-03-05"},
        {"wed", TODAY, "2027-03-10"},
        {"sunday", TODAY, "2027-03-07"},
        {"mon", TODAY, "2027-03-08"},
        {"+3d", TODAY, "2027-03-07"},
        {"-3d", TODAY, "2027-03-01"},
        {"+0d", TODAY, "2027-03-04"},
        {"+2w", TODAY, "2027-03-18"},
        {"-1w", TODAY, "2027-02-25"},
        {"+1m", "2027-01-31", "2027-02-28"},
        {"-1m", "2028-03-31", "2028-02-29"},
        {"+12m", "2028-02-29", "2029-02-28"},
        {"eow", TODAY, "2027-03-07"},
        {"eow", "2027-03-07", "2027-03-07"},
        {"eow", "2027-03-08", "2027-03-14"},
        {"eom", TODAY, "2027-03-31"},
        {"eom", "2028-02-29", "2028-02-29"},
        {"eoq", TODAY, "2027-03-31"},
        {"eoq", "2027-04-01", "2027-06-30"},
        {"eoq", "2027-11-30", "2027-12-31"},
        {"eoy", TODAY, "2027-12-31"},
        {"2027-Q1", TODAY, "2027-03-31"},
        {"2027-q4", TODAY, "2027-12-31"},
        {"2028-02", TODAY, "2028-02-29"},
        {"2027-12", TODAY, "2027-12-31"},
        {"2027", TODAY, NULL},
        {"2027-Q5", TODAY, NULL},
        {"2027-Q0", TODAY, NULL},
        {"2027-13", TODAY, NULL},
        {"2027-00", TODAY, NULL},
        {"0000-01", TODAY, NULL},
        {"", TODAY, NULL},
        {"friday next week", TODAY, NULL},
        {"fr", TODAY, NULL},
        {"frid", TODAY, NULL},
        {"3d", TODAY, NULL},
        {"+d", TODAY, NULL},
        {"+3", TODAY, NULL},
        {"++3d", TODAY, NULL},
        {"+-3d", TODAY, NULL},
        {"+3y", TODAY, NULL},
        {"+99999m", TODAY, NULL},
        {"-99999m", TODAY, NULL},
        {"+9999999999999999999d", TODAY, NULL},
        {"tomorrow", "9999-12-31", NULL},
        {"a word that is longer than any we know", TODAY, NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t days = -1;
        enum fault fault = date_parse(str_from(rows[i].text), date(rows[i].today), &days);
        bool right = rows[i].want ? fault == FAULT_NONE && days == date(rows[i].want)
                                  : fault == FAULT_FORMAT && days == -1;
        if (!right) fail_msg("\"%s\" on %s", rows[i].text, rows[i].today);
    }
}

static void periods_end_before_their_second_date(void **state)
{
    (void)state;
    static const struct {
        const char *text, *from, *to; /* no from: refused */
    } rows[] = {
        {"today", "2027-03-04", "2027-03-05"},
        {"week", "2027-03-01", "2027-03-08"},
        {"month", "2027-03-01", "2027-04-01"},
        {"quarter", "2027-01-01", "2027-04-01"},
        {"year", "2027-01-01", "2028-01-01"},
        {"last-week", "2027-02-22", "2027-03-01"},
        {"Last-Month", "2027-02-01", "2027-03-01"},
        {"last-quarter", "2026-10-01", "2027-01-01"},
        {"last-year", "2026-01-01", "2027-01-01"},
        {"2027", "2027-01-01", "2028-01-01"},
        {"2027-Q4", "2027-10-01", "2028-01-01"},
        {"2027-02", "2027-02-01", "2027-03-01"},
        {"2027-12", "2027-12-01", "2028-01-01"},
        {"2027-01-10..2027-02-20", "2027-01-10", "2027-02-21"},
        {"2027-01-10..2027-01-10", "2027-01-10", "2027-01-11"},
        {"2027-01-10..2027-01-09", NULL, NULL},
        {"2027-01-10...2027-01-11", NULL, NULL},
        {"2027-01-10..2027-02-30", NULL, NULL},
        {"2027-01-10..", NULL, NULL},
        {"2027-Q9", NULL, NULL},
        {"last-all", NULL, NULL},
        {"last-", NULL, NULL},
        {"days", NULL, NULL},
        {"", NULL, NULL},
    };
    int64_t from;
    int64_t to;
    for (size_t i = 0; i < ROWS(rows); i++) {
        from = to = -1;
        enum fault fault = period_parse(str_from(rows[i].text), date(TODAY), &from, &to);
        bool right = rows[i].from ? fault == FAULT_NONE && from == date(rows[i].from) &&
                                        to == date(rows[i].to)
                                  : fault == FAULT_FORMAT && from == -1 && to == -1;
        if (!right) fail_msg("\"%s\"", rows[i].text);
    }
    assert_int_equal(period_parse(STR("all"), date(TODAY), &from, &to), FAULT_NONE);
    assert_int_equal(from, INT32_MIN);
    assert_int_equal(to, INT32_MAX);
}

static void instants_round_trip(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1803893400123), "2027-03-01T09:30:00.123Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char out[25];
        instant_format(rows[i].ms, out);
        assert_string_equal(out, rows[i].text);
        assert_int_equal(instant(rows[i].text), rows[i].ms);
    }
    assert_int_equal(instant("2027-03-01T09:30:00Z"), INT64_C(1803893400000));
    static const char *const bad[] = {
        "",
        "2027-03-01",
        "2027-03-01T09:30:00",
        "2027-03-01 09:30:00Z",
        "2027-03-01T24:00:00Z",
        "2027-03-01T09:60:00Z",
        "2027-03-01T09:30:60Z",
        "2027-02-29T09:30:00Z",
        "2027-03-01T09:30:00.12Z",
        "2027-03-01T09:30:00,123Z",
        "2027-03-01T09:30:00.1234Z",
        "2027-03-01T09:30:00.12xZ",
        "2027-03-01T0x:30:00Z",
        "2027-03-01T09-30-00Z",
        "2027-03-01T09:30:00+01:0",
    };
    for (size_t i = 0; i < ROWS(bad); i++) {
        int64_t ms;
        if (instant_parse(str_from(bad[i]), &ms) != FAULT_FORMAT) fail_msg("\"%s\"", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_dates_count_without_gaps),
        cmocka_unit_test(far_dates_are_clamped),
        cmocka_unit_test(months_are_added_within_the_month),
        cmocka_unit_test(local_dates_follow_the_zone),
        cmocka_unit_test(days_begin_and_have_a_noon),
        cmocka_unit_test(zones_travel_packed),
        cmocka_unit_test(iso_dates_are_strict),
        cmocka_unit_test(people_type_dates),
        cmocka_unit_test(periods_end_before_their_second_date),
        cmocka_unit_test(instants_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
