/* test_query.c - claims about the filter language: which deals a filter keeps, what a mistake
 * says. */
#include "common/domain/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/support/entity_sample.h"

enum { TODAY = 20878, DAY_MS = 86400000 }; /* 2027-03-01, a Monday */

static const struct member anna = {.id = {{1}}, .name = {"Anna Żuk", sizeof "Anna Żuk" - 1}};
static const struct member piotr = {.id = {{2}}, .name = {"Piotr Nowak", 11}};
static const struct member paula = {.id = {{3}}, .name = {"Paula Nowak", 11}};
static const struct member *const members[] = {&anna, &piotr, &paula};

struct fixture {
    struct arena arena;
    struct definition definition;
    struct query_context context;
    struct deal deal, bare;
    struct deal_view views[2];
};

static struct uuid id_of(const char *text)
{
    struct uuid id = {{0}};
    assert_int_equal(uuid_parse(str_from(text), &id), FAULT_NONE);
    return id;
}

static int fixture_make(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    arena_init(&f.arena, 1 << 22);
    assert_int_equal(definition_default(&f.arena, uuid_sample(1), &f.definition), FAULT_NONE);
    f.context = (struct query_context){.definition = &f.definition, .me = anna.id,
                                       .my_name = anna.name, .today = TODAY, .members = members,
                                       .member_count = 3, .currency = STR("EUR"),
                                       .zone = {.first_offset_s = 3600}};
    static struct str tags[] = {{"vip", 3}, {"Łódź", sizeof "Łódź" - 1}};
    static struct str checks[] = {{"budget", 6}};
    f.deal = (struct deal){
        .id = id_of("018f0000-0000-7000-8000-0000deadbeef"),
        .title = STR("Dach północny, hala 3"),
        .organisation = uuid_sample(10), .contact = uuid_sample(11), .owner = anna.id,
        .pipeline = STR("sales"), .stage = STR("proposal"), .status = STATUS_OPEN,
        .value = {true, 1250000}, .currency = STR("EUR"),
        .expected_close = {true, TODAY + 30}, .source = STR("Web"),
        .next_step = STR("Call the architect"), .due = {true, TODAY + 3},
        .tags = {tags, 2}, .category = STR("best-case"), .checks = {checks, 1},
        .attention = true, .created_by = piotr.id,
        /* Half past eleven at night in UTC: the day after in the team's zone. */
        .created_at = {true, (int64_t)(TODAY - 10) * DAY_MS - 1800000},
        .push_count = {true, 2},
    };
    f.bare = (struct deal){.id = uuid_sample(2), .title = STR("Nothing known"),
                           .status = STATUS_WON};
    const struct pipeline *sales = &f.definition.pipelines[0];
    f.views[0] = (struct deal_view){.deal = &f.deal, .organisation = STR("Müller & Söhne"),
                                    .contact = STR("Ewa Lis"), .owner = anna.name,
                                    .pipeline = sales,
                                    .stage = pipeline_stage(sales, STR("proposal")),
                                    .probability = 60, .age_days = 10,
                                    .is = 1u << IS_SLOW | 1u << IS_NO_NEXT_STEP};
    f.views[1] = (struct deal_view){.deal = &f.bare, .age_days = -1};
    *state = &f;
    return 0;
}

static int fixture_drop(void **state)
{
    struct fixture *f = *state;
    arena_finish(&f->arena);
    return 0;
}

/* "f" the full deal, "b" the bare one. */
static const struct {
    const char *claim, *query, *want;
} rows[] = {
    {"an empty filter keeps all", "", "fb"},
    {"so does one of blanks", "   ", "fb"},
    {"a word is looked for in the title", "dach", "f"},
    {"without accents", "polnocny", "f"},
    {"with other accents", "PÓŁNOCNY", "f"},
    {"in the organisation", "muller", "f"},
    {"in the contact", "lis", "f"},
    {"not in the source", "web", ""},
    {"two words are both needed", "dach nothing", ""},
    {"a comma is or", "dach,nothing", "fb"},
    {"a dash negates", "-dach", "b"},
    {"quotes keep words together", "\"hala 3\"", "f"},
    {"and commas", "\"północny, hala\"", "f"},
    {"in that order only", "\"3 hala\"", ""},
    {"quotes keep colons", "\"http:\"", ""},
    {"a lone comma asks nothing", ",", "fb"},
    {"before a sign the colon may be left out", "value>10k", "f"},
    {"also of dates", "due<=fri", "f"},
    {"and with equals", "owner=me", "f"},
    {"equals of no field are words", "a=b", ""},
    {"an order keeps all", "sort:-value,title", "fb"},

    {"a stage by key", "stage:proposal", "f"},
    {"by the beginning of its name", "stage:PROP", "f"},
    {"of a pipeline", "stage:sales/proposal", "f"},
    {"several stages", "stage:lead,proposal", "f"},
    {"another stage", "stage:lead", ""},
    {"not that stage", "-stage:proposal", "b"},
    {"no stage", "stage:", "b"},
    {"a pipeline", "pipeline:Sales", "f"},
    {"a status", "status:won", "b"},
    {"two of them", "status:won,open", "fb"},

    {"mine", "owner:me", "f"},
    {"by first name", "owner:anna", "f"},
    {"by last name without accents", "owner:zuk", "f"},
    {"whole name", "owner:\"Anna Żuk\"", "f"},
    {"of somebody else", "owner:piotr", ""},
    {"of nobody", "owner:", "b"},
    {"of anybody", "-owner:", "f"},
    {"made by", "created-by:piotr", "f"},

    {"above an amount", "value:>10k", "f"},
    {"not above itself", "value:>12.5k", ""},
    {"from itself", "value:>=12.5k", "f"},
    {"below", "value:<0.0126M", "f"},
    {"up to itself", "value:<=12500", "f"},
    {"not below itself", "value:<12500", ""},
    {"exactly", "value:12500", "f"},
    {"exactly, with an equals sign", "value:=12500.00", "f"},
    {"between", "value:10k..20k", "f"},
    {"open to the right", "value:12500..", "f"},
    {"open to the left", "value:..12499.99", ""},
    {"no value", "value:", "b"},
    {"no value is not below", "value:<1M", "f"},
    {"without a value or large", "value:,>10k", "fb"},
    {"a currency", "currency:eur", "f"},

    {"due before Friday", "due:<fri", "f"},
    {"due on Thursday", "due:thu", "f"},
    {"due this week", "due:week", "f"},
    {"not due today", "due:<=today", ""},
    {"due in so many days", "due:+3d", "f"},
    {"due in a range", "due:today..+3d", "f"},
    {"due in a range of ISO dates", "due:2027-03-01..2027-03-04", "f"},
    {"not in the range before", "due:2027-02-01..2027-03-03", ""},
    {"closing in a quarter, all of it", "close:2027-Q1", "f"},
    {"not before that quarter", "close:<2027-Q1", ""},
    {"from that quarter on", "close:>=2027-Q1", "f"},
    {"not after that quarter", "expected-close:>2027-Q1", ""},
    {"in a month", "expected_close:2027-03", "f"},
    {"the day it was made, as the team saw it", "created:2027-02-19", "f"},
    {"not the day before", "created:2027-02-18", ""},
    {"never closed", "closed:", "fb"},

    {"a tag", "tag:VIP", "f"},
    {"a tag without accents", "tags:lodz", "f"},
    {"not part of a tag", "tag:vi", ""},
    {"any of the tags", "tag:other,vip", "f"},
    {"no tag", "tag:", "b"},
    {"a check by key", "check:budget", "f"},
    {"a check by name", "check:\"has a budget\"", "f"},
    {"a check that does not hold", "check:need", ""},
    {"a category", "category:best-case", "f"},
    {"another category", "category:commit", ""},
    {"a source, part of it", "source:we", "f"},
    {"not that source", "-source:web", "b"},
    {"the next step", "next-step:architect", "f"},
    {"an organisation", "org:söhne", "f"},
    {"an organisation under its long name", "organisation:sohne", "f"},
    {"no organisation", "org:", "b"},
    {"a person", "contact:ewa", "f"},
    {"a flag", "attention:yes", "f"},
    {"a flag that is not set", "attention:no", "b"},
    {"every deal has an id", "id:", ""},
    {"a full id", "id:018f0000-0000-7000-8000-0000deadbeef", "f"},

    {"is slow", "is:slow", "f"},
    {"is either", "is:hot,no-next-step", "f"},
    {"with an underscore", "is:no_next_step", "f"},
    {"is not hot", "is:hot", ""},
    {"is nothing", "is:", "b"},
    {"older than", "age:>9d", "f"},
    {"not older than", "age:>10", ""},
    {"of unknown age", "age:", "b"},
    {"likely", "probability:>=60%", "f"},
    {"unlikely", "probability:<50", "b"},
    {"pushed", "pushed:>1", "f"},
    {"all of it together",
     "stage:proposal owner:me value:>10k due:<fri tag:vip -source:phone is:slow łódź,dach", "f"},
};

static void filters_keep_what_they_say(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query *query;
        struct str mistake;
        enum fault fault = query_compile(&f->arena, str_from(rows[i].query), &f->context, &query,
                                         &mistake);
        if (fault) fail_msg("%s: %s: %.*s", rows[i].claim, rows[i].query, STR_ARGS(mistake));
        char got[3];
        snprintf(got, sizeof got, "%s%s", query_matches(query, &f->views[0]) ? "f" : "",
                 query_matches(query, &f->views[1]) ? "b" : "");
        if (strcmp(got, rows[i].want) != 0) {
            fail_msg("%s: %s keeps \"%s\"", rows[i].claim, rows[i].query, got);
        }
    }
}

static void mistakes_are_explained(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *query, *want;
    } mistakes[] = {
        {"stge:proposal", "unknown filter \"stge:\"; did you mean stage:?"},
        {"next-stp:x", "did you mean next-step:?"},
        {"zzzzzz:1", "there are: is, age, id, title"},
        {"http://example.org", "unknown filter \"http:\""},
        {"stage:negotiation", "there is no stage \"negotiation\"; there are: lead, contact"},
        {"stage:l", "there is no stage \"l\""},
        {"stage:renewals/lead", "there is no pipeline \"renewals\"; there are: sales"},
        {"status:closed", "possible: open, won, lost, iced, discarded"},
        {"category:sure", "possible: commit, best-case, pipeline, omitted"},
        {"owner:nowak", "fits several: Piotr Nowak, Paula Nowak"},
        {"owner:zed", "nobody is called \"zed\"; there are: me, Anna"},
        {"value:lots", "value: \"lots\" is no number"},
        {"value:>", "is no number"},
        {"value:..", "is no number"},
        {"value:20k..10k", "ends before it begins"},
        {"due:someday", "due: \"someday\" is no date"},
        {"is:ugly", "possible: hot, warm"},
        {"check:luck", "there are: interest, market"},
        {"attention:maybe", "possible: yes, no"},
        {"title:\"open", "a quote is not closed"},
        {"\"a\"b", "a blank is missing"},
        {"dach -", "nothing stands behind -"},
        {"vlaue>10k", "unknown filter \"vlaue:\"; did you mean value:?"},
        {"sort:", "sort: by what?"},
        {"sort:vlaue", "sort: unknown filter \"vlaue:\"; did you mean value:?"},
        {"sort:tags", "there is no order of tags"},
        {"owner:me stge:x dach", "did you mean stage:?\n  owner:me stge:x dach\n           ^^^^^^"},
        {"łódź stge:x", "\n  łódź stge:x\n       ^^^^^^"},
        {"a\x1b[31m", "cannot be shown"},
        {"a\xff", "cannot be shown"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct query *query;
        struct str mistake;
        enum fault fault = query_compile(&f->arena, str_from(mistakes[i].query), &f->context,
                                         &query, &mistake);
        assert_int_equal(fault, FAULT_FORMAT);
        assert_null(query);
        const char *text = arena_str(&f->arena, mistake).p;
        if (!text || !strstr(text, mistakes[i].want)) {
            fail_msg("%s: %s", mistakes[i].query, text ? text : "nothing said");
        }
    }
}

static void an_order_can_be_asked_for(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *query;
        int sign; /* of the first view against the second */
    } orders[] = {
        {"sort:title", 1},      {"sort:-title", -1},      {"sort:value", -1},
        {"sort:-value", -1}, /* unknown is last either way */
        {"sort:stage", -1},     {"sort:currency,title", -1}, {"dach", 0},
        {"sort:-stage", -1},    {"sort:org", -1},         {"sort:contact", -1},
        {"sort:owner", -1},     {"sort:due", -1},         {"sort:-due", -1},
        {"sort:age", -1},       {"sort:probability", 1}, {"sort:status", -1},
        {"sort:-status", 1},    {"sort:created", -1},     {"sort:attention,title", -1},
        {"sort:source,-title", -1},
    };
    f->bare.title = STR("A barn");
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct query *query;
        struct str mistake;
        assert_int_equal(query_compile(&f->arena, str_from(orders[i].query), &f->context, &query,
                                       &mistake), FAULT_NONE);
        assert_int_equal(query_is_sorted(query), orders[i].sign != 0);
        int order = query_compare(query, &f->views[0], &f->views[1]);
        if (order != orders[i].sign) fail_msg("%s: %d", orders[i].query, order);
        assert_int_equal(query_compare(query, &f->views[1], &f->views[0]), -order);
        assert_int_equal(query_compare(query, &f->views[0], &f->views[0]), 0);
    }
}

static void short_ids_match_by_their_beginning(void **state)
{
    struct fixture *f = *state;
    char shown[SHORT_ID_LENGTH_MAX + 1];
    for (size_t length = 1; length <= SHORT_ID_LENGTH_MAX; length++) {
        uuid_short(f->deal.id, length, shown);
        struct str mistake, text = arena_format(&f->arena, "id:%s", shown);
        struct query *query;
        assert_int_equal(query_compile(&f->arena, text, &f->context, &query, &mistake), 0);
        assert_true(query_matches(query, &f->views[0]));
        if (length >= SHORT_ID_LENGTH_MIN) assert_false(query_matches(query, &f->views[1]));
    }
}

/* Two deals with everything known are told apart by each of their fields. */
static void equals_are_told_apart_by_the_next_field(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *query;
        int sign;
    } orders[] = {
        {"sort:org", 1},          {"sort:-org", -1},        {"sort:contact", 1},
        {"sort:owner", -1},       {"sort:value", 1},        {"sort:-value", -1},
        {"sort:probability", -1}, {"sort:-probability", 1}, {"sort:age", 1},
        {"sort:currency", -1},    {"sort:currency,value", -1}, {"sort:pipeline,-age", -1},
        {"sort:stage,title", -1}, {"sort:category", -1},
    };
    f->bare = f->deal;
    f->views[1] = f->views[0];
    f->bare.title = STR("Zażółć");
    f->bare.currency = STR("USD");
    f->bare.value.v = 10;
    f->views[1].deal = &f->bare;
    f->views[1].organisation = STR("Acme");
    f->views[1].contact = STR("Ada");
    f->views[1].owner = STR("Zoe");
    f->views[1].probability = 61;
    f->views[1].age_days = 9;
    f->bare.category = STR("commit");
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct query *query;
        struct str mistake;
        assert_int_equal(query_compile(&f->arena, str_from(orders[i].query), &f->context, &query,
                                       &mistake), FAULT_NONE);
        int order = query_compare(query, &f->views[0], &f->views[1]);
        if (order != orders[i].sign) fail_msg("%s: %d", orders[i].query, order);
        assert_int_equal(query_compare(query, &f->views[1], &f->views[0]), -order);
    }
}

/* 10k is ten thousand of whatever the deal is in, however many decimals that has. */
static void amounts_compare_as_they_are_shown(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *currency;
        int64_t minor;
        bool above;
    } amounts[] = {
        {"EUR", 1000001, true}, {"EUR", 1000000, false}, {"JPY", 10001, true},
        {"JPY", 10000, false},  {"KWD", 10000001, true}, {"KWD", 10000000, false},
        {"JPY", INT64_C(1000000000000000), true},
        {"JPY", -INT64_C(1000000000000000), false},
    };
    struct query *query;
    struct str mistake;
    assert_int_equal(query_compile(&f->arena, STR("value:>10k"), &f->context, &query, &mistake), 0);
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        f->deal.currency = str_from(amounts[i].currency);
        f->deal.value.v = amounts[i].minor;
        if (query_matches(query, &f->views[0]) != amounts[i].above) {
            fail_msg("%s %lld", amounts[i].currency, (long long)amounts[i].minor);
        }
    }
}

static void a_removed_stage_is_asked_for_by_its_successor(void **state)
{
    struct fixture *f = *state;
    struct stage *lead = &f->definition.pipelines[0].stages[0];
    lead->removed = true;
    lead->successor = STR("proposal");
    struct query *query;
    struct str mistake;
    assert_int_equal(query_compile(&f->arena, STR("stage:lead"), &f->context, &query, &mistake), 0);
    assert_true(query_matches(query, &f->views[0]));
}

static void evaluating_for_hours_needs_no_memory(void **state)
{
    struct fixture *f = *state;
    struct query *query;
    struct str mistake;
    assert_int_equal(query_compile(&f->arena, STR("polnocny tag:lodz"), &f->context, &query,
                                   &mistake), 0);
    size_t used = f->arena.used;
    for (int i = 0; i < 2000; i++) assert_true(query_matches(query, &f->views[0]));
    assert_int_equal(f->arena.used, used);
}

static void too_little_memory_is_a_fault(void **state)
{
    struct fixture *f = *state;
    bool compiled = false;
    for (size_t budget = 0; budget < 64 * 1024 && !compiled; budget += 97) {
        struct arena small;
        arena_init(&small, budget);
        struct query *query;
        struct str mistake;
        enum fault fault =
            query_compile(&small, STR("dach stage:proposal owner:piotr value:>1k tag:łódź"),
                          &f->context, &query, &mistake);
        assert_true(fault == FAULT_NONE || fault == FAULT_MEMORY);
        compiled = fault == FAULT_NONE;
        arena_finish(&small);
    }
    assert_true(compiled);
}

static void every_flag_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < IS_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(deal_is_name((enum deal_is)i), deal_is_name((enum deal_is)k));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_make, fixture_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(filters_keep_what_they_say),
        TEST(mistakes_are_explained),
        TEST(an_order_can_be_asked_for),
        TEST(equals_are_told_apart_by_the_next_field),
        TEST(short_ids_match_by_their_beginning),
        TEST(amounts_compare_as_they_are_shown),
        TEST(a_removed_stage_is_asked_for_by_its_successor),
        TEST(evaluating_for_hours_needs_no_memory),
        TEST(too_little_memory_is_a_fault),
        cmocka_unit_test(every_flag_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
