/* chronicle.h - the last things that happened, for when a seed breaks. */
#ifndef SLUICE_TESTS_SIMULATION_CHRONICLE_H
#define SLUICE_TESTS_SIMULATION_CHRONICLE_H

#include <stddef.h>

enum { CHRONICLE_LINES = 40, CHRONICLE_BYTES = 200 };

struct chronicle {
    char lines[CHRONICLE_LINES][CHRONICLE_BYTES];
    size_t next, count;
};

/* Where the next line goes; CHRONICLE_BYTES. */
char *chronicle_line(struct chronicle *chronicle);
void chronicle_print(const struct chronicle *chronicle);

#endif
