/* import_cell.c - see import_cell.h. Called by import.c. Invariant: what is ambiguous is refused,
 * never guessed. */
#include "client/exchange/import_cell.h"

#include <string.h>

enum { SERIAL_DAY_ZERO = -25569, SERIAL_DAY_MIN = 20000, SERIAL_DAY_MAX = 80000 };

static bool three_numbers(struct str cell, int64_t parts[3], size_t lengths[3])
{
    size_t count = 0;
    for (size_t i = 0; i < cell.n;) {
        size_t from = i;
        while (i < cell.n && cell.p[i] >= '0' && cell.p[i] <= '9') i++;
        if (i == from || count == 3) return false;
        if (str_to_int64(str_slice(cell, from, i), &parts[count])) return false;
        lengths[count++] = i - from;
        if (i < cell.n) {
            if (!strchr("./-", cell.p[i]) || i + 1 == cell.n) return false;
            i++;
        }
    }
    return count == 3;
}

enum fault import_date(struct str cell, enum date_order order, int64_t *days)
{
    /* A time behind the date is of no use for a day. */
    size_t end = str_find(cell, 'T');
    if (end == cell.n) end = str_find(cell, ' ');
    struct str date = str_slice(cell, 0, end);
    if (date_parse_iso(date, days) == FAULT_NONE) return FAULT_NONE;
    int64_t serial;
    if (str_to_int64(date, &serial) == FAULT_NONE) {
        if (serial < SERIAL_DAY_MIN || serial > SERIAL_DAY_MAX) return FAULT_FORMAT;
        *days = serial + SERIAL_DAY_ZERO;
        return FAULT_NONE;
    }
    int64_t parts[3];
    size_t lengths[3];
    if (order == DATE_ORDER_ISO || !three_numbers(date, parts, lengths)) return FAULT_FORMAT;
    int64_t day = order == DATE_ORDER_DMY ? parts[0] : parts[1];
    int64_t month = order == DATE_ORDER_DMY ? parts[1] : parts[0];
    if (lengths[2] != 4 || month < 1 || month > 12 || day < 1) return FAULT_FORMAT;
    int64_t first = days_from_civil((int)parts[2], (int)month, 1);
    if (first + day - 1 > month_end(first)) return FAULT_FORMAT;
    *days = first + day - 1;
    return FAULT_NONE;
}

enum fault import_money(struct arena *arena, struct str cell, bool decimal_comma,
                        const struct currency *currency, int64_t *minor)
{
    char decimal = decimal_comma ? ',' : '.', grouping = decimal_comma ? '.' : ',';
    char *plain = arena_alloc(arena, cell.n + 1);
    if (!plain) return FAULT_MEMORY;
    size_t n = 0, group = 0;
    bool grouped = false, behind = false;
    for (size_t i = 0; i < cell.n; i++) {
        char byte = cell.p[i];
        if (byte >= '0' && byte <= '9') {
            plain[n++] = byte;
            group++;
        } else if (byte == decimal && !behind) {
            if (grouped && group != 3) return FAULT_FORMAT;
            plain[n++] = '.';
            behind = true;
        } else if ((byte == grouping || byte == ' ') && !behind && group > 0 && group <= 3 &&
                   (!grouped || group == 3)) {
            grouped = true;
            group = 0;
        } else if (byte == '-' && n == 0) {
            plain[n++] = '-';
        } else {
            return FAULT_FORMAT;
        }
    }
    if (grouped && !behind && group != 3) return FAULT_FORMAT;
    return money_parse((struct str){plain, n}, currency, minor);
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
        if (byte == ' ' || byte == '\t' || byte == '_') {
            blank = n > 0;
            continue;
        }
        if (blank) copy[n++] = ' ';
        blank = false;
        copy[n++] = byte;
    }
    return text_fold(arena, (struct str){copy, n}, out);
}
