/* ring.c - the rows of a team's recent commits, packed once for all who may see them.
 *
 * Invariant: complete for (start, end], and of the history that the team is believed to be in: it
 * goes on only from commit to commit, everything else clears it. */
#include "server/core/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/codec/row.h"

#include "common/base/banned.h"

enum { ROW_OVERHEAD = 64 }; /* of a row in a page, beside its body */

void ring_row_finish(struct ring_row *row)
{
    union {
        const char *in;
        char *out;
    } body = {.in = row->row.body.p};
    free(body.out);
    free(row->item);
    free(row->member);
    free(row->device);
    *row = (struct ring_row){.bytes = 0};
}

enum fault ring_row_make(const struct row *from, struct ring_row *out)
{
    *out = (struct ring_row){.bytes = ROW_OVERHEAD};
    out->row = (struct packed_row){.kind = (uint32_t)from->kind,
                                   .id = from->id,
                                   .seq = from->seq,
                                   .n = from->n,
                                   .removed = from->removed};
    if (from->removed) return FAULT_NONE;
    struct buffer body;
    struct invitation plain;
    const void *entity = from->entity;
    if (from->kind == ENTITY_INVITATION) { /* what it lets in by is nobody's to see */
        memcpy(&plain, entity, sizeof plain);
        plain.code_hash = STR_NONE;
        entity = &plain;
    }
    buffer_init(&body, FRAME_TO_CLIENT_MAX);
    enum fault fault = codec_entity_pack(from->kind, entity, &body);
    if (fault) {
        buffer_finish(&body);
        return fault;
    }
    out->row.body = (struct str){(const char *)body.p, body.n}; /* taken over */
    out->bytes += body.n;
    if (from->kind == ENTITY_INBOX) {
        const struct inbox_item *item = from->entity;
        out->item = malloc(sizeof *out->item);
        if (out->item) {
            *out->item = (struct inbox_item){.author = item->author, .concerned = item->concerned};
        }
    }
    if (from->kind == ENTITY_MEMBER) {
        const struct member *member = from->entity;
        out->member = malloc(sizeof *out->member);
        if (out->member) {
            *out->member = (struct member){
                .id = member->id, .role = member->role, .removed = member->removed};
        }
    }
    if (from->kind == ENTITY_DEVICE) {
        const struct device *device = from->entity;
        out->device = malloc(sizeof *out->device);
        if (out->device) {
            *out->device = (struct device){
                .id = device->id, .member = device->member, .revoked = device->revoked};
        }
    }
    bool starved = (from->kind == ENTITY_INBOX && !out->item) ||
                   (from->kind == ENTITY_MEMBER && !out->member) ||
                   (from->kind == ENTITY_DEVICE && !out->device);
    if (starved) ring_row_finish(out);
    return starved ? FAULT_MEMORY : FAULT_NONE;
}

void ring_clear(struct ring *ring)
{
    for (size_t i = ring->first; i < ring->first + ring->count; i++) {
        ring_row_finish(&ring->rows[i]);
    }
    free(ring->rows);
    *ring = (struct ring){.start = 0};
}

static bool ring_push(struct ring *ring, struct ring_row row)
{
    if (ring->first + ring->count == ring->cap) {
        if (ring->first > ring->cap / 2) {
            memmove(ring->rows, ring->rows + ring->first, ring->count * sizeof *ring->rows);
            ring->first = 0;
        } else {
            size_t cap = ring->cap ? ring->cap * 2 : 64;
            struct ring_row *rows = realloc(ring->rows, cap * sizeof *rows);
            if (!rows) return false;
            ring->rows = rows;
            ring->cap = cap;
        }
    }
    ring->rows[ring->first + ring->count++] = row;
    ring->bytes += row.bytes;
    return true;
}

static void ring_pop_seq(struct ring *ring)
{
    uint64_t seq = ring->rows[ring->first].row.seq;
    while (ring->count > 0 && ring->rows[ring->first].row.seq == seq) {
        ring->bytes -= ring->rows[ring->first].bytes;
        ring_row_finish(&ring->rows[ring->first]);
        ring->first++;
        ring->count--;
    }
    ring->start = seq;
}

void ring_committed(struct ring *ring, const struct store_request *commit)
{
    if (ring->end != commit->expected_seq) {
        ring_clear(ring);
        ring->start = commit->expected_seq;
    }
    bool whole = true;
    for (size_t i = 0; whole && i < commit->row_count; i++) {
        struct ring_row row;
        whole = ring_row_make(&commit->rows[i], &row) == FAULT_NONE;
        if (whole && !ring_push(ring, row)) {
            ring_row_finish(&row);
            whole = false;
        }
    }
    if (!whole) { /* then the store has it */
        ring_clear(ring);
        ring->start = commit->new_seq;
    }
    ring->end = commit->new_seq;
    while (ring->bytes > FEED_RING_BYTES && ring->count > 0) ring_pop_seq(ring);
}
