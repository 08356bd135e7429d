/* query_compile_inside.h - a filter while it is being compiled: between query_compile.c, which reads
 * it, and query_value.c, which resolves its values. Included by these only. */
#ifndef SLUICE_COMMON_DOMAIN_QUERY_COMPILE_INSIDE_H
#define SLUICE_COMMON_DOMAIN_QUERY_COMPILE_INSIDE_H

#include "common/domain/query_term.h"

struct query_compiler {
    struct arena *arena;
    const struct query_context *context;
    struct query *query;
    struct term *term; /* the one being filled */
    struct str name;   /* of its filter, as typed; absent for words */
    struct str mistake;
};

/* Says what is wrong and is the fault at once. */
#define MISTAKE(compiler, ...)                                                                     \
    ((compiler)->mistake = arena_format((compiler)->arena, __VA_ARGS__), FAULT_FORMAT)

/* --- query_name.c --- */
void query_list_add(struct arena *arena, struct str *list, struct str item); /* ", " between */
bool query_name_is(struct str name, const char *wanted); /* any case, '-' as good as '_' */
struct str query_name_shown(struct arena *arena, struct str name); /* as it is typed, with '-' */
/* --- query_value.c --- */
/* One value of the term being filled: a word, a name, a number, a range; FAULT_FORMAT: c->mistake. */
MUST_USE enum fault query_value_add(struct query_compiler *c, struct str text);

#endif
