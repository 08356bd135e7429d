/* work_cell.c - values as people read them, and as cells with both faces.
 *
 * The machine face of a cell is stable: money as decimal text, dates ISO, times ISO UTC; unknown is
 * absent. Callers: whatever tells of values; it asks for names, and for nothing above. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/base/money.h"

struct str count_of(struct arena *arena, size_t count, const char *one, const char *many)
{
    return arena_format(arena, "%zu %s", count, sentence_of(count, one, many));
}

struct str money_say(struct work *work, int64_t minor, struct str code)
{
    char text[48]; /* an amount, a space, a code */
    const struct currency *currency = currency_find(code);
    if (!currency) currency = currency_find(work->team->currency);
    if (!currency) return STR_NONE;
    money_format_human(minor, currency, text, sizeof text - 1 - sizeof currency->code);
    size_t n = strlen(text);
    text[n] = ' ';
    memcpy(text + n + 1, currency->code, sizeof currency->code);
    return arena_str(work->arena, str_from(text));
}

struct cell cell_money(struct work *work, struct optional value, struct str code)
{
    char text[40];
    const struct currency *currency = currency_find(code);
    if (!value.has || !currency) return (struct cell){.type = CELL_NONE};
    money_format(value.v, currency, text, sizeof text);
    return (struct cell){.type = CELL_MONEY,
                         .text = arena_str(work->arena, str_from(text)),
                         .shown = money_say(work, value.v, code)};
}

struct str date_say(struct work *work, struct optional date)
{
    char text[11];
    if (!date.has) return STR_NONE;
    date_format(date.v, text);
    return arena_str(work->arena, str_from(text));
}

struct str moment_full_say(struct work *work, struct optional instant)
{
    char day[11];
    if (!instant.has) return STR_NONE;
    int64_t date = zone_date(&work->zone, instant.v);
    int64_t minutes = (instant.v - zone_midnight(&work->zone, date)) / 60000;
    date_format(date, day);
    return arena_format(work->arena, "%s %02d:%02d", day, (int)(minutes / 60 % 24),
                        (int)(minutes % 60));
}

struct str moment_say(struct work *work, struct optional instant)
{
    struct str full = moment_full_say(work, instant);
    if (full.n == 0 || zone_date(&work->zone, instant.v) != work->today) return full;
    return str_slice(full, str_find(full, ' ') + 1, full.n);
}

struct cell cell_date(struct work *work, struct optional date)
{
    return cell_text(date_say(work, date));
}

struct cell cell_time(struct work *work, struct optional time)
{
    char text[25];
    if (!time.has) return (struct cell){.type = CELL_NONE};
    instant_format(time.v, text);
    struct optional local = {true, zone_date(&work->zone, time.v)};
    return cell_faces(arena_str(work->arena, str_from(text)), date_say(work, local));
}

static struct cell cell_reference(struct work *work, const struct field *field, struct uuid id)
{
    if (uuid_is_zero(id)) return (struct cell){.type = CELL_NONE};
    if (field->refers == ENTITY_NONE) {
        char text[UUID_TEXT_LENGTH + 1];
        uuid_format(id, text);
        return cell_text(arena_str(work->arena, str_from(text)));
    }
    return cell_text(name_of(work, field->refers, id));
}

struct cell cell_field(struct work *work, const struct field *field, const void *entity)
{
    struct value value = field_get(field, entity);
    if (field->type == VALUE_SET) return cell_list(work->arena, value.set);
    if (field->type == VALUE_FLAG) return cell_flag(value.number != 0);
    if (!value.present) return (struct cell){.type = CELL_NONE};
    struct optional number = {true, value.number};
    switch (field->type) {
    case VALUE_TEXT: return cell_text(value.text);
    case VALUE_DATE: return cell_date(work, number);
    case VALUE_TIME: return cell_time(work, number);
    case VALUE_NUMBER: return cell_number(work->arena, value.number);
    case VALUE_REFERENCE: return cell_reference(work, field, value.id);
    case VALUE_CHOICE: {
        const char *name = field_choice_name(field, value.number);
        return name ? cell_text(str_from(name)) : cell_number(work->arena, value.number);
    }
    case VALUE_FLAG:
    case VALUE_SET:
    case VALUE_BYTES: break;
    }
    return (struct cell){.type = CELL_NONE};
}

struct str stage_say(struct work *work, struct str key)
{
    for (size_t i = 0; i < work->definition.pipeline_count; i++) {
        const struct stage *stage = pipeline_stage(&work->definition.pipelines[i], key);
        if (stage) return stage->name;
    }
    return key;
}

struct str text_say(struct work *work, const struct field *field, struct str canonical,
                    struct str currency)
{
    struct value value;
    if (canonical.n == 0) return STR("nothing");
    if (strcmp(field->name, "stage") == 0) return stage_say(work, canonical);
    if (field->type == VALUE_SET || field->type == VALUE_TEXT) return canonical;
    if (value_parse(work->arena, field->type, canonical, &value)) return canonical;
    if (strcmp(field->name, "value") == 0) return money_say(work, value.number, currency);
    if (strcmp(field->name, "probability") == 0) {
        return arena_format(work->arena, "%.*s %%", STR_ARGS(canonical));
    }
    if (field->type == VALUE_REFERENCE) return cell_reference(work, field, value.id).shown;
    if (field->type == VALUE_CHOICE) {
        const char *name = field_choice_name(field, value.number);
        return name ? str_from(name) : canonical;
    }
    return canonical;
}
