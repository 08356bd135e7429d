/* test_zone_file.c - zones of the tz database against the C library's own reading of them, long
 * after their last explicit transition; the rules' forms one by one; damaged files. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/edge/zone_file.h"
#include "server/edge/zone_rule.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

static int32_t offset_at(const struct zone *zone, int64_t at_s)
{
    int32_t offset = zone->first_offset_s;
    for (size_t i = 0; i < zone->count && zone->transitions[i].at_s <= at_s; i++) {
        offset = zone->transitions[i].offset_s;
    }
    return offset;
}

/* Every 9 hours and a bit from 1972 to the end of 2099: each change is met within half a day. */
static void zones_agree_with_the_library(void **state)
{
    static const char *const names[] = {
        "Europe/Warsaw", "America/New_York", "America/St_Johns", "Australia/Lord_Howe",
        "Pacific/Chatham", "Asia/Kathmandu", "Africa/Casablanca", "America/Sao_Paulo",
        "Europe/Dublin", "Asia/Jerusalem", "America/Santiago", "UTC",
    };
    (void)state;
    size_t compared = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct arena arena;
        struct str packed;
        struct zone zone;
        arena_init(&arena, 8 * 1024 * 1024);
        enum fault fault = zone_file_read(&arena, names[i], &packed);
        if (fault == FAULT_NOT_FOUND) { /* no tz database here */
            arena_finish(&arena);
            continue;
        }
        assert_int_equal(fault, FAULT_NONE);
        assert_int_equal(zone_unpack(&arena, packed, &zone), FAULT_NONE);
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t at = 2 * INT64_C(365) * DAY_S; at < INT64_C(4102358400);
             at += 9 * HOUR_S + 1234) {
            struct tm parts;
            time_t t = (time_t)at;
            assert_non_null(localtime_r(&t, &parts));
            if (offset_at(&zone, at) != parts.tm_gmtoff) {
                fail_msg("%s at %lld: %d, the library says %ld", names[i], (long long)at,
                         offset_at(&zone, at), parts.tm_gmtoff);
            }
            compared++;
        }
        arena_finish(&arena);
    }
    setenv("TZ", "UTC", 1);
    tzset();
    assert_true(compared > 100000); /* UTC alone is as many */
}

static void rules_in_every_form(void **state)
{
    static const struct {
        const char *claim, *text;
        int year;
        int64_t first_s;
        int32_t first_offset, second_offset;
    } rows[] = {
        /* 2038-03-28 01:00 UTC, 2038-03-14 07:00, 2039-04-03 ... from date -u -d. */
        {"last Sundays of Europe", "CET-1CEST,M3.5.0,M10.5.0/3", 2038, 2153350800, 7200, 3600},
        {"dates left out are American", "EST5EDT", 2038, 2152162800, -14400, -18000},
        {"named in brackets, southern: summer ends first", "<-03>3<-02>,M10.3.0/0,M2.3.0/0", 2038,
         2150330400, -10800, -7200},
        {"Julian days never count 29 February", "AAA0BBB,J60/0,J300/0", 2040, 2214172800, 3600, 0},
        {"zero-based days do", "AAA0BBB,60/0,300/0", 2040, 2214172800, 3600, 0},
        {"half an hour of summer, own offset", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2039,
         2185369200, 37800, 39600},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone_rule rule;
        struct zone_transition out[2];
        assert_int_equal(zone_rule_parse(str_from(rows[i].text), &rule), FAULT_NONE);
        assert_true(rule.has_summer);
        zone_rule_year(&rule, rows[i].year, out);
        if (out[0].at_s != rows[i].first_s || out[0].offset_s != rows[i].first_offset ||
            out[1].offset_s != rows[i].second_offset) {
            fail_msg("%s: %lld %d %d", rows[i].claim, (long long)out[0].at_s, out[0].offset_s,
                     out[1].offset_s);
        }
        assert_true(out[0].at_s < out[1].at_s);
    }
}

static void rules_that_are_none(void **state)
{
    static const char *const texts[] = {
        "", "CE", "CET", "CET-", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J300",
        "CET-1CEST,J366,J300", "CET-1CEST,M3.5.0,M10.5.0/", "CET-1CEST,M3.5.0,M10.5.0 ", "<CET-1",
        "<>-1", "CET-999", "CET-1:75",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct zone_rule rule;
        if (zone_rule_parse(str_from(texts[i]), &rule) != FAULT_FORMAT) fail_msg("\"%s\"", texts[i]);
    }
}

/* Every file cut at every length, and bytes changed: an answer, never a crash. */
static void damaged_files_are_refused(void **state)
{
    (void)state;
    char bytes[8192];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Warsaw", "rb");
    if (!file) skip();
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 0; cut < n; cut++) {
        struct arena arena;
        struct zone zone;
        char *exact = malloc(cut + 1); /* so that a read beyond is seen */
        assert_non_null(exact);
        memcpy(exact, bytes, cut);
        arena_init(&arena, 4 * 1024 * 1024);
        enum fault fault = zone_file_parse(&arena, (struct str){exact, cut}, &zone);
        assert_int_equal(fault, FAULT_FORMAT);
        arena_finish(&arena);
        free(exact);
    }
    for (size_t at = 0; at < n; at++) {
        struct arena arena;
        struct zone zone;
        char kept = bytes[at];
        bytes[at] = (char)(kept ^ 0x55);
        arena_init(&arena, 4 * 1024 * 1024);
        enum fault fault = zone_file_parse(&arena, (struct str){bytes, n}, &zone);
        assert_true(fault == FAULT_NONE || fault == FAULT_FORMAT || fault == FAULT_MEMORY);
        bytes[at] = kept;
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_agree_with_the_library),
        cmocka_unit_test(rules_in_every_form),
        cmocka_unit_test(rules_that_are_none),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests_name("zone_file", tests, NULL, NULL);
}
