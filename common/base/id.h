/* id.h - identifiers: 16 bytes, made once where a thing is made, never reused.
 *
 * New ids are UUIDv7 (RFC 9562): time-ordered, so that they sit together in an index, with a random
 * tail that people see as the short id. Ids of imported things are derived from their external key
 * (UUIDv8), so that importing twice, or on two devices, names the same thing. */
#ifndef SLUICE_COMMON_BASE_ID_H
#define SLUICE_COMMON_BASE_ID_H

#include "common/base/text.h"

struct random;

struct uuid {
    uint8_t b[16];
};

enum { UUID_TEXT_LENGTH = 36, SHORT_ID_LENGTH_MIN = 5, SHORT_ID_LENGTH_MAX = 12 };

struct uuid uuid_v7(uint64_t wall_ms, struct random *random);
/* UUIDv8 from BLAKE2b-128 over scope, then name. */
struct uuid uuid_derive(struct uuid scope, struct str name);
bool uuid_equal(struct uuid a, struct uuid b);
bool uuid_is_zero(struct uuid id); /* the zero id means "none" */
int uuid_compare(struct uuid a, struct uuid b);
/* Lower-case 8-4-4-4-12 plus NUL. */
void uuid_format(struct uuid id, char out[UUID_TEXT_LENGTH + 1]);
MUST_USE enum fault uuid_parse(struct str text, struct uuid *out);

/* The short form: the last 60 bits in lower-case Crockford base32 (no i, l, o, u), most significant
 * first AFTER reversing so that the first characters are the most random; `length` characters. */
void uuid_short(struct uuid id, size_t length, char out[SHORT_ID_LENGTH_MAX + 1]);
/* True if the short form of id starts with `prefix` (i, l read as 1; o as 0; case ignored).
 * No id matches an empty prefix. */
bool uuid_short_matches(struct uuid id, struct str prefix);

#endif
