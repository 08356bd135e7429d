/* import_cell.c - see import_cell.h. Called by import_survey.c and import_row.c. Invariant: what is
 * ambiguous is refused, never guessed. */
#include "client/exchange/import_cell.h"

#include <string.h>

enum {
    SERIAL_DAY_ZERO = -25569,
    SERIAL_DAY_MIN = 20000, /* 1954 to 2119; other numbers are no dates */
    SERIAL_DAY_MAX = 80000
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* --- dates --- */

struct parts {
    int64_t number[3]; /* a month by name: negative */
    size_t length[3];
    char between;
};

static int64_t month_named(struct str word)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (word.n < 3) return 0;
    for (size_t i = 0; i < 12; i++) {
        size_t k = 0;
        while (k < 3 && (word.p[k] | 0x20) == names[3 * i + k]) k++;
        if (k == 3) return (int64_t)i + 1;
    }
    return 0;
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Three numbers, or two and the name of a month, with one of . / - or blanks and commas between. */
static bool parts_read(struct str cell, struct parts *out)
{
    size_t count = 0, i = 0;
    out->between = 0;
    while (i < cell.n && count < 3) {
        size_t from = i;
        bool name = is_letter(cell.p[i]);
        while (i < cell.n && (name ? is_letter(cell.p[i]) : is_digit(cell.p[i]))) i++;
        struct str word = str_slice(cell, from, i);
        if (word.n == 0) return false;
        if (name) out->number[count] = -month_named(word);
        else if (str_to_int64(word, &out->number[count])) return false;
        if (name && out->number[count] == 0) return false;
        out->length[count++] = word.n;
        size_t gap = i;
        while (i < cell.n && strchr("./- ,", cell.p[i]) && cell.p[i]) i++;
        if (i == gap) break;
        if (count == 1) out->between = cell.p[gap];
    }
    /* A time may stand behind. */
    return count == 3 && (i == cell.n || cell.p[i - 1] == ' ' || cell.p[i] == 'T');
}

static enum fault date_make(int64_t year, int64_t month, int64_t day, int64_t *days)
{
    if (year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1) return FAULT_FORMAT;
    int64_t first = days_from_civil((int)year, (int)month, 1);
    if (first + day - 1 > month_end(first)) return FAULT_FORMAT;
    *days = first + day - 1;
    return FAULT_NONE;
}

static bool order_fits(const struct parts *parts, enum date_order order)
{
    int64_t days;
    bool first = order == DATE_ORDER_DMY;
    return date_make(parts->number[2], parts->number[first ? 1 : 0], parts->number[first ? 0 : 1],
                     &days) == FAULT_NONE;
}

static bool order_matters(const struct parts *parts)
{
    for (size_t i = 0; i < 3; i++) {
        if (parts->number[i] < 0) return false;
    }
    return parts->length[0] <= 2 && parts->length[1] <= 2 && parts->length[2] == 4;
}

unsigned import_date_orders(struct str cell)
{
    struct parts parts;
    if (!parts_read(cell, &parts) || !order_matters(&parts)) return 0;
    unsigned orders = 0;
    if (order_fits(&parts, DATE_ORDER_DMY)) orders |= 1u << DATE_ORDER_DMY;
    /* Nobody writes the month first with dots. */
    if (parts.between != '.' && order_fits(&parts, DATE_ORDER_MDY)) orders |= 1u << DATE_ORDER_MDY;
    return orders;
}

static enum fault date_named(const struct parts *parts, int64_t *days)
{
    const int64_t *n = parts->number;
    if (n[1] < 0 && parts->length[2] == 4) return date_make(n[2], -n[1], n[0], days);
    if (n[0] < 0 && parts->length[2] == 4) return date_make(n[2], -n[0], n[1], days);
    if (n[1] < 0 && parts->length[0] == 4) return date_make(n[0], -n[1], n[2], days);
    return FAULT_FORMAT;
}

enum fault import_date(struct str cell, enum date_order order, int64_t *days)
{
    struct parts parts;
    int64_t serial;
    struct str whole = str_slice(cell, 0, str_find(cell, '.')); /* 42663.5 is noon of that day */
    if (str_to_int64(whole, &serial) == FAULT_NONE) {
        int64_t rest = 0;
        bool plain = whole.n == cell.n ||
                     str_to_int64(str_slice(cell, whole.n + 1, cell.n), &rest) == FAULT_NONE;
        if (plain && serial >= SERIAL_DAY_MIN && serial <= SERIAL_DAY_MAX) {
            *days = serial + SERIAL_DAY_ZERO;
            return FAULT_NONE;
        }
    }
    if (!parts_read(cell, &parts)) return FAULT_FORMAT;
    for (size_t i = 0; i < 3; i++) {
        if (parts.number[i] < 0) return date_named(&parts, days);
    }
    if (parts.length[0] == 4) {
        return date_make(parts.number[0], parts.number[1], parts.number[2], days);
    }
    if (!order_matters(&parts) || order == DATE_ORDER_AUTO || order == DATE_ORDER_YMD) {
        return FAULT_FORMAT;
    }
    bool first = order == DATE_ORDER_DMY;
    return date_make(parts.number[2], parts.number[first ? 1 : 0], parts.number[first ? 0 : 1],
                     days);
}

/* --- amounts --- */

/* Blanks of all kinds and apostrophes: they can only group. Its length in bytes, or 0. */
static size_t group_mark(struct str rest)
{
    static const char *const marks[] = {" ", "'", "_", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89",
                                        "\xE2\x80\x99"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (str_starts_with(rest, str_from(marks[i]))) return strlen(marks[i]);
    }
    return 0;
}

/* Blanks of all kinds, at both ends. */
static struct str blanks_cut(struct str s)
{
    for (size_t n; s.n > 0 && s.p[0] != '\'' && (n = group_mark(s)) > 0;) s = str_slice(s, n, s.n);
    for (bool again = true; again && s.n > 0;) {
        again = false;
        for (size_t n = 1; n <= 3 && n <= s.n && !again; n++) {
            struct str end = str_slice(s, s.n - n, s.n);
            if (group_mark(end) != n) continue;
            s = str_slice(s, 0, s.n - n);
            again = true;
        }
    }
    return s;
}

static bool is_minus(struct str s, size_t *bytes)
{
    *bytes = str_starts_with(s, STR("\xE2\x88\x92")) ? 3 : 1;
    return s.n > 0 && (s.p[0] == '-' || *bytes == 3);
}

static void figures_read(struct str body, char *plain, size_t *n, size_t *end)
{
    size_t i = 0;
    while (i < body.n) {
        size_t mark = group_mark(str_slice(body, i, body.n));
        if (is_digit(body.p[i]) || body.p[i] == '.' || body.p[i] == ',') {
            plain[(*n)++] = body.p[i++];
        } else if (mark > 0 && i + mark < body.n && is_digit(body.p[i + mark])) {
            plain[(*n)++] = '_';
            i += mark;
        } else {
            break;
        }
    }
    *end = i;
}

enum fault import_amount(struct arena *arena, struct str cell, struct amount *out)
{
    size_t minus, start = 0, end, n = 0;
    *out = (struct amount){.negative = false};
    struct str rest = blanks_cut(cell);
    if (rest.n > 2 && rest.p[0] == '(' && rest.p[rest.n - 1] == ')') {
        out->negative = true; /* as accountants write it */
        rest = blanks_cut(str_slice(rest, 1, rest.n - 1));
    }
    while (start < rest.n && !is_digit(rest.p[start]) && rest.p[start] != '-') start++;
    struct str before = blanks_cut(str_slice(rest, 0, start));
    if (before.n >= 3 && is_minus(str_slice(before, 0, 3), &minus) && minus == 3) {
        out->negative = true;
        before = blanks_cut(str_slice(before, 3, before.n));
    }
    struct str body = str_slice(rest, start, rest.n);
    if (is_minus(body, &minus)) {
        if (out->negative) return FAULT_FORMAT;
        out->negative = true;
        body = blanks_cut(str_slice(body, minus, body.n));
        /* "-$50": the sign stands before the currency. */
        size_t skip = 0;
        while (before.n == 0 && skip < body.n && !is_digit(body.p[skip])) skip++;
        before = skip ? blanks_cut(str_slice(body, 0, skip)) : before;
        body = str_slice(body, skip, body.n);
    }
    char *plain = arena_alloc(arena, body.n + 1);
    if (!plain) return FAULT_MEMORY;
    figures_read(body, plain, &n, &end);
    struct str behind = blanks_cut(str_slice(body, end, body.n));
    if (behind.n > 0 && strchr("kKM", behind.p[0]) && (behind.n == 1 || group_mark(str_slice(behind, 1, behind.n)))) {
        out->scale = behind.p[0] == 'M' ? 'M' : 'k';
        behind = blanks_cut(str_slice(behind, 1, behind.n));
    }
    if (n == 0 || (before.n > 0 && behind.n > 0)) return FAULT_FORMAT;
    out->figures = (struct str){plain, n};
    out->token = before.n ? before : behind;
    return FAULT_NONE;
}

unsigned import_amount_decimals(const struct amount *amount)
{
    struct str f = amount->figures;
    const unsigned point = 1u << DECIMAL_POINT, comma = 1u << DECIMAL_COMMA;
    size_t points = 0, commas = 0, last = 0, first = f.n;
    for (size_t i = 0; i < f.n; i++) {
        if (f.p[i] != '.' && f.p[i] != ',') continue;
        points += f.p[i] == '.';
        commas += f.p[i] == ',';
        last = i;
        if (first == f.n) first = i;
    }
    if (points + commas == 0) return 0;
    unsigned own = f.p[last] == '.' ? point : comma, other = own == point ? comma : point;
    if (points > 0 && commas > 0) return own;
    if (points + commas > 1) return other;
    bool grouped = str_find(f, '_') < f.n;
    bool may_group = f.n - last - 1 == 3 && first >= 1 && first <= 3 && f.p[0] != '0' && !grouped;
    return may_group ? point | comma : own;
}

enum fault import_amount_value(struct arena *arena, const struct amount *amount,
                               enum decimal_sign decimal, const struct currency *currency,
                               int64_t *minor)
{
    char sign = decimal == DECIMAL_COMMA ? ',' : '.', grouping = sign == ',' ? '.' : ',';
    struct str f = amount->figures;
    char *plain = arena_alloc(arena, f.n + 2);
    if (!plain) return FAULT_MEMORY;
    size_t n = 0, group = 0;
    bool grouped = false, behind = false;
    for (size_t i = 0; i < f.n; i++) {
        if (is_digit(f.p[i])) {
            plain[n++] = f.p[i];
            group++;
        } else if (f.p[i] == sign && !behind) {
            if (grouped && group != 3) return FAULT_FORMAT;
            plain[n++] = '.';
            behind = true;
        } else if ((f.p[i] == grouping || f.p[i] == '_') && !behind && group > 0 && group <= 3 &&
                   (!grouped || group == 3)) {
            grouped = true;
            group = 0;
        } else {
            return FAULT_FORMAT;
        }
    }
    if (grouped && !behind && group != 3) return FAULT_FORMAT;
    if (amount->scale) plain[n++] = amount->scale;
    enum fault fault = money_parse((struct str){plain, n}, currency, minor);
    if (!fault && amount->negative) *minor = -*minor;
    return fault;
}

/* --- currencies --- */

const struct currency *import_amount_currency(struct arena *arena, struct str token,
                                              const struct currency *expected, bool *fits)
{
    static const struct {
        const char *sign, *codes; /* the first is meant when it is the only one */
    } signs[] = {
        {"\xE2\x82\xAC", "EUR"}, {"\xC2\xA3", "GBP"},     {"z\xC5\x82", "PLN"},
        {"zl", "PLN"},           {"K\xC4\x8D", "CZK"},    {"Ft", "HUF"},
        {"\xE2\x82\xB4", "UAH"}, {"\xE2\x82\xB9", "INR"}, {"US$", "USD"},
        {"Fr.", "CHF"},          {"SFr.", "CHF"},         {"euro", "EUR"},
        {"$", "USD CAD AUD NZD SGD HKD MXN"},             {"\xC2\xA5", "JPY CNY"},
        {"kr", "SEK NOK DKK ISK"},                        {"kr.", "DKK SEK NOK ISK"},
    };
    *fits = true;
    if (token.n == 0) return NULL;
    const struct currency *named = token.n == 3 ? currency_find(token) : NULL;
    struct str folded;
    for (size_t i = 0; !named && i < sizeof signs / sizeof signs[0]; i++) {
        if (text_fold(arena, token, &folded)) break;
        struct str sign;
        if (text_fold(arena, str_from(signs[i].sign), &sign) || !str_equal(folded, sign)) continue;
        struct str rest = str_from(signs[i].codes), code;
        if (rest.n == 3) named = currency_find(rest);
        while (!named && str_split(&rest, ' ', &code)) {
            if (expected && str_equal(code, str_from(expected->code))) return NULL;
        }
    }
    *fits = named != NULL && named == expected;
    return named;
}

enum fault import_header_fold(struct arena *arena, struct str header, struct str *out)
{
    char *copy = arena_alloc(arena, header.n + 1);
    if (!copy) return FAULT_MEMORY;
    size_t n = 0;
    bool blank = false;
    for (size_t i = 0; i < header.n; i++) {
        char byte = header.p[i];
        if (byte == '*') continue;
        if (strchr(" \t_\r\n", byte) && byte) {
            blank = n > 0;
            continue;
        }
        if (blank) copy[n++] = ' ';
        blank = false;
        copy[n++] = byte;
    }
    return text_fold(arena, (struct str){copy, n}, out);
}
