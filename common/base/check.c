/* check.c - how a broken invariant ends the program. Callers: check() everywhere. */
#include "common/base/check.h"

#include <stdio.h>
#include <stdlib.h>

noreturn void bug(const char *what, const char *file, int line)
{
    fprintf(stderr, "bug: %s (%s:%d)\n", what, file, line);
    abort();
}
