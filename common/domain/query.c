/* query.c - evaluating a compiled filter. Called per deal by lists, board and reports.
 *
 * An amount is compared as the number it shows, in its deal's own currency: `value:>10k` means ten
 * thousand of whatever it is in; `currency:eur` narrows that. */
#include "common/domain/query.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/check.h"
#include "common/base/money.h"
#include "common/domain/query_term.h"
#include "common/base/banned.h"

const char *deal_is_name(enum deal_is is)
{
    switch (is) {
    case IS_HOT: return "hot";
    case IS_WARM: return "warm";
    case IS_COLD: return "cold";
    case IS_SLOW: return "slow";
    case IS_QUIET: return "quiet";
    case IS_STALE: return "stale";
    case IS_OVERDUE: return "overdue";
    case IS_NO_NEXT_STEP: return "no-next-step";
    case IS_WAITING: return "waiting";
    case IS_CONFLICT: return "conflict";
    case IS_ATTENTION: return "attention";
    case IS_COUNT: break;
    }
    bug("deal_is", __FILE__, __LINE__);
}

/* --- text --- */

static bool text_is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80) return false;
    }
    return true;
}

static char byte_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* `folded` is lower case; so is the other side while it is compared. */
static bool bytes_match_at(struct str text, size_t at, struct str folded)
{
    for (size_t i = 0; i < folded.n; i++) {
        if (byte_lower(text.p[at + i]) != folded.p[i]) return false;
    }
    return true;
}

static bool bytes_match(struct str text, struct str folded, bool whole)
{
    if (folded.n > text.n) return false;
    if (whole) return text.n == folded.n && bytes_match_at(text, 0, folded);
    for (size_t at = 0; at + folded.n <= text.n; at++) {
        if (bytes_match_at(text, at, folded)) return true;
    }
    return false;
}

/* Most text is ASCII and needs no folding; the rest is folded into memory that lives for the
 * comparison only, since a query may be evaluated for hours. */
static bool text_matches(struct str text, struct str folded, bool whole)
{
    if (text.n == 0) return false;
    if (text_is_ascii(text)) return bytes_match(text, folded, whole);
    struct arena scratch;
    arena_init(&scratch, 16 * NOTE_BYTES_MAX);
    struct str plain;
    if (text_fold(&scratch, text, &plain) != FAULT_NONE) plain = text;
    bool matches = bytes_match(plain, folded, whole);
    arena_finish(&scratch);
    return matches;
}

static bool text_test(const struct alternative *alternative, struct str text)
{
    if (alternative->test == TEST_EMPTY) return text.n == 0;
    return text_matches(text, alternative->text, alternative->test == TEST_SAME);
}

static bool set_test(const struct alternative *alternative, struct text_set set)
{
    if (alternative->test == TEST_EMPTY) return set.count == 0;
    for (size_t i = 0; i < set.count; i++) {
        if (text_matches(set.items[i], alternative->text, true)) return true;
    }
    return false;
}

/* --- numbers --- */

static bool number_test(const struct alternative *alternative, bool present, int64_t number)
{
    if (alternative->test == TEST_EMPTY) return !present;
    return present && number >= alternative->from && number <= alternative->to;
}

static int64_t money_scaled(const struct query *query, const struct deal *deal, int64_t minor)
{
    const struct currency *currency = currency_find(deal->currency);
    int digits = currency ? currency->digits : query->money_digits;
    int64_t scaled = minor;
    for (; digits < QUERY_MONEY_DIGITS; digits++) {
        if (__builtin_mul_overflow(scaled, 10, &scaled)) return minor < 0 ? INT64_MIN : INT64_MAX;
    }
    return scaled;
}

static bool field_test(const struct query *query, const struct term *term,
                       const struct alternative *alternative, const struct deal *deal)
{
    struct value value = field_get(term->field, deal);
    switch (value.type) {
    case VALUE_TEXT:
    case VALUE_BYTES: return text_test(alternative, value.text);
    case VALUE_SET: return set_test(alternative, value.set);
    case VALUE_REFERENCE:
        if (alternative->test == TEST_EMPTY) return !value.present;
        return value.present && uuid_equal(value.id, alternative->id);
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_FLAG:
    case VALUE_CHOICE: break;
    }
    int64_t number = value.number;
    if (value.present && term->subject == SUBJECT_MONEY) {
        number = money_scaled(query, deal, number);
    }
    if (value.present && term->subject == SUBJECT_INSTANT) {
        number = zone_date(&query->zone, number);
    }
    return number_test(alternative, value.present, number);
}

/* --- terms --- */

static bool name_test(const struct term *term, const struct alternative *alternative,
                      const struct deal *deal, struct str name)
{
    if (alternative->test == TEST_EMPTY) return !field_get(term->field, deal).present;
    return text_test(alternative, name);
}

static bool stage_test(const struct alternative *alternative, const struct deal_view *view)
{
    if (alternative->test == TEST_EMPTY) return view->stage == NULL;
    if (!view->stage || !view->pipeline) return false;
    return str_equal(view->stage->key, alternative->stage) &&
           str_equal(view->pipeline->key, alternative->text);
}

static bool id_test(const struct alternative *alternative, struct uuid id)
{
    if (alternative->test == TEST_EMPTY) return uuid_is_zero(id);
    if (alternative->test == TEST_REFERENCE) return uuid_equal(id, alternative->id);
    return uuid_short_matches(id, alternative->text);
}

static bool alternative_matches(const struct query *query, const struct term *term,
                                const struct alternative *alternative,
                                const struct deal_view *view)
{
    const struct deal *deal = view->deal;
    switch (term->subject) {
    case SUBJECT_WORD:
        return text_test(alternative, deal->title) || text_test(alternative, view->organisation) ||
               text_test(alternative, view->contact);
    case SUBJECT_FIELD:
    case SUBJECT_MONEY:
    case SUBJECT_INSTANT: return field_test(query, term, alternative, deal);
    case SUBJECT_ORGANISATION: return name_test(term, alternative, deal, view->organisation);
    case SUBJECT_CONTACT: return name_test(term, alternative, deal, view->contact);
    case SUBJECT_STAGE: return stage_test(alternative, view);
    case SUBJECT_ID: return id_test(alternative, deal->id);
    case SUBJECT_IS:
        if (alternative->test == TEST_EMPTY) return view->is == 0;
        return (view->is & alternative->bit) != 0;
    case SUBJECT_AGE: return number_test(alternative, view->age_days >= 0, view->age_days);
    case SUBJECT_PROBABILITY: return number_test(alternative, true, view->probability);
    }
    bug("subject", __FILE__, __LINE__);
}

static bool term_matches(const struct query *query, const struct term *term,
                         const struct deal_view *view)
{
    for (size_t i = 0; i < term->count; i++) {
        if (alternative_matches(query, term, &term->alternatives[i], view)) return !term->negated;
    }
    return term->negated;
}

bool query_matches(const struct query *query, const struct deal_view *view)
{
    for (size_t i = 0; i < query->count; i++) {
        if (!term_matches(query, &query->terms[i], view)) return false;
    }
    return true;
}
