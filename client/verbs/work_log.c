/* work_log.c - `log call|mail|meeting|note DEAL TEXT`: what was done for a deal. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

static int64_t log_type(struct str word)
{
    static const struct {
        const char *word;
        enum activity_type type;
    } types[] = {{"call", ACTIVITY_CALL},        {"mail", ACTIVITY_MAIL_OUT},
                 {"mail-out", ACTIVITY_MAIL_OUT}, {"mail-in", ACTIVITY_MAIL_IN},
                 {"meeting", ACTIVITY_MEETING},  {"note", ACTIVITY_NOTE}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (str_equal(word, str_from(types[i].word))) return types[i].type;
    }
    return ACTIVITY_NONE;
}

static const struct column log_columns[] = {
    {"deal_id", "Deal", COLUMN_SHOWN}, {"title", "Title", COLUMN_SHOWN},
    {"type", "What", COLUMN_SHOWN},    {"when", "When", COLUMN_SHOWN},
    {"who", "Who", COLUMN_SHOWN},      {"text", "Text", COLUMN_SHOWN | COLUMN_WIDE},
};
const struct columns log_table = COLUMNS(log_columns);

static enum fault log_record(struct work *work, const struct deal *deal, struct uuid id,
                             struct answer *answer)
{
    const void *found;
    enum fault fault =
        work->replica->f->entity(work->replica, work->arena, ENTITY_ACTIVITY, id, false, &found);
    if (fault) return fault;
    const struct activity *activity = found;
    answer_machine(answer, SHAPE_RECORD, &log_table);
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    cells[0] = cell_text(name_short(work, ENTITY_DEAL, deal->id));
    cells[1] = cell_text(deal->title);
    cells[2] = cell_field(work, field_by_name(ENTITY_ACTIVITY, STR("type")), activity);
    cells[3] = cell_time(work, activity->happened_at);
    cells[4] = cell_text(name_of_member(work, activity->member));
    cells[5] = cell_text(activity->text);
    return FAULT_NONE;
}

enum fault log_add(struct work *work, const struct request *request, struct answer *answer)
{
    bool done;
    struct wish wish;
    const void *found;
    int64_t type = log_type(request->arguments[0]);
    if (type == ACTIVITY_NONE) {
        FAIL(answer, ERROR_UNKNOWN_ACTIVITY,
             "there is no \"{word}\" to log; there are: call, mail, mail-in, meeting, note",
             {"word", request->arguments[0]});
        return FAULT_NONE;
    }
    enum fault fault = name_find(work, ENTITY_DEAL, request->arguments[1], answer, &found);
    if (fault || !found) return fault;
    const struct deal *deal = found;
    struct str text = STR("");
    for (size_t i = 2; i < request->argument_count; i++) {
        text = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(text), i > 2 ? " " : "",
                            STR_ARGS(request->arguments[i]));
    }
    wish_init(&wish, ENTITY_ACTIVITY, uuid_v7((uint64_t)work->now.wall_ms, work->random), NULL);
    if (!date_option(work, request, "on", &wish.happened_at, answer)) return FAULT_NONE;
    wish_set(&wish, "type", value_number(VALUE_CHOICE, type));
    wish_set(&wish, "deal", value_reference(deal->id));
    if (text.n > 0) wish_set(&wish, "text", value_text(text));
    struct str summary = arena_format(work->arena, "log %.*s %.*s",
                                      STR_ARGS(request->arguments[0]), STR_ARGS(deal->title));
    fault = wish_submit(work, &wish, summary, answer, &done);
    if (fault || !done) return fault;
    NOTE(answer, NOTE_RESULT, "Logged {what} for {id} {title}", {"what", request->arguments[0]},
         {"id", name_short(work, ENTITY_DEAL, deal->id)}, {"title", deal->title});
    return log_record(work, deal, wish.target, answer);
}
