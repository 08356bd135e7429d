/* output_text.c - text made harmless for where it goes: a terminal, JSON, CSV, a line with tabs. Part of
 * output.c. */
#include "client/cli/output_inside.h"

#include <string.h>

#include "client/exchange/csv.h"

#include "common/base/banned.h"

/* Bytes of the character that begins here; 1 for what is none. */
static size_t character_length(struct str text, size_t at)
{
    unsigned char c = (unsigned char)text.p[at];
    size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return at + length <= text.n ? length : 1;
}

static bool character_is_clean(struct str character)
{
    return character.n == 1 ? character.p[0] >= 0x20 && character.p[0] < 0x7f
                            : text_is_clean(character, false);
}

struct str output_safe(struct arena *arena, struct str text)
{
    if (text_is_clean(text, true) && str_find(text, '\t') == text.n) return text;
    char *bytes = arena_alloc(arena, text.n * 3 + 1);
    size_t n = 0;
    if (!bytes) return STR_NONE;
    for (size_t at = 0, length; at < text.n; at += length) {
        length = character_length(text, at);
        struct str character = {text.p + at, length};
        if (text.p[at] == '\t') character = STR(" ");
        else if (text.p[at] != '\n' && !character_is_clean(character)) character = STR("\uFFFD");
        memcpy(bytes + n, character.p, character.n);
        n += character.n;
    }
    return (struct str){bytes, n};
}

/* C1 controls and overrides of the direction: valid JSON, but a terminal would obey them. */
static size_t json_escape_wide(struct buffer *out, struct str text, size_t at)
{
    size_t length = character_length(text, at);
    const unsigned char *p = (const unsigned char *)text.p + at;
    if (character_is_clean((struct str){text.p + at, length}) || length > 3 || length < 2) {
        buffer_append_str(out, (struct str){text.p + at, length});
        return length;
    }
    unsigned code = length == 2 ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
                                : (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    buffer_format(out, "\\u%04x", code);
    return length;
}

void output_json_text(struct buffer *out, struct str text)
{
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80) {
            i += json_escape_wide(out, text, i) - 1;
        } else if (c == '"' || c == '\\') {
            buffer_append_byte(out, '\\');
            buffer_append_byte(out, c);
        } else if (c == '\n') {
            buffer_append_str(out, STR("\\n"));
        } else if (c < 0x20 || c == 0x7f) {
            buffer_format(out, "\\u%04x", c);
        } else {
            buffer_append_byte(out, c);
        }
    }
    buffer_append_byte(out, '"');
}

void output_csv_text(struct buffer *out, struct str text, bool words)
{
    bool quote = false, formula = words && csv_is_formula(text);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r') quote = true;
    }
    if (formula && !quote) buffer_append_byte(out, '\'');
    if (!quote) {
        buffer_append_str(out, text);
        return;
    }
    buffer_append_byte(out, '"');
    if (formula) buffer_append_byte(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buffer_append_byte(out, '"');
        buffer_append_byte(out, (uint8_t)text.p[i]);
    }
    buffer_append_byte(out, '"');
}

/* Eight at a time: none of them a control character. */
static bool eight_are_clean(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t eight, deleted;
    memcpy(&eight, p, sizeof eight);
    deleted = eight ^ ones * 0x7f;
    return ((((eight - ones * 0x20) & ~eight) | ((deleted - ones) & ~deleted)) & highs) == 0;
}

void output_plain_text(struct buffer *out, struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.n; i++) {
        while (text.n - i >= 8 && eight_are_clean(text.p + i)) i += 8;
        bool end = i == text.n;
        if (!end && (unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f) continue;
        buffer_append_str(out, str_slice(text, from, i));
        if (!end) buffer_append_byte(out, ' ');
        from = i + 1;
    }
}
