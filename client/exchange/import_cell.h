/* import_cell.h - one cell of a foreign table as one of our values. */
#ifndef SLUICE_CLIENT_EXCHANGE_IMPORT_CELL_H
#define SLUICE_CLIENT_EXCHANGE_IMPORT_CELL_H

#include "client/exchange/import.h"
#include "common/base/calendar.h"
#include "common/base/money.h"

/* ISO, the declared order with . / or -, or a spreadsheet's serial day (since 1899-12-30). */
MUST_USE enum fault import_date(struct str cell, enum date_order order, int64_t *days);
/* Digits with the declared decimal sign; grouping by blanks, or by the sign that is not the
 * decimal one, only in groups of three: 1,12 never becomes 112. */
MUST_USE enum fault import_money(struct arena *arena, struct str cell, bool decimal_comma,
                                 const struct currency *currency, int64_t *minor);
/* Header compare: case, accents, '*' and repeated blanks do not count. */
MUST_USE enum fault import_header_fold(struct arena *arena, struct str header, struct str *out);

#endif
