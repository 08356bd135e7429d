/* now.h - the two clocks, passed in: laptops sleep and wall clocks jump. */
#ifndef SLUICE_COMMON_BASE_NOW_H
#define SLUICE_COMMON_BASE_NOW_H

#include <stdint.h>

struct now {
    uint64_t boot_ms; /* monotonic, counts sleep; for deadlines */
    int64_t wall_ms;  /* UTC since the epoch; for stamps people read */
};

#endif
