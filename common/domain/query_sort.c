/* query_sort.c - the order that a filter asks for: `sort:value`, `sort:-due,title`. Called by lists.
 *
 * What is unknown comes last, whichever way the rest is sorted. */
#include "common/domain/query.h"

#include <string.h>

#include "common/base/money.h"
#include "common/domain/query_term.h"
#include "common/base/banned.h"

static int64_t money_scaled(const struct deal *deal)
{
    const struct currency *currency = currency_find(deal->currency);
    int64_t amount = deal->value.v, scaled;
    for (int digits = currency ? currency->digits : 2; digits < QUERY_MONEY_DIGITS; digits++) {
        if (__builtin_mul_overflow(amount, 10, &scaled)) return amount > 0 ? INT64_MAX : INT64_MIN;
        amount = scaled;
    }
    return amount;
}

/* Stages in the order of their pipeline, pipelines by key. */
static struct value stage_value(const struct deal_view *view)
{
    if (!view->stage || !view->pipeline) return value_absent(VALUE_NUMBER);
    return value_number(VALUE_NUMBER, view->stage - view->pipeline->stages);
}

static struct value sort_value(const struct sort_key *key, const struct deal_view *view)
{
    const struct deal *deal = view->deal;
    const struct field *field = key->field;
    if (!field) {
        return view->age_days >= 0 ? value_number(VALUE_NUMBER, view->age_days)
                                   : value_absent(VALUE_NUMBER);
    }
    if (strcmp(field->name, "stage") == 0) return stage_value(view);
    if (strcmp(field->name, "org") == 0) return value_text(view->organisation);
    if (strcmp(field->name, "contact") == 0) return value_text(view->contact);
    if (strcmp(field->name, "owner") == 0) return value_text(view->owner);
    if (strcmp(field->name, "probability") == 0) {
        return value_number(VALUE_NUMBER, view->probability);
    }
    if (strcmp(field->name, "value") == 0) {
        return deal->value.has ? value_number(VALUE_NUMBER, money_scaled(deal))
                               : value_absent(VALUE_NUMBER);
    }
    return field_get(field, deal);
}

static int key_compare(const struct sort_key *key, const struct deal_view *a,
                       const struct deal_view *b)
{
    struct value x = sort_value(key, a), y = sort_value(key, b);
    if (x.present != y.present) return x.present ? -1 : 1;
    if (!x.present) return 0;
    int order;
    if (x.type == VALUE_TEXT) order = str_compare(x.text, y.text);
    else if (x.type == VALUE_REFERENCE) order = uuid_compare(x.id, y.id);
    else order = x.number < y.number ? -1 : x.number > y.number;
    return key->descending ? -order : order;
}

bool query_is_sorted(const struct query *query)
{
    return query->sort_count > 0;
}

int query_compare(const struct query *query, const struct deal_view *a, const struct deal_view *b)
{
    for (size_t i = 0; i < query->sort_count; i++) {
        int order = key_compare(&query->sorts[i], a, b);
        if (order) return order;
    }
    return 0;
}
