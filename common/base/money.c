/* money.c - currencies, and reading, writing and computing with amounts. Callers: the field table,
 * decide, metrics, import and export, everything that shows a value.
 *
 * Invariant: no amount passes through floating point. */
#include "common/base/money.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/check.h"

#include "common/base/banned.h"

/* ISO 4217, currencies and funds in use in 2026, sorted by code. Metals, drawing rights and test
 * codes have no minor unit and are left out; so are the withdrawn ANG, BGN, CUC, HRK, SLL, ZWL. */
static const struct currency currencies[] = {
    {"AED", 2}, {"AFN", 2}, {"ALL", 2}, {"AMD", 2}, {"AOA", 2}, {"ARS", 2}, {"AUD", 2}, {"AWG", 2},
    {"AZN", 2}, {"BAM", 2}, {"BBD", 2}, {"BDT", 2}, {"BHD", 3}, {"BIF", 0}, {"BMD", 2}, {"BND", 2},
    {"BOB", 2}, {"BOV", 2}, {"BRL", 2}, {"BSD", 2}, {"BTN", 2}, {"BWP", 2}, {"BYN", 2}, {"BZD", 2},
    {"CAD", 2}, {"CDF", 2}, {"CHE", 2}, {"CHF", 2}, {"CHW", 2}, {"CLF", 4}, {"CLP", 0}, {"CNY", 2},
    {"COP", 2}, {"COU", 2}, {"CRC", 2}, {"CUP", 2}, {"CVE", 2}, {"CZK", 2}, {"DJF", 0}, {"DKK", 2},
    {"DOP", 2}, {"DZD", 2}, {"EGP", 2}, {"ERN", 2}, {"ETB", 2}, {"EUR", 2}, {"FJD", 2}, {"FKP", 2},
    {"GBP", 2}, {"GEL", 2}, {"GHS", 2}, {"GIP", 2}, {"GMD", 2}, {"GNF", 0}, {"GTQ", 2}, {"GYD", 2},
    {"HKD", 2}, {"HNL", 2}, {"HTG", 2}, {"HUF", 2}, {"IDR", 2}, {"ILS", 2}, {"INR", 2}, {"IQD", 3},
    {"IRR", 2}, {"ISK", 0}, {"JMD", 2}, {"JOD", 3}, {"JPY", 0}, {"KES", 2}, {"KGS", 2}, {"KHR", 2},
    {"KMF", 0}, {"KPW", 2}, {"KRW", 0}, {"KWD", 3}, {"KYD", 2}, {"KZT", 2}, {"LAK", 2}, {"LBP", 2},
    {"LKR", 2}, {"LRD", 2}, {"LSL", 2}, {"LYD", 3}, {"MAD", 2}, {"MDL", 2}, {"MGA", 2}, {"MKD", 2},
    {"MMK", 2}, {"MNT", 2}, {"MOP", 2}, {"MRU", 2}, {"MUR", 2}, {"MVR", 2}, {"MWK", 2}, {"MXN", 2},
    {"MXV", 2}, {"MYR", 2}, {"MZN", 2}, {"NAD", 2}, {"NGN", 2}, {"NIO", 2}, {"NOK", 2}, {"NPR", 2},
    {"NZD", 2}, {"OMR", 3}, {"PAB", 2}, {"PEN", 2}, {"PGK", 2}, {"PHP", 2}, {"PKR", 2}, {"PLN", 2},
    {"PYG", 0}, {"QAR", 2}, {"RON", 2}, {"RSD", 2}, {"RUB", 2}, {"RWF", 0}, {"SAR", 2}, {"SBD", 2},
    {"SCR", 2}, {"SDG", 2}, {"SEK", 2}, {"SGD", 2}, {"SHP", 2}, {"SLE", 2}, {"SOS", 2}, {"SRD", 2},
    {"SSP", 2}, {"STN", 2}, {"SVC", 2}, {"SYP", 2}, {"SZL", 2}, {"THB", 2}, {"TJS", 2}, {"TMT", 2},
    {"TND", 3}, {"TOP", 2}, {"TRY", 2}, {"TTD", 2}, {"TWD", 2}, {"TZS", 2}, {"UAH", 2}, {"UGX", 0},
    {"USD", 2}, {"USN", 2}, {"UYI", 0}, {"UYU", 2}, {"UYW", 4}, {"UZS", 2}, {"VED", 2}, {"VES", 2},
    {"VND", 0}, {"VUV", 0}, {"WST", 2}, {"XAD", 2}, {"XAF", 0}, {"XCD", 2}, {"XCG", 2}, {"XOF", 0},
    {"XPF", 0}, {"YER", 2}, {"ZAR", 2}, {"ZMW", 2}, {"ZWG", 2},
};

const struct currency *currency_find(struct str code)
{
    char upper[4] = "";
    size_t from = 0;
    size_t to = sizeof currencies / sizeof currencies[0];
    if (code.n != 3) return NULL;
    for (size_t i = 0; i < 3; i++) {
        char c = code.p[i];
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = memcmp(currencies[middle].code, upper, 3);
        if (order == 0) return &currencies[middle];
        if (order < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return NULL;
}

/* A decimal number being read. Once it is too large it stays so, while the form is still judged. */
struct amount {
    uint64_t value;
    bool over;
};

static void amount_digit(struct amount *amount, int digit)
{
    amount->value = amount->value * 10 + (uint64_t)digit;
    if (amount->value > (uint64_t)MONEY_MAX) {
        amount->value = 1;
        amount->over = true;
    }
}

static size_t digits_count(struct str s, size_t from)
{
    size_t i = from;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9') i++;
    return i - from;
}

/* Reads "12500", "12 500" or "12_500" at the start of s; 0 if there is no such thing, otherwise
 * the bytes read. */
static size_t amount_whole(struct str s, struct amount *amount)
{
    size_t n = digits_count(s, 0);
    for (size_t i = 0; i < n; i++) amount_digit(amount, s.p[i] - '0');
    if (n == 0 || n > 3 || n == s.n) return n;
    char separator = s.p[n];
    if (separator != ' ' && separator != '_') return n;
    size_t at = n;
    while (at < s.n && s.p[at] == separator) {
        if (digits_count(s, at + 1) != 3) return 0;
        for (size_t i = at + 1; i < at + 4; i++) amount_digit(amount, s.p[i] - '0');
        at += 4;
    }
    return at;
}

enum fault money_parse(struct str text, const struct currency *currency, int64_t *out)
{
    struct amount amount = {0};
    struct str s = str_trim(text);
    int decimals = currency->digits;

    bool negative = s.n > 0 && s.p[0] == '-';
    if (negative) s = str_slice(s, 1, s.n);
    if (s.n > 0 && (s.p[s.n - 1] == 'k' || s.p[s.n - 1] == 'K' || s.p[s.n - 1] == 'M')) {
        decimals += s.p[s.n - 1] == 'M' ? 6 : 3;
        s.n--;
    }
    size_t at = amount_whole(s, &amount);
    if (at == 0) return FAULT_FORMAT;
    if (at < s.n) {
        if (s.p[at] != '.') return FAULT_FORMAT;
        size_t fraction = digits_count(s, at + 1);
        if (fraction == 0 || fraction > (size_t)decimals) return FAULT_FORMAT;
        if (at + 1 + fraction != s.n) return FAULT_FORMAT;
        for (size_t i = at + 1; i < s.n; i++) amount_digit(&amount, s.p[i] - '0');
        decimals -= (int)fraction;
    }
    for (; decimals > 0; decimals--) amount_digit(&amount, 0);
    if (amount.over) return FAULT_LIMIT;
    *out = negative ? -(int64_t)amount.value : (int64_t)amount.value;
    return FAULT_NONE;
}

/* Splits an amount at the decimal point; INT64_MIN has no positive twin, hence unsigned. */
static void money_split(int64_t minor, const struct currency *currency, uint64_t *whole,
                        uint64_t *fraction)
{
    uint64_t magnitude = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    uint64_t unit = 1;
    for (int i = 0; i < currency->digits; i++) unit *= 10;
    *whole = magnitude / unit;
    *fraction = magnitude % unit;
}

/* Room for a sign, 20 digits, six commas, the point, the fraction and a NUL. */
enum { MONEY_TEXT_BYTES = 40 };

/* From its end, as a list makes thousands of them. As much as there is room for. */
static void money_write(int64_t minor, const struct currency *currency, bool human, char *out,
                        size_t size)
{
    uint64_t whole, fraction;
    char text[MONEY_TEXT_BYTES];
    size_t at = sizeof text;
    money_split(minor, currency, &whole, &fraction);
    if (currency->digits > 0 && !(human && fraction == 0)) {
        for (int i = 0; i < currency->digits; i++, fraction /= 10) {
            text[--at] = (char)('0' + fraction % 10);
        }
        text[--at] = '.';
    }
    for (size_t digits = 0; whole > 0 || digits == 0; digits++, whole /= 10) {
        if (human && digits > 0 && digits % 3 == 0) text[--at] = ',';
        text[--at] = (char)('0' + whole % 10);
    }
    if (minor < 0) text[--at] = '-';
    size_t n = sizeof text - at;
    if (size == 0) return;
    if (n >= size) n = size - 1;
    memcpy(out, text + at, n);
    out[n] = '\0';
}

void money_format(int64_t minor, const struct currency *currency, char *out, size_t size)
{
    money_write(minor, currency, false, out, size);
}

void money_format_human(int64_t minor, const struct currency *currency, char *out, size_t size)
{
    money_write(minor, currency, true, out, size);
}

enum fault money_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return FAULT_LIMIT;
    *out = sum;
    return FAULT_NONE;
}

int64_t money_percent(int64_t amount, int percent)
{
    /* Whole hundreds need no rounding; what is left of them is below 100 * INT_MAX. */
    int64_t whole;
    check(!__builtin_mul_overflow(amount / 100, (int64_t)percent, &whole));
    int64_t part = amount % 100 * percent;
    int64_t quotient = part / 100;
    int64_t rest = part % 100;
    int64_t away = part < 0 ? -1 : 1;
    int64_t distance = rest < 0 ? -rest : rest;
    check(!__builtin_add_overflow(whole, quotient, &whole));
    if (distance > 50 || (distance == 50 && whole % 2 != 0)) whole += away;
    return whole;
}
