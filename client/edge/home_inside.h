/* home_inside.h - a home's insides, shared by home.c and home_sync.c. */
#ifndef SLUICE_CLIENT_EDGE_HOME_INSIDE_H
#define SLUICE_CLIENT_EDGE_HOME_INSIDE_H

#include "client/edge/home.h"

enum { HOME_PATH_MAX = 4096 };

/* What home.c lends to home_mend.c. */
MUST_USE enum fault home_path_join(const char *folder, const char *name, char out[HOME_PATH_MAX]);
/* Fills `trouble` (may be NULL) and returns the fault. */
enum fault home_trouble(struct trouble *trouble, enum fault fault, const char *operation,
                        const char *path);

struct home {
    char path[HOME_PATH_MAX];
    struct replica *replica;
    struct key_pair device;
};

#endif
