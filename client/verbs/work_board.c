/* work_board.c - the verb `board`: stages left to right as text, what is in them and what they are
 * worth, what is slow and what moves; cards below.
 *
 * Fits what it is drawn into: lanes that do not fit side by side stand below each other, and a lane
 * that does not fit ends in "... 23 more". Without a terminal it has at most CARDS_USUAL cards. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"
#include "common/base/bounds.h"
#include "common/base/money.h"
#include "common/metrics/tally.h"

static const int64_t DAY_MS = INT64_C(86400000);

enum {
    LANE_WIDTH_MIN = 18,
    LANE_WIDTH_MAX = 40,
    CARDS_USUAL = 12,
    CARD_LINES = 5, /* title, id and value, owner and close, marks, a blank */
    CURRENCIES_MAX = 4,
    MOVES_DAYS = 7, /* so recently something moved, or was new */
    LINES_BELOW = 2 /* a blank above the sum, and the prompt below */
};

struct purse { /* never added up over currencies */
    struct str code;
    wide value, weighted;
    size_t deals;
};

struct lane {
    const struct stage *stage;
    struct purse purses[CURRENCIES_MAX];
    size_t purse_count, deals, unpursed; /* of more currencies than there is room for */
    size_t slow, quiet, overdue, moved, added;
    struct str *lines; /* below the heading */
    size_t count, cap;
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

/* --- what a lane is worth --- */

static void lane_pay(struct lane *lane, struct str code, wide value, wide weighted, size_t deals)
{
    size_t at = 0;
    while (at < lane->purse_count && !str_equal(lane->purses[at].code, code)) at++;
    if (at == CURRENCIES_MAX) {
        lane->unpursed += deals;
        return;
    }
    if (at == lane->purse_count) lane->purses[lane->purse_count++] = (struct purse){.code = code};
    lane->purses[at].value += value;
    lane->purses[at].weighted += weighted;
    lane->purses[at].deals += deals;
}

/* Days since it came to this stage; -1 unknown, or longer ago than matters. */
static int64_t view_moved_days(const struct work *work, const struct deal_view *view)
{
    struct optional since = view->deal->stage_entered_at;
    int64_t ms = work->now.wall_ms - since.v;
    return since.has && ms >= 0 && ms < MOVES_DAYS * DAY_MS ? ms / DAY_MS : -1;
}

static bool view_is_new(const struct deal_view *view)
{
    const struct deal *deal = view->deal;
    return deal->created_at.has && deal->stage_entered_at.has &&
           deal->created_at.v == deal->stage_entered_at.v;
}

static void lane_count(const struct work *work, struct lane *lane, const struct deal_view *view)
{
    const struct deal *deal = view->deal;
    lane->deals++;
    if (deal->value.has) {
        lane_pay(lane, deal->currency, deal->value.v, (wide)deal->value.v * view->probability, 1);
    }
    if (view->is >> IS_SLOW & 1) lane->slow++;
    if (view->is >> IS_QUIET & 1) lane->quiet++;
    if (view->is >> IS_OVERDUE & 1) lane->overdue++;
    if (view_moved_days(work, view) < 0) return;
    *(view_is_new(view) ? &lane->added : &lane->moved) += 1;
}

static struct str wide_say(struct work *work, wide sum, struct str code)
{
    if (sum > INT64_MAX || sum < INT64_MIN) return STR("more than can be said");
    return money_say(work, (int64_t)sum, code);
}

/* Percent were multiplied in; a negative sum is rounded as its opposite. */
static struct str weighted_say(struct work *work, const struct purse *purse)
{
    wide sum = purse->weighted < 0 ? -wide_divide(-purse->weighted, 100)
                                   : wide_divide(purse->weighted, 100);
    return wide_say(work, sum, purse->code);
}

/* "3 slow, 2 quiet" of what is not 0: what stands still, or what moves. */
static struct str lane_pulse(struct work *work, const struct lane *lane, bool moves)
{
    const struct {
        size_t count;
        const char *word;
        bool moves;
    } parts[] = {{lane->slow, "slow", false},
                 {lane->quiet, "quiet", false},
                 {lane->overdue, "overdue", true},
                 {lane->moved, "moved", true},
                 {lane->added, "new", true}};
    struct str out = STR("");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].count == 0 || parts[i].moves != moves) continue;
        out = arena_format(work->arena, "%.*s%s%zu %s", STR_ARGS(out), out.n > 0 ? ", " : "",
                           parts[i].count, parts[i].word);
    }
    return out;
}

/* The same number of lines for each lane, so that the cards begin at one height. */
static enum fault lane_heading(struct work *work, struct lane *lane, size_t purses)
{
    struct arena *arena = work->arena;
    struct str count = count_of(arena, lane->deals, "deal", "deals");
    if (lane->stage->probability > 0) {
        count = arena_format(arena, "%.*s at %d %%", STR_ARGS(count),
                             (int)lane->stage->probability);
    }
    enum fault fault = lane_line(work, lane, count);
    for (size_t i = 0; i < purses && !fault; i++) {
        bool has = i < lane->purse_count;
        const struct purse *purse = &lane->purses[i];
        fault = lane_line(work, lane, has ? wide_say(work, purse->value, purse->code) : STR(""));
        bool weighs = has && lane->stage->kind == STAGE_OPEN;
        struct str text = weighs ? arena_format(arena, "weighted %.*s",
                                                STR_ARGS(weighted_say(work, purse)))
                                 : STR("");
        if (!fault) fault = lane_line(work, lane, text);
    }
    if (!fault) fault = lane_line(work, lane, lane_pulse(work, lane, false));
    if (!fault) fault = lane_line(work, lane, lane_pulse(work, lane, true));
    return fault ? fault : lane_line(work, lane, STR(""));
}

/* --- cards --- */

static struct str card_marks(struct work *work, const struct deal_view *view)
{
    static const enum deal_is shown[] = {IS_CONFLICT, IS_OVERDUE, IS_SLOW, IS_QUIET, IS_HOT};
    struct str out = STR("");
    int64_t moved = view_moved_days(work, view);
    if (moved >= 0) {
        const char *what = view_is_new(view) ? "new" : "moved";
        out = moved == 0 ? arena_format(work->arena, "%s today", what)
                         : arena_format(work->arena, "%s %d d ago", what, (int)moved);
    }
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (!(view->is >> shown[i] & 1)) continue;
        out = arena_format(work->arena, "%.*s%s%s", STR_ARGS(out), out.n > 0 ? ", " : "",
                           deal_is_name(shown[i]));
    }
    return out.n > 0 ? arena_format(work->arena, "* %.*s", STR_ARGS(out)) : out;
}

/* "Birgit Öztürk" as "Birgit Ö.": beside a date a lane has no room for more. */
static struct str owner_short(struct work *work, struct str name)
{
    size_t blank = str_find(name, ' ');
    if (blank + 1 >= name.n) return name;
    struct str initial = text_clip(str_slice(name, blank + 1, name.n), 1);
    return arena_format(work->arena, "%.*s %.*s.", STR_ARGS(str_slice(name, 0, blank)),
                        STR_ARGS(initial));
}

static enum fault lane_card(struct work *work, struct lane *lane, const struct listed_deal *listed)
{
    const struct deal_view *view = listed->view;
    const struct deal *deal = view->deal;
    struct arena *arena = work->arena;
    struct str money = deal->value.has ? money_say(work, deal->value.v, deal->currency)
                                       : STR("no value");
    struct str close = date_say(work, deal->expected_close);
    struct str age = view->age_days >= 0
                         ? arena_format(arena, ", %d d", (int)view->age_days) : STR("");
    struct str owner = close.n > 0 ? owner_short(work, view->owner) : view->owner;
    struct str lines[] = {
        deal->title,
        arena_format(arena, "%.*s %.*s%.*s", STR_ARGS(listed->id), STR_ARGS(money), STR_ARGS(age)),
        arena_format(arena, "%.*s%s%.*s", STR_ARGS(owner),
                     close.n > 0 && owner.n > 0 ? " > " : "", STR_ARGS(close)),
        card_marks(work, view),
    };
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && !fault; i++) {
        if (lines[i].n > 0) fault = lane_line(work, lane, lines[i]);
    }
    return fault ? fault : lane_line(work, lane, STR(""));
}

/* height: lines a lane may have below its name; cards: how many, whatever the height. */
static enum fault lane_cards(struct work *work, struct lane *lane, const struct listed_deal *list,
                             size_t count, size_t height, size_t cards)
{
    size_t drawn = 0;
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < count && !fault; i++) {
        if (list[i].view->stage != lane->stage) continue;
        bool last = drawn + 1 == lane->deals;
        size_t needs = lane->count + CARD_LINES - (last ? 1 : 0);
        if (drawn == cards || needs > height) break;
        fault = lane_card(work, lane, &list[i]);
        drawn++;
    }
    if (fault || drawn == lane->deals) return fault;
    struct str more = drawn > 0 ? arena_format(work->arena, "… %zu more", lane->deals - drawn)
                                : arena_format(work->arena, "… %zu", lane->deals);
    return lane_line(work, lane, more);
}

/* --- drawing --- */

static void board_cell(struct buffer *out, struct str text, size_t width, bool last)
{
    size_t own = text_width(text);
    bool clipped = own > width;
    struct str shown = clipped ? text_clip(text, width - 1) : text;
    size_t used = text_width(shown) + (clipped ? 1 : 0);
    buffer_append_str(out, shown);
    if (clipped) buffer_append_str(out, STR("…"));
    if (last) return;
    for (size_t n = used; n < width + 2; n++) buffer_append_byte(out, ' ');
}

/* Blanks at the end of a line are left out. */
static void board_row(struct buffer *out, const struct lane *lanes, size_t count, size_t line,
                      size_t width)
{
    size_t end = count;
    while (end > 0 && (line >= lanes[end - 1].count || lanes[end - 1].lines[line].n == 0)) end--;
    for (size_t i = 0; i < end; i++) {
        struct str text = line < lanes[i].count ? lanes[i].lines[line] : STR("");
        board_cell(out, text, width, i + 1 == end);
    }
    buffer_append_byte(out, '\n');
}

static void board_draw(const struct lane *lanes, size_t count, size_t per_block, size_t width,
                       struct buffer *out)
{
    for (size_t from = 0; from < count; from += per_block) {
        size_t n = count - from < per_block ? count - from : per_block, height = 0;
        if (from > 0) buffer_append_byte(out, '\n');
        for (size_t i = 0; i < n; i++) {
            board_cell(out, lanes[from + i].stage->name, width, i + 1 == n);
            size_t own = lanes[from + i].count;
            while (own > 0 && lanes[from + i].lines[own - 1].n == 0) own--;
            if (own > height) height = own;
        }
        buffer_append_byte(out, '\n');
        for (size_t line = 0; line < height; line++) board_row(out, &lanes[from], n, line, width);
    }
}

/* Puts a part behind the others, on a line of its own where it does not fit. */
static void sum_add(struct work *work, struct str *text, size_t *used, size_t *lines, size_t width,
                    struct str part)
{
    bool fits = *used == 0 || *used + 2 + text_width(part) < width;
    *text = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(*text),
                         *used == 0 ? "" : fits ? "; " : ";\n", STR_ARGS(part));
    *used = fits && *used > 0 ? *used + 2 + text_width(part) : text_width(part);
    if (!fits || *lines == 0) ++*lines;
}

/* The whole pipeline in a line: the proper stages; a lead is no opportunity yet. */
static struct str board_sum(struct work *work, const struct lane *lanes, size_t count,
                            size_t width, size_t *lines)
{
    struct arena *arena = work->arena;
    struct lane all = {.deals = 0};
    for (size_t i = 0; i < count; i++) {
        const struct lane *lane = &lanes[i];
        if (lane->stage->kind != STAGE_OPEN) continue;
        all.deals += lane->deals;
        all.slow += lane->slow;
        all.quiet += lane->quiet;
        all.overdue += lane->overdue;
        all.moved += lane->moved;
        all.added += lane->added;
        for (size_t k = 0; k < lane->purse_count; k++) {
            const struct purse *purse = &lane->purses[k];
            lane_pay(&all, purse->code, purse->value, purse->weighted, purse->deals);
        }
    }
    struct str still = lane_pulse(work, &all, false), moves = lane_pulse(work, &all, true);
    struct str deals = count_of(arena, all.deals, "deal", "deals"), text = STR("");
    size_t used = 0;
    *lines = 0;
    sum_add(work, &text, &used, lines, width,
            arena_format(arena, "In all: %.*s", STR_ARGS(deals)));
    for (size_t i = 0; i < all.purse_count; i++) {
        struct str weighted = weighted_say(work, &all.purses[i]);
        struct str value = wide_say(work, all.purses[i].value, all.purses[i].code);
        sum_add(work, &text, &used, lines, width, value);
        sum_add(work, &text, &used, lines, width,
                arena_format(arena, "weighted %.*s", STR_ARGS(weighted)));
    }
    if (still.n > 0) sum_add(work, &text, &used, lines, width, still);
    if (moves.n > 0) sum_add(work, &text, &used, lines, width, moves);
    return text;
}

/* --- the verb --- */

static const struct column lane_columns[] = {
    {"stage", "Stage", COLUMN_SHOWN},
    {"probability", "Percent", COLUMN_SHOWN | COLUMN_RIGHT},
    {"deals", "Deals", COLUMN_SHOWN | COLUMN_RIGHT},
    {"currency", "Currency", COLUMN_SHOWN},
    {"value", "Value", COLUMN_SHOWN | COLUMN_RIGHT},
    {"weighted", "Weighted", COLUMN_SHOWN | COLUMN_RIGHT},
    {"slow", "Slow", COLUMN_SHOWN | COLUMN_RIGHT},
    {"quiet", "Quiet", COLUMN_SHOWN | COLUMN_RIGHT},
    {"overdue", "Overdue", COLUMN_SHOWN | COLUMN_RIGHT},
    {"moved", "Moved", COLUMN_SHOWN | COLUMN_RIGHT},
    {"added", "New", COLUMN_SHOWN | COLUMN_RIGHT},
};
const struct columns lane_table = COLUMNS(lane_columns);
enum { LANE_COLUMNS = sizeof lane_columns / sizeof lane_columns[0] };

static struct cell cell_wide_money(struct work *work, wide sum, struct str code)
{
    if (sum > MONEY_MAX || sum < -MONEY_MAX) return (struct cell){.type = CELL_NONE};
    return cell_money(work, (struct optional){true, (int64_t)sum}, code);
}

/* One row per stage and currency; counts of deals stand in the first row of a stage only, so that
 * they can be added up. */
static enum fault lane_rows(struct work *work, const struct lane *lane, struct answer *answer)
{
    const size_t counts[] = {lane->slow, lane->quiet, lane->overdue, lane->moved, lane->added};
    for (size_t i = 0; i == 0 || i < lane->purse_count; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        cells[0] = cell_faces(lane->stage->key, lane->stage->name);
        if (i == 0) {
            cells[1] = cell_number(work->arena, lane->stage->probability);
            cells[2] = cell_number(work->arena, (int64_t)lane->deals);
            for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
                cells[6 + k] = cell_number(work->arena, (int64_t)counts[k]);
            }
        }
        if (i >= lane->purse_count) break;
        const struct purse *purse = &lane->purses[i];
        wide weighted = purse->weighted < 0 ? -wide_divide(-purse->weighted, 100)
                                            : wide_divide(purse->weighted, 100);
        cells[3] = cell_text(purse->code);
        cells[4] = cell_wide_money(work, purse->value, purse->code);
        cells[5] = cell_wide_money(work, weighted, purse->code);
    }
    return FAULT_NONE;
}

static size_t lanes_make(struct work *work, const struct pipeline *pipeline,
                         const struct listed_deal *list, size_t count, struct lane *lanes)
{
    size_t lane_total = 0;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        bool running = stage->kind == STAGE_LEAD || stage->kind == STAGE_OPEN;
        if (stage->removed || !running) continue;
        struct lane *lane = &lanes[lane_total++];
        *lane = (struct lane){.stage = stage};
        for (size_t k = 0; k < count; k++) {
            if (list[k].view->stage == stage) lane_count(work, lane, list[k].view);
        }
    }
    return lane_total;
}

static enum fault board_text(struct work *work, const struct request *request, struct lane *lanes,
                             size_t lane_total, const struct listed_deal *list, size_t count,
                             struct buffer *out)
{
    size_t width = request->width > 0 ? request->width : 100, purses = 0;
    size_t per_block = (width + 2) / (LANE_WIDTH_MIN + 2);
    if (per_block == 0) per_block = 1;
    if (per_block > lane_total) per_block = lane_total;
    size_t blocks = (lane_total + per_block - 1) / per_block;
    size_t lane_width = (width + 2) / per_block - 2;
    if (lane_width > LANE_WIDTH_MAX) lane_width = LANE_WIDTH_MAX;
    bool all = request_option(request, "all") != NULL;
    size_t cards = all || request->height > 0 ? SIZE_MAX : CARDS_USUAL, height = SIZE_MAX;
    size_t sum_lines;
    struct str sum = board_sum(work, lanes, lane_total, width, &sum_lines);
    if (request->height > 0 && !all) {
        size_t below = LINES_BELOW + sum_lines;
        height = (request->height > below ? request->height - below : 0) / blocks;
        height = height > 2 ? height - 2 : 0; /* the name, and a blank between blocks */
    }
    for (size_t i = 0; i < lane_total; i++) {
        if (lanes[i].purse_count > purses) purses = lanes[i].purse_count;
    }
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < lane_total && !fault; i++) {
        fault = lane_heading(work, &lanes[i], purses);
        if (!fault) fault = lane_cards(work, &lanes[i], list, count, height, cards);
    }
    if (fault) return fault;
    board_draw(lanes, lane_total, per_block, lane_width, out);
    buffer_format(out, "\n%.*s\n", STR_ARGS(sum));
    return buffer_fault(out);
}

enum fault board_show(struct work *work, const struct request *request, struct answer *answer)
{
    struct listed_deal *list;
    struct buffer out;
    size_t count;
    const struct pipeline *pipeline = pipeline_named(work, request, answer);
    if (!pipeline) return FAULT_NONE;
    enum fault fault = deals_listed(work, NULL, false, &list, &count);
    struct lane *lanes = arena_array(work->arena, pipeline->stage_count + 1, sizeof *lanes);
    if (fault || !lanes) return fault ? fault : FAULT_MEMORY;
    size_t lane_total = lanes_make(work, pipeline, list, count, lanes);
    answer_table(answer, SHAPE_TABLE, lane_columns, LANE_COLUMNS);
    for (size_t i = 0; i < lane_total && !fault; i++) fault = lane_rows(work, &lanes[i], answer);
    if (fault || request->script || lane_total == 0) return fault;
    buffer_init(&out, (size_t)16 << 20);
    fault = board_text(work, request, lanes, lane_total, list, count, &out);
    answer->shape = SHAPE_TEXT;
    answer->text = arena_str(work->arena, buffer_str(&out));
    buffer_finish(&out);
    return fault;
}
