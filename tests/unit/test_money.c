/* test_money.c - claims about currencies and amounts. */
#include "common/base/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/bounds.h"

static const struct currency *find(const char *code)
{
    const struct currency *currency = currency_find(str_from(code));
    assert_non_null(currency);
    return currency;
}

static void active_currencies_have_their_digits(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int digits;
    } rows[] = {
        {"EUR", 2}, {"usd", 2}, {"Pln", 2}, {"JPY", 0}, {"KRW", 0}, {"ISK", 0}, {"CLP", 0},
        {"KWD", 3}, {"BHD", 3}, {"TND", 3}, {"CLF", 4}, {"UYW", 4}, {"AED", 2}, {"ZWG", 2},
        {"XCG", 2}, {"SLE", 2}, {"XOF", 0}, {"MRU", 2}, {"HUF", 2}, {"IDR", 2}, {"ZMW", 2},
    };
    static const char *const unknown[] = {"",    "EU",  "EURO", "HRK",       "BGN", "ANG",
                                          "DEM", "XAU", "ZZZ",  "E\xc3\x9c", "AAA"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct currency *currency = find(rows[i].code);
        if (currency->digits != rows[i].digits) fail_msg("%s", rows[i].code);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        if (currency_find(str_from(unknown[i]))) fail_msg("\"%s\" is found", unknown[i]);
    }
    assert_null(currency_find(STR_NONE));
    /* All 26^3 codes: a table out of order would hide some from the search. */
    size_t count = 0;
    for (int n = 0; n < 26 * 26 * 26; n++) {
        char code[4] = {(char)('A' + n / 676), (char)('A' + n / 26 % 26), (char)('A' + n % 26), 0};
        const struct currency *currency = currency_find(str_from(code));
        if (!currency) continue;
        assert_string_equal(currency->code, code);
        count++;
    }
    assert_int_equal(count, 165);
}

static void amounts_are_read_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *currency;
        enum fault fault;
        int64_t minor;
    } rows[] = {
        {"12500", "EUR", FAULT_NONE, 1250000},
        {"0", "EUR", FAULT_NONE, 0},
        {"12 500.00", "EUR", FAULT_NONE, 1250000},
        {"1 234 567", "EUR", FAULT_NONE, 123456700},
        {"1_234_567.89", "EUR", FAULT_NONE, 123456789},
        {"12500.5", "EUR", FAULT_NONE, 1250050},
        {"12.5k", "EUR", FAULT_NONE, 1250000},
        {"12.5K", "EUR", FAULT_NONE, 1250000},
        {"1.2M", "EUR", FAULT_NONE, 120000000},
        {"1.2M", "JPY", FAULT_NONE, 1200000},
        {"1.23456k", "EUR", FAULT_NONE, 123456},
        {"1 500k", "EUR", FAULT_NONE, 150000000},
        {"-12.34", "EUR", FAULT_NONE, -1234},
        {" 7 ", "EUR", FAULT_NONE, 700},
        {"12500", "JPY", FAULT_NONE, 12500},
        {"1.234", "KWD", FAULT_NONE, 1234},
        {"007", "EUR", FAULT_NONE, 700},
        {"10000000000000.00", "EUR", FAULT_NONE, MONEY_MAX},
        {"10000000000000.01", "EUR", FAULT_LIMIT, 0},
        {"1000000000000000", "JPY", FAULT_NONE, MONEY_MAX},
        {"1000000000000001", "JPY", FAULT_LIMIT, 0},
        {"99999999999999999999999999999999", "EUR", FAULT_LIMIT, 0},
        {"99999999999999999999999999999999x", "EUR", FAULT_FORMAT, 0},
        {"99999999999M", "EUR", FAULT_LIMIT, 0},
        {"12,500", "EUR", FAULT_FORMAT, 0},
        {"12500,50", "EUR", FAULT_FORMAT, 0},
        {"12.500", "EUR", FAULT_FORMAT, 0},
        {"12.50", "JPY", FAULT_FORMAT, 0},
        {"1.234567k", "EUR", FAULT_FORMAT, 0},
        {"12 50", "EUR", FAULT_FORMAT, 0},
        {"1234 567", "EUR", FAULT_FORMAT, 0},
        {"12 5000", "EUR", FAULT_FORMAT, 0},
        {"1 234_567", "EUR", FAULT_FORMAT, 0},
        {"1  234", "EUR", FAULT_FORMAT, 0},
        {"1_", "EUR", FAULT_FORMAT, 0},
        {"_123", "EUR", FAULT_FORMAT, 0},
        {"12.5 k", "EUR", FAULT_FORMAT, 0},
        {"12.", "EUR", FAULT_FORMAT, 0},
        {".5", "EUR", FAULT_FORMAT, 0},
        {"1.2.3", "EUR", FAULT_FORMAT, 0},
        {"1.5kk", "EUR", FAULT_FORMAT, 0},
        {"k", "EUR", FAULT_FORMAT, 0},
        {"1m", "EUR", FAULT_FORMAT, 0},
        {"- 5", "EUR", FAULT_FORMAT, 0},
        {"--5", "EUR", FAULT_FORMAT, 0},
        {"+5", "EUR", FAULT_FORMAT, 0},
        {"", "EUR", FAULT_FORMAT, 0},
        {"-", "EUR", FAULT_FORMAT, 0},
        {"1e3", "EUR", FAULT_FORMAT, 0},
        {"12 EUR", "EUR", FAULT_FORMAT, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t minor = 0;
        enum fault fault = money_parse(str_from(rows[i].text), find(rows[i].currency), &minor);
        if (fault != rows[i].fault || minor != rows[i].minor) {
            fail_msg("\"%s\" %s: %s %lld", rows[i].text, rows[i].currency, fault_name(fault),
                     (long long)minor);
        }
    }
}

static void amounts_are_printed_for_machines_and_people(void **state)
{
    (void)state;
    static const struct {
        int64_t minor;
        const char *currency, *plain, *human;
    } rows[] = {
        {1250000, "EUR", "12500.00", "12,500"},
        {1250050, "EUR", "12500.50", "12,500.50"},
        {0, "EUR", "0.00", "0"},
        {5, "EUR", "0.05", "0.05"},
        {-5, "EUR", "-0.05", "-0.05"},
        {-123456789, "EUR", "-1234567.89", "-1,234,567.89"},
        {99900, "EUR", "999.00", "999"},
        {100000, "EUR", "1000.00", "1,000"},
        {12500, "JPY", "12500", "12,500"},
        {1234, "KWD", "1.234", "1.234"},
        {12345, "CLF", "1.2345", "1.2345"},
        {INT64_MAX, "JPY", "9223372036854775807", "9,223,372,036,854,775,807"},
        {INT64_MIN, "JPY", "-9223372036854775808", "-9,223,372,036,854,775,808"},
        {INT64_MIN, "EUR", "-92233720368547758.08", "-92,233,720,368,547,758.08"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[40];
        const struct currency *currency = find(rows[i].currency);
        money_format(rows[i].minor, currency, out, sizeof out);
        assert_string_equal(out, rows[i].plain);
        money_format_human(rows[i].minor, currency, out, sizeof out);
        assert_string_equal(out, rows[i].human);
        int64_t back;
        if (rows[i].minor > -MONEY_MAX && rows[i].minor < MONEY_MAX) {
            assert_int_equal(money_parse(str_from(rows[i].plain), currency, &back), FAULT_NONE);
            assert_int_equal(back, rows[i].minor);
        }
    }
    char narrow[5];
    money_format(1250000, find("EUR"), narrow, sizeof narrow);
    assert_string_equal(narrow, "1250");
}

static void sums_are_checked(void **state)
{
    (void)state;
    int64_t sum = 7;
    assert_int_equal(money_add(2, -5, &sum), FAULT_NONE);
    assert_int_equal(sum, -3);
    assert_int_equal(money_add(INT64_MAX, 1, &sum), FAULT_LIMIT);
    assert_int_equal(money_add(INT64_MIN, -1, &sum), FAULT_LIMIT);
    assert_int_equal(sum, -3);
}

static void percentages_round_half_to_even(void **state)
{
    (void)state;
    static const struct {
        int64_t amount;
        int percent;
        int64_t want;
    } rows[] = {
        {1000, 50, 500},
        {1, 50, 0},
        {3, 50, 2},
        {5, 50, 2},
        {7, 50, 4},
        {-1, 50, 0},
        {-3, 50, -2},
        {-5, 50, -2},
        {101, 50, 50},
        {103, 50, 52},
        {10, 25, 2},
        {30, 25, 8},
        {33, 33, 11},
        {1, 51, 1},
        {1, 49, 0},
        {-1, 51, -1},
        {250, 1, 2},
        {350, 1, 4},
        {251, 1, 3},
        {0, 100, 0},
        {MONEY_MAX, 100, MONEY_MAX},
        {MONEY_MAX, 0, 0},
        {-MONEY_MAX, 100, -MONEY_MAX},
        {100, -50, -50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = money_percent(rows[i].amount, rows[i].percent);
        if (got != rows[i].want) {
            fail_msg("%lld %% of %d: %lld", (long long)rows[i].amount, rows[i].percent,
                     (long long)got);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(active_currencies_have_their_digits),
        cmocka_unit_test(amounts_are_read_or_refused),
        cmocka_unit_test(amounts_are_printed_for_machines_and_people),
        cmocka_unit_test(sums_are_checked),
        cmocka_unit_test(percentages_round_half_to_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
