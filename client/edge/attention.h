/* attention.h - what somebody who looks at a screen may cause: another size of the terminal, a key, and
 * the second that passes. Handles on the loop of loop.c; used by nothing else. */
#ifndef SLUICE_CLIENT_EDGE_ATTENTION_H
#define SLUICE_CLIENT_EDGE_ATTENTION_H

#include <stdbool.h>

#include <uv.h>

#include "client/edge/home.h"

struct attention {
    const struct home_look *look; /* NULL: nobody looks, nothing is started */
    void (*quit)(void *context);
    void *context;
    uv_signal_t resized;
    uv_poll_t input;
    uv_timer_t second;
    bool begun, reads;
};

/* quit: called when the one who looks has enough. */
void attention_begin(struct attention *attention, uv_loop_t *loop, const struct home_look *look,
                     void (*quit)(void *context), void *context);
/* Asks the one who looks, now. */
void attention_look(struct attention *attention);
void attention_end(struct attention *attention);

#endif
