/* work_pipeline.c - the pipeline as stages: its definition, and the board as text.
 *
 * The board: stages left to right with deal count and money per currency, cards below. */
#include "client/core/work_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bounds.h"
#include "common/base/money.h"
#include "common/base/banned.h"

static const struct column stage_columns[] = {
    {"pipeline", "Pipeline", COLUMN_SHOWN},
    {"key", "Key", COLUMN_SHOWN},
    {"name", "Stage", COLUMN_SHOWN},
    {"probability", "Percent", COLUMN_SHOWN | COLUMN_RIGHT},
    {"expected_days", "Days", COLUMN_SHOWN | COLUMN_RIGHT},
    {"gates", "Needs", COLUMN_SHOWN | COLUMN_WIDE},
    {"text", "What must be true", COLUMN_SHOWN | COLUMN_WIDE},
};

static enum fault stage_row(struct work *work, const struct pipeline *pipeline,
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
    cells[6] = cell_text(stage->text);
    return FAULT_NONE;
}

/* The pipeline named, or NULL with the answer set. */
static const struct pipeline *pipeline_named(struct work *work, const struct request *request,
                                             struct answer *answer)
{
    if (request->argument_count == 0) {
        return work->definition.pipeline_count > 0 ? &work->definition.pipelines[0] : NULL;
    }
    const struct pipeline *pipeline =
        definition_pipeline_named(work->arena, &work->definition, request->arguments[0]);
    if (!pipeline) {
        FAIL(answer, ANSWER_NOT_FOUND, "there is no pipeline \"{name}\"; see `sluice pipeline show`",
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
    answer_table(answer, SHAPE_TABLE, stage_columns,
                 sizeof stage_columns / sizeof stage_columns[0]);
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

/* --- board --- */

struct lane {
    const struct stage *stage;
    struct str *lines; /* below the heading */
    size_t count, cap;
    size_t deals;
};

static enum fault lane_line(struct work *work, struct lane *lane, struct str text)
{
    void *lines = lane->lines;
    struct str *line = arena_push(work->arena, &lines, &lane->count, &lane->cap, sizeof *line);
    lane->lines = lines;
    if (!line) return FAULT_MEMORY;
    *line = text;
    return FAULT_NONE;
}

/* One line of money per currency; a currency is never added to another. */
static enum fault lane_money(struct work *work, struct lane *lane,
                             const struct deal *const *deals, size_t count,
                             const struct pipeline *pipeline)
{
    enum { CURRENCIES_MAX = 8 };
    struct str codes[CURRENCIES_MAX];
    int64_t sums[CURRENCIES_MAX];
    size_t known = 0;
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(deals[i]->pipeline, pipeline->key)) continue;
        if (pipeline_stage_today(pipeline, deals[i]->stage) != lane->stage) continue;
        lane->deals++;
        if (!deals[i]->value.has) continue;
        size_t at = 0;
        while (at < known && !str_equal(codes[at], deals[i]->currency)) at++;
        if (at == CURRENCIES_MAX) continue;
        if (at == known) {
            codes[known] = deals[i]->currency;
            sums[known++] = 0;
        }
        if (money_add(sums[at], deals[i]->value.v, &sums[at])) sums[at] = MONEY_MAX;
    }
    fault = lane_line(work, lane, count_of(work->arena, lane->deals, "deal", "deals"));
    for (size_t i = 0; i < known && !fault; i++) {
        fault = lane_line(work, lane, money_say(work, sums[i], codes[i]));
    }
    return fault;
}

static enum fault lane_cards(struct work *work, struct lane *lane,
                             const struct deal_view *views, const struct str *shorts,
                             size_t count, const struct pipeline *pipeline)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < count && !fault; i++) {
        const struct deal *deal = views[i].deal;
        if (views[i].pipeline != pipeline || views[i].stage != lane->stage) continue;
        struct str money = deal->value.has ? money_say(work, deal->value.v, deal->currency)
                                           : STR("no value");
        fault = lane_line(work, lane, STR(""));
        if (!fault) fault = lane_line(work, lane, deal->title);
        if (!fault) {
            fault = lane_line(work, lane, arena_format(work->arena, "%.*s %.*s",
                                                       STR_ARGS(shorts[i]), STR_ARGS(money)));
        }
        struct str close = date_say(work, deal->expected_close);
        if (!fault && (close.n > 0 || views[i].owner.n > 0)) {
            fault = lane_line(work, lane,
                              arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(views[i].owner),
                                           close.n > 0 ? " " : "", STR_ARGS(close)));
        }
    }
    return fault;
}

static void board_cell(struct buffer *out, struct str text, size_t width, bool last)
{
    struct str shown = text_clip(text, width);
    buffer_append_str(out, shown);
    if (last) return;
    for (size_t n = text_width(shown); n < width + 1; n++) buffer_append_byte(out, ' ');
}

/* Lanes side by side; as many blocks of them as the width asks for. */
static void board_draw(const struct lane *lanes, size_t count, size_t width, struct buffer *out)
{
    enum { LANE_MIN = 16, LANE_MAX = 30 };
    size_t per_block = width / (LANE_MIN + 1);
    if (per_block == 0) per_block = 1;
    if (per_block > count) per_block = count;
    for (size_t from = 0; from < count; from += per_block) {
        size_t to = from + per_block < count ? from + per_block : count;
        size_t lane_width = width / per_block - 1, height = 0;
        if (lane_width > LANE_MAX) lane_width = LANE_MAX;
        if (from > 0) buffer_append_byte(out, '\n');
        for (size_t i = from; i < to; i++) {
            board_cell(out, lanes[i].stage->name, lane_width, i + 1 == to);
            if (lanes[i].count > height) height = lanes[i].count;
        }
        buffer_append_byte(out, '\n');
        for (size_t line = 0; line < height; line++) {
            for (size_t i = from; i < to; i++) {
                struct str text = line < lanes[i].count ? lanes[i].lines[line] : STR("");
                board_cell(out, text, lane_width, i + 1 == to);
            }
            buffer_append_byte(out, '\n');
        }
    }
}

static enum fault lanes_make(struct work *work, const struct pipeline *pipeline,
                             struct lane *lanes, size_t *lane_count)
{
    const struct deal **deals;
    struct deal_view *views;
    size_t count;
    struct deal_filter filter = {.all = false};
    enum fault fault = work->replica->f->deals(work->replica, work->arena, &filter, &deals,
                                               &count);
    if (!fault) fault = deal_views(work, deals, count, &views);
    if (fault) return fault;
    struct str *shorts = arena_array(work->arena, count + 1, sizeof *shorts);
    if (!shorts) return FAULT_MEMORY;
    for (size_t i = 0; i < count; i++) shorts[i] = name_short(work, ENTITY_DEAL, deals[i]->id);
    *lane_count = 0;
    for (size_t i = 0; i < pipeline->stage_count && !fault; i++) {
        const struct stage *stage = &pipeline->stages[i];
        bool running = stage->kind == STAGE_LEAD || stage->kind == STAGE_OPEN;
        if (stage->removed || !running) continue;
        struct lane *lane = &lanes[(*lane_count)++];
        *lane = (struct lane){.stage = stage};
        fault = lane_money(work, lane, deals, count, pipeline);
        if (!fault) fault = lane_cards(work, lane, views, shorts, count, pipeline);
    }
    return fault;
}

static const struct column lane_columns[] = {
    {"stage", "Stage", COLUMN_SHOWN},
    {"deals", "Deals", COLUMN_SHOWN | COLUMN_RIGHT},
};

enum fault board_show(struct work *work, const struct request *request, struct answer *answer)
{
    struct lane lanes[STAGES_MAX];
    struct buffer out;
    size_t count;
    const struct pipeline *pipeline = pipeline_named(work, request, answer);
    if (!pipeline) return FAULT_NONE;
    enum fault fault = lanes_make(work, pipeline, lanes, &count);
    if (fault) return fault;
    answer_table(answer, SHAPE_TABLE, lane_columns, 2);
    for (size_t i = 0; i < count; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        cells[0] = cell_faces(lanes[i].stage->key, lanes[i].stage->name);
        cells[1] = cell_number(work->arena, (int64_t)lanes[i].deals);
    }
    if (request->machine) return FAULT_NONE;
    buffer_init(&out, (size_t)16 << 20);
    board_draw(lanes, count, request->width > 0 ? request->width : 100, &out);
    answer->shape = SHAPE_TEXT;
    answer->text = arena_str(work->arena, buffer_str(&out));
    fault = buffer_fault(&out);
    buffer_finish(&out);
    return fault;
}
