/* text.h - borrowed text: pointer and length, UTF-8, never freed, not NUL-terminated. */
#ifndef SLUICE_COMMON_BASE_TEXT_H
#define SLUICE_COMMON_BASE_TEXT_H

#include "common/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Absent text is {NULL, 0}. Empty text given by a user is normalised to absent. */
struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
/* The same as a constant initialiser, for static tables. */
#define STR_INIT(literal) {("" literal), sizeof(literal) - 1}
#define STR_NONE ((struct str){NULL, 0})
/* For printf: printf("%.*s", STR_ARGS(s)). */
#define STR_ARGS(s) (int)(s).n, str_chars(s)

struct str str_from(const char *terminated); /* NULL gives absent */
const char *str_chars(struct str s);         /* never NULL */
bool str_equal(struct str a, struct str b);
int str_compare(struct str a, struct str b); /* byte order, as for sorting keys */
bool str_starts_with(struct str s, struct str prefix);
/* Position of the byte, or s.n when there is none. */
size_t str_find(struct str s, char byte);
struct str str_slice(struct str s, size_t from, size_t to); /* [from, to), clamped to s */
struct str str_trim(struct str s); /* ASCII white space at both ends */
/* Splits off the part before `byte` and moves *rest behind it. False when *rest is used up: "a,"
 * gives two parts, the second empty; absent text gives none. */
bool str_split(struct str *rest, char byte, struct str *part);
/* Decimal integer with optional sign, all of s. FAULT_FORMAT, or FAULT_LIMIT outside int64. */
MUST_USE enum fault str_to_int64(struct str s, int64_t *out);

/* Valid UTF-8 without NUL. Same verdict as protobuf and PostgreSQL demand. */
bool text_is_utf8(struct str s);
/* Valid UTF-8 and no control character: C0, C1, DEL, bidirectional overrides. `lines` allows \n
 * and \t (notes). More than MARKS_MAX combining marks in a row are not clean either. */
bool text_is_clean(struct str s, bool lines);
/* NFC, trimmed, runs of blanks made one; absent when nothing is left. What values are compared and
 * stored as. Input must be clean. With `lines`, line ends stay and blanks before them go, a run
 * that holds a tab becomes a tab, line and paragraph separators become \n. FAULT_FORMAT if not
 * UTF-8. */
MUST_USE enum fault text_normalise(struct arena *arena, struct str s, bool lines, struct str *out);
/* Case and accents removed ("Łódź" -> "lodz"), for matching names typed by people; typographic
 * quotes and dashes become plain ones. FAULT_FORMAT if not UTF-8. */
MUST_USE enum fault text_fold(struct arena *arena, struct str s, struct str *out);
/* Terminal cells that s occupies (wide characters count two, combining none). */
size_t text_width(struct str s);
/* The longest prefix of whole characters (with their marks) that fits into `cells`. */
struct str text_clip(struct str s, size_t cells);
/* Which of two sentences goes with that many: "1 deal added", "3 deals added". The only place that
 * chooses. */
const char *sentence_of(uint64_t count, const char *one, const char *many);
/* Edit distance for "did you mean". Bytes, ASCII case ignored. limit + 1 as soon as it must be
 * above `limit`, or when what differs is longer than 255 bytes. */
size_t text_distance(struct str a, struct str b, size_t limit);

#endif
