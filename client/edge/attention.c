/* attention.c - see attention.h. Invariant: after attention_end nothing is asked any more; the handles
 * belong to the loop until it has run once more. */
#define _GNU_SOURCE
#include "client/edge/attention.h"

#include <signal.h>

#include "common/base/banned.h"

enum { SECOND_MS = 1000 };

void attention_look(struct attention *attention)
{
    if (!attention->begun) return;
    if (!attention->look->look(attention->look->context)) attention->quit(attention->context);
}

static void attention_resized(uv_signal_t *handle, int number)
{
    (void)number;
    attention_look(handle->data);
}

static void attention_input(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    attention_look(handle->data);
}

static void attention_second(uv_timer_t *handle)
{
    attention_look(handle->data);
}

void attention_begin(struct attention *attention, uv_loop_t *loop, const struct home_look *look,
                     void (*quit)(void *context), void *context)
{
    *attention = (struct attention){.look = look, .quit = quit, .context = context};
    if (!look) return;
    attention->begun = true;
    uv_signal_init(loop, &attention->resized);
    uv_timer_init(loop, &attention->second);
    attention->resized.data = attention->second.data = attention->input.data = attention;
    uv_signal_start(&attention->resized, attention_resized, SIGWINCH);
    uv_timer_start(&attention->second, attention_second, SECOND_MS, SECOND_MS);
    /* What cannot be waited for (a file) has no keys either. */
    attention->reads = look->input >= 0 && uv_poll_init(loop, &attention->input, look->input) == 0;
    if (!attention->reads) return;
    attention->input.data = attention;
    uv_poll_start(&attention->input, UV_READABLE, attention_input);
}

void attention_end(struct attention *attention)
{
    if (!attention->begun) return;
    attention->begun = false;
    uv_close((uv_handle_t *)&attention->resized, NULL);
    uv_close((uv_handle_t *)&attention->second, NULL);
    if (attention->reads) uv_close((uv_handle_t *)&attention->input, NULL);
}
