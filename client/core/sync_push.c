/* sync_push.c - what goes to the server: a message, and mutations, a window of them. See sync_inside.h.
 *
 * Invariant: they go in order of number without a gap, from behind what the server had at the
 * welcome; nothing here takes one out of the outbox. */
#include "client/core/sync_inside.h"

#include "common/base/banned.h"

enum fault sync_write(struct sync *sync, const struct message *message)
{
    struct buffer packed;
    buffer_init(&packed, FRAME_TO_SERVER_MAX);
    enum fault fault = codec_message_pack(message, &packed);
    if (!fault) fault = channel_send(&sync->channel, buffer_str(&packed));
    buffer_finish(&packed);
    if (!fault) sync->write_due = true;
    return fault;
}

/* One frame. *sent: how many went; 0 when there was nothing or no room. */
static enum fault push_frame(struct sync *sync, size_t *sent)
{
    struct outbox_entry *entries = NULL;
    size_t count = 0, room = INFLIGHT_MUTATIONS_MAX - sync->inflight;
    *sent = 0;
    if (room > PUSH_MUTATIONS_MAX) room = PUSH_MUTATIONS_MAX;
    struct arena arena;
    arena_init(&arena, SYNC_MESSAGE_BYTES);
    enum fault fault = sync->replica->f->outbox_list(sync->replica, &arena, sync->pushed + 1,
                                                     false, room, &entries, &count);
    struct str *payloads = fault ? NULL : arena_array(&arena, count, sizeof *payloads);
    if (!fault && !payloads) fault = FAULT_MEMORY;
    size_t bytes = 0, taken = 0;
    while (!fault && taken < count) {
        bytes += entries[taken].payload.n;
        if (taken > 0 && bytes > SYNC_PUSH_BYTES) break;
        if (entries[taken].number != entries[0].number + taken) break;
        payloads[taken] = entries[taken].payload;
        taken++;
    }
    if (!fault && taken > 0) {
        struct message message = {.kind = MESSAGE_PUSH,
                                  .push = {entries[0].number, payloads, taken}};
        fault = sync_write(sync, &message);
        if (!fault) {
            sync->pushed = entries[taken - 1].number;
            *sent = taken;
        }
    }
    arena_finish(&arena);
    return fault;
}

enum fault sync_push(struct sync *sync)
{
    sync->push_blocked = false;
    while (sync_in_session(sync) && sync->inflight < INFLIGHT_MUTATIONS_MAX) {
        size_t sent = 0;
        enum fault fault = push_frame(sync, &sent);
        if (fault == FAULT_BUSY && channel_output(&sync->channel).n > 0) {
            sync->push_blocked = true; /* goes on when the output was written */
            return FAULT_NONE;
        }
        if (fault || sent == 0) return fault;
        sync->inflight += sent;
        sync->report.sent += sent;
    }
    return FAULT_NONE;
}
