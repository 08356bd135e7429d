/* work_inbox_story.c - an inbox item as a story: what I wanted and when, what happened meanwhile and
 * by whom, what can be done now. For people; machines get the columns of work_inbox.c. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"

static void story_line(struct answer *answer, struct str line)
{
    NOTE(answer, NOTE_RESULT, "{line}", {"line", line});
}

static struct str padded(struct arena *arena, struct str text, size_t width)
{
    size_t own = text_width(text);
    return arena_format(arena, "%.*s%*s", STR_ARGS(text), (int)(own < width ? width - own : 0), "");
}

/* One voice of a conflict: who, what value, when. */
struct voice {
    struct str who, value, when;
    const char *remark;
};

static void voices_say(struct work *work, const struct voice *voices, size_t count,
                       struct answer *answer)
{
    size_t who = 0, value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text_width(voices[i].who) > who) who = text_width(voices[i].who);
        if (text_width(voices[i].value) > value) value = text_width(voices[i].value);
    }
    if (value > 48) value = 48;
    for (size_t i = 0; i < count; i++) {
        struct str line = arena_format(
            work->arena, "      %.*s  %.*s  %.*s%s%s",
            STR_ARGS(padded(work->arena, voices[i].who, who)),
            STR_ARGS(padded(work->arena, voices[i].value, value)), STR_ARGS(voices[i].when),
            voices[i].when.n > 0 && voices[i].remark[0] ? ", " : "", voices[i].remark);
        while (line.n > 0 && line.p[line.n - 1] == ' ') line.n--;
        story_line(answer, line);
    }
}

/* What stands now, if it is neither of both any more. */
static enum fault now_find(struct work *work, const struct inbox_item *item,
                           const struct field *leader, struct str *out)
{
    const void *current;
    *out = STR_NONE;
    enum fault fault = work->replica->f->entity(work->replica, work->arena,
                                                (enum entity_kind)item->subject_kind,
                                                item->subject, false, &current);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    fault = unit_format(work->arena, leader, current, out);
    if (!fault && str_equal(*out, item->theirs)) *out = STR_NONE;
    return fault;
}

static bool subject_stands(struct work *work, const struct inbox_item *item)
{
    const void *found;
    return work_found(work, work->replica->f->entity(work->replica, work->arena,
                                                     (enum entity_kind)item->subject_kind,
                                                     item->subject, false, &found));
}

static enum fault conflict_say(struct work *work, const struct inbox_item *item,
                               const struct cell *cells, struct answer *answer)
{
    const struct field *leader = field_by_name((enum entity_kind)item->subject_kind, item->field);
    bool mine = uuid_equal(item->author, work->identity.member);
    struct voice voices[4];
    size_t count = 0;
    struct str now = STR_NONE;
    enum fault fault = leader ? now_find(work, item, leader, &now) : FAULT_NONE;
    if (fault) return fault;
    voices[count++] = (struct voice){mine ? STR("you") : name_of_member(work, item->author),
                                     cells[INBOX_MINE_COLUMN].shown,
                                     moment_say(work, item->acted_at), ""};
    struct str who = cells[INBOX_WHO_COLUMN].shown, when = cells[INBOX_WHEN_COLUMN].shown;
    voices[count++] = (struct voice){who.n > 0 ? who : STR("somebody"),
                                     cells[INBOX_THEIRS_COLUMN].shown, when,
                                     now.n > 0 ? "" : "stands now"};
    if (now.n > 0) {
        voices[count++] = (struct voice){STR("now"), inbox_unit_say(work, item, now), STR(""), ""};
    }
    voices[count++] =
        (struct voice){STR("before"), cells[INBOX_BASE_COLUMN].shown, STR(""), ""};
    voices_say(work, voices, count, answer);
    bool gone = !subject_stands(work, item);
    NOTE(answer, NOTE_RESULT,
         gone ? "      it is gone: sluice inbox resolve {number} --theirs"
              : "      sluice inbox resolve {number} --mine, --theirs or --set VALUE",
         {"number", cells[INBOX_NUMBER_COLUMN].text});
    return FAULT_NONE;
}

static bool reasons_have(const struct reasons *reasons, const struct reason *reason)
{
    for (size_t i = 0; i < reasons->count; i++) {
        const struct reason *own = &reasons->items[i];
        if (own->code == reason->code && str_equal(own->field, reason->field) &&
            str_equal(own->check, reason->check) && str_equal(own->stage, reason->stage)) {
            return true;
        }
    }
    return false;
}

/* One line each of what hangs on it; why, where that is not the same. */
static void with_say(struct work *work, const struct inbox_told *told,
                     const struct reasons *reasons, struct answer *answer)
{
    if (told->with_count == 0) return;
    answer_say(answer, NOTE_RESULT, "      with it, in this order:");
    for (size_t i = 0; i < told->with_count; i++) {
        const struct cell *cells = told->with_cells[i];
        struct reasons own;
        struct str about = cells[INBOX_SUBJECT_COLUMN].shown;
        story_line(answer, arena_format(work->arena, "      %4.*s  %.*s%s%.*s",
                                        STR_ARGS(cells[INBOX_NUMBER_COLUMN].text), STR_ARGS(about),
                                        about.n > 0 ? ": " : "",
                                        STR_ARGS(cells[INBOX_MINE_COLUMN].shown)));
        if (reasons_parse(work->arena, told->with[i]->reasons, &own)) continue;
        for (size_t k = 0; k < own.count; k++) {
            if (own.items[k].code == REASON_PARENT_REFUSED) continue;
            if (reasons_have(reasons, &own.items[k])) continue;
            NOTE(answer, NOTE_RESULT, "            refused as well: {reason}",
                 {"reason", inbox_reason_say(work, &own.items[k])});
        }
    }
}

/* What is allowed now, where that is not what was said then. */
static void now_say(struct work *work, const struct inbox_told *told, const struct reasons *reasons,
                    struct answer *answer)
{
    if (told->would) {
        answer_say(answer, NOTE_RESULT, "      now it would go through");
        return;
    }
    for (size_t i = 0; i < told->would_not.count; i++) {
        if (reasons_have(reasons, &told->would_not.items[i])) continue;
        NOTE(answer, NOTE_RESULT, "      now: {reason}",
             {"reason", inbox_reason_say(work, &told->would_not.items[i])});
    }
}

/* What it is about was deleted: who may bring it back, and how. */
static void deleted_say(struct work *work, const struct inbox_item *item, struct str number,
                        struct answer *answer)
{
    const struct event *deletion;
    enum entity_kind kind = (enum entity_kind)item->subject_kind;
    if (name_of(work, kind, item->subject).n > 0) return; /* it is back */
    if (deletion_of(work, item->subject, &deletion) || !deletion) return;
    bool may = deletion_may(work, deletion);
    NOTE(answer, NOTE_RESULT,
         may ? "      sluice inbox retry {number} --restore brings the {kind} back and sends this"
             : "      {who} or a manager can bring the {kind} back: sluice deal restore \"{title}\"",
         {"number", number}, {"kind", str_from(entity_name(kind))},
         {"who", name_of_member(work, deletion->who)}, {"title", deletion_title(work, deletion)});
}

static bool wants_deletion(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    return codec_mutation_unpack(work->arena, item->payload, &mutation) == FAULT_NONE &&
           mutation.kind == MUTATION_DELETE;
}

/* What the server did not read it cannot tell the time of. */
static struct optional acted_at(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    if (item->acted_at.has) return item->acted_at;
    bool read = codec_mutation_unpack(work->arena, item->payload, &mutation) == FAULT_NONE;
    return read ? mutation.acted_at : item->acted_at;
}

/* "a deal that is gone", and on the device that did it what was done there: "deal edit Roof". */
static struct str gone_say(struct work *work, const struct inbox_item *item)
{
    struct outbox_entry entry;
    const char *kind = entity_name(inbox_about(work, item).kind);
    if (!kind) return STR("a change that nobody can read");
    struct str gone = arena_format(work->arena, "a %s that is gone", kind);
    enum fault fault =
        work->replica->f->outbox_find(work->replica, work->arena, item->mutation, &entry);
    if (!work_found(work, fault)) return gone;
    return arena_format(work->arena, "%.*s (%.*s)", STR_ARGS(gone), STR_ARGS(entry.summary));
}

static void parked_say(struct work *work, const struct inbox_told *told, struct answer *answer)
{
    struct reasons reasons;
    const struct inbox_item *item = told->item;
    const struct cell *cells = told->cells;
    bool mine = uuid_equal(item->author, work->identity.member);
    bool deletes = wants_deletion(work, item);
    bool logged = inbox_about(work, item).kind == ENTITY_ACTIVITY; /* it has no fields to mend */
    struct str what = cells[INBOX_MINE_COLUMN].shown;
    NOTE(answer, NOTE_RESULT,
         logged ? "      {who} logged \"{what}\"  {when}" : "      {who} wanted {what}  {when}",
         {"who", mine ? STR("you") : name_of_member(work, item->author)},
         {"what", deletes ? STR("it gone") : what.n > 0 ? what : STR("it")},
         {"when", moment_say(work, acted_at(work, item))});
    if (reasons_parse(work->arena, item->reasons, &reasons)) reasons.count = 0;
    for (size_t i = 0; i < reasons.count; i++) {
        const struct reason *reason = &reasons.items[i];
        struct str cause = cause_say(work, inbox_about(work, item).id, item->author, reason,
                                     item->recorded_at);
        NOTE(answer, NOTE_RESULT, "      refused: {reason}{cause}",
             {"reason", inbox_reason_say(work, reason)},
             {"cause", cause.n > 0 ? cause : STR("")});
    }
    for (size_t i = 0; i < reasons.count; i++) {
        if (reasons.items[i].code != REASON_GONE) continue;
        deleted_say(work, item, cells[INBOX_NUMBER_COLUMN].text, answer);
    }
    with_say(work, told, &reasons, answer);
    now_say(work, told, &reasons, answer);
    bool all = told->with_count > 0;
    const struct event *deletion;
    bool back = !deletion_of(work, item->subject, &deletion) && deletion; /* it can be brought back */
    const char *advice = back ? "      sluice inbox discard {number}: while it is gone this cannot be sent"
                              : "      sluice inbox discard {number}: it cannot be sent again";
    if (inbox_can_retry(work, item)) {
        advice = all ? "      sluice inbox retry {number} [--value AMOUNT ...] sends all of it again, "
                       "sluice inbox discard {number} throws all of it away"
                 : logged ? "      sluice inbox retry {number}, or sluice inbox discard {number}"
                          : "      sluice inbox retry {number} [--value AMOUNT ...], or sluice inbox "
                            "discard {number}";
    } else if (all) {
        advice = "      sluice inbox discard {number} throws all of it away: it cannot be sent again";
    }
    NOTE(answer, NOTE_RESULT, advice, {"number", cells[INBOX_NUMBER_COLUMN].text});
}

static void notice_advise(struct answer *answer, const char *advice, struct str number,
                          struct str id)
{
    NOTE(answer, NOTE_RESULT, advice, {"number", number}, {"id", id});
}

/* A restored database lacks what a copy of that device was answered, and it has not come since. */
static void missing_say(struct work *work, const struct inbox_item *item, struct str number,
                        struct str id, struct answer *answer)
{
    bool mine = uuid_equal(item->concerned, work->identity.member);
    int64_t first = 0, last = 0;
    bool counted = str_to_int64(item->base, &first) == FAULT_NONE &&
                   str_to_int64(item->theirs, &last) == FAULT_NONE && last >= first;
    struct str whose = mine ? STR("you") : name_of_member(work, item->concerned);
    if (whose.n == 0) whose = STR("somebody who is not in this database");
    long long missing = counted ? last - first + 1 : 0;
    NOTE(answer, NOTE_RESULT,
         sentence_of((uint64_t)missing,
                     "{number}  notice: {count} change of {whose} is missing since the server's "
                     "database was restored",
                     "{number}  notice: {count} changes of {whose} are missing since the server's "
                     "database was restored"),
         {"number", arena_format(work->arena, "%3.*s", STR_ARGS(number))},
         {"count", arena_format(work->arena, "%lld", missing)}, {"whose", whose});
    NOTE(answer, NOTE_RESULT,
         "      {device}  {id}  numbers {first} to {last}, the last one made by {when}",
         {"device", item->mine}, {"id", id}, {"first", item->base}, {"last", item->theirs},
         {"when", moment_say(work, item->acted_at)});
    answer_say(answer, NOTE_RESULT,
         mine ? "      run `sluice sync` on that device: it holds them and offers them again, and "
                "this goes away"
              : "      ask for `sluice sync` on that device: it holds them and offers them again, "
                "and this goes away");
    notice_advise(answer, "      the device is lost: sluice inbox discard {number}", number, id);
}

/* One's value stood, and somebody settled their conflict with it otherwise. */
static void replaced_say(struct work *work, const struct inbox_item *item,
                         const struct cell *cells, struct answer *answer)
{
    enum entity_kind kind = (enum entity_kind)item->subject_kind;
    struct str number = cells[INBOX_NUMBER_COLUMN].text, id = name_short(work, kind, item->subject);
    bool mine = uuid_equal(item->concerned, work->identity.member);
    struct str whose = mine ? STR("your") : name_of_member(work, item->concerned);
    story_line(answer,
               arena_format(work->arena, "%3.*s  notice: %.*s settled a conflict with %.*s%s %.*s of "
                                         "%.*s %.*s",
                            STR_ARGS(number), STR_ARGS(cells[INBOX_WHO_COLUMN].shown),
                            STR_ARGS(whose), mine ? "" : "'s",
                            STR_ARGS(cells[INBOX_FIELD_COLUMN].shown), STR_ARGS(id),
                            STR_ARGS(cells[INBOX_SUBJECT_COLUMN].shown)));
    const struct voice voices[] = {
        {mine ? STR("you") : whose, cells[INBOX_MINE_COLUMN].shown, STR(""), ""},
        {cells[INBOX_WHO_COLUMN].shown, cells[INBOX_THEIRS_COLUMN].shown,
         moment_say(work, item->recorded_at), ""}};
    voices_say(work, voices, 2, answer);
    NOTE(answer, NOTE_RESULT, "      fine: sluice inbox discard {number}; not: sluice history {id}",
         {"number", number}, {"id", id});
}

/* What the server tells of a device: it joined, a copy of it appeared, something of it is missing. */
static void notice_say(struct work *work, const struct inbox_item *item, const struct cell *cells,
                       struct answer *answer)
{
    struct str id = name_short(work, (enum entity_kind)item->subject_kind, item->subject);
    struct str number = cells[INBOX_NUMBER_COLUMN].text;
    if (inbox_is_missing(item)) {
        missing_say(work, item, number, id, answer);
        return;
    }
    bool copy = str_equal(item->field, STR("copy"));
    bool mine = uuid_equal(item->concerned, work->identity.member);
    struct str whose = mine ? STR("you") : name_of_member(work, item->concerned);
    story_line(answer, arena_format(work->arena,
                                    copy ? "%3.*s  notice: a device of %.*s was copied, or put back "
                                           "from a backup"
                                         : "%3.*s  notice: a new device joined as %.*s",
                                    STR_ARGS(number),
                                    STR_ARGS(copy && mine ? STR("yours") : whose)));
    NOTE(answer, NOTE_RESULT, "      {device}  {id}  {when}", {"device", item->mine}, {"id", id},
         {"when", moment_say(work, item->recorded_at)});
    notice_advise(answer,
                  copy ? "      you did that: sluice inbox discard {number}; if not, both copies are "
                         "shut out by: sluice device revoke {id}"
                       : "      known: sluice inbox discard {number}; not known: sluice device "
                         "revoke {id}",
                  number, id);
}

static bool reasons_name(const struct inbox_item *item, const char *code)
{
    struct str rest = item->reasons, line;
    while (str_split(&rest, '\n', &line)) {
        if (str_starts_with(line, str_from(code))) return true;
    }
    return false;
}

enum fault inbox_story(struct work *work, const struct inbox_told *told, struct answer *answer)
{
    const struct inbox_item *item = told->item;
    const struct cell *cells = told->cells;
    bool conflict = item->kind == INBOX_CONFLICT;
    if (inbox_is_replaced(item)) {
        replaced_say(work, item, cells, answer);
        return arena_fault(work->arena);
    }
    if (item->kind == INBOX_NOTICE) {
        notice_say(work, item, cells, answer);
        return arena_fault(work->arena);
    }
    struct str id = STR(""), number = cells[INBOX_NUMBER_COLUMN].text;
    struct inbox_about thing = inbox_about(work, item);
    if (name_of(work, thing.kind, thing.id).n > 0) id = name_short(work, thing.kind, thing.id);
    struct str about = cells[INBOX_SUBJECT_COLUMN].shown;
    bool gone = id.n == 0 && about.n > 0 && reasons_name(item, "gone");
    if (about.n == 0) about = gone_say(work, item);
    struct str head = arena_format(work->arena, "%3.*s  %s%.*s%s%.*s%s%.*s%s", STR_ARGS(number),
                                   conflict ? "conflict: " : "refused: ",
                                   STR_ARGS(cells[INBOX_FIELD_COLUMN].shown),
                                   cells[INBOX_FIELD_COLUMN].shown.n > 0 ? " of " : "",
                                   STR_ARGS(id), id.n > 0 ? " " : "", STR_ARGS(about),
                                   gone ? ", deleted" : "");
    story_line(answer, head);
    if (conflict) return conflict_say(work, item, cells, answer);
    if (item->kind == INBOX_PARKED) parked_say(work, told, answer);
    return arena_fault(work->arena);
}
