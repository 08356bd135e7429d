/* text.c - the byte side of text.h: slices, comparing, numbers, distance. Callers: everybody. The
 * side that knows characters is text_unicode.c.
 *
 * Invariant: no function here reads a byte outside [p, p + n) or counts from absent text. */
#include "common/base/text.h"

#include <string.h>

#include "common/base/banned.h"

static bool byte_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char byte_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct str str_from(const char *terminated)
{
    return terminated ? (struct str){terminated, strlen(terminated)} : STR_NONE;
}

const char *str_chars(struct str s)
{
    return s.p ? s.p : "";
}

bool str_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int str_compare(struct str a, struct str b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common ? memcmp(a.p, b.p, common) : 0;
    if (order != 0) return order < 0 ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

size_t str_find(struct str s, char byte)
{
    const char *at = s.n ? memchr(s.p, byte, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

struct str str_slice(struct str s, size_t from, size_t to)
{
    if (!s.p) return STR_NONE;
    if (to > s.n) to = s.n;
    if (from > to) from = to;
    return (struct str){s.p + from, to - from};
}

struct str str_trim(struct str s)
{
    size_t from = 0;
    size_t to = s.n;
    while (from < to && byte_is_blank(s.p[from])) from++;
    while (to > from && byte_is_blank(s.p[to - 1])) to--;
    return str_slice(s, from, to);
}

bool str_split(struct str *rest, char byte, struct str *part)
{
    if (!rest->p) {
        *part = STR_NONE;
        return false;
    }
    size_t at = str_find(*rest, byte);
    *part = str_slice(*rest, 0, at);
    /* "a," has a second, empty part: only absent text is used up. */
    *rest = at < rest->n ? str_slice(*rest, at + 1, rest->n) : STR_NONE;
    return true;
}

enum fault str_to_int64(struct str s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    size_t i = negative || (s.n > 0 && s.p[0] == '+');
    int64_t value = 0;
    bool overflow = false;

    if (i == s.n) return FAULT_FORMAT;
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return FAULT_FORMAT;
        int digit = s.p[i] - '0';
        /* Built with its sign, because INT64_MIN has no positive twin. */
        if (!overflow) {
            overflow = __builtin_mul_overflow(value, 10, &value) ||
                       __builtin_add_overflow(value, negative ? -digit : digit, &value);
        }
    }
    if (overflow) return FAULT_LIMIT;
    *out = value;
    return FAULT_NONE;
}

enum { DISTANCE_BYTES_MAX = 255 };

const char *sentence_of(uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

size_t text_distance(struct str a, struct str b, size_t limit)
{
    while (a.n && b.n && byte_lower(a.p[0]) == byte_lower(b.p[0])) {
        a = str_slice(a, 1, a.n);
        b = str_slice(b, 1, b.n);
    }
    while (a.n && b.n && byte_lower(a.p[a.n - 1]) == byte_lower(b.p[b.n - 1])) {
        a.n--;
        b.n--;
    }
    size_t longer = a.n > b.n ? a.n : b.n;
    size_t shorter = a.n > b.n ? b.n : a.n;
    size_t over = limit < SIZE_MAX ? limit + 1 : SIZE_MAX;
    if (longer - shorter > limit) return over;
    if (shorter == 0) return longer;
    if (longer > DISTANCE_BYTES_MAX) return over;

    uint16_t row[DISTANCE_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.n; j++) row[j] = (uint16_t)j;
    for (size_t i = 1; i <= a.n; i++) {
        uint16_t diagonal = row[0];
        uint16_t best = row[0] = (uint16_t)i;
        for (size_t j = 1; j <= b.n; j++) {
            uint16_t above = row[j];
            bool same = byte_lower(a.p[i - 1]) == byte_lower(b.p[j - 1]);
            unsigned cost = diagonal + (same ? 0u : 1u);
            if (above + 1u < cost) cost = above + 1u;
            if (row[j - 1] + 1u < cost) cost = row[j - 1] + 1u;
            row[j] = (uint16_t)cost;
            if (row[j] < best) best = row[j];
            diagonal = above;
        }
        if (best > limit) return over;
    }
    return row[b.n] > limit ? over : row[b.n];
}
