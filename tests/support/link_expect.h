/* link_expect.h - what a test expects of a channel next; fails the running cmocka test otherwise. */
#ifndef SLUICE_TESTS_SUPPORT_LINK_EXPECT_H
#define SLUICE_TESTS_SUPPORT_LINK_EXPECT_H

#include "common/link/channel.h"

struct str text_of(const void *p, size_t n);
/* The next event must be of that kind; gives it back. */
struct channel_event expect(struct channel *c, enum channel_event_kind kind);
void expect_nothing(struct channel *c);
/* Closed with that reason, once; keys gone; deaf and dumb from now on. */
void expect_closed(struct channel *c, enum channel_reason reason);
/* Everything `from` has to say, kept, and not handed over. The caller finishes the buffer. */
struct buffer taken(struct channel *from);

#endif
