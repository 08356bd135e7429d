/* work_inside.h - what the work_*.c share; included by nobody else. */
#ifndef SLUICE_CLIENT_VERBS_WORK_INSIDE_H
#define SLUICE_CLIENT_VERBS_WORK_INSIDE_H

#include "client/core/outbox.h"
#include "client/verbs/work.h"
#include "common/base/map.h"
#include "common/codec/row.h"
#include "common/domain/query.h"

/* --- work.c --- */

/* Often enough in a loop over many: who listens decides what is shown of it. */
void work_say_progress(const struct work *work, const char *sentence, size_t done, size_t all);
/* A mutation of now, with an id of its own. */
void mutation_begin(struct work *work, struct mutation *mutation, enum mutation_kind kind,
                    enum entity_kind entity, struct uuid target);

/* --- work_names.c: what people type, and what they see instead of ids --- */

/* The entity a text names: its short id or a prefix, full id, or exact name. NULL, and the answer
 * says so, when there is none or several. */
MUST_USE enum fault name_find(struct work *work, enum entity_kind kind, struct str text,
                              struct answer *answer, const void **out);
/* As name_find, but nothing is said when there is none. */
MUST_USE enum fault name_look(struct work *work, enum entity_kind kind, struct str text,
                              struct answer *answer, const void **out);
/* Does `wanted` stand in the text? Both are folded. */
bool name_within(struct str text, struct str wanted);
const struct member *name_member(struct work *work, struct str text, struct answer *answer);
/* Who else is called so, case and accents aside; NULL: nobody. */
const struct member *name_called(struct work *work, struct str name, const struct member *but);
struct str name_of_member(const struct work *work, struct uuid id);
/* Name of an organisation, title of a deal...; absent if unknown. */
struct str name_of(struct work *work, enum entity_kind kind, struct uuid id);
/* The same of many organisations, people or deals: names[i] of ids[i]. */
MUST_USE enum fault names_of(struct work *work, enum entity_kind kind, const struct uuid *ids,
                             size_t count, struct str *names);
/* Was it found? A fault that is not "not found" is kept, and the command ends with it. */
bool work_found(struct work *work, enum fault fault);
struct uuid entity_id(enum entity_kind kind, const void *entity);
struct str entity_title(enum entity_kind kind, const void *entity);
/* As short as is unique in the copy. */
struct str name_short(struct work *work, enum entity_kind kind, struct uuid id);
/* The same for many at once: shorts[i] of ids[i], unique among them. */
MUST_USE enum fault names_short(struct arena *arena, const struct uuid *ids, size_t count,
                                struct str *shorts);
/* As names_short, unique in the copy. */
MUST_USE enum fault names_short_among_all(struct work *work, enum entity_kind kind,
                                          const struct uuid *ids, size_t count,
                                          struct str *shorts);
struct str name_of_stage(const struct work *work, const struct deal *deal);

/* --- work_cell.c: values as people and machines read them --- */

/* Choice of a plural: "1 deal", "3 deals". */
struct str count_of(struct arena *arena, size_t count, const char *one, const char *many);
struct str money_say(struct work *work, int64_t minor, struct str currency);
struct str date_say(struct work *work, struct optional date);
struct cell cell_date(struct work *work, struct optional date);
struct cell cell_time(struct work *work, struct optional time);
struct cell cell_money(struct work *work, struct optional value, struct str currency);
/* One field of any entity as a cell. */
struct cell cell_field(struct work *work, const struct field *field, const void *entity);
/* The canonical text of a field, as people read it. */
struct str text_say(struct work *work, const struct field *field, struct str canonical,
                    struct str currency);
/* "14:05" of today, else "2027-03-01 14:05"; local time of the team. */
struct str moment_say(struct work *work, struct optional instant);
/* The same, always with the day. */
struct str moment_full_say(struct work *work, struct optional instant);
/* The name of the stage with that key, of whichever pipeline; the key where there is none. */
struct str stage_say(struct work *work, struct str key);

/* --- work_reason.c --- */

void answer_refuse(struct answer *answer, const struct reasons *reasons);

/* --- work_cause.c --- */

/* Who made it so that something is refused, when, and with which device or to what end. */
struct cause {
    struct uuid who; /* zero: it is not known */
    struct optional when;
    struct str device, how;
};
/* " (Ada Berg, 14:05)": who made it so that the author's change of that thing is refused for this
 * reason, up to then if there is a then; absent: nobody else did, or it is not known. */
struct str cause_say(struct work *work, struct uuid subject, struct uuid author,
                     const struct reason *reason, struct optional until);

/* --- work_use.c --- */

/* What speaks against a deletion: that others use it, or have worked on it. Asked before it is queued. */
MUST_USE enum fault use_against(struct work *work, const struct mutation *mutation,
                                struct reasons *reasons);
/* " (Lift for Ups, Bob Brown)": one thing that names it, and whose; absent: nothing here does. */
struct str use_example(struct work *work, struct uuid thing);
/* The last that others than the author logged for it, up to then if there is a then; NULL: none. */
const struct activity *use_activity(struct work *work, struct uuid thing, struct uuid author,
                                    struct optional until);

/* --- work_wish.c: options to edits --- */

/* "lead, contact, proposal": those there are. */
struct str stage_list(struct arena *arena, const struct pipeline *pipeline);

enum { WISH_CREATIONS_MAX = 4 };

/* What a command wants of one entity, and what has to be created before. */
struct wish {
    enum entity_kind kind;
    struct uuid target;
    const void *current; /* NULL: it is to be created */
    struct edit edits[MUTATION_CHANGES_MAX];
    size_t count;
    struct mutation before[WISH_CREATIONS_MAX];
    const void *made[WISH_CREATIONS_MAX]; /* as they will stand, for the preview */
    size_t before_count;
    struct optional happened_at;
    const struct mutation *again; /* its kind, stands and resolution are taken over; or NULL */
};

void wish_init(struct wish *wish, enum entity_kind kind, struct uuid target, const void *current);
void wish_set(struct wish *wish, const char *field, struct value want);
void wish_change_set(struct wish *wish, const char *field, struct text_set add,
                     struct text_set remove);
/* Everything the options of the request say. False: the answer tells the mistake. */
MUST_USE enum fault wish_options(struct work *work, const struct request *request,
                                 struct wish *wish, struct answer *answer, bool *fine);
MUST_USE enum fault wish_field(struct work *work, struct wish *wish, const struct field *field,
                               struct str text, struct answer *answer, bool *fine);
/* Names the other fields of every touched unit as they stand. */
void wish_complete_units(struct wish *wish);
/* The checks of a deal, as in "budget,-need"; of the pipeline with that key. */
MUST_USE enum fault wish_checks(struct work *work, struct str pipeline, struct str words,
                                struct wish *wish, struct answer *answer);
bool date_option(struct work *work, const struct request *request, const char *name,
                 struct optional *out, struct answer *answer);

/* --- work_write.c --- */

/* Decides the wish and, unless refused, queues it with what it needs. The answer has the outcome;
 * *done: it went through. */
MUST_USE enum fault wish_submit(struct work *work, struct wish *wish, struct str summary,
                                struct answer *answer, bool *done);
/* Would it go through? Nothing is queued. */
MUST_USE enum fault wish_would(struct work *work, struct wish *wish, bool *would, bool *conflict,
                               struct reasons *would_not);
MUST_USE enum fault mutation_submit(struct work *work, struct mutation *mutation,
                                    struct str summary, struct answer *answer, bool *done);
/* work_mend.c: after a refusal, the command that would go through. */
void answer_mend(struct work *work, const struct request *request, const struct deal *deal,
                 struct answer *answer);
/* --on before the deal's last move: says as of when the change of stage counts, and why. */
MUST_USE enum fault wish_tell_date(struct work *work, const struct wish *wish,
                                   struct answer *answer);
/* "Value: 14,000 EUR (was 12,500 EUR); Due: 2027-03-01": what of the wish became so. */
struct str wish_changes(struct work *work, const struct wish *wish, const void *shown);

/* --- work_deal.c --- */

/* What was done with a deal ({id} {title} {stage} {owner} {what}), what that changed, the record. */
MUST_USE enum fault deal_said(struct work *work, const struct wish *wish, const char *sentence,
                              struct str what, struct answer *answer);

/* --- work_inverse.c --- */

/* The inverse of what an edit did, as its events tell. */
MUST_USE enum fault undo_edits(struct work *work, const struct mutation *mutation,
                               struct wish *wish);
/* A creation is taken back by a deletion that names what it was seen as. */
void undo_creation(const struct mutation *mutation, struct edit *edits, size_t *count);
bool batch_is_import(struct uuid batch);

/* --- work_undo.c, work_undo_import.c --- */

/* For machines: what was taken back; of an import how many of each kind. */
enum undo_column {
    UNDO_OUTCOME, UNDO_WHAT, UNDO_KIND, UNDO_ID, UNDO_TITLE, UNDO_COUNT, UNDO_ITEM
};

/* Takes back what stands of that import; the answer tells what came of it. */
MUST_USE enum fault undo_import(struct work *work, struct uuid batch, struct answer *answer);

/* --- work_inbox_item.c, work_inbox_gone.c, work_inbox_cells.c, work_inbox_retry.c, work_inbox_story.c --- */

enum inbox_column {
    INBOX_NUMBER_COLUMN, INBOX_KIND_COLUMN, INBOX_SUBJECT_COLUMN, INBOX_FIELD_COLUMN,
    INBOX_MINE_COLUMN, INBOX_THEIRS_COLUMN, INBOX_WHO_COLUMN, INBOX_WHEN_COLUMN,
    INBOX_REASONS_COLUMN, INBOX_POSSIBLE_COLUMN, INBOX_BASE_COLUMN, INBOX_AUTHOR_COLUMN,
    INBOX_SUBJECT_ID_COLUMN, INBOX_ACTED_COLUMN, INBOX_STATE_COLUMN, INBOX_GROUP_COLUMN,
    INBOX_NOW_COLUMN, INBOX_RECORDED_COLUMN,
    INBOX_COLUMN_COUNT
};
MUST_USE enum fault inbox_cells(struct work *work, const struct inbox_item *item,
                                struct cell *cells);
struct str inbox_reason_say(struct work *work, const struct inbox_item *item,
                            const struct reason *reason);
/* Who stood in the way; one's own other device is told as such. */
struct str inbox_who_say(struct work *work, const struct inbox_item *item, struct uuid who);
/* Who made it so that the item was refused for that, and when. False: that is not known. */
bool inbox_cause(struct work *work, const struct inbox_item *item, const struct reason *reason,
                 struct cause *out);
/* "(Ada Berg, 12:30)", with a space before it. */
struct str inbox_cause_say(struct work *work, const struct inbox_item *item,
                           const struct reason *reason);
#define INBOX_ALONE SIZE_MAX
struct inbox_list {
    const struct inbox_item **items;
    size_t count;
    size_t *roots; /* the place of what each hangs on; INBOX_ALONE: on nothing here */
};
/* Open items that wait for this member, what hangs on another behind it; all: everybody's that this
 * copy has. */
MUST_USE enum fault inbox_items(struct work *work, bool everybody, struct inbox_list *out);
/* The open item of that number; NULL: the answer says that there is none. */
MUST_USE enum fault inbox_item_named(struct work *work, struct str text, struct answer *answer,
                                     const struct inbox_item **out);
/* "with what stood", "discarded". */
struct str inbox_state_say(int64_t state);
/* How a closed one was settled, and by whom: "with what stood, by you". */
struct str inbox_settled_say(struct work *work, const struct inbox_item *item);
/* Fills roots: what was refused hangs on the creation that was refused before it, and what needs one
 * thing that is not there stands together, behind the first; so do the copies of one device. */
MUST_USE enum fault inbox_roots(struct work *work, struct inbox_list *list);
/* Those that hang on the one at that place, however far, in order; how many. */
size_t inbox_with(const struct inbox_list *list, size_t root, const struct inbox_item **out);
/* The newest change of that unit that stands and is not the item's own, up to that time if there is
 * one; NULL: none is known. */
MUST_USE enum fault inbox_theirs(struct work *work, const struct inbox_item *item,
                                 struct optional until, const struct event **out);
/* What it is about: as the item says, or what the server did not read, as the change itself does. */
struct inbox_about {
    enum entity_kind kind;
    struct uuid id;
};
struct inbox_about inbox_about(struct work *work, const struct inbox_item *item);
/* What it was refused for lacking: what it changes, or what it names. */
struct inbox_need {
    struct inbox_about thing; /* kind NONE: it lacks nothing */
    bool gone;                /* it is not here now either */
    bool deleted;             /* somebody deleted it, then or ever */
    bool waits;               /* ... since the server went back in time: its creation may come again */
    const struct event *deletion; /* its newest that kept what was there, or NULL */
};
struct inbox_need inbox_need(struct work *work, const struct inbox_item *item);
/* It was refused, and can be sent again: it is whole, what it changes is there still, and it is not
 * what made the server fail. */
bool inbox_can_retry(struct work *work, const struct inbox_item *item);
/* What it is about, by name; absent: that is not known any more. */
struct str inbox_subject_say(struct work *work, const struct inbox_item *item);
/* Were it sent again now: would it go through, and if not, why? Neither: it is none of ours to
 * send. */
MUST_USE enum fault inbox_would(struct work *work, const struct inbox_item *item, bool *would,
                                bool *conflict, struct reasons *would_not);
/* " --value AMOUNT --check budget": the options of `sluice inbox retry` that answer those reasons. */
struct str inbox_mends(struct work *work, const struct inbox_item *item,
                       const struct reasons *reasons);
/* Sends it again. request: its options mend the wish; NULL for what hangs on another item. */
MUST_USE enum fault inbox_retry(struct work *work, const struct request *request,
                                const struct inbox_item *item, struct answer *answer);
/* A notice of what a restored database lacks of some device. */
bool inbox_is_missing(const struct inbox_item *item);
/* A notice that a further copy of a device appeared. */
bool inbox_is_copy(const struct inbox_item *item);
/* It waits for this member. */
bool inbox_is_mine(const struct work *work, const struct inbox_item *item);
/* A notice that one's value went when somebody settled a conflict. */
bool inbox_is_replaced(const struct inbox_item *item);
/* A unit's canonical text as people read it: "12,500 EUR", "Send offer, 2027-03-01". */
struct str inbox_unit_say(struct work *work, const struct field *leader, struct str text);
/* What is told of one item. */
struct inbox_told {
    const struct inbox_item *item;
    const struct cell *cells;
    const struct inbox_item *const *with; /* what hangs on it, in order */
    const struct cell (*with_cells)[INBOX_COLUMN_COUNT];
    size_t with_count;
    bool would; /* sent again now it would go through */
    bool conflict; /* ... or some of it would be a conflict: would_not has with what */
    struct reasons would_not;
};
/* In lines for people. */
MUST_USE enum fault inbox_story(struct work *work, const struct inbox_told *told,
                                struct answer *answer);

/* --- work_view.c: deals as rows --- */

extern const struct column deal_columns[];
extern const size_t deal_column_count;

/* Views of all those deals, with names and flags. */
MUST_USE enum fault deal_views(struct work *work, const struct deal *const *deals, size_t count,
                               struct deal_view **out);
void deal_cells(struct work *work, const struct deal_view *view, struct str short_id,
                struct cell *cells);
/* Of these columns those that will be printed: a list has thousands of rows. */
struct deal_choice {
    struct column *columns;
    const struct field **fields; /* NULL: no field */
    size_t *indexes;             /* into deal_columns */
    size_t count;
};
MUST_USE enum fault deal_choose(struct arena *arena, const struct request *request,
                                struct deal_choice *out);
void deal_cells_chosen(struct work *work, const struct deal_view *view, struct str short_id,
                       const struct deal_choice *choice, struct cell *cells);
MUST_USE enum fault deal_record(struct work *work, const struct deal *deal, struct answer *answer);

/* --- work_health.c --- */

/* Adds hot, slow, quiet, overdue... and why to views whose deal and stage are set. */
MUST_USE enum fault deal_healths(struct work *work, struct deal_view *views, size_t count);
/* Those of the wanted reasons (bits) that hold, as sentences with their figures, one a line; with
 * signs, '+' stands before what speaks for the deal, '-' before what does not. */
struct str health_say(struct work *work, const struct deal_view *view, uint32_t wanted, bool signs);

/* --- work_list.c --- */

struct listed_deal {
    const struct deal_view *view;
    struct str id; /* short, unique in the whole copy */
    const struct query *query; /* the order asked for, or NULL */
    struct optional due; /* these two are of the deal: sorting looks at nothing else */
    struct str title;
};
/* The deals that match (NULL: any), soonest next step first; only open ones unless `all`. */
MUST_USE enum fault deals_listed(struct work *work, const struct query *query, bool all,
                                 struct listed_deal **out, size_t *count);

/* --- work_pipeline.c --- */

/* The pipeline the first argument names, else the first there is; NULL with the answer set. */
const struct pipeline *pipeline_named(struct work *work, const struct request *request,
                                      struct answer *answer);
/* Stages as rows: the columns, and one of them. */
void pipeline_table(struct answer *answer, enum answer_shape shape);
MUST_USE enum fault stage_row(struct work *work, const struct pipeline *pipeline,
                              const struct stage *stage, struct answer *answer);

/* --- work_deleted.c: what was deleted --- */

/* The newest deletion of that thing that kept what was there; NULL: none is known. */
MUST_USE enum fault deletion_of(struct work *work, struct uuid id, const struct event **out);
/* What it was called. */
struct str deletion_title(struct work *work, const struct event *deletion);
/* May this member bring it back? */
bool deletion_may(const struct work *work, const struct event *deletion);
/* Brings it back; `deletion`: the mutation. */
MUST_USE enum fault deletion_undo(struct work *work, enum entity_kind kind, struct uuid target,
                                  struct uuid deletion, struct str summary, struct answer *answer,
                                  bool *done);

/* --- work_stage_edit.c: changes of the stages --- */

/* *done: it went through, and is not what stood already. `undoes`: what it takes back, or NULL. `dry`:
 * nothing is queued. */
MUST_USE enum fault stage_submit(struct work *work, const struct stage_edit *edit,
                                 struct str summary, const struct mutation *undoes, bool dry,
                                 struct answer *answer, bool *done);
/* "probability: 80 (was 60)": of the stage itself. */
struct str stage_changes_say(struct work *work, const struct stage_edit *edit);
MUST_USE enum fault stage_undo(struct work *work, const struct mutation *old, struct str summary,
                               struct answer *answer, bool *done);
/* What was wanted of a stage, on what stands now. */
MUST_USE enum fault stage_again(struct work *work, const struct stage_edit *old,
                                const struct stage_edit **out);
/* The same with the place: "...; behind proposal". */
struct str stage_edit_say(struct work *work, const struct stage_edit *edit);

/* --- work_past.c: the history of deals --- */

struct past {
    const struct row *rows; /* events in order, numbered for the metrics engine */
    size_t count;
};
struct pasts {
    struct map by_deal;
};

/* Every deal, read once for as long as the work lasts. For verbs that only look. */
MUST_USE enum fault work_deals(struct work *work, const struct deal ***deals, size_t *count);
/* Of the open deals only. */
MUST_USE enum fault pasts_load_open(struct work *work, struct pasts *out);
/* Of the won deals only. */
MUST_USE enum fault pasts_load_won(struct work *work, struct pasts *out);
/* Of one deal, or of all (zero id). */
MUST_USE enum fault pasts_load(struct work *work, struct uuid deal, struct pasts *out);
struct past past_of(const struct pasts *pasts, struct uuid deal); /* without rows if unknown */

/* --- the verbs, and the columns of what they answer --- */

extern const struct columns deal_table, deleted_table, stage_history_table, history_table, organisation_table, person_table,
    stage_table, invitation_table, invite_table, member_table, device_table, log_table, lane_table,
    inbox_table, undo_table, status_table, server_table;
/* Those of `today`: in that width, with the owners where it is the team's. */
struct columns today_table(struct arena *arena, bool team, size_t width);
/* The row of a member. */
MUST_USE enum fault member_row(struct work *work, const struct member *member,
                               struct answer *answer);

verb_run deal_add, deal_list, deal_show, deal_edit, deal_check, deal_move, deal_win, deal_lose,
    deal_ice, deal_thaw, deal_reopen, deal_assign, deal_delete, deal_restore, deal_history, lead_add;
verb_run organisation_add, organisation_list, organisation_show, organisation_edit, person_add,
    person_list, person_show, person_edit;
verb_run log_add, board_show, pipeline_show, today_show, inbox_run, undo_run, export_run,
    status_show, server_run, member_list, member_edit, member_invite, invitation_list,
    invitation_revoke, device_list, device_revoke, report_show;
verb_run stage_add, stage_change, stage_move, stage_remove, stage_restore, stage_history;

#endif
