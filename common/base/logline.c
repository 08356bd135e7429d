/* logline.c - quoting and escaping for log lines. Callers: every edge that logs.
 *
 * Invariant: whatever the value, a line stays one line and shows nothing that the terminal would
 * obey. */
#include "common/base/logline.h"

#include <inttypes.h>

#include "common/base/banned.h"

static const char hexadecimal[] = "0123456789abcdef";

void logline_begin(struct buffer *line, const char *event)
{
    buffer_append_str(line, str_from(event));
}

static void logline_key(struct buffer *line, const char *key)
{
    buffer_append_byte(line, ' ');
    buffer_append_str(line, str_from(key));
    buffer_append_byte(line, '=');
}

static bool logline_needs_quotes(struct str value)
{
    if (value.n == 0) return true;
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = (uint8_t)value.p[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c >= 0x7f) return true;
    }
    return false;
}

/* Bytes of the harmless character at the start of s, 0 if it must be escaped. */
static size_t logline_plain(struct str s)
{
    uint8_t c = (uint8_t)s.p[0];
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n > s.n || c == '"' || c == '\\') return 0;
    return text_is_clean(str_slice(s, 0, n), false) ? n : 0;
}

static void logline_escape(struct buffer *line, uint8_t c)
{
    buffer_append_byte(line, '\\');
    switch (c) {
    case '"':
    case '\\': buffer_append_byte(line, c); break;
    case '\n': buffer_append_byte(line, 'n'); break;
    case '\r': buffer_append_byte(line, 'r'); break;
    case '\t': buffer_append_byte(line, 't'); break;
    default:
        buffer_append_byte(line, 'x');
        buffer_append_byte(line, (uint8_t)hexadecimal[c >> 4]);
        buffer_append_byte(line, (uint8_t)hexadecimal[c & 0x0f]);
        break;
    }
}

void logline_str(struct buffer *line, const char *key, struct str value)
{
    logline_key(line, key);
    if (!logline_needs_quotes(value)) {
        buffer_append_str(line, value);
        return;
    }
    buffer_append_byte(line, '"');
    while (value.n > 0) {
        size_t n = logline_plain(value);
        if (n > 0) {
            buffer_append(line, value.p, n);
        } else {
            logline_escape(line, (uint8_t)value.p[0]);
            n = 1;
        }
        value = str_slice(value, n, value.n);
    }
    buffer_append_byte(line, '"');
}

void logline_number(struct buffer *line, const char *key, int64_t value)
{
    logline_key(line, key);
    buffer_format(line, "%" PRId64, value);
}

void logline_id(struct buffer *line, const char *key, struct uuid value)
{
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(value, text);
    logline_key(line, key);
    buffer_append(line, text, UUID_TEXT_LENGTH);
}
