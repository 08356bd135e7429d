/* reason.c - lists of reasons, and their one-line form. Called by decide, by stores (which keep the
 * text) and by the client's `say`.
 *
 * Line: CODE, then name=value for each parameter there is; a value of anything but plain characters
 * is quoted with \" \\ \n \t \xHH. */
#include "common/domain/reason.h"

#include <string.h>

#include "common/base/check.h"
#include "common/base/banned.h"

/* The parameters in the order they are written. */
static const struct {
    const char *name;
    size_t offset;
} parameters[] = {
    {"field", offsetof(struct reason, field)}, {"stage", offsetof(struct reason, stage)},
    {"check", offsetof(struct reason, check)}, {"value", offsetof(struct reason, value)},
    {"other", offsetof(struct reason, other)},
};
enum { PARAMETER_COUNT = sizeof parameters / sizeof parameters[0] };

/* Stable: in JSON, logs and stored rows. test_reason holds it against the table. */
static const struct {
    enum reason_code code;
    const char *name;
} code_names[] = {
    {REASON_FIELD_REQUIRED, "field_required"},
    {REASON_ANY_FIELD_REQUIRED, "any_field_required"},
    {REASON_CHECK_REQUIRED, "check_required"},
    {REASON_STAGE_UNKNOWN, "stage_unknown"},
    {REASON_STAGE_REMOVED, "stage_removed"},
    {REASON_SKIP_FORBIDDEN, "skip_forbidden"},
    {REASON_BACK_FORBIDDEN, "back_forbidden"},
    {REASON_DEAL_CLOSED, "deal_closed"},
    {REASON_DEAL_ICED, "deal_iced"},
    {REASON_DEAL_NOT_ICED, "deal_not_iced"},
    {REASON_DEAL_NOT_CLOSED, "deal_not_closed"},
    {REASON_STATUS_MISFIT, "status_misfit"},
    {REASON_RIGHT_MISSING, "right_missing"},
    {REASON_GONE, "gone"},
    {REASON_CHANGED_MEANWHILE, "changed_meanwhile"},
    {REASON_TEXT_INVALID, "text_invalid"},
    {REASON_TOO_LONG, "too_long"},
    {REASON_CHOICE_UNKNOWN, "choice_unknown"},
    {REASON_CURRENCY_UNKNOWN, "currency_unknown"},
    {REASON_NUMBER_RANGE, "number_range"},
    {REASON_IN_FUTURE, "in_future"},
    {REASON_REFERENCE_UNKNOWN, "reference_unknown"},
    {REASON_FIELD_UNKNOWN, "field_unknown"},
    {REASON_FIELD_FIXED, "field_fixed"},
    {REASON_EXISTS, "exists"},
    {REASON_UNDECODABLE, "undecodable"},
    {REASON_KIND_UNKNOWN, "kind_unknown"},
    {REASON_PARENT_REFUSED, "parent_refused"},
    {REASON_NAME_TAKEN, "name_taken"},
    {REASON_VALUE_WITHOUT_CURRENCY, "value_without_currency"},
    {REASON_ITEM_CLOSED, "item_closed"},
    {REASON_EMPTY, "empty"},
    {REASON_TOO_MANY, "too_many"},
    {REASON_SERVER_FAULT, "server_fault"},
    {REASON_MEMBER_LEFT, "member_left"},
    {REASON_PIPELINE_UNKNOWN, "pipeline_unknown"},
    {REASON_REQUIRED, "required"},
    {REASON_CLOSING_FIXED, "closing_fixed"},
    {REASON_CHECK_UNKNOWN, "check_unknown"},
    {REASON_DEVICE_REVOKED, "device_revoked"},
    {REASON_OWNER_SELF, "owner_self"},
    {REASON_ROLE_KEPT, "role_kept"},
    {REASON_DEVICE_ITSELF, "device_itself"},
    {REASON_STAGES_UNSOUND, "stages_unsound"},
    {REASON_DELETED_AGAIN, "deleted_again"},
    {REASON_WORKED_ON, "worked_on"},
    {REASON_IN_USE, "in_use"},
};
enum { CODE_COUNT = sizeof code_names / sizeof code_names[0] };

const char *reason_code_name(enum reason_code code)
{
    for (size_t i = 0; i < CODE_COUNT; i++) {
        if (code_names[i].code == code) return code_names[i].name;
    }
    return "none";
}

const char *reason_sentence(enum reason_code code)
{
    switch (code) {
    case REASON_NONE: return "";
#define REASON(name, number, sentence)                                                             \
    case REASON_##name: return sentence;
        REASON_TABLE(REASON)
#undef REASON
    }
    bug("reason_code", __FILE__, __LINE__);
}

static struct str *reason_parameter(struct reason *reason, size_t parameter)
{
    return (struct str *)(void *)((char *)reason + parameters[parameter].offset);
}

static struct str reason_parameter_value(const struct reason *reason, size_t parameter)
{
    struct str value;
    memcpy(&value, (const char *)reason + parameters[parameter].offset, sizeof value);
    return value;
}

static bool reason_equal(const struct reason *a, const struct reason *b)
{
    if (a->code != b->code) return false;
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        if (!str_equal(reason_parameter_value(a, i), reason_parameter_value(b, i))) return false;
    }
    return true;
}

void reasons_add(struct reasons *reasons, struct reason reason)
{
    for (size_t i = 0; i < reasons->count; i++) {
        if (reason_equal(&reasons->items[i], &reason)) return;
    }
    if (reasons->count < REASONS_MAX) reasons->items[reasons->count++] = reason;
}

/* --- writing --- */

/* Counts while `bytes` is NULL, then writes: the two passes cannot disagree. */
struct line_writer {
    char *bytes;
    size_t n;
};

static void line_byte(struct line_writer *w, char byte)
{
    if (w->bytes) w->bytes[w->n] = byte;
    w->n++;
}

static void line_text(struct line_writer *w, const char *text)
{
    while (*text) line_byte(w, *text++);
}

static bool byte_is_plain(unsigned char c)
{
    if (c >= 0x80) return true;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return c == '_' || c == '-' || c == '.' || c == ':' || c == '|' || c == '/' || c == '+';
}

static void line_quoted(struct line_writer *w, struct str value)
{
    static const char digits[] = "0123456789abcdef";
    line_byte(w, '"');
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c == '"' || c == '\\') {
            line_byte(w, '\\');
            line_byte(w, (char)c);
        } else if (c == '\n') {
            line_text(w, "\\n");
        } else if (c == '\t') {
            line_text(w, "\\t");
        } else if (c < 0x20 || c == 0x7f) {
            line_text(w, "\\x");
            line_byte(w, digits[c >> 4]);
            line_byte(w, digits[c & 15]);
        } else {
            line_byte(w, (char)c);
        }
    }
    line_byte(w, '"');
}

static void line_value(struct line_writer *w, struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (!byte_is_plain((unsigned char)value.p[i])) {
            line_quoted(w, value);
            return;
        }
    }
    for (size_t i = 0; i < value.n; i++) line_byte(w, value.p[i]);
}

static void reasons_write(struct line_writer *w, const struct reasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++) {
        if (i > 0) line_byte(w, '\n');
        line_text(w, reason_code_name(reasons->items[i].code));
        for (size_t p = 0; p < PARAMETER_COUNT; p++) {
            struct str value = reason_parameter_value(&reasons->items[i], p);
            if (value.n == 0) continue;
            line_byte(w, ' ');
            line_text(w, parameters[p].name);
            line_byte(w, '=');
            line_value(w, value);
        }
    }
}

enum fault reasons_format(struct arena *arena, const struct reasons *reasons, struct str *out)
{
    *out = STR_NONE;
    if (reasons->count == 0) return FAULT_NONE;
    struct line_writer writer = {NULL, 0};
    reasons_write(&writer, reasons);
    writer.bytes = arena_alloc(arena, writer.n + 1);
    if (!writer.bytes) return FAULT_MEMORY;
    writer.n = 0;
    reasons_write(&writer, reasons);
    *out = (struct str){writer.bytes, writer.n};
    return FAULT_NONE;
}

/* --- reading --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* One escape, `at` on the byte behind the backslash. Moves `at` to its last byte. */
static enum fault escape_parse(struct str line, size_t *at, char *out)
{
    if (*at >= line.n) return FAULT_FORMAT;
    switch (line.p[*at]) {
    case '"': *out = '"'; return FAULT_NONE;
    case '\\': *out = '\\'; return FAULT_NONE;
    case 'n': *out = '\n'; return FAULT_NONE;
    case 't': *out = '\t'; return FAULT_NONE;
    case 'x': break;
    default: return FAULT_FORMAT;
    }
    if (line.n - *at < 3) return FAULT_FORMAT;
    int high = hex_digit(line.p[*at + 1]), low = hex_digit(line.p[*at + 2]);
    if (high < 0 || low < 0) return FAULT_FORMAT;
    *out = (char)(unsigned char)(high * 16 + low);
    *at += 2;
    return FAULT_NONE;
}

static enum fault value_read(struct arena *arena, struct str line, size_t *at, struct str *out)
{
    size_t start = *at;
    if (start < line.n && line.p[start] != '"') {
        while (*at < line.n && line.p[*at] != ' ') (*at)++;
        *out = arena_str(arena, str_slice(line, start, *at));
        return out->p ? FAULT_NONE : FAULT_MEMORY;
    }
    char *plain = arena_alloc(arena, line.n - start + 1);
    if (!plain) return FAULT_MEMORY;
    size_t n = 0;
    for (size_t i = start + 1; i < line.n; i++) {
        if (line.p[i] == '"') {
            *at = i + 1;
            *out = (struct str){plain, n};
            return FAULT_NONE;
        }
        plain[n] = line.p[i];
        if (line.p[i] == '\\') {
            i++;
            enum fault fault = escape_parse(line, &i, &plain[n]);
            if (fault) return fault;
        }
        n++;
    }
    return FAULT_FORMAT; /* the quote was not closed, or no value at all */
}

static struct str word_read(struct str line, size_t *at, char end)
{
    size_t start = *at;
    while (*at < line.n && line.p[*at] != end) (*at)++;
    return str_slice(line, start, *at);
}

static enum fault reason_parse(struct arena *arena, struct str line, struct reason *out)
{
    *out = (struct reason){.code = REASON_NONE};
    size_t at = 0;
    struct str name = word_read(line, &at, ' ');
    for (size_t i = 0; i < CODE_COUNT; i++) {
        if (str_equal(name, str_from(code_names[i].name))) out->code = code_names[i].code;
    }
    if (out->code == REASON_NONE) {
        out->code = REASON_UNDECODABLE;
        out->value = arena_str(arena, line);
        return arena_fault(arena);
    }
    while (at < line.n) {
        at++; /* the blank */
        struct str key = word_read(line, &at, '=');
        if (at >= line.n) return FAULT_FORMAT;
        at++;
        struct str value;
        enum fault fault = value_read(arena, line, &at, &value);
        if (fault) return fault;
        if (at < line.n && line.p[at] != ' ') return FAULT_FORMAT;
        /* A parameter we do not know is of a newer version: the code still says enough. */
        for (size_t p = 0; p < PARAMETER_COUNT; p++) {
            if (str_equal(key, str_from(parameters[p].name))) *reason_parameter(out, p) = value;
        }
    }
    return FAULT_NONE;
}

enum fault reasons_parse(struct arena *arena, struct str text, struct reasons *out)
{
    out->count = 0;
    struct str line;
    while (str_split(&text, '\n', &line)) {
        if (line.n == 0) continue;
        struct reason reason;
        enum fault fault = reason_parse(arena, line, &reason);
        if (fault) return fault;
        reasons_add(out, reason);
    }
    return FAULT_NONE;
}
