/* work_names.c - from what people type to entities, and back to names and short ids.
 *
 * A text names the thing whose short id begins so, whose full id it is, or whose name or title it
 * is: as it is spelled, else case and accents aside. Several: exit 2 with the candidates; none:
 * exit 3. */
#include "client/verbs/work_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

enum { CANDIDATES_MAX = 9, FOUND_MAX = 100 /* the one spelled so may stand behind others */ };

struct uuid entity_id(enum entity_kind kind, const void *entity)
{
    const struct field *field = field_by_name(kind, STR("id"));
    return field && entity ? field_get(field, entity).id : (struct uuid){{0}};
}

struct str entity_title(enum entity_kind kind, const void *entity)
{
    const struct field *field =
        field_by_name(kind, kind == ENTITY_DEAL ? STR("title") : STR("name"));
    return field && entity ? field_get(field, entity).text : STR_NONE;
}

static const char *kind_word(enum entity_kind kind)
{
    const char *name = entity_name(kind);
    return name ? name : "thing";
}

static void say_several(struct work *work, enum entity_kind kind, struct str text,
                        const void *const *found, size_t count, struct answer *answer)
{
    struct str list = STR("");
    for (size_t i = 0; i < count && i + 1 < CANDIDATES_MAX; i++) {
        struct str id = name_short(work, kind, entity_id(kind, found[i]));
        list = arena_format(work->arena, "%.*s\n  %.*s  %.*s", STR_ARGS(list), STR_ARGS(id),
                            STR_ARGS(entity_title(kind, found[i])));
    }
    if (count >= CANDIDATES_MAX) list = arena_format(work->arena, "%.*s\n  ...", STR_ARGS(list));
    FAIL(answer, ERROR_AMBIGUOUS,
         "\"{text}\" could be several; type an id or more of the name:{list}", {"text", text},
         {"list", list});
}

/* Of those that were found, the only one so called: as it is spelled, else as it is read. NULL: none,
 * or several. */
static enum fault name_exact(struct work *work, enum entity_kind kind, struct str text,
                             const void *const *found, size_t count, const void **out)
{
    struct str wanted, folded, name;
    const void *spelled = NULL, *read = NULL;
    size_t spelled_count = 0, read_count = 0;
    enum fault fault = text_fold(work->arena, text, &folded);
    wanted = text;
    if (!fault && text_is_clean(text, false)) {
        fault = text_normalise(work->arena, text, false, &wanted);
    }
    for (size_t i = 0; i < count && !fault; i++) {
        struct str title = entity_title(kind, found[i]);
        if (str_equal(title, wanted)) {
            spelled = found[i];
            spelled_count++;
        }
        fault = text_fold(work->arena, title, &name);
        if (fault || !str_equal(name, folded)) continue;
        read = found[i];
        read_count++;
    }
    *out = spelled_count == 1 ? spelled : read_count == 1 ? read : NULL;
    return fault;
}

enum fault name_look(struct work *work, enum entity_kind kind, struct str text,
                     struct answer *answer, const void **out)
{
    const void **found;
    size_t count;
    *out = NULL;
    struct uuid id;
    if (uuid_parse(text, &id) == FAULT_NONE) {
        enum fault fault =
            work->replica->f->entity(work->replica, work->arena, kind, id, false, out);
        return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    }
    enum fault fault = work->replica->f->find(work->replica, work->arena, kind, text,
                                              FOUND_MAX, &found, &count);
    if (fault) return fault;
    /* An exact name beats an id that happens to begin so. */
    fault = name_exact(work, kind, text, found, count, out);
    if (fault || *out || count == 0) return fault;
    if (count == 1) *out = found[0];
    else say_several(work, kind, text, found, count, answer);
    return FAULT_NONE;
}

/* --- part of a name --- */

struct nearest {
    const void *within[CANDIDATES_MAX]; /* their names have the text in them */
    size_t within_count;
    const void *near;                   /* its name is a slip away */
    size_t distance;
};

bool name_within(struct str text, struct str wanted)
{
    for (size_t at = 0; at + wanted.n <= text.n; at++) {
        if (memcmp(text.p + at, wanted.p, wanted.n) == 0) return true;
    }
    return false;
}

static enum fault nearest_find(struct work *work, enum entity_kind kind, struct str text,
                               struct nearest *out)
{
    const void **things = NULL;
    const struct deal **deals = NULL;
    struct deal_filter filter = {.all = true};
    struct str wanted;
    size_t count;
    *out = (struct nearest){.distance = text.n >= 4 ? 3 : 2};
    enum fault fault = text_fold(work->arena, text, &wanted);
    if (fault) return fault == FAULT_FORMAT ? FAULT_NONE : fault;
    if (kind == ENTITY_DEAL) {
        fault = work->replica->f->deals(work->replica, work->arena, &filter, &deals, &count);
    } else {
        fault = work->replica->f->all(work->replica, work->arena, kind, &things, &count);
    }
    for (size_t i = 0; i < count && !fault; i++) {
        struct str name;
        const void *thing = kind == ENTITY_DEAL ? (const void *)deals[i] : things[i];
        fault = text_fold(work->arena, entity_title(kind, thing), &name);
        if (fault) break;
        if (wanted.n >= 2 && name_within(name, wanted) && out->within_count < CANDIDATES_MAX) {
            out->within[out->within_count++] = thing;
        }
        size_t distance = text_distance(wanted, name, out->distance - 1);
        if (distance >= out->distance) continue;
        out->distance = distance;
        out->near = thing;
    }
    return fault;
}

enum fault name_find(struct work *work, enum entity_kind kind, struct str text,
                     struct answer *answer, const void **out)
{
    struct nearest nearest;
    enum fault fault = name_look(work, kind, text, answer, out);
    if (fault || *out || answer->code != ANSWER_OK) return fault;
    fault = nearest_find(work, kind, text, &nearest);
    if (fault) return fault;
    if (nearest.within_count == 1) {
        *out = nearest.within[0];
        return FAULT_NONE;
    }
    if (nearest.within_count > 1) {
        say_several(work, kind, text, nearest.within, nearest.within_count, answer);
        return FAULT_NONE;
    }
    struct str word = str_from(kind_word(kind));
    if (nearest.near) {
        FAIL(answer, ERROR_NOT_FOUND,
             "there is no {kind} \"{text}\"; did you mean \"{near}\" ({id})?", {"kind", word},
             {"text", text}, {"near", entity_title(kind, nearest.near)},
             {"id", name_short(work, kind, entity_id(kind, nearest.near))});
        return FAULT_NONE;
    }
    FAIL(answer, ERROR_NOT_FOUND,
         "there is no {kind} \"{text}\"; `sluice {list}` shows what there is", {"kind", word},
         {"text", text},
         {"list", kind == ENTITY_ORGANISATION ? STR("org list")
                  : kind == ENTITY_DEAL       ? STR("deal list --all")
                                              : STR("person list")});
    return FAULT_NONE;
}

/* How well a text names a member: not, by a part, as it is read, as it is spelled. */
static int member_fit(struct work *work, const struct member *member, struct str text,
                      struct str folded)
{
    struct str name;
    if (str_equal(member->name, text)) return 3;
    if (text_fold(work->arena, member->name, &name)) return 0;
    if (str_equal(name, folded)) return 2;
    return str_starts_with(name, folded) || uuid_short_matches(member->id, text) ? 1 : 0;
}

/* Two may be called alike: by their ids they can be told apart. */
static void members_several(struct work *work, struct str text, struct str folded, int fit,
                            struct answer *answer)
{
    struct str list = STR("");
    for (size_t i = 0; i < work->member_count; i++) {
        const struct member *member = work->members[i];
        if (member->removed || member_fit(work, member, text, folded) != fit) continue;
        list = arena_format(work->arena, "%.*s\n  %.*s  %.*s", STR_ARGS(list),
                            STR_ARGS(name_short(work, ENTITY_MEMBER, member->id)),
                            STR_ARGS(member->name));
    }
    FAIL(answer, ERROR_AMBIGUOUS,
         "\"{text}\" could be several people; type an id or more of the name:{list}",
         {"text", text}, {"list", list});
}

const struct member *name_called(struct work *work, struct str name, const struct member *but)
{
    struct str wanted, own;
    if (text_fold(work->arena, str_trim(name), &wanted)) return NULL;
    for (size_t i = 0; i < work->member_count; i++) {
        const struct member *member = work->members[i];
        if (member == but || member->removed) continue;
        if (text_fold(work->arena, member->name, &own)) continue;
        if (str_equal(own, wanted)) return member;
    }
    return NULL;
}

const struct member *name_member(struct work *work, struct str text, struct answer *answer)
{
    struct str folded, list = STR("");
    const struct member *found = NULL;
    size_t count = 0;
    int best = 1;
    if (str_equal(text, STR("me"))) return work->me;
    if (text_fold(work->arena, text, &folded)) folded = text;
    for (size_t i = 0; i < work->member_count; i++) {
        const struct member *member = work->members[i];
        if (member->removed) continue;
        list = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(list), list.n ? ", " : "",
                            STR_ARGS(member->name));
        int fit = member_fit(work, member, text, folded);
        if (fit < best) continue;
        count = fit > best ? 1 : count + 1;
        best = fit;
        found = member;
    }
    if (count == 1) return found;
    if (count > 1) {
        members_several(work, text, folded, best, answer);
        return NULL;
    }
    FAIL(answer, ERROR_NOT_FOUND, "there is no member \"{text}\"; there are: me, {list}",
         {"text", text}, {"list", list});
    return NULL;
}

struct str name_of_member(const struct work *work, struct uuid id)
{
    for (size_t i = 0; i < work->member_count; i++) {
        if (uuid_equal(work->members[i]->id, id)) return work->members[i]->name;
    }
    return STR_NONE;
}

bool work_found(struct work *work, enum fault fault)
{
    if (fault && fault != FAULT_NOT_FOUND && !work->fault) work->fault = fault;
    return !fault;
}

struct str name_of(struct work *work, enum entity_kind kind, struct uuid id)
{
    const void *entity;
    if (uuid_is_zero(id)) return STR_NONE;
    if (kind == ENTITY_MEMBER) return name_of_member(work, id);
    enum fault fault =
        work->replica->f->entity(work->replica, work->arena, kind, id, false, &entity);
    return work_found(work, fault) ? entity_title(kind, entity) : STR_NONE;
}

enum fault names_of(struct work *work, enum entity_kind kind, const struct uuid *ids,
                    size_t count, struct str *names)
{
    const struct field *field =
        field_by_name(kind, kind == ENTITY_DEAL ? STR("title") : STR("name"));
    const void **found = arena_array(work->arena, count ? count : 1, sizeof *found);
    if (!found) return FAULT_MEMORY;
    enum fault fault = work->replica->f->entities(work->replica, work->arena, kind, ids, count,
                                                  found);
    for (size_t i = 0; i < count && !fault; i++) {
        names[i] = found[i] && field ? field_get(field, found[i]).text : STR_NONE;
    }
    return fault;
}

enum fault names_short_among_all(struct work *work, enum entity_kind kind,
                                 const struct uuid *ids, size_t count, struct str *shorts)
{
    size_t *lengths = arena_array(work->arena, count ? count : 1, sizeof *lengths);
    if (!lengths) return FAULT_MEMORY;
    enum fault fault = work->replica->f->short_lengths(work->replica, work->arena, kind, ids, count,
                                                       lengths);
    for (size_t i = 0; i < count && !fault; i++) {
        char text[SHORT_ID_LENGTH_MAX + 1];
        uuid_short(ids[i], lengths[i], text);
        shorts[i] = arena_str(work->arena, str_from(text));
    }
    return fault ? fault : arena_fault(work->arena);
}

struct str name_short(struct work *work, enum entity_kind kind, struct uuid id)
{
    char text[SHORT_ID_LENGTH_MAX + 1];
    struct str found;
    enum fault fault = names_short_among_all(work, kind, &id, 1, &found);
    if (!fault) return found;
    if (!work->fault) work->fault = fault;
    uuid_short(id, SHORT_ID_LENGTH_MAX, text);
    return arena_str(work->arena, str_from(text));
}

struct short_entry {
    char text[SHORT_ID_LENGTH_MAX + 1];
    size_t index;
};

static int short_compare(const void *a, const void *b)
{
    return strcmp(((const struct short_entry *)a)->text, ((const struct short_entry *)b)->text);
}

static size_t text_common(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n]) n++;
    return n;
}

enum fault names_short(struct arena *arena, const struct uuid *ids, size_t count,
                       struct str *shorts)
{
    struct short_entry *entries = arena_array(arena, count ? count : 1, sizeof *entries);
    if (!entries) return FAULT_MEMORY;
    for (size_t i = 0; i < count; i++) {
        uuid_short(ids[i], SHORT_ID_LENGTH_MAX, entries[i].text);
        entries[i].index = i;
    }
    qsort(entries, count, sizeof *entries, short_compare);
    for (size_t i = 0; i < count; i++) {
        size_t length = SHORT_ID_LENGTH_MIN;
        size_t before = i > 0 ? text_common(entries[i].text, entries[i - 1].text) + 1 : 0;
        size_t after = i + 1 < count ? text_common(entries[i].text, entries[i + 1].text) + 1 : 0;
        if (before > length) length = before;
        if (after > length) length = after;
        if (length > SHORT_ID_LENGTH_MAX) length = SHORT_ID_LENGTH_MAX;
        shorts[entries[i].index] = arena_str(arena, (struct str){entries[i].text, length});
    }
    return arena_fault(arena);
}

struct str name_of_stage(const struct work *work, const struct deal *deal)
{
    const struct pipeline *pipeline = definition_pipeline(&work->definition, deal->pipeline);
    const struct stage *stage = pipeline ? pipeline_stage_today(pipeline, deal->stage) : NULL;
    return stage ? stage->name : deal->stage;
}
