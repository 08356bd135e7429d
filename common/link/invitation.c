/* invitation.c - invitation lines to and from their parts.
 *
 * Called by server/edge/invitation_line and by the client's join. Nothing here is secret-keyed: the
 * check is against typing errors only, the code itself is proven to the server. */
#include "common/link/invitation.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/base/banned.h"

static const char prefix[] = "sluice1-";
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { PREFIX_LENGTH = sizeof prefix - 1, BODY_BYTES = 32 + INVITATION_CODE_BYTES };

static_assert(((BODY_BYTES + INVITATION_CHECK_BYTES) * 8 + 4) / 5 == INVITATION_TAIL_LENGTH,
              "the last part holds both keys and the check");

static void check_compute(struct str address, const uint8_t body[BODY_BYTES],
                          uint8_t out[INVITATION_CHECK_BYTES])
{
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)prefix, PREFIX_LENGTH);
    crypto_generichash_update(&state, (const uint8_t *)address.p, address.n);
    crypto_generichash_update(&state, (const uint8_t *)"-", 1);
    crypto_generichash_update(&state, body, BODY_BYTES);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(out, hash, INVITATION_CHECK_BYTES);
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c == 'o') c = '0';
    if (c == 'i' || c == 'l') c = '1';
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* False when a character is no digit or the spare bits at the end are not zero. */
static bool tail_decode(struct str text, uint8_t *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        int value = digit_value(text.p[i]);
        if (value < 0) return false;
        bits = (bits << 5 | (uint32_t)value) & 0xffff;
        count += 5;
        if (count >= 8) {
            count -= 8;
            out[n++] = (uint8_t)(bits >> count & 0xff);
        }
    }
    return (bits & ((1u << count) - 1)) == 0;
}

static void tail_encode(const uint8_t *bytes, size_t n, char *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        bits = (bits << 8 | bytes[i]) & 0xffff;
        count += 8;
        while (count >= 5) {
            count -= 5;
            *out++ = alphabet[bits >> count & 31];
        }
    }
    if (count > 0) *out++ = alphabet[bits << (5 - count) & 31];
    *out = 0;
}

static bool host_byte_allowed(char c, bool literal)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return literal ? c == ':' || c == '.' || c == '%' : c == '.' || c == '-' || c == '_';
}

enum fault invitation_address_split(struct str address, struct str *host, uint16_t *port)
{
    size_t colon = address.n;
    for (size_t i = 0; i < address.n; i++) {
        if (address.p[i] == ':') colon = i;
    }
    if (colon == address.n || colon == 0 || address.n > INVITATION_ADDRESS_MAX) {
        return FAULT_FORMAT;
    }
    struct str name = str_slice(address, 0, colon);
    bool literal = name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';
    if (literal) name = str_slice(name, 1, name.n - 1);
    for (size_t i = 0; i < name.n; i++) {
        if (!host_byte_allowed(name.p[i], literal)) return FAULT_FORMAT;
    }
    uint32_t number = 0;
    if (address.n - colon - 1 < 1 || address.n - colon - 1 > 5) return FAULT_FORMAT;
    for (size_t i = colon + 1; i < address.n; i++) {
        if (address.p[i] < '0' || address.p[i] > '9') return FAULT_FORMAT;
        number = number * 10 + (uint32_t)(address.p[i] - '0');
    }
    if (number < 1 || number > 65535) return FAULT_FORMAT;
    *host = name;
    *port = (uint16_t)number;
    return FAULT_NONE;
}

enum fault invitation_addresses(struct str list, struct str out[INVITATION_ADDRESSES_MAX],
                                size_t *count)
{
    struct str rest = list, part, host;
    uint16_t port;
    *count = 0;
    if (list.n > INVITATION_LIST_MAX) return FAULT_FORMAT;
    while (str_split(&rest, ',', &part)) {
        if (*count == INVITATION_ADDRESSES_MAX) return FAULT_FORMAT;
        enum fault fault = invitation_address_split(part, &host, &port);
        if (fault) return fault;
        out[(*count)++] = part;
    }
    return *count > 0 ? FAULT_NONE : FAULT_FORMAT;
}

enum fault invitation_line_parse(struct str line, struct invitation_line *out)
{
    memset(out, 0, sizeof *out);
    line = str_trim(line);
    if (!str_starts_with(line, str_from(prefix))) return FAULT_FORMAT;
    size_t dash = 0; /* the last one: host names may have dashes too */
    for (size_t i = PREFIX_LENGTH; i < line.n; i++) {
        if (line.p[i] == '-') dash = i;
    }
    if (dash == 0) return FAULT_FORMAT;
    struct str address = str_slice(line, PREFIX_LENGTH, dash), each[INVITATION_ADDRESSES_MAX];
    struct str tail = str_slice(line, dash + 1, line.n);
    size_t count;
    enum fault fault = invitation_addresses(address, each, &count);
    if (fault) return fault;
    uint8_t bytes[BODY_BYTES + INVITATION_CHECK_BYTES], expected[INVITATION_CHECK_BYTES];
    if (tail.n != INVITATION_TAIL_LENGTH || !tail_decode(tail, bytes)) return FAULT_CRYPTO;
    check_compute(address, bytes, expected);
    if (memcmp(expected, bytes + BODY_BYTES, sizeof expected) != 0) return FAULT_CRYPTO;
    out->address = address;
    memcpy(out->server_key, bytes, sizeof out->server_key);
    memcpy(out->code, bytes + 32, sizeof out->code);
    sodium_memzero(bytes, sizeof bytes);
    return FAULT_NONE;
}

enum fault invitation_line_format(const struct invitation_line *line,
                                  char out[INVITATION_LINE_MAX + 1])
{
    struct str each[INVITATION_ADDRESSES_MAX];
    size_t count;
    enum fault fault = invitation_addresses(line->address, each, &count);
    if (fault) return fault;
    uint8_t bytes[BODY_BYTES + INVITATION_CHECK_BYTES];
    memcpy(bytes, line->server_key, sizeof line->server_key);
    memcpy(bytes + 32, line->code, sizeof line->code);
    check_compute(line->address, bytes, bytes + BODY_BYTES);
    memcpy(out, prefix, PREFIX_LENGTH);
    memcpy(out + PREFIX_LENGTH, line->address.p, line->address.n);
    out[PREFIX_LENGTH + line->address.n] = '-';
    tail_encode(bytes, sizeof bytes, out + PREFIX_LENGTH + line->address.n + 1);
    sodium_memzero(bytes, sizeof bytes);
    return FAULT_NONE;
}
