/* import_cell.h - one cell of a foreign table as one of our values. */
#ifndef SLUICE_CLIENT_EXCHANGE_IMPORT_CELL_H
#define SLUICE_CLIENT_EXCHANGE_IMPORT_CELL_H

#include "client/exchange/import.h"
#include "common/base/calendar.h"
#include "common/base/money.h"

/* Year first (2027-03-01, 2027/3/1), a month by its English name (1 Mar 2027, Mar 1, 2027), a
 * spreadsheet's serial day (since 1899-12-30), and the declared order with . / or -. A time behind
 * it is of no use for a day. */
MUST_USE enum fault import_date(struct str cell, enum date_order order, int64_t *days);
/* The orders (1 << DATE_ORDER_DMY, 1 << DATE_ORDER_MDY) that make a date of a cell whose order
 * matters; 0 for all other cells. */
unsigned import_date_orders(struct str cell);

/* An amount taken apart: "-1 234,50 zł" has the figures "1_234,50", and the token "zł". */
struct amount {
    bool negative;
    struct str figures; /* digits, '.', ',' and '_' for what can only group */
    struct str token;   /* what stands before or behind: a currency or its sign; absent: nothing */
    char scale;         /* 'k' or 'M' behind the figures; 0: none */
};

/* FAULT_FORMAT if it is none. Into the arena. */
MUST_USE enum fault import_amount(struct arena *arena, struct str cell, struct amount *out);
/* The signs (1 << DECIMAL_POINT, 1 << DECIMAL_COMMA) that make an amount of figures whose meaning
 * depends on it; 0 when it does not: "1,234.50" and "1,5" tell, "1,234" may be either. */
unsigned import_amount_decimals(const struct amount *amount);
/* Grouping only by what is not the decimal sign, and in groups of three: 1,12 never becomes 112.
 * FAULT_FORMAT also for more decimals than the currency has; FAULT_LIMIT: too large. */
MUST_USE enum fault import_amount_value(struct arena *arena, const struct amount *amount,
                                        enum decimal_sign decimal,
                                        const struct currency *currency, int64_t *minor);
/* The currency a token names. *fits: `expected` may be written so ("$" is any dollar). NULL when it
 * names none by itself. */
const struct currency *import_amount_currency(struct arena *arena, struct str token,
                                              const struct currency *expected, bool *fits);

/* Header compare: case, accents, '*' and repeated blanks do not count. */
MUST_USE enum fault import_header_fold(struct arena *arena, struct str header, struct str *out);

#endif
