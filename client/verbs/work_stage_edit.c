/* work_stage_edit.c - one change of a stage: submitted, said in words, taken back, made again. Asked by
 * the verbs of the stages, undo and the inbox. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"
#include "common/domain/stage_edit.h"

static enum fault stage_would(struct work *work, const struct mutation *mutation,
                              struct answer *answer)
{
    struct state state;
    struct change change;
    struct decision_context context = {
        .actor = work->me, .recorded_at = work->now.wall_ms, .predicted = true};
    enum fault fault = state_init(&state, work->arena, work->team, &work->definition);
    if (!fault) fault = decide(work->arena, &state, &context, mutation, STR_NONE, &change);
    if (!fault && change.outcome == OUTCOME_PARKED) answer_refuse(answer, &change.reasons);
    return fault;
}

enum fault stage_submit(struct work *work, const struct stage_edit *edit, struct str summary,
                               const struct mutation *undoes, bool dry, struct answer *answer,
                               bool *done)
{
    struct mutation mutation;
    *done = false;
    mutation_begin(work, &mutation, MUTATION_EDIT, ENTITY_DEFINITION, work->definition.id);
    mutation.stage = edit;
    if (undoes) mutation.undoes = undoes->id;
    if (!dry) return mutation_submit(work, &mutation, summary, answer, done);
    enum fault fault = stage_would(work, &mutation, answer);
    *done = !fault && answer->code == ANSWER_OK;
    return fault;
}

static struct str field_said(struct str text)
{
    return text.n > 0 ? text : STR("none");
}

struct str stage_changes_say(struct work *work, const struct stage_edit *edit)
{
    struct str out = STR("");
    for (enum stage_field field = 0; field < STAGE_FIELD_COUNT; field++) {
        if (edit->created || stage_field_equal(field, &edit->base, &edit->want)) continue;
        struct str was = stage_field_text(work->arena, field, &edit->base);
        struct str is = stage_field_text(work->arena, field, &edit->want);
        out = arena_format(work->arena, "%.*s%s%s: %.*s (was %.*s)", STR_ARGS(out),
                           out.n > 0 ? "; " : "", stage_field_name(field), STR_ARGS(field_said(is)),
                           STR_ARGS(field_said(was)));
    }
    return out;
}

struct str stage_edit_say(struct work *work, const struct stage_edit *edit)
{
    if (edit->created) return STR("to add it");
    struct str out = stage_changes_say(work, edit);
    if (!edit->moved) return out;
    return arena_format(work->arena, "%.*s%sbehind %.*s", STR_ARGS(out), out.n > 0 ? "; " : "",
                        STR_ARGS(edit->behind.n > 0 ? edit->behind : STR("nothing: first")));
}

enum fault stage_undo(struct work *work, const struct mutation *old, struct str summary,
                      struct answer *answer, bool *done)
{
    struct stage_edit inverse;
    const struct pipeline *pipeline = definition_pipeline(&work->definition, old->stage->pipeline);
    *done = false;
    if (!pipeline) {
        answer_fail(answer, ERROR_GONE,
                    "what was changed is no longer there; `sluice undo --skip` takes back what was "
                    "before it");
        return FAULT_NONE;
    }
    stage_edit_inverse(pipeline, old->stage, &inverse);
    struct str text = arena_format(work->arena, "undo of %.*s", STR_ARGS(summary));
    enum fault fault = stage_submit(work, &inverse, text, old, false, answer, done);
    if (fault || !*done) return fault;
    NOTE(answer, NOTE_RESULT, "Took back: {what}", {"what", summary});
    return FAULT_NONE;
}

enum fault stage_again(struct work *work, const struct stage_edit *old,
                       const struct stage_edit **out)
{
    struct stage_edit *again = arena_alloc(work->arena, sizeof *again);
    const struct pipeline *pipeline = definition_pipeline(&work->definition, old->pipeline);
    *out = again;
    if (!again) return FAULT_MEMORY;
    /* Of what is not there any more it is sent as it was: the refusal says what there is. */
    if (!pipeline || !stage_edit_again(pipeline, old, again)) *again = *old;
    return FAULT_NONE;
}
