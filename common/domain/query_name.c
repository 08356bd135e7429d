/* query_name.c - names as they are typed in a filter, and lists of them for a sentence. */
#include "common/domain/query_compile_inside.h"

#include <string.h>

#include "common/base/banned.h"

void query_list_add(struct arena *arena, struct str *list, struct str item)
{
    if (!list->p) *list = item;
    else *list = arena_format(arena, "%.*s, %.*s", STR_ARGS(*list), STR_ARGS(item));
}

bool query_name_is(struct str name, const char *wanted)
{
    size_t n = strlen(wanted);
    if (name.n != n) return false;
    for (size_t i = 0; i < n; i++) {
        char c = name.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c == '-') c = '_';
        if (c != wanted[i]) return false;
    }
    return true;
}

struct str query_name_shown(struct arena *arena, struct str name)
{
    char *shown = arena_copy(arena, name.p, name.n);
    if (!shown) return name;
    for (size_t i = 0; i < name.n; i++) {
        if (shown[i] == '_') shown[i] = '-';
    }
    return (struct str){shown, name.n};
}
