/* socket_peer.h - a scripted client on a real TCP connection: blocking, one message at a time. For
 * tests of a running server; it keeps nothing on disk. */
#ifndef SLUICE_TESTS_SUPPORT_SOCKET_PEER_H
#define SLUICE_TESTS_SUPPORT_SOCKET_PEER_H

#include "common/base/arena.h"
#include "common/base/random.h"
#include "common/codec/message.h"
#include "common/domain/mutation.h"
#include "common/link/channel.h"

struct socket_peer {
    int socket; /* -1: not connected */
    int port;
    struct key_pair key;
    struct hello hello;
    struct public32 server_key;
    struct channel channel;
    struct arena arena;
    struct welcome welcome;
    struct random random;
};

/* A new device; `line` is its invitation line, from which it takes the server's key and the code. */
MUST_USE bool socket_peer_make(struct socket_peer *peer, uint64_t seed, const char *line);
/* Connects, shakes hands and says hello. What comes is read by socket_peer_read. */
MUST_USE bool socket_peer_connect(struct socket_peer *peer, int port);
/* The next message within that time; kind NONE when none came or the server closed. */
struct message socket_peer_read(struct socket_peer *peer, int timeout_ms);
/* Connects and reads on until the welcome; then remembers what a copy would (token, number). */
MUST_USE bool socket_peer_welcomed(struct socket_peer *peer, int port);
/* Reads pages until the answer to that number, or a row of that kind and id, has come;
 * the cursor follows. False when it did not come in time. */
MUST_USE bool socket_peer_await_answer(struct socket_peer *peer, uint64_t number, int timeout_ms,
                                       struct outcome *out);
MUST_USE bool socket_peer_await_row(struct socket_peer *peer, enum entity_kind kind,
                                    struct uuid id, int timeout_ms);
/* True when the server has ended the connection within that time; the last refusal or bye told. */
MUST_USE bool socket_peer_await_end(struct socket_peer *peer, int timeout_ms,
                                    enum session_refusal *refusal, enum bye_reason *bye);
MUST_USE bool socket_peer_send(struct socket_peer *peer, const struct message *message);
MUST_USE bool socket_peer_push(struct socket_peer *peer, uint64_t number, struct str payload);
void socket_peer_leave(struct socket_peer *peer); /* ends the connection only */
void socket_peer_finish(struct socket_peer *peer);

/* A packed edit of one field; kept until the next message is read. */
struct str socket_peer_edit(struct socket_peer *peer, enum entity_kind kind, struct uuid target,
                            const char *field, struct value base, struct value want);
/* A packed creation of a deal with that id. */
struct str socket_peer_deal(struct socket_peer *peer, struct uuid id, const char *title);

#endif
