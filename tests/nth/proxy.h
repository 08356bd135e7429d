/* proxy.h - stands between a store and its PostgreSQL, on a thread of its own, reads the protocol
 * along, and breaks the connection between two statements.
 *
 * Statements are counted from proxy_arm on, over all connections and requests: an Execute of the
 * extended protocol is one. */
#ifndef SLUICE_TESTS_NTH_PROXY_H
#define SLUICE_TESTS_NTH_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum proxy_break {
    PROXY_NONE = 0,
    PROXY_TERMINATE, /* the N-th statement was executed, the next one not yet sent: pg_terminate_backend */
    PROXY_CUT,       /* both sides lose the connection there */
    PROXY_DEAF,      /* all was executed, committed too; the answers end behind the N-th statement's */
    PROXY_BREAKS
};

struct proxy;

/* Listens as folder/.s.PGSQL.5432, goes on to the socket in `target`; ends backends over a
 * connection of `administrator`. NULL: could not. */
struct proxy *proxy_start(const char *folder, const char *target, const char *administrator);
void proxy_stop(struct proxy *proxy);
/* n from 1; 0 only counts. */
void proxy_arm(struct proxy *proxy, enum proxy_break what, uint64_t n);
/* How many statements there were since. */
uint64_t proxy_disarm(struct proxy *proxy);
bool proxy_struck(const struct proxy *proxy);
const char *proxy_break_name(enum proxy_break what);

#endif
