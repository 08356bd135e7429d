/* home_inside.h - a home's insides, shared by home.c and home_sync.c. */
#ifndef SLUICE_CLIENT_EDGE_HOME_INSIDE_H
#define SLUICE_CLIENT_EDGE_HOME_INSIDE_H

#include "client/edge/home.h"

enum { HOME_PATH_MAX = 4096 };

struct home {
    char path[HOME_PATH_MAX];
    struct replica *replica;
    struct key_pair device;
};

#endif
