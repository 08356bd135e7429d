/* work_undo.c - takes back the newest own change: a new mutation, the inverse.
 *
 * What was changed since by somebody else is refused by decide, with the reason. Several mutations of
 * one command (one batch) go together. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"

enum { UNDO_WINDOW = 200, UNDO_BATCH_MAX = 64 };

static const struct column undo_columns[] = {
    [UNDO_OUTCOME] = {"outcome", "Outcome", COLUMN_SHOWN}, /* undone, left, kept */
    [UNDO_WHAT] = {"what", "What", COLUMN_SHOWN | COLUMN_WIDE},
    [UNDO_KIND] = {"kind", "Kind", COLUMN_SHOWN},
    [UNDO_ID] = {"id", "ID", COLUMN_SHOWN},
    [UNDO_TITLE] = {"title", "Title", COLUMN_SHOWN | COLUMN_WIDE},
    [UNDO_COUNT] = {"count", "Count", COLUMN_SHOWN | COLUMN_RIGHT},
    [UNDO_ITEM] = {"item", "Item of the inbox", COLUMN_SHOWN | COLUMN_RIGHT},
};
const struct columns undo_table = COLUMNS(undo_columns);

struct undo_entry {
    const struct outbox_entry *entry;
    struct mutation mutation;
};

struct undo_search {
    struct work *work;
    struct uuid only;     /* of that deal; zero: of all */
    struct map gone;      /* ids that are taken back already, or passed over */
    struct map made;      /* commands that made several things, one of which is */
    struct map left;      /* things of which something was passed over */
    struct undo_entry found[UNDO_BATCH_MAX]; /* the newest command that stands: one, or a batch */
    size_t count;
    const char *impossible; /* found[0] has no inverse: why */
    bool import;            /* found[0] is of an import */
};

/* What has no inverse, and what to do instead. Passing over it in silence would take back something
 * else than the person means. */
static const char *undo_impossible(const struct mutation *mutation)
{
    if (mutation->entity == ENTITY_INVITATION) {
        return "your newest command took an invitation back, for good; invite again instead; "
               "`sluice undo --skip` takes back what was before it";
    }
    if (mutation->entity == ENTITY_DEVICE) {
        return "your newest command was about a device, which cannot be taken back; "
               "`sluice undo --skip` takes back what was before it";
    }
    switch ((enum mutation_kind)mutation->kind) {
    case MUTATION_INVITE:
        return "your newest command was an invitation; while nobody has used it `sluice invitation "
               "revoke NAME` takes it back; `sluice undo --skip` takes back what was before it";
    case MUTATION_CORRECT:
        return "your newest command cannot be taken back; `sluice undo --skip` takes back what was "
               "before it";
    case MUTATION_NONE:
    case MUTATION_NOTICE: /* no person's */
    case MUTATION_IMPORT: /* taken back as a whole, by undo_import */
    case MUTATION_CREATE:
    case MUTATION_DELETE:
    case MUTATION_RESTORE: /* takes back itself */
    case MUTATION_EDIT:
    case MUTATION_CLOSE: break;
    }
    return NULL;
}

/* The deal itself, or something logged for it. */
static bool undo_is_about(const struct mutation *mutation, struct uuid deal)
{
    if (uuid_is_zero(deal) || uuid_equal(mutation->target, deal)) return true;
    for (size_t i = 0; i < mutation->edit_count; i++) {
        const struct edit *edit = &mutation->edits[i];
        if (edit->field && edit->field->refers == ENTITY_DEAL && uuid_equal(edit->want.id, deal)) {
            return true;
        }
    }
    return false;
}

static struct str undo_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

/* Looks at an entry; true: the search is over. */
static bool undo_look(struct undo_search *search, const struct outbox_entry *entry,
                      enum fault *fault)
{
    struct undo_entry undo = {.entry = entry};
    if (codec_mutation_unpack(search->work->arena, entry->payload, &undo.mutation)) return false;
    const struct mutation *mutation = &undo.mutation;
    bool any = uuid_is_zero(search->only);
    if (!uuid_is_zero(mutation->undoes)) {
        /* A refused undo has undone nothing, but trying it again changes nothing either. */
        *fault = map_put(&search->gone, undo_key(&mutation->undoes), search);
        return false;
    }
    bool made = mutation->kind == MUTATION_CREATE && !uuid_is_zero(mutation->batch);
    if (map_get(&search->gone, undo_key(&mutation->id))) {
        if (made) *fault = map_put(&search->made, undo_key(&mutation->batch), search);
        return false;
    }
    /* What was made for a deal that was taken back, and is still there: others use it. */
    bool beside = mutation->entity == ENTITY_ORGANISATION || mutation->entity == ENTITY_PERSON;
    if (made && beside && map_get(&search->made, undo_key(&mutation->batch))) return false;
    if (map_get(&search->gone, undo_key(&mutation->batch))) return false;
    if (entry->answered && entry->outcome == OUTCOME_PARKED) return false;
    /* Members stay when their import is taken back: that alone is not an import that stands. */
    if (batch_is_import(mutation->batch) && mutation->entity == ENTITY_MEMBER) return false;
    const char *impossible = undo_impossible(mutation);
    if (impossible && (search->count > 0 || !any)) return false;
    if (search->count == 0 && any && batch_is_import(mutation->batch)) {
        search->import = true;
        search->found[search->count++] = undo;
        return true;
    }
    if (mutation->kind == MUTATION_IMPORT) return false;
    if (search->count == 0 && !undo_is_about(mutation, search->only)) return false;
    bool same = search->count > 0 && !uuid_is_zero(mutation->batch) &&
                uuid_equal(mutation->batch, search->found[0].mutation.batch);
    if (search->count > 0 && !same) return true;
    search->impossible = impossible;
    search->found[search->count++] = undo;
    return impossible || uuid_is_zero(mutation->batch) || search->count == UNDO_BATCH_MAX;
}

/* The newest of those entries first. */
static enum fault undo_window(struct undo_search *search, uint64_t from, size_t limit,
                              uint64_t below, bool *over)
{
    struct work *work = search->work;
    struct outbox_entry *entries;
    size_t total;
    enum fault fault = work->replica->f->outbox_list(work->replica, work->arena, from, true, limit,
                                                     &entries, &total);
    for (size_t i = total; !fault && i-- > 0 && !*over;) {
        if (entries[i].number < below) *over = undo_look(search, &entries[i], &fault);
        if (fault) break;
    }
    return fault;
}

/* Backwards through the numbers, a window at a time: most look at the newest few only. Then through what
 * the copy was answered under former replica ids. */
static enum fault undo_find(struct undo_search *search)
{
    uint64_t below = search->work->identity.next_number;
    bool over = false;
    enum fault fault = FAULT_NONE;
    search->count = 0;
    search->import = false;
    search->impossible = NULL;
    while (below > 1 && !over && !fault) {
        uint64_t from = below > UNDO_WINDOW ? below - UNDO_WINDOW : 1;
        fault = undo_window(search, from, (size_t)(below - from), below, &over);
        below = from;
    }
    if (fault || over || search->count > 0) return fault;
    return undo_window(search, OUTBOX_FORMER, SIZE_MAX, UINT64_MAX, &over);
}

/* For machines: one thing that was taken back, or left. title: as it is, or was, called. */
static enum fault undo_row(struct work *work, const struct undo_entry *undo, const char *outcome,
                           struct str title, struct answer *answer)
{
    enum entity_kind kind = (enum entity_kind)undo->mutation.entity;
    const char *name = entity_name(kind);
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    cells[UNDO_OUTCOME] = cell_text(str_from(outcome));
    cells[UNDO_WHAT] = cell_text(undo->entry->summary);
    if (name) cells[UNDO_KIND] = cell_text(str_from(name));
    if (kind != ENTITY_INBOX && kind != ENTITY_DEFINITION) {
        cells[UNDO_ID] = cell_text(name_short(work, kind, undo->mutation.target));
    }
    cells[UNDO_TITLE] = cell_text(title);
    return FAULT_NONE;
}

/* The value went back: does the choice that brought it stand open again? */
static enum fault item_tell(struct work *work, const struct mutation *old, struct answer *answer)
{
    const void *found;
    if (uuid_is_zero(old->resolves)) return FAULT_NONE;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX,
                                                old->resolves, false, &found);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    const struct inbox_item *item = found;
    struct cell *cells = &answer->cells[(answer->row_count - 1) * answer->column_count];
    if (item->state == INBOX_OPEN) cells[UNDO_ITEM] = cell_number(work->arena, item->number);
    NOTE(answer, NOTE_RESULT,
         item->state == INBOX_OPEN ? "Item {number} of the inbox is open again"
                                   : "Item {number} of the inbox stays settled",
         {"number", arena_format(work->arena, "%lld", (long long)item->number)});
    return FAULT_NONE;
}

/* "deal edit Third (x89ab)" */
static struct str undo_called(struct work *work, const struct undo_entry *undo)
{
    enum entity_kind kind = (enum entity_kind)undo->mutation.entity;
    struct str summary = undo->entry->summary;
    bool thing = kind != ENTITY_INBOX && kind != ENTITY_DEFINITION;
    if (!thing || name_of(work, kind, undo->mutation.target).n == 0) return summary;
    return arena_format(work->arena, "%.*s (%.*s)", STR_ARGS(summary),
                        STR_ARGS(name_short(work, kind, undo->mutation.target)));
}

/* Refused: taking back what, and who made it so since? */
static void undo_refused(struct work *work, const struct undo_entry *undo, struct answer *answer)
{
    struct optional ever = {.has = false};
    answer->refused = arena_format(work->arena, "cannot take back %.*s; nothing was changed",
                                   STR_ARGS(undo_called(work, undo)));
    for (size_t i = 0; i < answer->reasons.count; i++) {
        answer->causes[i] = cause_say(work, undo->mutation.target, work->identity.member,
                                      &answer->reasons.items[i], ever);
    }
}

/* One command made a deal and whom it is for; the deal is gone, but these others use. */
static enum fault undo_keep(struct work *work, const struct undo_entry *undo,
                            struct answer *answer)
{
    enum entity_kind kind = (enum entity_kind)undo->mutation.entity;
    struct str title = name_of(work, kind, undo->mutation.target);
    bool used = false;
    for (size_t i = 0; i < answer->reasons.count; i++) {
        used = used || answer->reasons.items[i].code == REASON_IN_USE;
    }
    struct str cause = answer->causes[0];
    answer_error(answer, ERROR_NONE);
    answer->reasons = (struct reasons){.count = 0};
    answer->refused = STR_NONE;
    NOTE(answer, NOTE_RESULT,
         used ? "Kept {title}: it is in use{example}"
              : "Kept {title}: others have worked on it since{example}",
         {"title", title}, {"example", cause});
    return undo_row(work, undo, "kept", title, answer);
}

/* An item that was closed is open again. */
static enum fault undo_closing(struct work *work, const struct undo_entry *undo,
                               struct answer *answer, bool *done)
{
    struct mutation mutation;
    const struct mutation *old = &undo->mutation;
    struct str summary = arena_format(work->arena, "undo of %.*s", STR_ARGS(undo->entry->summary));
    mutation_begin(work, &mutation, MUTATION_CLOSE, ENTITY_INBOX, old->resolves);
    mutation.resolves = old->resolves;
    mutation.resolution = INBOX_OPEN;
    mutation.undoes = old->id;
    enum fault fault = mutation_submit(work, &mutation, summary, answer, done);
    if (!fault && answer->reasons.count > 0) undo_refused(work, undo, answer);
    if (fault || !*done) return fault;
    NOTE(answer, NOTE_RESULT, "Took back: {what}", {"what", undo->entry->summary});
    fault = undo_row(work, undo, "undone", STR_NONE, answer);
    return fault ? fault : item_tell(work, old, answer);
}

static enum fault deletion_take_back(struct work *work, const struct undo_entry *undo,
                                     struct answer *answer, bool *done)
{
    const struct mutation *old = &undo->mutation;
    struct str summary = arena_format(work->arena, "undo of %.*s", STR_ARGS(undo->entry->summary));
    enum fault fault = deletion_undo(work, (enum entity_kind)old->entity, old->target, old->id,
                                     summary, answer, done);
    if (!fault && answer->reasons.count > 0) undo_refused(work, undo, answer);
    if (fault || !*done) return fault;
    NOTE(answer, NOTE_RESULT, "Took back: {what}", {"what", undo->entry->summary});
    fault = undo_row(work, undo, "undone",
                     name_of(work, (enum entity_kind)old->entity, old->target), answer);
    return fault ? fault : item_tell(work, old, answer);
}

static enum fault undo_one(struct work *work, const struct undo_entry *undo,
                           struct answer *answer, bool *done)
{
    const struct mutation *old = &undo->mutation;
    enum entity_kind kind = (enum entity_kind)old->entity;
    const void *current;
    struct mutation mutation;
    struct wish wish;
    *done = false;
    if (old->kind == MUTATION_CLOSE) return undo_closing(work, undo, answer, done);
    if (old->kind == MUTATION_DELETE) return deletion_take_back(work, undo, answer, done);
    if (old->stage) {
        enum fault gone = stage_undo(work, old, undo->entry->summary, answer, done);
        if (!gone && *done) gone = undo_row(work, undo, "undone", STR_NONE, answer);
        return gone || !*done ? gone : item_tell(work, old, answer);
    }
    enum fault fault = work->replica->f->entity(work->replica, work->arena, kind, old->target,
                                                false, &current);
    if (fault == FAULT_NOT_FOUND) {
        FAIL(answer, ERROR_GONE,
             "cannot take back {what}: it is no longer there; `sluice undo --skip` takes back what "
             "was before it",
             {"what", undo->entry->summary});
        return FAULT_NONE;
    }
    if (fault) return fault;
    bool created = old->kind == MUTATION_CREATE;
    wish_init(&wish, kind, old->target, current);
    if (created) undo_creation(old, wish.edits, &wish.count);
    else fault = undo_edits(work, old, &wish);
    if (fault) return fault;
    mutation_begin(work, &mutation, created ? MUTATION_DELETE : MUTATION_EDIT, kind, old->target);
    mutation.edits = wish.edits;
    mutation.edit_count = wish.count;
    mutation.undoes = old->id;
    bool chose = old->resolution == INBOX_MINE || old->resolution == INBOX_VALUE;
    /* Sent again as a whole. A creation is deleted, and comes back by `deal restore`; of a conflict
     * there is a record of its own. */
    bool sent_again = old->resolution == INBOX_RESENT && !created &&
                      !(undo->entry->answered && undo->entry->outcome == OUTCOME_CONFLICT);
    if ((chose || sent_again) && !uuid_is_zero(old->resolves)) {
        mutation.resolves = old->resolves;
        mutation.resolution = INBOX_OPEN;
    }
    struct str summary = arena_format(work->arena, "undo of %.*s", STR_ARGS(undo->entry->summary));
    fault = mutation_submit(work, &mutation, summary, answer, done);
    if (!fault && answer->reasons.count > 0) undo_refused(work, undo, answer);
    if (fault || !*done) return fault;
    struct str title = created ? entity_title(kind, current) : STR_NONE; /* a call has none */
    NOTE(answer, NOTE_RESULT, title.n > 0 ? "Took back: added {what}" : "Took back: {what}",
         {"what", title.n > 0 ? title : undo->entry->summary});
    fault = undo_row(work, undo, "undone", entity_title(kind, current), answer);
    return fault ? fault : item_tell(work, old, answer);
}

/* Takes back what was found. *any: something was taken back, whatever came after. */
static enum fault undo_found(struct undo_search *search, struct answer *answer, bool *any)
{
    enum fault fault = FAULT_NONE;
    bool done;
    *any = false;
    if (search->import) {
        fault = undo_import(search->work, search->found[0].mutation.batch, answer);
        *any = answer->wrote;
    } else if (search->impossible) {
        answer_fail(answer, ERROR_NOT_UNDOABLE, search->impossible);
    }
    for (size_t i = 0; i < search->count && !search->import && !fault && answer->code == ANSWER_OK; i++) {
        const struct undo_entry *undo = &search->found[i];
        fault = undo_one(search->work, undo, answer, &done);
        bool shared = undo->mutation.entity == ENTITY_ORGANISATION ||
                      undo->mutation.entity == ENTITY_PERSON;
        if (!fault && *any && shared && answer->reasons.count > 0) {
            fault = undo_keep(search->work, undo, answer);
            continue;
        }
        if (fault || answer->code != ANSWER_OK) continue;
        if (done) *any = true;
        else FAIL(answer, ERROR_UNCHANGED,
                  "what {what} did is as it was before already; `sluice undo --skip` takes back what "
                  "was before it",
                  {"what", undo_called(search->work, &search->found[i])});
    }
    if (answer->reasons.count > 0 && !*any) {
        struct arena *arena = search->work->arena;
        bool all = uuid_is_zero(search->only);
        struct str deal = all ? STR_NONE : name_short(search->work, ENTITY_DEAL, search->only);
        answer->mend_title = "leave it, and take back what was before it:";
        answer->mend = arena_format(arena, "sluice undo%s%.*s --skip", all ? "" : " ",
                                    STR_ARGS(deal));
    }
    return fault;
}

/* Is it what made something of which a later change was just left as it is? */
static bool undo_made_left(const struct undo_search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct mutation *mutation = &search->found[i].mutation;
        if (mutation->kind != MUTATION_CREATE) continue;
        if (map_get(&search->left, undo_key(&mutation->target))) return true;
    }
    return false;
}

/* Leaves what could not be taken back, says so, and never finds it again. notes: of the answer
 * before it was tried. */
static enum fault undo_pass(struct undo_search *search, size_t notes, struct answer *answer)
{
    const struct mutation *first = &search->found[0].mutation;
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < search->count && !fault; i++) {
        const struct mutation *mutation = &search->found[i].mutation;
        fault = map_put(&search->gone, undo_key(&mutation->id), search);
        if (!fault) fault = map_put(&search->left, undo_key(&mutation->target), search);
    }
    if (!fault && search->import) fault = map_put(&search->gone, undo_key(&first->batch), search);
    answer_error(answer, ERROR_NONE);
    answer->note_count = notes;
    answer->reasons = (struct reasons){.count = 0};
    answer->refused = answer->mend = STR_NONE;
    NOTE(answer, NOTE_TALK, "Left as it is: {what}", {"what", search->found[0].entry->summary});
    if (fault) return fault;
    return undo_row(search->work, &search->found[0], "left",
                    name_of(search->work, (enum entity_kind)first->entity, first->target), answer);
}

enum fault undo_run(struct work *work, const struct request *request, struct answer *answer)
{
    struct undo_search search = {.work = work};
    const void *deal = NULL;
    bool skip = request_option(request, "skip") != NULL, any = false;
    enum fault fault = FAULT_NONE;
    map_init(&search.gone, work->arena);
    map_init(&search.made, work->arena);
    map_init(&search.left, work->arena);
    answer_machine(answer, SHAPE_TABLE, &undo_table);
    if (request->argument_count > 0) {
        fault = name_find(work, ENTITY_DEAL, request->arguments[0], answer, &deal);
        if (fault || !deal) return fault;
        search.only = entity_id(ENTITY_DEAL, deal);
    }
    while (!fault) {
        fault = undo_find(&search);
        if (fault) break;
        if (search.count == 0) {
            answer_fail(answer, ERROR_NOTHING_TO_UNDO, "there is nothing of yours to take back");
            break;
        }
        size_t notes = answer->note_count;
        if (skip && undo_made_left(&search)) {
            fault = undo_pass(&search, notes, answer);
            continue;
        }
        fault = undo_found(&search, answer, &any);
        if (fault || !skip || any || answer->code == ANSWER_OK) break;
        fault = undo_pass(&search, notes, answer);
    }
    return fault;
}
