/* work_deal.c - the verbs of a deal and of a lead that write.
 *
 * Every one is a wish on the deal's fields; what is allowed is decided in one place (decide). */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

enum fault deal_said(struct work *work, const struct wish *wish, const char *sentence,
                     struct str what, struct answer *answer)
{
    const void *shown;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_DEAL,
                                                wish->target, false, &shown);
    if (fault) return fault;
    const struct deal *deal = shown;
    struct str changes = wish_changes(work, wish, shown);
    NOTE(answer, NOTE_RESULT, sentence, {"id", name_short(work, ENTITY_DEAL, deal->id)},
         {"title", deal->title}, {"stage", name_of_stage(work, deal)},
         {"owner", name_of_member(work, deal->owner)}, {"what", what});
    if (changes.n > 0) NOTE(answer, NOTE_RESULT, "  {changes}", {"changes", changes});
    fault = wish_tell_date(work, wish, answer);
    answer->machine_only = true;
    return fault ? fault : deal_record(work, deal, answer);
}

static enum fault deal_submit(struct work *work, struct wish *wish, const char *summary,
                              struct str title, const char *sentence, struct str what,
                              struct answer *answer)
{
    bool done;
    struct str text = arena_format(work->arena, "%s %.*s", summary, STR_ARGS(title));
    enum fault fault = wish_submit(work, wish, text, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    if (!done) {
        answer->machine_only = true;
        NOTE(answer, NOTE_TALK, "{title} is so already; nothing was changed", {"title", title});
        return wish->current ? deal_record(work, wish->current, answer) : FAULT_NONE;
    }
    return deal_said(work, wish, sentence, what, answer);
}

/* Finds the deal of the first argument and starts a wish on it. */
static enum fault deal_begin(struct work *work, const struct request *request, struct wish *wish,
                             struct answer *answer, const struct deal **deal)
{
    const void *found;
    *deal = NULL;
    enum fault fault = name_find(work, ENTITY_DEAL, request->arguments[0], answer, &found);
    if (fault || !found) return fault;
    *deal = found;
    wish_init(wish, ENTITY_DEAL, (*deal)->id, *deal);
    return FAULT_NONE;
}

static struct str words_from(struct work *work, const struct request *request, size_t from)
{
    struct str text = STR("");
    for (size_t i = from; i < request->argument_count; i++) {
        text = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(text), i > from ? " " : "",
                            STR_ARGS(request->arguments[i]));
    }
    return text;
}

static enum fault deal_create(struct work *work, const struct request *request, bool lead,
                              struct answer *answer)
{
    bool fine;
    struct wish wish;
    struct str title = str_trim(words_from(work, request, 0));
    wish_init(&wish, ENTITY_DEAL, uuid_v7((uint64_t)work->now.wall_ms, work->random), NULL);
    wish_set(&wish, "title", value_text(title));
    enum fault fault = wish_options(work, request, &wish, answer, &fine);
    if (fault || !fine) return fault;
    return deal_submit(work, &wish, lead ? "lead add" : "deal add", title,
                       "Added {id} {title} ({stage})", STR_NONE, answer);
}

enum fault deal_add(struct work *work, const struct request *request, struct answer *answer)
{
    return deal_create(work, request, false, answer);
}

enum fault lead_add(struct work *work, const struct request *request, struct answer *answer)
{
    return deal_create(work, request, true, answer);
}

enum fault deal_edit(struct work *work, const struct request *request, struct answer *answer)
{
    bool fine;
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    fault = wish_options(work, request, &wish, answer, &fine);
    if (fault || !fine) return fault;
    if (wish.count == 0) {
        answer_fail(answer, ERROR_NOTHING_TO_CHANGE,
                    "there is nothing to change; name a field, as in `--value 12k`");
        return FAULT_NONE;
    }
    fault = deal_submit(work, &wish, "deal edit", deal->title, "Changed {id} {title}", STR_NONE,
                       answer);
    answer_mend(work, request, deal, answer);
    return fault;
}

enum fault deal_check(struct work *work, const struct request *request, struct answer *answer)
{
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    struct str words = STR("");
    for (size_t i = 1; i < request->argument_count; i++) {
        words = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(words), i > 1 ? "," : "",
                             STR_ARGS(request->arguments[i]));
    }
    fault = wish_checks(work, deal->pipeline, words, &wish, answer);
    if (fault || answer->code != ANSWER_OK) return fault;
    return deal_submit(work, &wish, "deal check", deal->title, "Checked {id} {title}: {what}",
                       words, answer);
}

/* The edit flags and --check, which move, win and lose take along. */
static enum fault deal_options(struct work *work, const struct request *request,
                               const struct deal *deal, struct wish *wish, struct answer *answer)
{
    bool fine;
    enum fault fault = wish_options(work, request, wish, answer, &fine);
    const struct request_option *check = request_option(request, "check");
    if (fault || !fine || !check) return fault;
    return wish_checks(work, deal->pipeline, check->value, wish, answer);
}

enum fault deal_move(struct work *work, const struct request *request, struct answer *answer)
{
    bool fine;
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    const struct field *stage = field_by_name(ENTITY_DEAL, STR("stage"));
    fault = wish_field(work, &wish, stage, request->arguments[1], answer, &fine);
    if (!fault && fine) fault = deal_options(work, request, deal, &wish, answer);
    if (fault || answer->code != ANSWER_OK) return fault;
    fault = deal_submit(work, &wish, "deal move", deal->title, "Moved {id} {title} to {stage}",
                       STR_NONE, answer);
    answer_mend(work, request, deal, answer);
    return fault;
}

static enum fault deal_close(struct work *work, const struct request *request,
                             enum deal_status status, struct answer *answer)
{
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    bool won = status == STATUS_WON;
    const struct pipeline *pipeline = definition_pipeline(&work->definition, deal->pipeline);
    const struct stage *stage =
        pipeline ? pipeline_stage_of_kind(pipeline, won ? STAGE_WON : STAGE_LOST) : NULL;
    if (stage) wish_set(&wish, "stage", value_text(stage->key));
    wish_set(&wish, "status", value_number(VALUE_CHOICE, status));
    struct str reason = won ? STR_NONE : str_trim(words_from(work, request, 1));
    if (reason.n > 0) wish_set(&wish, "lost_reason", value_text(reason));
    fault = deal_options(work, request, deal, &wish, answer);
    if (fault || answer->code != ANSWER_OK) return fault;
    fault = deal_submit(work, &wish, won ? "deal win" : "deal lose", deal->title,
                       won ? "Won {id} {title}" : "Lost {id} {title}", STR_NONE, answer);
    answer_mend(work, request, deal, answer);
    return fault;
}

enum fault deal_win(struct work *work, const struct request *request, struct answer *answer)
{
    return deal_close(work, request, STATUS_WON, answer);
}

enum fault deal_lose(struct work *work, const struct request *request, struct answer *answer)
{
    return deal_close(work, request, STATUS_LOST, answer);
}

enum fault deal_ice(struct work *work, const struct request *request, struct answer *answer)
{
    bool fine;
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    wish_set(&wish, "status", value_number(VALUE_CHOICE, STATUS_ICED));
    fault = wish_options(work, request, &wish, answer, &fine);
    if (fault || !fine) return fault;
    return deal_submit(work, &wish, "deal ice", deal->title, "Put {id} {title} on ice", STR_NONE,
                       answer);
}

enum fault deal_thaw(struct work *work, const struct request *request, struct answer *answer)
{
    bool fine;
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    if (deal->status != STATUS_ICED) {
        struct reasons reasons = {.count = 0};
        reasons_add(&reasons, (struct reason){.code = REASON_DEAL_NOT_ICED});
        answer_refuse(answer, &reasons);
        return FAULT_NONE;
    }
    wish_set(&wish, "status", value_number(VALUE_CHOICE, STATUS_OPEN));
    wish_set(&wish, "wake_date", value_absent(VALUE_DATE));
    fault = wish_options(work, request, &wish, answer, &fine);
    if (fault || !fine) return fault;
    fault = deal_submit(work, &wish, "deal thaw", deal->title, "Thawed {id} {title} ({stage})",
                       STR_NONE, answer);
    answer_mend(work, request, deal, answer);
    return fault;
}

/* Where it stood before it was closed: the last stage event into the end; else the first stage. */
static enum fault reopen_stage(struct work *work, const struct deal *deal,
                               const struct pipeline *pipeline, struct str *out)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, deal->id, &events, &seqs, &count);
    if (fault) return fault;
    const struct stage *stage = pipeline_stage_of_kind(pipeline, STAGE_LEAD);
    if (!stage) stage = pipeline_stage_of_kind(pipeline, STAGE_OPEN);
    if (stage) *out = stage->key;
    for (size_t i = count; i-- > 0;) {
        const struct event *event = events[i];
        if (event->what != EVENT_STAGE || event->from_stage.n == 0) continue;
        const struct stage *from = pipeline_stage_today(pipeline, event->from_stage);
        if (!from || (from->kind != STAGE_LEAD && from->kind != STAGE_OPEN)) continue;
        *out = from->key;
        return FAULT_NONE;
    }
    return FAULT_NONE;
}

enum fault deal_reopen(struct work *work, const struct request *request, struct answer *answer)
{
    bool fine = true;
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    if (deal->status == STATUS_OPEN || deal->status == STATUS_ICED) {
        struct reasons reasons = {.count = 0};
        reasons_add(&reasons, (struct reason){.code = REASON_DEAL_NOT_CLOSED});
        answer_refuse(answer, &reasons);
        return FAULT_NONE;
    }
    const struct pipeline *pipeline = definition_pipeline(&work->definition, deal->pipeline);
    struct str stage = deal->stage;
    if (pipeline) fault = reopen_stage(work, deal, pipeline, &stage);
    if (!fault && request->argument_count > 1) {
        const struct field *field = field_by_name(ENTITY_DEAL, STR("stage"));
        fault = wish_field(work, &wish, field, request->arguments[1], answer, &fine);
    } else {
        wish_set(&wish, "stage", value_text(stage));
    }
    if (fault || !fine) return fault;
    wish_set(&wish, "status", value_number(VALUE_CHOICE, STATUS_OPEN));
    wish_set(&wish, "lost_reason", value_absent(VALUE_TEXT));
    fault = deal_options(work, request, deal, &wish, answer);
    if (fault || answer->code != ANSWER_OK) return fault;
    fault = deal_submit(work, &wish, "deal reopen", deal->title, "Reopened {id} {title} ({stage})",
                       STR_NONE, answer);
    answer_mend(work, request, deal, answer);
    return fault;
}

enum fault deal_assign(struct work *work, const struct request *request, struct answer *answer)
{
    struct wish wish;
    const struct deal *deal;
    enum fault fault = deal_begin(work, request, &wish, answer, &deal);
    if (fault || !deal) return fault;
    const struct member *member = name_member(work, request->arguments[1], answer);
    if (!member) return FAULT_NONE;
    wish_set(&wish, "owner", value_reference(member->id));
    return deal_submit(work, &wish, "deal assign", deal->title, "{id} {title} is {owner}'s now",
                       STR_NONE, answer);
}
