/* zone_rule.c - parsing and applying a POSIX TZ rule. */
#include "server/edge/zone_rule.h"

#include "common/base/banned.h"

enum { DAY_S = 86400, HOUR_S = 3600, SUMMER_S = HOUR_S, CHANGE_S = 2 * HOUR_S };

static bool digit_at(struct str s, size_t at)
{
    return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

static bool letter_at(struct str s, size_t at)
{
    return at < s.n && ((s.p[at] >= 'A' && s.p[at] <= 'Z') || (s.p[at] >= 'a' && s.p[at] <= 'z'));
}

static bool sign_take(struct str *s, char sign)
{
    if (s->n == 0 || s->p[0] != sign) return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

/* "CET" or "<+0330>". */
static bool name_take(struct str *s)
{
    size_t n = 0;
    if (sign_take(s, '<')) {
        n = str_find(*s, '>');
        if (n < 3 || n == s->n) return false;
        *s = str_slice(*s, n + 1, s->n);
        return true;
    }
    while (letter_at(*s, n)) n++;
    *s = str_slice(*s, n, s->n);
    return n >= 3;
}

static bool number_take(struct str *s, int most, int *out)
{
    size_t n = 0;
    int value = 0;
    while (digit_at(*s, n) && n < 4) value = value * 10 + (s->p[n++] - '0');
    *s = str_slice(*s, n, s->n);
    *out = value;
    return n > 0 && value <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool time_take(struct str *s, int32_t *out)
{
    int hours, minutes = 0, seconds = 0;
    bool minus = sign_take(s, '-');
    if (!minus) (void)sign_take(s, '+');
    if (!number_take(s, 167, &hours)) return false;
    if (sign_take(s, ':') && !number_take(s, 59, &minutes)) return false;
    if (sign_take(s, ':') && !number_take(s, 59, &seconds)) return false;
    int32_t all = hours * HOUR_S + minutes * 60 + seconds;
    *out = minus ? -all : all;
    return true;
}

static bool day_take(struct str *s, struct zone_day *out)
{
    *out = (struct zone_day){.form = '0', .time_s = CHANGE_S};
    if (!sign_take(s, ',')) return false;
    if (sign_take(s, 'M')) {
        out->form = 'M';
        if (!number_take(s, 12, &out->month) || out->month < 1 || !sign_take(s, '.')) return false;
        if (!number_take(s, 5, &out->week) || out->week < 1 || !sign_take(s, '.')) return false;
        if (!number_take(s, 6, &out->day)) return false;
    } else {
        if (sign_take(s, 'J')) out->form = 'J';
        if (!number_take(s, 365, &out->day) || (out->form == 'J' && out->day < 1)) return false;
    }
    return !sign_take(s, '/') || time_take(s, &out->time_s);
}

enum fault zone_rule_parse(struct str text, struct zone_rule *out)
{
    *out = (struct zone_rule){.has_summer = false};
    struct str rest = text;
    int32_t west;
    if (!name_take(&rest) || !time_take(&rest, &west)) return FAULT_FORMAT;
    out->standard_s = out->summer_s = -west;
    if (rest.n == 0) return FAULT_NONE;
    if (!name_take(&rest)) return FAULT_FORMAT;
    out->has_summer = true;
    out->summer_s = out->standard_s + SUMMER_S;
    if (rest.n > 0 && rest.p[0] != ',') {
        if (!time_take(&rest, &west)) return FAULT_FORMAT;
        out->summer_s = -west;
    }
    if (rest.n == 0) rest = STR(",M3.2.0,M11.1.0");
    bool good = day_take(&rest, &out->begin) && day_take(&rest, &out->end) && rest.n == 0;
    return good ? FAULT_NONE : FAULT_FORMAT;
}

static int64_t day_of(const struct zone_day *day, int year)
{
    enum { MARCH = 3, FEBRUARY_DAYS = 59 };
    int64_t first = days_from_civil(year, 1, 1);
    if (day->form == '0') return first + day->day;
    if (day->form == 'J') {
        bool leap = days_from_civil(year, MARCH, 1) - first > FEBRUARY_DAYS;
        return first + day->day - 1 + (leap && day->day > FEBRUARY_DAYS);
    }
    first = days_from_civil(year, day->month, 1);
    int wanted = (day->day + 6) % 7; /* theirs begins with Sunday, ours with Monday */
    int64_t found = first + (wanted - weekday_from_days(first) + 7) % 7 + 7 * (day->week - 1);
    return found > month_end(first) ? found - 7 : found;
}

void zone_rule_year(const struct zone_rule *rule, int year, struct zone_transition out[2])
{
    struct zone_transition begin = {
        .at_s = day_of(&rule->begin, year) * DAY_S + rule->begin.time_s - rule->standard_s,
        .offset_s = rule->summer_s};
    struct zone_transition end = {
        .at_s = day_of(&rule->end, year) * DAY_S + rule->end.time_s - rule->summer_s,
        .offset_s = rule->standard_s};
    out[0] = begin.at_s < end.at_s ? begin : end;
    out[1] = begin.at_s < end.at_s ? end : begin;
}
