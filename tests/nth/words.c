/* words.c - see trial.h: commands at a desk, and what they say as a digest. */
#include "tests/nth/trial.h"

#include <stdio.h>
#include <string.h>

#include "common/base/check.h"
#include "tests/support/work_desk.h"

#include "common/base/banned.h"

static const size_t WORDS_BYTES = (size_t)64 * 1024 * 1024;

struct reading {
    uint64_t hash;
    char *text;
    size_t n;
};

static void reading_add(struct reading *reading, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        reading->hash = (reading->hash ^ (uint8_t)text.p[i]) * UINT64_C(1099511628211);
    reading->hash = (reading->hash ^ 0x1ff) * UINT64_C(1099511628211);
    size_t n = text.n;
    if (n > 199 - reading->n) n = 199 - reading->n;
    if (n > 0) memcpy(reading->text + reading->n, text.p, n);
    reading->n += n;
}

static void reading_answer(struct reading *reading, const struct answer *answer)
{
    for (const struct answer *a = answer; a; a = a->next) {
        reading_add(reading, a->text);
        for (size_t i = 0; i < a->row_count * a->column_count; i++) {
            reading_add(reading, a->cells[i].text);
            reading_add(reading, a->cells[i].shown);
        }
        for (size_t i = 0; i < a->note_count; i++) {
            reading_add(reading, str_from(a->notes[i].sentence));
            for (size_t k = 0; k < a->notes[i].place_count; k++)
                reading_add(reading, a->notes[i].places[k].value);
        }
        for (size_t i = 0; i < a->reasons.count; i++)
            reading_add(reading, str_from(reason_sentence(a->reasons.items[i].code)));
        reading_add(reading, a->mend);
    }
}

struct said words_run(struct trial *trial, size_t desk, const char *words)
{
    struct said said = {.fault = FAULT_NONE};
    struct request request = {.width = 80, .script = true};
    struct arena arena;
    struct work work;
    struct answer answer;
    work_desk_read(words, &request);
    arena_init(&arena, WORDS_BYTES);
    answer_init(&answer, &arena);
    trial->now.wall_ms += 1000;
    trial->now.boot_ms += 1000;
    memory_enter(MEMORY_CLIENT);
    said.fault =
        work_open(&work, trial->desks[desk].replica, &arena, &trial->random, trial->now);
    if (!said.fault) said.fault = work_run(&work, &request, &answer);
    memory_enter(MEMORY_TEST);
    struct reading reading = {.text = said.text};
    if (!said.fault) reading_answer(&reading, &answer);
    said.code = answer.code;
    said.digest = reading.hash;
    arena_finish(&arena);
    return said;
}

void words_all(struct trial *trial, size_t desk, const char *words)
{
    struct str rest = str_from(words ? words : ""), part;
    char one[300];
    while (str_split(&rest, ';', &part)) {
        if (part.n == 0) continue;
        check(part.n < sizeof one);
        memcpy(one, part.p, part.n);
        one[part.n] = '\0';
        check(desk_open(trial, desk) == FAULT_NONE);
        struct said said = words_run(trial, desk, one);
        if (said.fault || said.code != ANSWER_OK)
            trial_wrong(trial, "%s: %s, %d: %s", one, fault_name(said.fault), (int)said.code,
                        said.text);
    }
}
