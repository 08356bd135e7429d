/* frame.h - an application message as a row of chunks, each the plaintext of one transport message.
 *
 *   chunk   = flags (1 byte: bit 0 final, others 0) [total (4 bytes, big-endian)] body
 *   total is in the first chunk of a frame only and says how long the message is.
 *
 * Called by channel.c. Invariant: nothing is allocated for a frame before its declared total is
 * within the cap, and never more than arrived, rounded up to the buffer's next size. */
#ifndef SLUICE_COMMON_LINK_FRAME_H
#define SLUICE_COMMON_LINK_FRAME_H

#include "common/base/buffer.h"
#include "common/base/bounds.h"

enum {
    FRAME_FLAG_FINAL = 1,
    FRAME_HEADER_FIRST = 5, /* flags and total */
    FRAME_HEADER_NEXT = 1   /* flags */
};

/* --- reading --- */

struct frame_reader {
    struct buffer body; /* what a frame of several chunks has so far */
    size_t total;       /* declared by the frame that is open */
    size_t max;
    bool open;      /* a frame has begun and is not whole */
    bool delivered; /* body was lent out by the last call */
    bool failed;
};

void frame_reader_init(struct frame_reader *r, size_t max);
void frame_reader_finish(struct frame_reader *r); /* accepts a zeroed one */
/* Takes one chunk. *whole says whether a message is complete; it then is in *message, borrowed from
 * the chunk or from the reader until the next call. FAULT_LIMIT when the declared total passes the
 * cap; FAULT_FORMAT for unknown flags, a chunk cut short, one that brings nothing and is not final,
 * more than declared, or final with less; FAULT_MEMORY. After a fault only finish is allowed. */
MUST_USE enum fault frame_reader_feed(struct frame_reader *r, struct str chunk, bool *whole,
                                      struct str *message);
/* Gives memory back that no open frame needs; ends the loan of the last message. */
void frame_reader_release(struct frame_reader *r);

/* --- cutting --- */

struct frame_cutter {
    struct str rest;
    size_t total;
    bool begun, done;
};

struct frame_chunk {
    uint8_t header[FRAME_HEADER_FIRST];
    size_t header_size;
    struct str body; /* borrowed from the message */
};

/* Number of chunks a message of n bytes becomes (at least one), and their bytes altogether. */
size_t frame_chunks(size_t n);
size_t frame_size(size_t n);
/* The message is borrowed until the last chunk is taken. */
void frame_cutter_init(struct frame_cutter *c, struct str message);
bool frame_cutter_next(struct frame_cutter *c, struct frame_chunk *chunk);

#endif
