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
        voices[count++] = (struct voice){STR("now"), inbox_unit_say(work, leader, now), STR(""), ""};
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
            enum reason_code code = own.items[k].code;
            bool lacks = code == REASON_GONE || code == REASON_REFERENCE_UNKNOWN;
            if (code == REASON_PARENT_REFUSED || lacks) continue; /* for that it stands here */
            if (reasons_have(reasons, &own.items[k])) continue;
            NOTE(answer, NOTE_RESULT, "            refused as well: {reason}{cause}",
                 {"reason", inbox_reason_say(work, told->with[i], &own.items[k])},
                 {"cause", inbox_cause_say(work, told->with[i], &own.items[k])});
        }
    }
}

/* What is allowed now, where that is not what was said then. */
static void now_say(struct work *work, const struct inbox_told *told, const struct reasons *reasons,
                    struct answer *answer)
{
    if (told->would) return; /* its head says so */
    for (size_t i = 0; i < told->would_not.count; i++) {
        if (!told->conflict && reasons_have(reasons, &told->would_not.items[i])) continue;
        NOTE(answer, NOTE_RESULT,
             told->conflict ? "      now: {reason}; sent again it becomes a conflict, to be resolved"
                            : "      now: {reason}",
             {"reason", inbox_reason_say(work, told->item, &told->would_not.items[i])});
    }
}

/* What it is about was deleted: who may bring it back, and how. */
static void deleted_say(struct work *work, const struct inbox_need *need, struct str number,
                        bool all, struct answer *answer)
{
    if (!need->gone || !need->deletion) return;
    bool may = deletion_may(work, need->deletion);
    NOTE(answer, NOTE_RESULT,
         may && all ? "      sluice inbox retry {number} --restore brings the {kind} back and sends all "
                      "of it"
         : may ? "      sluice inbox retry {number} --restore brings the {kind} back and sends this"
             : "      {who} or a manager can bring the {kind} back: sluice deal restore \"{title}\"",
         {"number", number}, {"kind", str_from(entity_name(need->thing.kind))},
         {"who", name_of_member(work, need->deletion->who)},
         {"title", deletion_title(work, need->deletion)});
}

/* The server went back in time; what this is about was added after that, and has not come again. */
static void waits_say(const struct inbox_need *need, struct answer *answer)
{
    NOTE(answer, NOTE_RESULT,
         "      it waits: the server's database was put back to an earlier state, which does not have "
         "the {kind}",
         {"kind", str_from(entity_name(need->thing.kind))});
    NOTE(answer, NOTE_RESULT,
         "      it comes again with the next `sluice sync` of whoever added it; then this can be sent",
         {"kind", str_from(entity_name(need->thing.kind))});
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
static struct str gone_say(struct work *work, const struct inbox_item *item, bool waits)
{
    struct outbox_entry entry;
    const char *kind = entity_name(inbox_about(work, item).kind);
    if (!kind) return STR("a change that nobody can read");
    struct str gone = arena_format(work->arena,
                                   waits ? "a %s that the restored server does not have yet"
                                         : "a %s that is gone",
                                   kind);
    enum fault fault =
        work->replica->f->outbox_find(work->replica, work->arena, item->mutation, &entry);
    if (!work_found(work, fault)) return gone;
    return arena_format(work->arena, "%.*s (%.*s)", STR_ARGS(gone), STR_ARGS(entry.summary));
}

/* What can be done with it, in one line. */
static void parked_advise(struct work *work, const struct inbox_told *told,
                          const struct inbox_need *need, const struct reasons *reasons,
                          struct answer *answer)
{
    const struct inbox_item *item = told->item;
    bool all = told->with_count > 0;
    const struct reasons *against = told->would_not.count > 0 ? &told->would_not : reasons;
    struct str mends = told->would ? STR("") : inbox_mends(work, item, against);
    bool later = !told->would && !told->conflict && told->would_not.count > 0 && mends.n == 0;
    const char *advice = need->deletion ? "      sluice inbox discard {number}: while it is gone this "
                                          "cannot be sent"
                                        : "      sluice inbox discard {number}: it cannot be sent again";
    if (need->waits) {
        advice = all ? "      only if it is not to come again: sluice inbox discard {number} throws all "
                       "of it away"
                     : "      only if it is not to come again: sluice inbox discard {number}";
    } else if (inbox_can_retry(work, item)) {
        advice = all && later ? "      sluice inbox retry {number} sends all of it again when that has "
                                "changed, sluice inbox discard {number} throws all of it away"
                 : all   ? "      sluice inbox retry {number}{mends} sends all of it again, sluice "
                           "inbox discard {number} throws all of it away"
                 : later ? "      sluice inbox retry {number} when that has changed, or sluice inbox "
                           "discard {number}"
                         : "      sluice inbox retry {number}{mends}, or sluice inbox discard {number}";
    } else if (all && !need->deletion) {
        advice = "      sluice inbox discard {number} throws all of it away: it cannot be sent again";
    } else if (all) {
        advice = "      sluice inbox discard {number} throws all of it away: while it is gone this "
                 "cannot be sent";
    }
    NOTE(answer, NOTE_RESULT, advice, {"number", told->cells[INBOX_NUMBER_COLUMN].text},
         {"mends", mends});
}

/* Who wanted what, and when. */
static void wanted_tell(struct work *work, const struct inbox_item *item, struct str what,
                        struct answer *answer)
{
    struct mutation mutation;
    bool read = codec_mutation_unpack(work->arena, item->payload, &mutation) == FAULT_NONE;
    bool mine = uuid_equal(item->author, work->identity.member);
    bool logged = inbox_about(work, item).kind == ENTITY_ACTIVITY; /* it has no fields to mend */
    bool back = read && !uuid_is_zero(mutation.undoes);
    if (read && mutation.kind == MUTATION_DELETE) what = STR("it gone");
    if (read && mutation.kind == MUTATION_RESTORE) what = STR("it back");
    NOTE(answer, NOTE_RESULT,
         back && mutation.kind == MUTATION_EDIT
             ? "      {who} wanted to take a change back, to {what}  {when}"
         : logged ? "      {who} logged \"{what}\"  {when}"
                  : "      {who} wanted {what}  {when}",
         {"who", mine ? STR("you") : name_of_member(work, item->author)},
         {"what", what.n > 0 ? what : STR("it")}, {"when", moment_say(work, acted_at(work, item))});
}

/* "Stage: Lost, Status: lost, Lost reason: price" */
static struct str parts_say(struct work *work, enum entity_kind kind, const struct cell *cell)
{
    struct str out = STR("");
    for (size_t i = 0; i < cell->part_count; i++) {
        const struct part *part = &cell->parts[i];
        const struct field *field = field_by_name(kind, str_from(part->name));
        if (!field || !part->value.p || strcmp(part->name, "pipeline") == 0) continue;
        struct str said = strcmp(part->name, "stage") == 0 ? stage_say(work, part->value) : part->value;
        out = arena_format(work->arena, "%.*s%s%s: %.*s", STR_ARGS(out), out.n ? ", " : "",
                           field->label, STR_ARGS(said));
    }
    return out;
}

static void parked_say(struct work *work, const struct inbox_told *told, struct answer *answer)
{
    struct reasons reasons;
    const struct inbox_item *item = told->item;
    const struct cell *cells = told->cells;
    struct inbox_need need = inbox_need(work, item);
    bool changed = false;
    wanted_tell(work, item, cells[INBOX_MINE_COLUMN].shown, answer);
    if (reasons_parse(work->arena, item->reasons, &reasons)) reasons.count = 0;
    for (size_t i = 0; i < reasons.count; i++) {
        const struct reason *reason = &reasons.items[i];
        bool lacks = reason->code == REASON_GONE || reason->code == REASON_REFERENCE_UNKNOWN;
        changed = changed || reason->code == REASON_CHANGED_MEANWHILE;
        if (lacks && need.waits) continue;
        NOTE(answer, NOTE_RESULT, "      refused: {reason}{cause}",
             {"reason", inbox_reason_say(work, item, reason)},
             {"cause", inbox_cause_say(work, item, reason)});
    }
    if (need.waits) waits_say(&need, answer);
    const struct cell *now = &cells[INBOX_NOW_COLUMN];
    if (changed && now->type == CELL_PARTS) { /* the reason names one field of them */
        NOTE(answer, NOTE_RESULT, "      there stands {now}",
             {"now", parts_say(work, (enum entity_kind)item->subject_kind, now)});
    }
    with_say(work, told, &reasons, answer);
    deleted_say(work, &need, cells[INBOX_NUMBER_COLUMN].text, told->with_count > 0, answer);
    now_say(work, told, &reasons, answer);
    parked_advise(work, told, &need, &reasons, answer);
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
    long long missing = counted ? last - first + 1 : 0;
    struct str whose = name_of_member(work, item->concerned);
    if (whose.n == 0) whose = STR("somebody who is not in this database");
    whose = mine ? (missing == 1 ? STR("change of yours") : STR("changes of yours"))
                 : arena_format(work->arena, "%s of %.*s", missing == 1 ? "change" : "changes",
                                STR_ARGS(whose));
    NOTE(answer, NOTE_RESULT,
         sentence_of((uint64_t)missing,
                     "{number}  notice: {count} {whose} is missing since the server's database was "
                     "restored",
                     "{number}  notice: {count} {whose} are missing since the server's database was "
                     "restored"),
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
static void notice_say(struct work *work, const struct inbox_told *told, struct answer *answer)
{
    const struct inbox_item *item = told->item;
    const struct cell *cells = told->cells;
    struct str id = name_short(work, (enum entity_kind)item->subject_kind, item->subject);
    struct str number = cells[INBOX_NUMBER_COLUMN].text;
    if (inbox_is_missing(item)) {
        missing_say(work, item, number, id, answer);
        return;
    }
    bool copy = inbox_is_copy(item);
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
    for (size_t i = 0; i < told->with_count; i++) {
        NOTE(answer, NOTE_RESULT, "      {number}, which goes with this, says the same  {when}",
             {"number", told->with_cells[i][INBOX_NUMBER_COLUMN].text},
             {"when", moment_say(work, told->with[i]->recorded_at)});
    }
    bool itself = uuid_equal(item->subject, work->identity.device);
    notice_advise(answer,
                  itself ? "      it is about this device, so another one of yours, or a manager, settles "
                           "it: sluice inbox discard {number}; not you: sluice device revoke {id}"
                  : copy ? "      it was meant: sluice inbox discard {number}; if not, both copies are "
                         "shut out by: sluice device revoke {id}"
                       : "      known: sluice inbox discard {number}; not known: sluice device "
                         "revoke {id}",
                  number, id);
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
        notice_say(work, told, answer);
        return arena_fault(work->arena);
    }
    struct str id = STR(""), number = cells[INBOX_NUMBER_COLUMN].text;
    struct inbox_about thing = inbox_about(work, item);
    if (name_of(work, thing.kind, thing.id).n > 0) id = name_short(work, thing.kind, thing.id);
    struct str about = cells[INBOX_SUBJECT_COLUMN].shown;
    struct inbox_need need = inbox_need(work, item);
    bool gone = id.n == 0 && about.n > 0 && need.gone && !need.waits;
    if (about.n == 0 || need.waits) about = gone_say(work, item, need.waits);
    struct str head = arena_format(work->arena, "%3.*s  %s%.*s%s%.*s%s%.*s%s", STR_ARGS(number),
                                   conflict      ? "conflict: "
                                   : told->would ? "refused, but would go through now: "
                                                 : "refused: ",
                                   STR_ARGS(cells[INBOX_FIELD_COLUMN].shown),
                                   cells[INBOX_FIELD_COLUMN].shown.n > 0 ? " of " : "",
                                   STR_ARGS(id), id.n > 0 ? " " : "", STR_ARGS(about),
                                   gone ? ", deleted" : "");
    story_line(answer, head);
    if (conflict) return conflict_say(work, item, cells, answer);
    if (item->kind == INBOX_PARKED) parked_say(work, told, answer);
    return arena_fault(work->arena);
}
