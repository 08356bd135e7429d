/* work_inbox_retry.c - a refused change sent again, on what stands now, perhaps mended by options. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

/* What was wanted, on what stands now. */
static void retry_edits(struct wish *wish, const struct mutation *old)
{
    for (size_t i = 0; i < old->edit_count && i < MUTATION_CHANGES_MAX; i++) {
        struct edit edit = old->edits[i];
        bool based = edit.field && edit.field->type != VALUE_SET && wish->current &&
                     old->kind == MUTATION_EDIT;
        if (based) {
            /* What it did not want to change is taken as it stands now; so is the base of what is
             * guarded, which would be refused for ever. Else the base stays: what somebody changed
             * since becomes a conflict that shows both, and is not overwritten unseen. */
            bool unchanged = value_equal(edit.base, edit.want);
            struct value stands = field_get(edit.field, wish->current);
            if (unchanged || (edit.field->flags & FIELD_GUARDED)) edit.base = stands;
            if (unchanged) edit.want = stands;
        }
        wish->edits[wish->count++] = edit;
    }
}

/* *possible: it can be sent again at all. The wish borrows from *old. */
static enum fault retry_wish(struct work *work, const struct inbox_item *item,
                             struct mutation *old, struct wish *wish, bool *possible)
{
    const void *current = NULL;
    *possible = inbox_can_retry(work, item) &&
                codec_mutation_unpack(work->arena, item->payload, old) == FAULT_NONE;
    if (!*possible) return FAULT_NONE;
    enum entity_kind kind = (enum entity_kind)old->entity;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, kind, old->target,
                                                false, &current);
    if (fault == FAULT_NOT_FOUND) current = NULL;
    else if (fault) return fault;
    wish_init(wish, kind, old->target, old->kind == MUTATION_EDIT ? current : NULL);
    retry_edits(wish, old);
    if (old->kind == MUTATION_RESTORE) {
        const struct event *deletion;
        fault = deletion_of(work, old->target, &deletion);
        if (fault) return fault;
        if (deletion) old->undoes = deletion->mutation;
    }
    if (old->stage) fault = stage_again(work, old->stage, &old->stage);
    if (fault == FAULT_MEMORY) return fault;
    old->resolves = item->id;
    old->resolution = INBOX_RESENT;
    wish->again = old;
    return FAULT_NONE;
}

enum fault inbox_would(struct work *work, const struct inbox_item *item, bool *would,
                       bool *conflict, struct reasons *would_not)
{
    struct mutation old;
    struct wish wish;
    bool possible;
    *would = *conflict = false;
    would_not->count = 0;
    if (!uuid_equal(item->author, work->identity.member)) return FAULT_NONE;
    enum fault fault = retry_wish(work, item, &old, &wish, &possible);
    if (fault || !possible) return fault;
    return wish_would(work, &wish, would, conflict, would_not);
}

static enum fault retry_options(struct work *work, const struct request *request,
                                struct wish *wish, struct answer *answer, bool *fine)
{
    const struct request_option *check = request_option(request, "check");
    enum fault fault = wish_options(work, request, wish, answer, fine);
    if (fault || !*fine || !check || wish->kind != ENTITY_DEAL) return fault;
    struct str pipeline = work->definition.pipeline_count > 0 ? work->definition.pipelines[0].key
                                                              : STR_NONE;
    if (wish->current) pipeline = ((const struct deal *)wish->current)->pipeline;
    fault = wish_checks(work, pipeline, check->value, wish, answer);
    *fine = answer->code == ANSWER_OK;
    return fault;
}

/* --restore: what was deleted comes back first. */
static enum fault retry_restore(struct work *work, const struct inbox_item *item,
                                struct answer *answer)
{
    const struct event *deletion;
    const void *current;
    bool done;
    struct inbox_about thing = inbox_need(work, item).thing;
    enum entity_kind kind = thing.kind;
    if (kind == ENTITY_NONE) return FAULT_NONE;
    enum fault fault =
        work->replica->f->entity(work->replica, work->arena, kind, thing.id, false, &current);
    if (fault != FAULT_NOT_FOUND) return fault; /* it is there */
    fault = deletion_of(work, thing.id, &deletion);
    if (fault) return fault;
    if (!deletion) {
        answer_fail(answer, ERROR_GONE, "what it was about cannot be brought back");
        return FAULT_NONE;
    }
    fault = deletion_undo(work, kind, thing.id, deletion->mutation, STR("inbox retry --restore"),
                          answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_RESULT, "Brought back {id} {title}",
         {"id", name_short(work, kind, thing.id)}, {"title", deletion_title(work, deletion)});
    return FAULT_NONE;
}

static struct str retry_why_not(struct work *work, const struct inbox_item *item)
{
    if (inbox_need(work, item).waits) return STR("the server does not have it again yet");
    /* `sluice inbox` says who can bring it back. */
    if (str_starts_with(item->reasons, STR("server_fault"))) return STR("the server fails on it");
    return str_starts_with(item->reasons, STR("undecodable")) ? STR("nobody can read it")
                                                              : STR("what it changes is gone");
}

enum fault inbox_retry(struct work *work, const struct request *request,
                       const struct inbox_item *item, struct answer *answer)
{
    struct mutation old;
    struct wish wish;
    bool done, fine = true, possible;
    struct str about = inbox_subject_say(work, item);
    struct str summary = arena_format(work->arena, "inbox retry %lld%s%.*s", (long long)item->number,
                                      about.n > 0 ? ": " : "", STR_ARGS(about));
    enum fault fault = FAULT_NONE;
    if (request && request_option(request, "restore")) fault = retry_restore(work, item, answer);
    if (fault || answer->code != ANSWER_OK) return fault;
    fault = retry_wish(work, item, &old, &wish, &possible);
    if (fault) return fault;
    if (!possible) {
        FAIL(answer, ERROR_WRONG_ITEM,
             inbox_need(work, item).waits
                 ? "item {number} cannot be sent yet: {why}; once whoever added that has synced, this can "
                   "be sent"
                 : "item {number} cannot be sent again: {why}; `sluice inbox discard {number}` closes it",
             {"number", arena_format(work->arena, "%lld", (long long)item->number)},
             {"why", retry_why_not(work, item)});
        return FAULT_NONE;
    }
    if (request) fault = retry_options(work, request, &wish, answer, &fine);
    if (fault || !fine) return fault;
    if (!wish.happened_at.has) wish.happened_at = old.happened_at;
    fault = wish_submit(work, &wish, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_RESULT, "Item {number} is sent again: {what}",
         {"number", arena_format(work->arena, "%lld", (long long)item->number)},
         {"what", about});
    return wish_tell_date(work, &wish, answer);
}

/* --- what would mend it --- */

/* The options of `sluice inbox retry` that a field is mended by. */
static struct str mend_field(struct work *work, struct str name)
{
    const struct verb *inbox = NULL;
    for (size_t i = 0; i < verb_count; i++) {
        if (verbs[i].run == inbox_run) inbox = &verbs[i];
    }
    for (size_t list = 0; inbox && inbox->options[list]; list++) {
        for (const struct option *o = inbox->options[list]; o->name; o++) {
            if (!o->field || !o->value || !str_equal(name, str_from(o->field))) continue;
            return arena_format(work->arena, " --%s %s", o->name, o->value);
        }
    }
    return STR("");
}

static struct str mend_stage(struct work *work, const struct reason *reason)
{
    struct str stage = reason->code == REASON_STAGE_REMOVED ? reason->other : STR_NONE;
    if (stage.n == 0) return STR(" --stage STAGE");
    bool words = str_find(stage, ' ') < stage.n;
    return arena_format(work->arena, words ? " --stage \"%.*s\"" : " --stage %.*s",
                        STR_ARGS(stage));
}

/* Refused for a value that may be another. */
static bool reason_is_value(const struct reason *reason)
{
    static const enum reason_code codes[] = {
        REASON_FIELD_REQUIRED, REASON_ANY_FIELD_REQUIRED, REASON_REQUIRED,
        REASON_CHOICE_UNKNOWN, REASON_NUMBER_RANGE,       REASON_TOO_LONG,
        REASON_TEXT_INVALID,   REASON_REFERENCE_UNKNOWN,  REASON_MEMBER_LEFT,
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == reason->code) return true;
    }
    return false;
}

static struct str mend_one(struct work *work, const struct reason *reason)
{
    struct str rest = reason->field, part;
    if (reason->code == REASON_CHECK_REQUIRED) {
        return arena_format(work->arena, " --check %.*s", STR_ARGS(reason->check));
    }
    if (reason->code == REASON_STAGE_REMOVED || reason->code == REASON_STAGE_UNKNOWN ||
        reason->code == REASON_SKIP_FORBIDDEN) {
        return mend_stage(work, reason);
    }
    if (!reason_is_value(reason) || !str_split(&rest, '|', &part)) return STR("");
    return mend_field(work, part);
}

struct str inbox_mends(struct work *work, const struct inbox_item *item,
                       const struct reasons *reasons)
{
    struct str out = STR("");
    if (item->subject_kind != ENTITY_DEAL) return out;
    for (size_t i = 0; i < reasons->count; i++) {
        struct str one = mend_one(work, &reasons->items[i]);
        out = arena_format(work->arena, "%.*s%.*s", STR_ARGS(out), STR_ARGS(one));
    }
    return out;
}
