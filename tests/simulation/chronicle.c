/* chronicle.c - see chronicle.h. */
#include "tests/simulation/chronicle.h"

#include <stdio.h>

#include "common/base/banned.h"

char *chronicle_line(struct chronicle *chronicle)
{
    char *line = chronicle->lines[chronicle->next];
    chronicle->next = (chronicle->next + 1) % CHRONICLE_LINES;
    if (chronicle->count < CHRONICLE_LINES) chronicle->count++;
    return line;
}

void chronicle_print(const struct chronicle *chronicle)
{
    size_t first = (chronicle->next + CHRONICLE_LINES - chronicle->count) % CHRONICLE_LINES;
    for (size_t i = 0; i < chronicle->count; i++) {
        printf("    %s\n", chronicle->lines[(first + i) % CHRONICLE_LINES]);
    }
}
