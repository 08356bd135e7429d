/* test_output.c - claims about the formats scripts rely on. */
#include "client/cli/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct column columns[] = {
    {"id", "ID", COLUMN_SHOWN},
    {"title", "Title", COLUMN_SHOWN | COLUMN_WIDE},
    {"value", "Value", COLUMN_SHOWN | COLUMN_RIGHT},
    {"tags", "Tags", 0},
};

static void sample(struct arena *arena, struct answer *answer, enum answer_shape shape)
{
    static struct str tags[] = {{"a", 1}, {"b", 1}};
    answer_init(answer, arena);
    answer_table(answer, shape, columns, 4);
    struct cell *cells = answer_row(answer);
    cells[0] = cell_text(STR("k3f9a"));
    cells[1] = cell_text(STR("Łódź, \"roof\""));
    cells[2] = (struct cell){.type = CELL_MONEY, .text = STR("12500.00"),
                             .shown = STR("12,500 EUR")};
    cells[3] = cell_list(arena, (struct text_set){tags, 2});
    if (shape == SHAPE_RECORD) return;
    cells = answer_row(answer);
    cells[0] = cell_text(STR("m0000"));
    cells[1] = cell_text(STR("A title that is much longer than anything"));
}

static const struct {
    const char *claim;
    enum answer_shape shape;
    struct output_options options;
    const char *wanted;
} rows[] = {
    {"a list is one array, unknown is null", SHAPE_TABLE,
     {.format = OUTPUT_JSON, .fields = STR_INIT("id,value,tags")},
     "[{\"id\": \"k3f9a\", \"value\": \"12500.00\", \"tags\": [\"a\", \"b\"]},\n"
     " {\"id\": \"m0000\", \"value\": null, \"tags\": null}]\n"},
    {"a record is one object", SHAPE_RECORD,
     {.format = OUTPUT_JSON, .fields = STR_INIT("title")},
     "{\"title\": \"Łódź, \\\"roof\\\"\"}\n"},
    {"CSV quotes what needs it", SHAPE_RECORD, {.format = OUTPUT_CSV},
     "id,title,value,tags\r\nk3f9a,\"Łódź, \"\"roof\"\"\",12500.00,\"a,b\"\r\n"},
    {"plain is separated by tabs, without headings if wanted", SHAPE_RECORD,
     {.format = OUTPUT_PLAIN, .fields = STR_INIT("id,value"), .no_headers = true},
     "k3f9a\t12500.00\n"},
    {"a table fits the width: the wide column gives way", SHAPE_TABLE,
     {.format = OUTPUT_TABLE, .width = 36},
     "ID     Title                   Value\n"
     "k3f9a  Łódź, \"roof\"       12,500 EUR\n"
     "m0000  A title that is …\n"},
};

static void formats_are_as_promised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct answer answer;
        struct buffer out;
        struct str unknown;
        arena_init(&arena, 1 << 20);
        buffer_init(&out, 1 << 20);
        print_message("%s\n", rows[i].claim);
        sample(&arena, &answer, rows[i].shape);
        assert_int_equal(output_answer(&arena, &answer, &rows[i].options, &out, &unknown),
                         FAULT_NONE);
        assert_int_equal(unknown.n, 0);
        buffer_append_byte(&out, 0);
        assert_string_equal((const char *)out.p, rows[i].wanted);
        buffer_finish(&out);
        arena_finish(&arena);
    }
}

static void an_unknown_field_is_told_and_nothing_printed(void **state)
{
    (void)state;
    struct arena arena;
    struct answer answer;
    struct buffer out;
    struct str unknown;
    struct output_options options = {.format = OUTPUT_CSV, .fields = STR("id,titel")};
    arena_init(&arena, 1 << 20);
    buffer_init(&out, 1 << 20);
    sample(&arena, &answer, SHAPE_TABLE);
    assert_int_equal(output_answer(&arena, &answer, &options, &out, &unknown), FAULT_NONE);
    assert_true(str_equal(unknown, STR("titel")));
    assert_int_equal(out.n, 0);
    buffer_finish(&out);
    arena_finish(&arena);
}

static void an_error_is_an_object_with_every_reason(void **state)
{
    (void)state;
    struct buffer out;
    const struct reason reason = {
        .code = REASON_FIELD_REQUIRED, .field = STR("value"), .stage = STR("proposal")};
    struct reason_said said = {.message = STR("Proposal needs Value")};
    buffer_init(&out, 1 << 20);
    work_reason_parts(NULL, &reason, &said);
    output_json_error(&out, ERROR_REFUSED, STR("a \"b\"\n"), &said, 1);
    buffer_append_byte(&out, 0);
    assert_string_equal((const char *)out.p,
                        "{\"error\": {\"code\": \"refused\", \"exit\": 4, \"message\": \"a \\\"b\\\"\\n\", \"reasons\": "
                        "[{\"code\": \"field_required\", \"message\": \"Proposal needs Value\", "
                        "\"field\": \"value\", \"stage\": \"proposal\"}]}}\n");
    buffer_finish(&out);
}

/* The reason is what a row is about: others give way for it, then it goes on below. */
static void a_column_that_wraps_is_not_cut(void **state)
{
    static const struct column wrapping[] = {
        {"id", "ID", COLUMN_SHOWN},
        {"title", "Title", COLUMN_SHOWN | COLUMN_WIDE},
        {"why", "Why", COLUMN_SHOWN | COLUMN_WIDE | COLUMN_WRAP},
        {"end", "End", COLUMN_SHOWN}};
    (void)state;
    struct arena arena;
    struct answer answer;
    struct buffer out;
    struct str unknown;
    struct output_options options = {.format = OUTPUT_TABLE, .width = 64};
    arena_init(&arena, 1 << 20);
    buffer_init(&out, 1 << 20);
    answer_init(&answer, &arena);
    answer_table(&answer, SHAPE_TABLE, wrapping, 4);
    struct cell *cells = answer_row(&answer);
    cells[0] = cell_text(STR("k3f9a"));
    cells[1] = cell_text(STR("A title that is much longer than anything"));
    cells[2] = cell_text(STR("quiet for 40 days; its next step was due a week ago"));
    cells[3] = cell_text(STR("x"));
    assert_int_equal(output_answer(&arena, &answer, &options, &out, &unknown), FAULT_NONE);
    buffer_append_byte(&out, 0);
    assert_string_equal((const char *)out.p,
                        "ID     Title                     Why                         End\n"
                        "k3f9a  A title that is much lo…  quiet for 40 days; its      x\n"
                        "                                 next step was due a week\n"
                        "                                 ago\n");
    buffer_finish(&out);
    arena_finish(&arena);
}

static void nothing_that_a_terminal_obeys_is_printed(void **state)
{
    (void)state;
    struct arena arena;
    struct answer answer;
    struct buffer out;
    struct str unknown;
    struct output_options options = {.format = OUTPUT_TABLE};
    arena_init(&arena, 1 << 20);
    buffer_init(&out, 1 << 20);
    sample(&arena, &answer, SHAPE_TABLE);
    answer.row_count = 1;
    answer.cells[1] = cell_text(STR("a\033[31mb\tc\302\2332Jd\u202ee"));
    assert_int_equal(output_answer(&arena, &answer, &options, &out, &unknown), FAULT_NONE);
    buffer_append_byte(&out, 0);
    assert_string_equal((const char *)out.p, "ID     Title                 Value\n"
                                             "k3f9a  a\uFFFD[31mb c\uFFFD2Jd\uFFFDe  12,500 EUR\n");
    buffer_finish(&out);
    buffer_init(&out, 1 << 20);
    output_json_text(&out, STR("\033\302\233\u202eł"));
    buffer_append_byte(&out, 0);
    assert_string_equal((const char *)out.p, "\"\\u001b\\u009b\\u202eł\"");
    buffer_finish(&out);
    arena_finish(&arena);
}

static void a_report_is_one_object_with_rows_and_totals(void **state)
{
    static const struct column about_columns[] = {{"report", "Report", 0}};
    (void)state;
    struct arena arena;
    struct answer answer;
    struct buffer out;
    struct str unknown;
    struct output_options options = {.format = OUTPUT_JSON};
    const struct cell about[] = {cell_text(STR("winrate"))};
    arena_init(&arena, 1 << 20);
    buffer_init(&out, 1 << 20);
    sample(&arena, &answer, SHAPE_TABLE);
    answer.about_columns = about_columns;
    answer.about = about;
    answer.about_count = 1;
    answer.totals = true;
    answer.column_count = 1; /* the first two cells are two rows then */
    answer.row_count = 2;
    assert_int_equal(output_answer(&arena, &answer, &options, &out, &unknown), FAULT_NONE);
    buffer_append_byte(&out, 0);
    assert_string_equal((const char *)out.p,
                        "{\"report\": \"winrate\",\n \"rows\": [{\"id\": \"k3f9a\"}],\n"
                        " \"totals\": {\"id\": \"Łódź, \\\"roof\\\"\"}}\n");
    buffer_finish(&out);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_one_object_with_rows_and_totals),
        cmocka_unit_test(nothing_that_a_terminal_obeys_is_printed),
        cmocka_unit_test(formats_are_as_promised),
        cmocka_unit_test(an_unknown_field_is_told_and_nothing_printed),
        cmocka_unit_test(an_error_is_an_object_with_every_reason),
        cmocka_unit_test(a_column_that_wraps_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
