/* work_stage.c - the verbs of the shared stages: add, edit, move, remove, restore, history.
 *
 * Each is one change of one stage, decided here at once and by the server for good, as every other
 * change is. What others changed of the stages meanwhile stays (stage_edit.h). */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/stage_edit.h"

/* --- what people type --- */

/* "proposal", "Proposal" or "partners/proposal"; NULL with the answer set. */
static const struct stage *stage_typed(struct work *work, struct str text,
                                       const struct pipeline **pipeline, struct answer *answer)
{
    size_t slash = str_find(text, '/');
    struct str name = text;
    if (slash < text.n) {
        struct str typed = str_slice(text, 0, slash);
        name = str_slice(text, slash + 1, text.n);
        *pipeline = definition_pipeline_named(work->arena, &work->definition, typed);
        if (!*pipeline) {
            FAIL(answer, ERROR_UNKNOWN_PIPELINE, "there is no pipeline \"{value}\"",
                 {"value", typed});
            return NULL;
        }
    } else if (!*pipeline && work->definition.pipeline_count > 0) {
        *pipeline = &work->definition.pipelines[0];
    }
    const struct stage *stage =
        *pipeline ? pipeline_stage_named(work->arena, *pipeline, name) : NULL;
    if (!stage) {
        FAIL(answer, ERROR_UNKNOWN_STAGE, "there is no stage \"{value}\"; there are: {list}",
             {"value", name}, {"list", stage_list(work->arena, *pipeline)});
    }
    return stage;
}

/* The stage that option names, of the same pipeline. */
static const struct stage *stage_option(struct work *work, const struct request *request,
                                        const char *name, const struct pipeline *pipeline,
                                        struct answer *answer)
{
    const struct request_option *option = request_option(request, name);
    const struct pipeline *of = pipeline;
    if (!option) return NULL;
    const struct stage *stage = stage_typed(work, option->value, &of, answer);
    if (!stage || of == pipeline) return stage;
    FAIL(answer, ERROR_UNKNOWN_STAGE, "{value} is of another pipeline", {"value", option->value});
    return NULL;
}

static bool number_typed(const struct request_option *option, int64_t *out, struct answer *answer)
{
    *out = 0;
    if (option->value.n == 0 || str_to_int64(option->value, out) == FAULT_NONE) return true;
    FAIL(answer, ERROR_VALUE_INVALID, "--{name} takes a whole number, not \"{value}\"",
         {"name", str_from(option->option->name)}, {"value", option->value});
    return false;
}

/* Fields are written as they are named; checks as their keys. */
static struct str requirement_typed(struct work *work, struct str text)
{
    struct str rest = text, part, out = STR("");
    while (str_split(&rest, '|', &part)) {
        part = str_trim(part);
        const struct field *field = field_by_name(ENTITY_DEAL, part);
        if (field) part = str_from(field->name);
        out = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(out), out.n > 0 ? "|" : "",
                           STR_ARGS(part));
    }
    return out;
}

static size_t gate_find(const struct gate *gates, size_t count, struct str requirement)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(gates[i].requirement, requirement)) return i;
    }
    return count;
}

/* "value,check:budget" are the gates; "+value,-check:budget" adds and takes away. */
static enum fault gates_typed(struct work *work, struct str text, struct stage *stage,
                              struct answer *answer)
{
    struct gate *gates = arena_array(work->arena, GATES_MAX + 1, sizeof *gates);
    if (!gates) return FAULT_MEMORY;
    bool adds = text.n > 0 && (text.p[0] == '+' || text.p[0] == '-');
    size_t count = adds ? stage->gate_count : 0;
    if (count > 0) memcpy(gates, stage->gates, count * sizeof *gates);
    struct str rest = text, part;
    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        if (part.n == 0) continue;
        bool away = part.p[0] == '-';
        if (away || part.p[0] == '+') part = str_slice(part, 1, part.n);
        struct str requirement = requirement_typed(work, part);
        size_t at = gate_find(gates, count, requirement);
        if (away && at < count) {
            memmove(gates + at, gates + at + 1, (--count - at) * sizeof *gates);
        } else if (away) {
            FAIL(answer, ERROR_VALUE_INVALID, "{stage} does not ask for {value}",
                 {"stage", stage->name}, {"value", part});
        } else if (at == count && count <= GATES_MAX) {
            gates[count++].requirement = requirement;
        }
    }
    stage->gates = gates;
    stage->gate_count = count;
    return FAULT_NONE;
}

static void policy_typed(const struct request_option *option, struct stage *stage,
                         struct answer *answer)
{
    for (int64_t back = BACK_ALLOWED; back_policy_name(back); back++) {
        if (!str_equal(option->value, str_from(back_policy_name(back)))) continue;
        stage->back = back;
        return;
    }
    FAIL(answer, ERROR_VALUE_INVALID, "--back is allowed, manager or never, not \"{value}\"",
         {"value", option->value});
}

static void flag_typed(const struct request_option *option, struct stage *stage,
                       struct answer *answer)
{
    stage->skip_forbidden = str_equal(option->value, STR("yes"));
    if (stage->skip_forbidden || str_equal(option->value, STR("no"))) return;
    FAIL(answer, ERROR_VALUE_INVALID, "--skip-forbidden is yes or no, not \"{value}\"",
         {"value", option->value});
}

/* Everything the options say of the stage itself. */
static enum fault stage_options(struct work *work, const struct request *request,
                                struct stage *stage, struct answer *answer)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < request->option_count && answer->code == ANSWER_OK && !fault; i++) {
        const struct request_option *option = &request->options[i];
        struct str name = str_from(option->option->name), value = str_trim(option->value);
        int64_t *number = NULL;
        if (str_equal(name, STR("name"))) stage->name = value;
        else if (str_equal(name, STR("text"))) stage->text = value;
        else if (str_equal(name, STR("gates"))) fault = gates_typed(work, value, stage, answer);
        else if (str_equal(name, STR("back"))) policy_typed(option, stage, answer);
        else if (str_equal(name, STR("skip-forbidden"))) flag_typed(option, stage, answer);
        else if (str_equal(name, STR("probability"))) number = &stage->probability;
        else if (str_equal(name, STR("expected-days"))) number = &stage->expected_days;
        else if (str_equal(name, STR("days"))) number = &stage->expected_days;
        else if (str_equal(name, STR("quiet-days"))) number = &stage->quiet_days;
        else if (str_equal(name, STR("slow-days"))) number = &stage->slow_days;
        if (number) (void)number_typed(option, number, answer);
    }
    return fault;
}

/* --- doing it --- */

/* How many open or iced deals stand there, as it is seen today. */
static enum fault deals_there(struct work *work, const struct pipeline *pipeline,
                              const struct stage *stage, size_t *out)
{
    const struct deal **deals;
    size_t count;
    *out = 0;
    enum fault fault = work_deals(work, &deals, &count);
    for (size_t i = 0; i < count && !fault; i++) {
        bool running = deals[i]->status == STATUS_OPEN || deals[i]->status == STATUS_ICED;
        if (!running || !str_equal(deals[i]->pipeline, pipeline->key)) continue;
        if (pipeline_stage_today(pipeline, deals[i]->stage) == stage) (*out)++;
    }
    return fault;
}

/* The stage as it stands now, for machines. */
static enum fault stage_record(struct work *work, const struct stage_edit *edit,
                               struct answer *answer)
{
    enum fault fault = work->replica->f->definition(work->replica, work->arena, &work->definition);
    const struct pipeline *pipeline =
        fault ? NULL : definition_pipeline(&work->definition, edit->pipeline);
    const struct stage *stage = pipeline ? pipeline_stage(pipeline, edit->want.key) : NULL;
    if (!stage) return fault;
    answer->machine_only = true;
    pipeline_table(answer, SHAPE_RECORD);
    return stage_row(work, pipeline, stage, answer);
}

struct stage_act {
    const char *summary;  /* "stage edit" */
    const char *sentence; /* {name} {key} {behind} {successor} {there} */
    const char *would;    /* with --dry-run */
    size_t there;         /* deals that stand in it */
};

static enum fault stage_do(struct work *work, const struct request *request,
                            const struct stage_edit *edit, const struct stage_act *act,
                            struct answer *answer)
{
    bool done, dry = request_option(request, "dry-run") != NULL;
    const struct pipeline *pipeline = definition_pipeline(&work->definition, edit->pipeline);
    const struct stage *heir = pipeline ? pipeline_stage(pipeline, edit->want.successor) : NULL;
    const struct stage *behind = pipeline ? pipeline_stage(pipeline, edit->behind) : NULL;
    struct str summary = arena_format(work->arena, "%s %.*s", act->summary,
                                      STR_ARGS(edit->want.name));
    enum fault fault = stage_submit(work, edit, summary, NULL, dry, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    if (!done) {
        NOTE(answer, NOTE_TALK, "{name} is so already; nothing was changed",
             {"name", edit->want.name});
        return FAULT_NONE;
    }
    NOTE(answer, NOTE_RESULT, dry ? act->would : act->sentence, {"name", edit->want.name},
         {"key", edit->want.key}, {"behind", behind ? behind->name : STR("nothing: it is the first")},
         {"successor", heir ? heir->name : edit->want.successor},
         {"there", count_of(work->arena, act->there, "deal", "deals")});
    bool edited = strcmp(act->summary, "stage edit") == 0;
    struct str changes = edited ? stage_changes_say(work, edit) : STR_NONE;
    if (changes.n > 0) NOTE(answer, NOTE_RESULT, "  {changes}", {"changes", changes});
    return dry ? FAULT_NONE : stage_record(work, edit, answer);
}

/* --- the verbs --- */

/* The stage of the first argument, and a change of it that changes nothing yet. */
static const struct stage *stage_begin(struct work *work, const struct request *request,
                                       const struct pipeline **pipeline, struct stage_edit *edit,
                                       struct answer *answer)
{
    *pipeline = NULL;
    const struct stage *stage = stage_typed(work, request->arguments[0], pipeline, answer);
    if (stage) (void)stage_edit_begin(*pipeline, stage->key, edit);
    return stage;
}

/* "Legal check" -> "legal-check". */
static enum fault key_make(struct work *work, struct str name, struct str *out)
{
    struct str folded;
    enum fault fault = text_fold(work->arena, name, &folded);
    char *key = fault ? NULL : arena_alloc(work->arena, folded.n + 1);
    size_t n = 0;
    if (!key) return fault ? fault : FAULT_MEMORY;
    for (size_t i = 0; i < folded.n; i++) {
        char c = folded.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (plain) key[n++] = c;
        else if (n > 0 && key[n - 1] != '-') key[n++] = '-';
    }
    while (n > 0 && key[n - 1] == '-') n--;
    *out = (struct str){key, n};
    return FAULT_NONE;
}

/* Where a new one stands if nobody says: behind the last stage that is neither won nor lost. */
static struct str place_usual(const struct pipeline *pipeline)
{
    struct str behind = STR_NONE;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        int64_t kind = pipeline->stages[i].kind;
        if (kind == STAGE_LEAD || kind == STAGE_OPEN) behind = pipeline->stages[i].key;
    }
    return behind;
}

enum fault stage_add(struct work *work, const struct request *request, struct answer *answer)
{
    struct stage_edit edit = {.created = true};
    const struct request_option *named = request_option(request, "pipeline");
    const struct request_option *key = request_option(request, "key");
    struct request first = {.argument_count = named ? 1 : 0};
    if (named) first.arguments[0] = named->value;
    const struct pipeline *pipeline = pipeline_named(work, &first, answer);
    if (!pipeline) return FAULT_NONE;
    edit.pipeline = pipeline->key;
    edit.want = (struct stage){.name = str_trim(request->arguments[0]), .kind = STAGE_OPEN};
    enum fault fault = stage_options(work, request, &edit.want, answer);
    const struct stage *behind = stage_option(work, request, "after", pipeline, answer);
    edit.behind = behind ? behind->key : place_usual(pipeline);
    if (!fault && key) edit.want.key = key->value;
    else if (!fault) fault = key_make(work, edit.want.name, &edit.want.key);
    if (fault || answer->code != ANSWER_OK) return fault;
    const struct stage *known = pipeline_stage(pipeline, edit.want.key);
    if (known) {
        FAIL(answer, ERROR_VALUE_INVALID,
             known->removed
                 ? "there was a stage \"{key}\"; `sluice stage restore {key}` brings it back, --key "
                   "gives the new one another key"
                 : "there is a stage \"{key}\" already; --key gives the new one another key",
             {"key", edit.want.key});
        return FAULT_NONE;
    }
    static const struct stage_act act = {
        .summary = "stage add",
        .sentence = "Added the stage {name} ({key}), behind {behind}",
        .would = "Would add the stage {name} ({key}), behind {behind}"};
    return stage_do(work, request, &edit, &act, answer);
}

enum fault stage_change(struct work *work, const struct request *request, struct answer *answer)
{
    struct stage_edit edit;
    const struct pipeline *pipeline;
    if (!stage_begin(work, request, &pipeline, &edit, answer)) return FAULT_NONE;
    enum fault fault = stage_options(work, request, &edit.want, answer);
    if (fault || answer->code != ANSWER_OK) return fault;
    if (request->option_count == 0) {
        answer_fail(answer, ERROR_NOTHING_TO_CHANGE,
                    "there is nothing to change; say --name NAME, --gates FIELDS, --probability "
                    "PERCENT, ...");
        return FAULT_NONE;
    }
    static const struct stage_act act = {.summary = "stage edit",
                                         .sentence = "Changed the stage {name}",
                                         .would = "Would change the stage {name}"};
    return stage_do(work, request, &edit, &act, answer);
}

enum fault stage_move(struct work *work, const struct request *request, struct answer *answer)
{
    struct stage_edit edit;
    const struct pipeline *pipeline;
    if (!stage_begin(work, request, &pipeline, &edit, answer)) return FAULT_NONE;
    const struct stage *behind = stage_option(work, request, "after", pipeline, answer);
    if (answer->code != ANSWER_OK) return FAULT_NONE;
    if (!behind && !request_option(request, "first")) {
        answer_fail(answer, ERROR_ARGUMENT_MISSING, "say where to: --after STAGE, or --first");
        return FAULT_NONE;
    }
    edit.moved = true;
    edit.behind = behind ? behind->key : STR_NONE;
    static const struct stage_act act = {.summary = "stage move",
                                         .sentence = "The stage {name} stands behind {behind}",
                                         .would = "The stage {name} would stand behind {behind}"};
    return stage_do(work, request, &edit, &act, answer);
}

enum fault stage_remove(struct work *work, const struct request *request, struct answer *answer)
{
    struct stage_edit edit;
    const struct pipeline *pipeline;
    const struct stage *stage = stage_begin(work, request, &pipeline, &edit, answer);
    if (!stage) return FAULT_NONE;
    const struct stage *heir = stage_option(work, request, "successor", pipeline, answer);
    if (answer->code != ANSWER_OK) return FAULT_NONE;
    if (!heir || heir == stage) {
        FAIL(answer, ERROR_ARGUMENT_MISSING,
             "say where its deals belong: --successor STAGE; there are: {list}",
             {"list", stage_list(work->arena, pipeline)});
        return FAULT_NONE;
    }
    edit.want.removed = true;
    edit.want.successor = heir->key;
    struct stage_act act = {
        .summary = "stage remove",
        .sentence = "Removed the stage {name}; its deals ({there}) show in {successor} now",
        .would = "Would remove the stage {name}; its deals ({there}) would show in {successor}"};
    enum fault fault = deals_there(work, pipeline, stage, &act.there);
    return fault ? fault : stage_do(work, request, &edit, &act, answer);
}

enum fault stage_restore(struct work *work, const struct request *request, struct answer *answer)
{
    struct stage_edit edit;
    const struct pipeline *pipeline;
    if (!stage_begin(work, request, &pipeline, &edit, answer)) return FAULT_NONE;
    edit.want.removed = false;
    edit.want.successor = STR_NONE;
    static const struct stage_act act = {.summary = "stage restore",
                                         .sentence = "Brought the stage {name} back",
                                         .would = "Would bring the stage {name} back"};
    return stage_do(work, request, &edit, &act, answer);
}

static const struct column history_columns[] = {
    {"when", "When", COLUMN_SHOWN},      {"who", "Who", COLUMN_SHOWN},
    {"pipeline", "Pipeline", COLUMN_SHOWN}, {"stage", "Stage", COLUMN_SHOWN},
    {"field", "Field", COLUMN_SHOWN},    {"from", "From", COLUMN_SHOWN | COLUMN_WIDE},
    {"to", "To", COLUMN_SHOWN | COLUMN_WIDE},
};
const struct columns stage_history_table = COLUMNS(history_columns);

enum fault stage_history(struct work *work, const struct request *request, struct answer *answer)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    (void)request;
    enum fault fault = work->replica->f->events(work->replica, work->arena, work->definition.id,
                                                &events, &seqs, &count);
    answer_table(answer, SHAPE_TABLE, history_columns,
                 sizeof history_columns / sizeof history_columns[0]);
    for (size_t i = 0; i < count && !fault; i++) {
        const struct event *event = events[i];
        if (event->subject_kind != ENTITY_DEFINITION) continue;
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        cells[0] = cell_time(work, event->recorded_at);
        cells[1] = cell_text(name_of_member(work, event->who));
        cells[2] = cell_text(event->pipeline);
        cells[3] = cell_text(event->to_stage);
        cells[4] = cell_text(event->field);
        cells[5] = cell_text(event->from_value);
        cells[6] = cell_text(event->to_value);
    }
    return fault;
}
