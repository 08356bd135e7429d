/* main.c - sluice-figures: the metrics engine alone, for the independent check of its figures.
 *
 * Reads a team's history as lines of tab-separated words on standard input, answers each line
 * "report" with the engine's figures. Run by metrics_reference.py, which computes the same from the
 * definitions. Numbers stand for ids; "-" is absent; times are milliseconds, dates days since 1970.
 *
 *   zone OFFSET_S                      shift AT_S OFFSET_S
 *   deal ID PIPELINE STAGE STATUS OWNER VALUE CURRENCY CREATED CLOSED SOURCE
 *   event DEAL WHAT FIELD PIPELINE STAGE STATUS OWNER HAPPENED RECORDED MUTATION UNDOES
 *   activity TYPE OWNER HAPPENED
 *   report KIND BY FROM TO AS_OF CURRENCY OWNER PIPELINE SHUFFLE */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/random.h"
#include "common/metrics/report.h"

enum { WORDS_MAX = 16, LINE_MAX_BYTES = 1024, ROOM = 65536, ZONE_ROOM = 64 };

struct past {
    struct deal deal;
    struct row *rows;
    size_t count, cap;
};

struct sample_team {
    struct arena arena;
    struct definition definition;
    struct zone_transition shifts[ZONE_ROOM];
    struct zone zone;
    struct past pasts[ROOM];
    struct activity activities[ROOM];
    size_t past_count, activity_count;
};

static struct str word_text(struct sample_team *team, struct str word)
{
    return str_equal(word, STR("-")) ? STR_NONE : arena_str(&team->arena, word);
}

static int64_t word_number(struct str word)
{
    int64_t number = 0;
    check(str_to_int64(word, &number) == FAULT_NONE);
    return number;
}

static struct optional word_optional(struct str word)
{
    if (str_equal(word, STR("-"))) return (struct optional){false, 0};
    return (struct optional){true, word_number(word)};
}

static struct uuid word_id(struct str word)
{
    struct uuid id = {{0}};
    if (str_equal(word, STR("-"))) return id;
    uint64_t number = (uint64_t)word_number(word);
    for (int i = 0; i < 8; i++) id.b[15 - i] = (uint8_t)(number >> (8 * i));
    return id;
}

/* The default pipeline, and another without a lead stage. */
static void team_define(struct sample_team *team)
{
    struct stage stages[] = {
        {.key = STR("talk"), .name = STR("Talk"), .kind = STAGE_OPEN},
        {.key = STR("sign"), .name = STR("Sign"), .kind = STAGE_OPEN},
        {.key = STR("signed"), .name = STR("Signed"), .kind = STAGE_WON},
        {.key = STR("dropped"), .name = STR("Dropped"), .kind = STAGE_LOST},
    };
    struct pipeline both[2];
    struct definition definition;
    check(definition_default(&team->arena, (struct uuid){{1}}, &definition) == FAULT_NONE);
    both[0] = definition.pipelines[0];
    both[1] = (struct pipeline){.key = STR("renewal"), .name = STR("Renewal"), .stages = stages,
                                .stage_count = sizeof stages / sizeof stages[0]};
    definition.pipelines = both;
    definition.pipeline_count = 2;
    check(definition_copy(&team->arena, &definition, &team->definition) == FAULT_NONE);
}

static void deal_read(struct sample_team *team, const struct str *w)
{
    check(team->past_count < ROOM);
    struct past *past = &team->pasts[team->past_count++];
    past->deal = (struct deal){
        .id = word_id(w[1]), .pipeline = word_text(team, w[2]), .stage = word_text(team, w[3]),
        .status = word_number(w[4]), .owner = word_id(w[5]), .value = word_optional(w[6]),
        .currency = word_text(team, w[7]), .created_at = word_optional(w[8]),
        .closed_at = word_optional(w[9]), .source = word_text(team, w[10])};
}

/* Of the deal read last. */
static void event_read(struct sample_team *team, const struct str *w)
{
    struct past *past = &team->pasts[team->past_count - 1];
    check(uuid_equal(past->deal.id, word_id(w[1])));
    struct event *event = arena_alloc(&team->arena, sizeof *event);
    check(event != NULL);
    *event = (struct event){
        .subject = past->deal.id, .subject_kind = ENTITY_DEAL, .what = word_number(w[2]),
        .field = word_text(team, w[3]), .pipeline = word_text(team, w[4]),
        .to_stage = word_text(team, w[5]), .to_status = word_number(w[6]),
        .owner = word_id(w[7]), .happened_at = word_optional(w[8]),
        .recorded_at = word_optional(w[9]), .mutation = word_id(w[10]), .undoes = word_id(w[11])};
    void *rows = past->rows;
    struct row *row = arena_push(&team->arena, &rows, &past->count, &past->cap, sizeof *row);
    check(row != NULL);
    past->rows = rows;
    *row = (struct row){.kind = ENTITY_EVENT, .id = past->deal.id, .seq = past->count,
                        .entity = event};
}

static size_t *order_make(struct sample_team *team, size_t count, struct random *random,
                          bool shuffled)
{
    size_t *order = arena_array(&team->arena, count + 1, sizeof *order);
    check(order != NULL);
    for (size_t i = 0; i < count; i++) order[i] = i;
    for (size_t i = count; shuffled && i > 1; i--) {
        size_t k = (size_t)random_below(random, i);
        size_t other = order[i - 1];
        order[i - 1] = order[k];
        order[k] = other;
    }
    return order;
}

static void row_print(const struct report *report, const struct report_row *row)
{
    printf("row\t%.*s", STR_ARGS(row->key));
    for (size_t c = 0; c < report->column_count; c++) {
        const struct report_cell *cell = &row->cells[c];
        if (report->columns[c].type == COLUMN_TEXT) continue;
        if (cell->lack) printf("\t%s=n/a", report->columns[c].key);
        else printf("\t%s=%" PRId64, report->columns[c].key, cell->number);
    }
    putchar('\n');
}

static void report_print(const struct report *report)
{
    for (size_t i = 0; i < report->row_count; i++) row_print(report, &report->rows[i]);
    if (report->totals.cells) row_print(report, &report->totals);
    printf("notes");
    for (size_t i = 0; i < NOTE_COUNT; i++) printf("\t%" PRId64, report->notes[i]);
    printf("\nbehind\t%zu\nend\n", report->behind_count);
}

static void report_run(struct sample_team *team, const struct str *w)
{
    struct metrics *metrics;
    struct report report;
    struct random random;
    struct uuid owner = word_id(w[7]);
    struct question question = {
        .kind = report_named(w[1]), .by = (enum winrate_by)word_number(w[2]),
        .definition = &team->definition, .zone = team->zone, .from = word_number(w[3]),
        .to = word_number(w[4]), .as_of_ms = word_number(w[5]), .currency = w[6],
        .owners = &owner, .owner_count = uuid_is_zero(owner) ? 0 : 1,
        .pipeline = word_text(team, w[8]), .behind = true};
    random_init_number(&random, (uint64_t)word_number(w[9]));
    bool shuffled = word_number(w[9]) != 0;
    size_t *deals = order_make(team, team->past_count, &random, shuffled);
    size_t *activities = order_make(team, team->activity_count, &random, shuffled);
    check(metrics_create(&team->arena, &question, &metrics) == FAULT_NONE);
    for (size_t i = 0; i < team->past_count; i++) {
        const struct past *past = &team->pasts[deals[i]];
        enum fault fault = metrics_feed_deal(metrics, &past->deal, past->rows, past->count);
        check(fault == FAULT_NONE);
    }
    for (size_t i = 0; i < team->activity_count; i++) {
        enum fault fault = metrics_feed_activity(metrics, &team->activities[activities[i]]);
        check(fault == FAULT_NONE);
    }
    check(metrics_finish(metrics, &report) == FAULT_NONE);
    report_print(&report);
}

static void line_run(struct sample_team *team, const struct str *w, size_t count)
{
    if (count == 2 && str_equal(w[0], STR("zone"))) {
        team->zone.first_offset_s = (int32_t)word_number(w[1]);
    } else if (count == 3 && str_equal(w[0], STR("shift"))) {
        check(team->zone.count < ZONE_ROOM);
        team->shifts[team->zone.count++] =
            (struct zone_transition){word_number(w[1]), (int32_t)word_number(w[2])};
        team->zone.transitions = team->shifts;
    } else if (count == 11 && str_equal(w[0], STR("deal"))) {
        deal_read(team, w);
    } else if (count == 12 && str_equal(w[0], STR("event"))) {
        event_read(team, w);
    } else if (count == 4 && str_equal(w[0], STR("activity"))) {
        check(team->activity_count < ROOM);
        team->activities[team->activity_count++] =
            (struct activity){.type = word_number(w[1]), .member = word_id(w[2]),
                              .happened_at = word_optional(w[3])};
    } else if (count == 10 && str_equal(w[0], STR("report"))) {
        report_run(team, w);
    } else {
        fprintf(stderr, "sluice-figures: no such line: %.*s\n", STR_ARGS(w[0]));
        exit(2);
    }
}

int main(void)
{
    char line[LINE_MAX_BYTES];
    struct sample_team *team = calloc(1, sizeof *team);
    if (!team) return 1;
    arena_init(&team->arena, (size_t)1 << 30);
    team_define(team);
    while (fgets(line, sizeof line, stdin)) {
        struct str words[WORDS_MAX], rest = str_trim(str_from(line));
        size_t count = 0;
        while (count < WORDS_MAX && str_split(&rest, '\t', &words[count])) count++;
        line_run(team, words, count);
    }
    arena_finish(&team->arena);
    free(team);
    return 0;
}
