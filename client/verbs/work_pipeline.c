/* work_pipeline.c - the verb `pipeline show`, and a stage as a row: the stages, and what must be true to be in them. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"
#include "common/base/bounds.h"
#include "common/domain/stage_edit.h"

static const struct column stage_columns[] = {
    {"pipeline", "Pipeline", COLUMN_SHOWN},
    {"key", "Key", COLUMN_SHOWN},
    {"name", "Stage", COLUMN_SHOWN},
    {"probability", "Percent", COLUMN_SHOWN | COLUMN_RIGHT},
    {"expected_days", "Days", COLUMN_SHOWN | COLUMN_RIGHT},
    {"gates", "Needs", COLUMN_SHOWN | COLUMN_WIDE | COLUMN_WRAP},
    {"text", "What must be true", COLUMN_SHOWN | COLUMN_WIDE | COLUMN_WRAP},
    {"quiet_days", "Quiet after", 0},
    {"slow_days", "Slow after", 0},
    {"skip_forbidden", "May not be skipped", 0},
    {"back", "Going back", 0},
    {"successor", "Removed for", 0},
};
const struct columns stage_table = COLUMNS(stage_columns);

void pipeline_table(struct answer *answer, enum answer_shape shape)
{
    answer_table(answer, shape, stage_columns, sizeof stage_columns / sizeof stage_columns[0]);
}

enum fault stage_row(struct work *work, const struct pipeline *pipeline,
                            const struct stage *stage, struct answer *answer)
{
    struct str gates[GATES_MAX];
    struct text_set needs;
    size_t count = 0;
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    for (size_t i = 0; i < stage->gate_count && count < GATES_MAX; i++) {
        gates[count++] = stage->gates[i].requirement;
    }
    enum fault fault = text_set_make(work->arena, gates, count, &needs);
    if (fault) return fault;
    cells[0] = cell_faces(pipeline->key, pipeline->name);
    cells[1] = cell_text(stage->key);
    cells[2] = cell_text(stage->name);
    cells[3] = cell_number(work->arena, stage->probability);
    if (stage->expected_days > 0) cells[4] = cell_number(work->arena, stage->expected_days);
    cells[5] = cell_list(work->arena, needs);
    cells[5].shown = STR("");
    for (size_t i = 0; i < needs.count; i++) {
        cells[5].shown = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(cells[5].shown),
                                      i > 0 ? ", " : "", STR_ARGS(needs.items[i]));
    }
    cells[6] = cell_text(stage->text);
    if (stage->quiet_days > 0) cells[7] = cell_number(work->arena, stage->quiet_days);
    if (stage->slow_days > 0) cells[8] = cell_number(work->arena, stage->slow_days);
    cells[9] = cell_flag(stage->skip_forbidden);
    const char *back = back_policy_name(stage->back);
    if (back) cells[10] = cell_text(str_from(back));
    if (stage->removed) cells[11] = cell_text(stage->successor);
    return FAULT_NONE;
}

const struct pipeline *pipeline_named(struct work *work, const struct request *request,
                                      struct answer *answer)
{
    if (request->argument_count == 0) {
        return work->definition.pipeline_count > 0 ? &work->definition.pipelines[0] : NULL;
    }
    const struct pipeline *pipeline =
        definition_pipeline_named(work->arena, &work->definition, request->arguments[0]);
    if (!pipeline) {
        FAIL(answer, ERROR_NOT_FOUND, "there is no pipeline \"{name}\"; see `sluice pipeline show`",
             {"name", request->arguments[0]});
    }
    return pipeline;
}

enum fault pipeline_show(struct work *work, const struct request *request, struct answer *answer)
{
    enum fault fault = FAULT_NONE;
    const struct pipeline *only = NULL;
    if (request->argument_count > 0) {
        only = pipeline_named(work, request, answer);
        if (!only) return FAULT_NONE;
    }
    pipeline_table(answer, SHAPE_TABLE);
    for (size_t i = 0; i < work->definition.pipeline_count && !fault; i++) {
        const struct pipeline *pipeline = &work->definition.pipelines[i];
        if (only && pipeline != only) continue;
        for (size_t k = 0; k < pipeline->stage_count && !fault; k++) {
            if (pipeline->stages[k].removed) continue;
            fault = stage_row(work, pipeline, &pipeline->stages[k], answer);
        }
    }
    return fault;
}
