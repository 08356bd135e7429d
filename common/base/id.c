/* id.c - making, deriving, printing and reading ids. Callers: work (new things), importers (derived
 * ids), everything that shows or accepts an id. */
#include "common/base/id.h"

#include <string.h>

#include <sodium.h>

#include "common/base/check.h"
#include "common/base/random.h"

#include "common/base/banned.h"

static const char hexadecimal[] = "0123456789abcdef";
static const char crockford[] = "0123456789abcdefghjkmnpqrstvwxyz";

static struct uuid uuid_stamp(struct uuid id, uint8_t version)
{
    id.b[6] = (uint8_t)((id.b[6] & 0x0f) | version << 4);
    id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
    return id;
}

struct uuid uuid_v7(uint64_t wall_ms, struct random *random)
{
    struct uuid id;
    for (size_t i = 0; i < 6; i++) id.b[i] = (uint8_t)(wall_ms >> 8 * (5 - i));
    random_bytes(random, id.b + 6, 10);
    return uuid_stamp(id, 7);
}

struct uuid uuid_derive(struct uuid scope, struct str name)
{
    struct uuid id;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof id.b);
    crypto_generichash_update(&state, scope.b, sizeof scope.b);
    if (name.n > 0) crypto_generichash_update(&state, (const uint8_t *)name.p, name.n);
    crypto_generichash_final(&state, id.b, sizeof id.b);
    return uuid_stamp(id, 8);
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

bool uuid_is_zero(struct uuid id)
{
    return uuid_equal(id, (struct uuid){{0}});
}

int uuid_compare(struct uuid a, struct uuid b)
{
    int order = memcmp(a.b, b.b, sizeof a.b);
    return (order > 0) - (order < 0);
}

static bool uuid_hyphen_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_format(struct uuid id, char out[UUID_TEXT_LENGTH + 1])
{
    size_t nibble = 0;
    for (size_t i = 0; i < UUID_TEXT_LENGTH; i++) {
        if (uuid_hyphen_at(i)) {
            out[i] = '-';
            continue;
        }
        uint8_t byte = id.b[nibble / 2];
        out[i] = hexadecimal[nibble % 2 ? byte & 0x0f : byte >> 4];
        nibble++;
    }
    out[UUID_TEXT_LENGTH] = '\0';
}

static int hexadecimal_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum fault uuid_parse(struct str text, struct uuid *out)
{
    struct uuid id = {{0}};
    size_t nibble = 0;
    if (text.n != UUID_TEXT_LENGTH) return FAULT_FORMAT;
    for (size_t i = 0; i < UUID_TEXT_LENGTH; i++) {
        if (uuid_hyphen_at(i)) {
            if (text.p[i] != '-') return FAULT_FORMAT;
            continue;
        }
        int value = hexadecimal_value(text.p[i]);
        if (value < 0) return FAULT_FORMAT;
        id.b[nibble / 2] = (uint8_t)(id.b[nibble / 2] << 4 | value);
        nibble++;
    }
    *out = id;
    return FAULT_NONE;
}

void uuid_short(struct uuid id, size_t length, char out[SHORT_ID_LENGTH_MAX + 1])
{
    uint64_t tail = 0;
    check(length <= SHORT_ID_LENGTH_MAX);
    for (size_t i = 8; i < sizeof id.b; i++) tail = tail << 8 | id.b[i];
    for (size_t i = 0; i < length; i++) {
        out[i] = crockford[tail & 31];
        tail >>= 5;
    }
    out[length] = '\0';
}

/* What a typed character stands for in the alphabet. */
static char crockford_read(char c)
{
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c == 'i' || c == 'l') return '1';
    return c == 'o' ? '0' : c;
}

bool uuid_short_matches(struct uuid id, struct str prefix)
{
    char whole[SHORT_ID_LENGTH_MAX + 1];
    if (prefix.n == 0 || prefix.n > SHORT_ID_LENGTH_MAX) return false;
    uuid_short(id, SHORT_ID_LENGTH_MAX, whole);
    for (size_t i = 0; i < prefix.n; i++) {
        if (crockford_read(prefix.p[i]) != whole[i]) return false;
    }
    return true;
}
