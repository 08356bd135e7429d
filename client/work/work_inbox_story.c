/* work_inbox_story.c - an inbox item as a story: what I wanted and when, what happened meanwhile and
 * by whom, what can be done now. For people; machines get the columns of work_inbox.c. */
#include "client/work/work_inside.h"

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
    NOTE(answer, NOTE_RESULT, "      sluice inbox resolve {number} --mine, --theirs or --set VALUE",
         {"number", cells[INBOX_NUMBER_COLUMN].text});
    return FAULT_NONE;
}

static void parked_say(struct work *work, const struct inbox_item *item, const struct cell *cells,
                       struct answer *answer)
{
    struct reasons reasons;
    bool mine = uuid_equal(item->author, work->identity.member);
    NOTE(answer, NOTE_RESULT, "      {who} wanted {what}  {when}",
         {"who", mine ? STR("you") : name_of_member(work, item->author)},
         {"what", cells[INBOX_MINE_COLUMN].shown.n > 0 ? cells[INBOX_MINE_COLUMN].shown : STR("it")},
         {"when", moment_say(work, item->acted_at)});
    if (reasons_parse(work->arena, item->reasons, &reasons)) reasons.count = 0;
    for (size_t i = 0; i < reasons.count; i++) {
        NOTE(answer, NOTE_RESULT, "      refused: {reason}",
             {"reason", inbox_reason_say(work, &reasons.items[i])});
    }
    NOTE(answer, NOTE_RESULT,
         "      sluice inbox retry {number} [--value AMOUNT ...], or sluice inbox discard {number}",
         {"number", cells[INBOX_NUMBER_COLUMN].text});
}

/* The only notice there is: a device joined. It says so to its member's others. */
static void notice_say(struct work *work, const struct inbox_item *item, const struct cell *cells,
                       struct answer *answer)
{
    struct str id = name_short(work, (enum entity_kind)item->subject_kind, item->subject);
    struct str number = cells[INBOX_NUMBER_COLUMN].text;
    bool mine = uuid_equal(item->concerned, work->identity.member);
    story_line(answer, arena_format(work->arena, "%3.*s  notice: a new device joined as %.*s",
                                    STR_ARGS(number),
                                    STR_ARGS(mine ? STR("you")
                                                  : name_of_member(work, item->concerned))));
    NOTE(answer, NOTE_RESULT, "      {device}  {id}  {when}", {"device", item->mine}, {"id", id},
         {"when", moment_say(work, item->recorded_at)});
    NOTE(answer, NOTE_RESULT,
         "      known: sluice inbox discard {number}; not known: sluice device revoke {id}",
         {"number", number}, {"id", id});
}

enum fault inbox_story(struct work *work, const struct inbox_item *item, bool dependent,
                       const struct cell *cells, struct answer *answer)
{
    bool conflict = item->kind == INBOX_CONFLICT;
    if (item->kind == INBOX_NOTICE) {
        notice_say(work, item, cells, answer);
        return arena_fault(work->arena);
    }
    struct str id = STR(""), number = cells[INBOX_NUMBER_COLUMN].text;
    if (name_of(work, (enum entity_kind)item->subject_kind, item->subject).n > 0) {
        id = name_short(work, (enum entity_kind)item->subject_kind, item->subject);
    }
    struct str about = cells[INBOX_SUBJECT_COLUMN].shown;
    struct str head = arena_format(work->arena, "%3.*s%s %s%.*s%s%.*s%s%.*s", STR_ARGS(number),
                                   dependent ? "  with it:" : " ",
                                   conflict ? "conflict: " : "refused: ",
                                   STR_ARGS(cells[INBOX_FIELD_COLUMN].shown),
                                   cells[INBOX_FIELD_COLUMN].shown.n > 0 ? " of " : "",
                                   STR_ARGS(id), id.n > 0 ? " " : "", STR_ARGS(about));
    story_line(answer, head);
    if (conflict) return conflict_say(work, item, cells, answer);
    if (item->kind == INBOX_PARKED) parked_say(work, item, cells, answer);
    return arena_fault(work->arena);
}
