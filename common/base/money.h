/* money.h - money is int64 minor units and an ISO 4217 code; arithmetic is checked. */
#ifndef SLUICE_COMMON_BASE_MONEY_H
#define SLUICE_COMMON_BASE_MONEY_H

#include "common/base/text.h"

struct currency {
    char code[4]; /* "EUR" */
    int digits;   /* digits after the decimal point: 2, 0 for JPY, 3 for KWD */
};

/* NULL when the code is not an active ISO 4217 currency. Case ignored. */
const struct currency *currency_find(struct str code);
/* Blanks or underscores must split groups of three; a leading minus is read.
 * "12500", "12 500.00", "12500.5", "12.5k", "1.2M" -> minor units of the currency. A decimal comma
 * is FAULT_FORMAT (it must be declared by an importer, never guessed); more decimals than the
 * currency has is FAULT_FORMAT; above MONEY_MAX is FAULT_LIMIT. */
MUST_USE enum fault money_parse(struct str text, const struct currency *currency, int64_t *out);
/* Plain decimal, as JSON and CSV have it: "12500.00". */
void money_format(int64_t minor, const struct currency *currency, char *out, size_t size);
/* For people: "12,500" (no cents when they are zero), grouped by thousands. */
void money_format_human(int64_t minor, const struct currency *currency, char *out, size_t size);
MUST_USE enum fault money_add(int64_t a, int64_t b, int64_t *out);
/* amount * percent / 100, rounded half to even. The result must fit (a check). */
int64_t money_percent(int64_t amount, int percent);

#endif
