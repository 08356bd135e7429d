/* calendar_parse.c - the reading half of calendar.h: dates, periods and instants as people and
 * files write them. Callers: cli, board, query, import, decide.
 *
 * Invariant: whatever is accepted lies in the years 1 to 9999, `all` excepted. */
#include "common/base/calendar.h"

#include "common/base/banned.h"

enum { YEAR_MAX = 9999, WORD_MAX = 24, COUNT_MAX = 99999 };

/* n digits at position `at` of s; false if any of them is not one. */
static bool digits_read(struct str s, size_t at, size_t n, int *out)
{
    int value = 0;
    if (at > s.n || n > s.n - at) return false;
    for (size_t i = at; i < at + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        value = value * 10 + (s.p[i] - '0');
    }
    *out = value;
    return true;
}

static bool days_in_range(int64_t days)
{
    return days >= days_from_civil(1, 1, 1) && days <= days_from_civil(YEAR_MAX, 12, 31);
}

enum fault date_parse_iso(struct str text, int64_t *days)
{
    int year;
    int month;
    int day;
    if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-') return FAULT_FORMAT;
    if (!digits_read(text, 0, 4, &year) || !digits_read(text, 5, 2, &month) ||
        !digits_read(text, 8, 2, &day)) {
        return FAULT_FORMAT;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1) return FAULT_FORMAT;
    int64_t first = days_from_civil(year, month, 1);
    if (first + day - 1 > month_end(first)) return FAULT_FORMAT;
    *days = first + day - 1;
    return FAULT_NONE;
}

/* A lower-case copy in `out`, trimmed. False if it is longer than any word we know. */
static bool word_lower(struct str text, char out[WORD_MAX], struct str *word)
{
    struct str s = str_trim(text);
    if (s.n > WORD_MAX) return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    *word = (struct str){out, s.n};
    return true;
}

static int64_t week_start(int64_t days)
{
    return days - weekday_from_days(days);
}

/* First day of the calendar unit of so many months (1, 3, 12) that holds the date. */
static int64_t unit_start(int64_t days, int months)
{
    struct civil c = civil_from_days(days);
    return days_from_civil(c.year, (c.month - 1) / months * months + 1, 1);
}

/* 2027, 2027-q1, 2027-03. */
static bool named_span(struct str word, int64_t *from, int64_t *to)
{
    int year;
    int part;
    if (!digits_read(word, 0, 4, &year) || year < 1) return false;
    if (word.n == 4) {
        *from = days_from_civil(year, 1, 1);
        *to = days_from_civil(year + 1, 1, 1);
        return true;
    }
    if (word.n != 7 || word.p[4] != '-') return false;
    if (word.p[5] == 'q') {
        if (!digits_read(word, 6, 1, &part) || part < 1 || part > 4) return false;
        *from = days_from_civil(year, part * 3 - 2, 1);
        *to = days_from_civil(year, part * 3 + 1, 1);
        return true;
    }
    if (!digits_read(word, 5, 2, &part) || part < 1 || part > 12) return false;
    *from = days_from_civil(year, part, 1);
    *to = days_from_civil(year, part + 1, 1);
    return true;
}

/* +3d +2w -1m. */
static bool relative_date(struct str word, int64_t today, int64_t *days)
{
    int64_t count;
    if (word.n < 3 || (word.p[0] != '+' && word.p[0] != '-')) return false;
    if (str_to_int64(str_slice(word, 1, word.n - 1), &count)) return false;
    /* A second sign would have been read as part of the number. */
    if (word.p[1] < '0' || word.p[1] > '9' || count > COUNT_MAX) return false;
    if (word.p[0] == '-') count = -count;
    switch (word.p[word.n - 1]) {
    case 'd': *days = today + count; return true;
    case 'w': *days = today + count * 7; return true;
    case 'm': *days = month_add(today, (int)count); return true;
    default: return false;
    }
}

/* The next such weekday, never today. */
static bool weekday_date(struct str word, int64_t today, int64_t *days)
{
    static const struct str names[] = {
        STR_INIT("monday"), STR_INIT("tuesday"),  STR_INIT("wednesday"), STR_INIT("thursday"),
        STR_INIT("friday"), STR_INIT("saturday"), STR_INIT("sunday"),
    };
    for (int i = 0; i < 7; i++) {
        if (!str_equal(word, names[i]) && !str_equal(word, str_slice(names[i], 0, 3))) continue;
        int ahead = (i - weekday_from_days(today) + 7) % 7;
        *days = today + (ahead ? ahead : 7);
        return true;
    }
    return false;
}

static bool named_date(struct str word, int64_t today, int64_t *days)
{
    const struct {
        struct str name;
        int64_t days;
    } dates[] = {
        {STR("today"), today},
        {STR("tomorrow"), today + 1},
        {STR("yesterday"), today - 1},
        {STR("eow"), week_start(today) + 6},
        {STR("eom"), month_end(today)},
        {STR("eoq"), month_end(month_add(unit_start(today, 3), 2))},
        {STR("eoy"), month_end(month_add(unit_start(today, 12), 11))},
    };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        if (!str_equal(word, dates[i].name)) continue;
        *days = dates[i].days;
        return true;
    }
    return false;
}

enum fault date_parse(struct str text, int64_t today, int64_t *days)
{
    char lower[WORD_MAX];
    struct str word;
    int64_t found;
    int64_t from;
    int64_t to;
    if (!days_in_range(today) || !word_lower(text, lower, &word)) return FAULT_FORMAT;
    if (date_parse_iso(word, days) == FAULT_NONE) return FAULT_NONE;
    if (word.n == 7 && named_span(word, &from, &to)) {
        found = to - 1;
    } else if (!named_date(word, today, &found) && !weekday_date(word, today, &found) &&
               !relative_date(word, today, &found)) {
        return FAULT_FORMAT;
    }
    if (!days_in_range(found)) return FAULT_FORMAT;
    *days = found;
    return FAULT_NONE;
}

/* week, last-month and their like. */
static bool current_span(struct str word, int64_t today, int64_t *from, int64_t *to)
{
    static const struct {
        struct str name;
        int months;
    } units[] = {{STR_INIT("month"), 1}, {STR_INIT("quarter"), 3}, {STR_INIT("year"), 12}};
    bool last = str_starts_with(word, STR("last-"));
    if (last) word = str_slice(word, 5, word.n);
    if (str_equal(word, STR("week"))) {
        *from = week_start(today) - (last ? 7 : 0);
        *to = *from + 7;
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!str_equal(word, units[i].name)) continue;
        *from = unit_start(today, units[i].months);
        if (last) *from = month_add(*from, -units[i].months);
        *to = month_add(*from, units[i].months);
        return true;
    }
    return false;
}

enum fault period_parse(struct str text, int64_t today, int64_t *from, int64_t *to)
{
    char lower[WORD_MAX];
    struct str word;
    int64_t first;
    int64_t end;
    if (!days_in_range(today) || !word_lower(text, lower, &word)) return FAULT_FORMAT;
    if (str_equal(word, STR("all"))) {
        first = INT32_MIN;
        end = INT32_MAX;
    } else if (str_equal(word, STR("today"))) {
        first = today;
        end = today + 1;
    } else if (word.n == 22 && str_equal(str_slice(word, 10, 12), STR(".."))) {
        enum fault fault = date_parse_iso(str_slice(word, 0, 10), &first);
        if (!fault) fault = date_parse_iso(str_slice(word, 12, 22), &end);
        if (fault) return fault;
        if (end < first) return FAULT_FORMAT;
        end++;
    } else if (!named_span(word, &first, &end) && !current_span(word, today, &first, &end)) {
        return FAULT_FORMAT;
    }
    *from = first;
    *to = end;
    return FAULT_NONE;
}

enum fault instant_parse(struct str text, int64_t *instant_ms)
{
    int64_t days;
    int hour;
    int minute;
    int second;
    int ms = 0;
    if (text.n != 20 && text.n != 24) return FAULT_FORMAT;
    if (text.p[10] != 'T' || text.p[13] != ':' || text.p[16] != ':' || text.p[text.n - 1] != 'Z') {
        return FAULT_FORMAT;
    }
    if (date_parse_iso(str_slice(text, 0, 10), &days)) return FAULT_FORMAT;
    if (!digits_read(text, 11, 2, &hour) || !digits_read(text, 14, 2, &minute) ||
        !digits_read(text, 17, 2, &second)) {
        return FAULT_FORMAT;
    }
    if (hour > 23 || minute > 59 || second > 59) return FAULT_FORMAT;
    if (text.n == 24 && (text.p[19] != '.' || !digits_read(text, 20, 3, &ms))) return FAULT_FORMAT;
    *instant_ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms;
    return FAULT_NONE;
}
