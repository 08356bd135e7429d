/* work_desk.c - see work_desk.h. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

void work_desk_begin(struct work_desk *desk)
{
    memset(desk, 0, sizeof *desk);
    world_init(&desk->world);
    random_init_number(&desk->random, 7);
    desk->wall = desk->world.recorded;
    desk->width = 80;
}

void work_desk_sit(struct work_desk *desk, const char *member)
{
    if (desk->replica) desk->replica->f->close(desk->replica);
    desk->replica = replica_memory_open();
    assert_non_null(desk->replica);
    world_fill(&desk->world, desk->replica, member);
}

void work_desk_end(struct work_desk *desk)
{
    desk->replica->f->close(desk->replica);
    world_finish(&desk->world);
}

static const struct verb *verb_named(struct str *rest)
{
    struct str head[2] = {STR_NONE, STR_NONE};
    (void)str_split(rest, '|', &head[0]);
    for (size_t i = 0; i < verb_count; i++) {
        if (!verbs[i].noun && str_equal(head[0], str_from(verbs[i].name))) return &verbs[i];
    }
    (void)str_split(rest, '|', &head[1]);
    for (size_t i = 0; i < verb_count; i++) {
        if (!str_equal(head[0], str_from(verbs[i].noun))) continue;
        if (str_equal(head[1], str_from(verbs[i].name))) return &verbs[i];
    }
    fail_msg("no verb %.*s %.*s", STR_ARGS(head[0]), STR_ARGS(head[1]));
    return NULL;
}

void work_desk_read(const char *words, struct request *request)
{
    struct str rest = str_from(words), part;
    request->verb = verb_named(&rest);
    while (str_split(&rest, '|', &part)) {
        if (!str_starts_with(part, STR("--"))) {
            request->arguments[request->argument_count++] = part;
            continue;
        }
        const struct option *option = verb_option(request->verb, str_slice(part, 2, part.n));
        if (!option) fail_msg("no option %.*s", STR_ARGS(part));
        struct str value = STR_NONE;
        if (option->value) (void)str_split(&rest, '|', &value);
        if (option->value && !value.p) value = STR("");
        request->options[request->option_count++] = (struct request_option){option, value};
    }
}

int work_desk_run(struct work_desk *desk, const char *words)
{
    struct request request = {.width = desk->width,
                              .height = desk->height,
                              .machine = desk->machine,
                              .csv = desk->csv,
                              .script = desk->script,
                              .usual = desk->usual};
    if (desk->fields) request.fields = str_from(desk->fields);
    work_desk_read(words, &request);
    desk->wall += 1000;
    struct now now = {.boot_ms = 1, .wall_ms = desk->wall};
    assert_int_equal(work_open(&desk->work, desk->replica, &desk->world.arena, &desk->random, now),
                     FAULT_NONE);
    answer_init(&desk->answer, &desk->world.arena);
    assert_int_equal(work_run(&desk->work, &request, &desk->answer), FAULT_NONE);
    /* As if the server had taken it. */
    if (desk->answer.held.n > 0 && desk->answer.code == ANSWER_OK) answer_give(&desk->answer);
    return (int)desk->answer.code;
}

size_t work_desk_pending(struct work_desk *desk)
{
    size_t count;
    assert_int_equal(desk->replica->f->outbox_count(desk->replica, &count), FAULT_NONE);
    return count;
}

struct str work_desk_cell(const struct work_desk *desk, size_t row, const char *name)
{
    const struct answer *answer = &desk->answer;
    assert_true(row < answer->row_count);
    for (size_t i = 0; i < answer->column_count; i++) {
        if (strcmp(answer->columns[i].name, name) == 0) {
            return answer->cells[row * answer->column_count + i].text;
        }
    }
    fail_msg("no column %s", name);
    return STR_NONE;
}

void assert_cell(const struct work_desk *desk, size_t row, const char *name, const char *wanted)
{
    struct str text = work_desk_cell(desk, row, name);
    if (!str_equal(text, str_from(wanted)) && !(text.n == 0 && !*wanted)) {
        fail_msg("%s is \"%.*s\", not \"%s\"", name, STR_ARGS(text), wanted);
    }
}

static void text_add(struct arena *arena, struct str *text, struct str more, const char *end)
{
    *text = arena_format(arena, "%.*s%.*s%s", STR_ARGS(*text), STR_ARGS(more), end);
}

const char *work_desk_said(struct work_desk *desk)
{
    struct arena *arena = &desk->world.arena;
    struct str text = STR("");
    for (const struct answer *a = &desk->answer; a; a = a->next) {
        if (a->name) text_add(arena, &text, str_from(a->name), ":\n");
        if (a->text.n > 0) text_add(arena, &text, a->text, "\n");
        for (size_t i = 0; i < a->row_count * a->column_count; i++) {
            struct str shown = a->cells[i].shown.p ? a->cells[i].shown : a->cells[i].text;
            text_add(arena, &text, shown, (i + 1) % a->column_count ? "\t" : "\n");
        }
        for (size_t i = 0; i < a->note_count; i++) {
            const struct note *note = &a->notes[i];
            text_add(arena, &text,
                     sentence_fill(arena, note->sentence, note->places, note->place_count), "\n");
        }
        for (size_t i = 0; i < a->reasons.count; i++) {
            struct place places[REASON_PLACES];
            const struct reason *reason = &a->reasons.items[i];
            work_reason_places(&desk->work, reason, places);
            if (i == 0 && a->refused.n > 0) text_add(arena, &text, a->refused, ":\n");
            text_add(arena, &text,
                     sentence_fill(arena, reason_sentence(reason->code), places, REASON_PLACES), "");
            text_add(arena, &text, a->causes[i], "\n");
        }
        if (a->mend.n > 0) text_add(arena, &text, a->mend, "\n");
    }
    assert_non_null(text.p);
    return arena_str(arena, text).p;
}

static void claim_prepare(struct work_desk *desk, const struct work_claim *claim)
{
    struct str rest = str_from(claim->before), part;
    while (claim->before && str_split(&rest, ';', &part)) {
        const char *words = arena_str(&desk->world.arena, part).p;
        if (work_desk_run(desk, words) != ANSWER_OK) {
            fail_msg("%s: %s did not go through:\n%s", claim->claim, words, work_desk_said(desk));
        }
    }
}

static bool claim_holds(struct work_desk *desk, const struct work_claim *claim)
{
    claim_prepare(desk, claim);
    int code = work_desk_run(desk, claim->words);
    const char *said = work_desk_said(desk);
    bool holds = code == claim->code;
    holds = holds && (!claim->said || strstr(said, claim->said));
    holds = holds && (!claim->unsaid || !strstr(said, claim->unsaid));
    if (!holds) print_message("NOT: %s\n(%s) %d:\n%s\n", claim->claim, claim->words, code, said);
    return holds;
}

void assert_claims(const struct work_claim *claims, size_t count,
                   void (*open)(struct work_desk *desk))
{
    static struct work_desk desk;
    size_t broken = 0;
    for (size_t i = 0; i < count; i++) {
        work_desk_begin(&desk);
        open(&desk);
        broken += !claim_holds(&desk, &claims[i]);
        work_desk_end(&desk);
    }
    if (broken > 0) fail_msg("%zu claims do not hold", broken);
}
