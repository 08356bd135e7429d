/* text_unicode.c - the side of text.h that knows characters: validity, cleanliness, normal form,
 * folding, width. Callers: decide (through the field table), importers, search, everything drawn.
 *
 * Invariant: text_normalise is idempotent; values are compared by its bytes. */
#include "common/base/text.h"

#include <string.h>

#include <utf8proc.h>

#include "common/base/arena.h"
#include "common/base/bounds.h"

#include "common/base/banned.h"

/* One character at *at, moving *at behind it; -1 and one byte further when the bytes are not
 * UTF-8. */
static int32_t character_next(struct str s, size_t *at)
{
    uint8_t first = (uint8_t)s.p[*at];
    if (first < 0x80) {
        (*at)++;
        return first;
    }
    utf8proc_int32_t c;
    utf8proc_ssize_t n =
        utf8proc_iterate((const uint8_t *)s.p + *at, (utf8proc_ssize_t)(s.n - *at), &c);
    if (n <= 0) {
        (*at)++;
        return -1;
    }
    *at += (size_t)n;
    return c;
}

/* Eight at a time: neither a NUL nor above ASCII. */
static bool are_plain(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    return (((eight - ones) | eight) & highs) == 0;
}

static bool eight_are_plain(const char *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return are_plain(eight);
}

/* Four to eight bytes: the first four and the last four. */
static bool few_are_plain(struct str s)
{
    uint32_t first, last;
    memcpy(&first, s.p, sizeof first);
    memcpy(&last, s.p + s.n - sizeof last, sizeof last);
    return are_plain((uint64_t)first << 32 | last);
}

bool text_is_utf8(struct str s)
{
    if (s.n >= 4 && s.n <= 8 && few_are_plain(s)) return true;
    for (size_t at = 0; at < s.n;) {
        if (s.n - at >= 8 && eight_are_plain(s.p + at)) {
            at += 8;
            if (s.n - at < 8 && eight_are_plain(s.p + s.n - 8)) return true;
            continue;
        }
        if (character_next(s, &at) <= 0) return false;
    }
    return true;
}

static bool character_is_control(int32_t c)
{
    if (c < 0x20) return true;
    if (c >= 0x7f && c <= 0x9f) return true;
    /* Bidirectional embeddings, overrides and isolates: text that reads as something else. */
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool text_is_clean(struct str s, bool lines)
{
    size_t marks = 0;
    for (size_t at = 0; at < s.n;) {
        int32_t c = character_next(s, &at);
        if (c < 0) return false;
        bool allowed = lines && (c == '\n' || c == '\t');
        if (character_is_control(c) && !allowed) return false;
        bool mark = c >= 0x300 && utf8proc_get_property(c)->combining_class != 0;
        marks = mark ? marks + 1 : 0;
        if (marks > MARKS_MAX) return false;
    }
    return true;
}

/* NFC of s in out, allocated with one byte of room behind it. */
static enum fault text_compose(struct arena *arena, struct str s, struct str *out)
{
    const utf8proc_option_t options = UTF8PROC_COMPOSE | UTF8PROC_STABLE;
    bool composed = true;
    for (size_t at = 0; at < s.n;) {
        int32_t c = character_next(s, &at);
        if (c < 0) return FAULT_FORMAT;
        /* Below U+0300 nothing composes or decomposes under NFC: most text needs no more. */
        if (c >= 0x300) composed = false;
    }
    if (composed) {
        *out = arena_str(arena, s);
        return out->p ? FAULT_NONE : FAULT_MEMORY;
    }
    const uint8_t *bytes = (const uint8_t *)s.p;
    utf8proc_ssize_t length = (utf8proc_ssize_t)s.n;
    utf8proc_ssize_t count = utf8proc_decompose(bytes, length, NULL, 0, options);
    if (count < 0) return FAULT_FORMAT;
    utf8proc_int32_t *points = arena_array(arena, (size_t)count + 1, sizeof *points);
    if (!points) return FAULT_MEMORY;
    count = utf8proc_decompose(bytes, length, points, count, options);
    if (count < 0) return FAULT_FORMAT;
    utf8proc_ssize_t n = utf8proc_reencode(points, count, options);
    if (n < 0) return FAULT_FORMAT;
    *out = (struct str){(const char *)points, (size_t)n};
    return FAULT_NONE;
}

enum blank { BLANK_NOT, BLANK_SPACE, BLANK_TAB, BLANK_LINE };

static enum blank character_blank(int32_t c, bool lines)
{
    if (c == ' ') return BLANK_SPACE;
    if (c == '\t') return lines ? BLANK_TAB : BLANK_SPACE;
    if (c == '\n') return lines ? BLANK_LINE : BLANK_SPACE;
    if (c < 0xa0) return BLANK_NOT;
    utf8proc_category_t category = utf8proc_category(c);
    if (category == UTF8PROC_CATEGORY_ZS) return BLANK_SPACE;
    if (category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP) {
        return lines ? BLANK_LINE : BLANK_SPACE;
    }
    return BLANK_NOT;
}

/* Copies s to `to` (at least s.n bytes; may be the same memory), runs of blanks made one and none
 * at the ends or before a line's end. Returns the length. */
static size_t blanks_collapse(struct str s, bool lines, char *to)
{
    size_t n = 0;
    size_t newlines = 0;
    enum blank pending = BLANK_NOT;
    for (size_t at = 0; at < s.n;) {
        size_t start = at;
        enum blank blank = character_blank(character_next(s, &at), lines);
        switch (blank) {
        case BLANK_LINE:
            newlines++;
            pending = BLANK_NOT;
            continue;
        case BLANK_SPACE:
            if (pending == BLANK_NOT) pending = BLANK_SPACE;
            continue;
        case BLANK_TAB: pending = BLANK_TAB; continue;
        case BLANK_NOT: break;
        }
        if (n > 0) {
            memset(to + n, '\n', newlines);
            n += newlines;
            if (pending != BLANK_NOT) to[n++] = pending == BLANK_TAB ? '\t' : ' ';
        }
        newlines = 0;
        pending = BLANK_NOT;
        memmove(to + n, s.p + start, at - start);
        n += at - start;
    }
    return n;
}

enum fault text_normalise(struct arena *arena, struct str s, bool lines, struct str *out)
{
    *out = STR_NONE;
    if (s.n == 0) return FAULT_NONE;
    struct str composed;
    enum fault fault = text_compose(arena, s, &composed);
    if (fault) return fault;
    char *to = arena_alloc(arena, composed.n + 1);
    if (!to) return FAULT_MEMORY;
    size_t n = blanks_collapse(composed, lines, to);
    if (n > 0) *out = (struct str){to, n};
    return FAULT_NONE;
}

/* Letters people replace by these when they type, but which Unicode does not decompose; lower case
 * only, because folding of case comes first. Sorted by code point. */
struct fold {
    int32_t from;
    char to[3];
};

static const struct fold folds[] = {
    {0x00e6, "ae"}, {0x00f0, "d"},  {0x00f8, "o"}, {0x00fe, "th"}, {0x0111, "d"},  {0x0127, "h"},
    {0x0131, "i"},  {0x0138, "k"},  {0x0142, "l"}, {0x014b, "n"},  {0x0153, "oe"}, {0x0167, "t"},
    {0x0180, "b"},  {0x0188, "c"},  {0x0192, "f"}, {0x0199, "k"},  {0x019a, "l"},  {0x01a5, "p"},
    {0x01ad, "t"},  {0x01b4, "y"},  {0x01b6, "z"}, {0x01e5, "g"},  {0x0225, "z"},  {0x023c, "c"},
    {0x0247, "e"},  {0x0249, "j"},  {0x024d, "r"}, {0x024f, "y"},  {0x0253, "b"},  {0x0254, "o"},
    {0x0256, "d"},  {0x0257, "d"},  {0x0259, "e"}, {0x025b, "e"},  {0x0260, "g"},  {0x0263, "g"},
    {0x0268, "i"},  {0x0272, "n"},  {0x0289, "u"}, {0x02bb, "'"},  {0x02bc, "'"},  {0x2010, "-"},
    {0x2011, "-"},  {0x2012, "-"},  {0x2013, "-"}, {0x2014, "-"},  {0x2018, "'"},  {0x2019, "'"},
    {0x201c, "\""}, {0x201d, "\""}, {0x2c61, "l"}, {0x2c65, "a"},  {0x2c66, "t"},
};

static const char *fold_find(int32_t c)
{
    size_t from = 0;
    size_t to = sizeof folds / sizeof folds[0];
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (folds[middle].from == c) return folds[middle].to;
        if (folds[middle].from < c) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return NULL;
}

enum fault text_fold(struct arena *arena, struct str s, struct str *out)
{
    const utf8proc_option_t options =
        UTF8PROC_DECOMPOSE | UTF8PROC_STABLE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
    *out = STR_NONE;
    if (s.n == 0) return FAULT_NONE;
    const uint8_t *bytes = (const uint8_t *)s.p;
    utf8proc_ssize_t length = (utf8proc_ssize_t)s.n;
    utf8proc_ssize_t count = utf8proc_decompose(bytes, length, NULL, 0, options);
    if (count < 0) return FAULT_FORMAT;
    utf8proc_int32_t *points = arena_array(arena, (size_t)count + 1, sizeof *points);
    uint8_t *to = arena_array(arena, (size_t)count + 1, 4);
    if (!points || !to) return FAULT_MEMORY;
    count = utf8proc_decompose(bytes, length, points, count, options);
    if (count < 0) return FAULT_FORMAT;

    size_t n = 0;
    for (size_t i = 0; i < (size_t)count; i++) {
        const char *replacement = fold_find(points[i]);
        if (!replacement) {
            n += (size_t)utf8proc_encode_char(points[i], to + n);
        } else {
            for (; *replacement; replacement++) to[n++] = (uint8_t)*replacement;
        }
    }
    if (n > 0) *out = (struct str){(const char *)to, n};
    return FAULT_NONE;
}

static size_t character_width(int32_t c)
{
    if (c < 0) return 1; /* drawn as a replacement */
    if (c < 0x300) return c == 0 ? 0 : 1;
    if (utf8proc_category(c) == UTF8PROC_CATEGORY_CN) {
        /* Newer than the library's tables: wide where Unicode says that what comes will be. */
        bool wide = (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
        return wide ? 2 : 1;
    }
    int width = utf8proc_charwidth(c);
    return width > 0 ? (size_t)width : 0;
}

size_t text_width(struct str s)
{
    size_t width = 0;
    for (size_t at = 0; at < s.n;) width += character_width(character_next(s, &at));
    return width;
}

struct str text_clip(struct str s, size_t cells)
{
    size_t width = 0; /* of everything up to `at` */
    size_t whole = 0; /* end of the last complete cluster */
    int32_t before = -1;
    utf8proc_int32_t state = 0;
    for (size_t at = 0; at < s.n;) {
        size_t start = at;
        int32_t c = character_next(s, &at);
        bool boundary = true;
        if (c >= 0 && before >= 0) {
            boundary = utf8proc_grapheme_break_stateful(before, c, &state);
        } else {
            state = 0;
        }
        if (boundary) whole = start;
        width += character_width(c);
        if (width > cells) return str_slice(s, 0, whole);
        before = c;
    }
    return s;
}
