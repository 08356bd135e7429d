/* mark.c - see mark.h. */
#include "tests/simulation/mark.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/banned.h"

static const struct {
    const char *name, *text;
} marks_known[] = {
#define MARK_ROW(name, text) {#name, text},
    MARKS(MARK_ROW)
#undef MARK_ROW
};

const char *mark_name(enum mark mark)
{
    return marks_known[mark].name;
}

const char *mark_text(enum mark mark)
{
    return marks_known[mark].text;
}

static bool mark_is_rare(enum mark mark)
{
    return mark == MARK_DELETED_AGAIN || mark == MARK_CALLED_ALIKE || mark == MARK_STAGE_REFUSED;
}

bool marks_met(const struct marks *marks, bool rare)
{
    for (int i = 0; i < MARK_COUNT; i++) {
        if (marks->counts[i] == 0 && (rare || !mark_is_rare((enum mark)i))) return false;
    }
    return true;
}

void marks_add(struct marks *to, const struct marks *from)
{
    for (size_t i = 0; i < MARK_COUNT; i++) to->counts[i] += from->counts[i];
}

size_t marks_print(const struct marks *marks)
{
    size_t missed = 0;
    for (size_t i = 0; i < MARK_COUNT; i++) {
        printf("%10" PRIu64 "  %-22s %s\n", marks->counts[i], marks_known[i].name,
               marks_known[i].text);
        if (marks->counts[i] == 0) missed++;
    }
    return missed;
}
