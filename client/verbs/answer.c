/* answer.c - building answers. Callers: work_*.c, client/cli.
 *
 * Invariant: an answer that ran out of memory lacks something but never lies; the arena remembers. */
#include "client/verbs/answer.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/banned.h"

void answer_init(struct answer *answer, struct arena *arena)
{
    *answer = (struct answer){.arena = arena};
}

void answer_table(struct answer *answer, enum answer_shape shape, const struct column *columns,
                  size_t count)
{
    answer->shape = shape;
    answer->columns = columns;
    answer->column_count = count;
}

void answer_machine(struct answer *answer, enum answer_shape shape, const struct columns *columns)
{
    answer_table(answer, shape, columns->items, columns->count);
    answer->machine_only = true;
}

void answer_give(struct answer *answer)
{
    if (answer->row_count > 0) answer->cells[answer->column_count - 1] = cell_text(answer->held);
    NOTE(answer, NOTE_RESULT, "{line}", {"line", answer->held});
}

void answer_expect(struct answer *answer, size_t rows)
{
    if (answer->cells || rows == 0) return;
    answer->cells =
        arena_array(answer->arena, rows, answer->column_count * sizeof *answer->cells);
    answer->row_cap = answer->cells ? rows : 0;
}

struct cell *answer_row(struct answer *answer)
{
    void *cells = answer->cells;
    size_t width = answer->column_count * sizeof *answer->cells;
    struct cell *row =
        arena_push(answer->arena, &cells, &answer->row_count, &answer->row_cap, width);
    answer->cells = cells;
    return row;
}

struct answer *answer_more(struct answer *answer, const char *name)
{
    struct answer *more = arena_alloc(answer->arena, sizeof *more);
    if (!more) return NULL;
    answer_init(more, answer->arena);
    more->name = name;
    struct answer *last = answer;
    while (last->next) last = last->next;
    last->next = more;
    return more;
}

struct cell cell_faces(struct str text, struct str shown)
{
    if (text.n == 0) return (struct cell){.type = CELL_NONE};
    return (struct cell){.type = CELL_TEXT, .text = text, .shown = shown.n > 0 ? shown : text};
}

struct cell cell_text(struct str text)
{
    return cell_faces(text, text);
}

struct cell cell_number(struct arena *arena, int64_t number)
{
    struct str text = arena_format(arena, "%" PRId64, number);
    return (struct cell){.type = CELL_NUMBER, .text = text, .shown = text};
}

struct cell cell_flag(bool flag)
{
    struct str text = flag ? STR("true") : STR("false");
    return (struct cell){.type = CELL_FLAG, .text = text, .shown = flag ? STR("yes") : STR("no")};
}

struct cell cell_list(struct arena *arena, struct text_set list)
{
    struct str text = list.count > 0 ? list.items[0] : STR("");
    size_t n = list.count, at = 0;
    for (size_t i = 0; i < list.count; i++) n += list.items[i].n;
    char *bytes = list.count > 1 ? arena_alloc(arena, n) : NULL; /* ends with a NUL */
    for (size_t i = 0; bytes && i < list.count; i++) {
        if (i > 0) bytes[at++] = ',';
        memcpy(bytes + at, list.items[i].p, list.items[i].n);
        at += list.items[i].n;
    }
    if (bytes) text = (struct str){bytes, at};
    return (struct cell){.type = CELL_LIST, .text = text, .shown = text, .list = list};
}

void answer_note(struct answer *answer, enum note_role role, const char *sentence,
                 const struct place *places, size_t count)
{
    void *notes = answer->notes;
    struct note *note = arena_push(answer->arena, &notes, &answer->note_count, &answer->note_cap,
                                   sizeof *note);
    answer->notes = notes;
    if (!note) return;
    note->role = role;
    note->sentence = sentence;
    note->place_count = count < PLACES_MAX ? count : PLACES_MAX;
    for (size_t i = 0; i < note->place_count; i++) note->places[i] = places[i];
}

void answer_say(struct answer *answer, enum note_role role, const char *sentence)
{
    answer_note(answer, role, sentence, NULL, 0);
}

void answer_error(struct answer *answer, enum error_code error)
{
    answer->error = error;
    answer->code = error_code_exit(error);
}

void answer_fail(struct answer *answer, enum error_code error, const char *sentence)
{
    answer_error(answer, error);
    answer_say(answer, NOTE_ERROR, sentence);
}

static const struct place *place_find(const struct place *places, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(str_from(places[i].name), name)) return &places[i];
    }
    return NULL;
}

struct str sentence_fill(struct arena *arena, const char *sentence, const struct place *places,
                         size_t count)
{
    struct str rest = str_from(sentence), out = STR("");
    while (rest.n > 0) {
        size_t open = str_find(rest, '{');
        out = arena_format(arena, "%.*s%.*s", STR_ARGS(out), STR_ARGS(str_slice(rest, 0, open)));
        rest = str_slice(rest, open, rest.n);
        if (rest.n == 0) break;
        size_t close = str_find(rest, '}');
        const struct place *place = place_find(places, count, str_slice(rest, 1, close));
        struct str put = place ? place->value : str_slice(rest, 0, close + 1);
        out = arena_format(arena, "%.*s%.*s", STR_ARGS(out), STR_ARGS(put));
        rest = str_slice(rest, close + 1, rest.n);
    }
    return out;
}
