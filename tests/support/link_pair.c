/* link_pair.c - see link_pair.h. */
#include "tests/support/link_pair.h"

#include "common/base/check.h"

struct key_pair link_key_pair(struct random *random)
{
    struct secret32 secret;
    random_bytes(random, secret.b, sizeof secret.b);
    return key_pair_from_secret(&secret);
}

void link_pair_init(struct link_pair *pair, uint64_t seed)
{
    *pair = (struct link_pair){.device = {.secret = {{0}}}};
    random_init_number(&pair->random, seed);
    pair->device = link_key_pair(&pair->random);
    for (size_t i = 0; i < CHANNEL_KEYS_MAX; i++) pair->keys[i] = link_key_pair(&pair->random);
    pair->client_options = (struct channel_options){
        .role = CHANNEL_CLIENT,
        .keys = &pair->device,
        .key_count = 1,
        .server = pair->keys[0].public,
        .hello = STR("hello"),
        .frame_in_max = FRAME_TO_CLIENT_MAX,
        .frame_out_max = FRAME_TO_SERVER_MAX,
    };
    pair->server_options = (struct channel_options){
        .role = CHANNEL_SERVER,
        .keys = pair->keys,
        .key_count = CHANNEL_KEYS_MAX,
        .frame_in_max = FRAME_TO_SERVER_MAX,
        .frame_out_max = FRAME_TO_CLIENT_MAX,
    };
}

void link_pair_open(struct link_pair *pair)
{
    channel_finish(&pair->client);
    channel_finish(&pair->server);
    random_bytes(&pair->random, pair->client_options.ephemeral.b, sizeof(struct secret32));
    random_bytes(&pair->random, pair->server_options.ephemeral.b, sizeof(struct secret32));
    check(channel_init(&pair->client, &pair->client_options) == FAULT_NONE);
    check(channel_init(&pair->server, &pair->server_options) == FAULT_NONE);
}

void link_pair_finish(struct link_pair *pair)
{
    channel_finish(&pair->client);
    channel_finish(&pair->server);
}

size_t link_carry(struct channel *from, struct channel *to)
{
    struct str out = channel_output(from);
    channel_feed(to, out);
    size_t n = out.n;
    channel_sent(from, n);
    return n;
}

void link_pair_shake(struct link_pair *pair)
{
    while (link_carry(&pair->client, &pair->server) + link_carry(&pair->server, &pair->client) > 0)
        ;
    struct channel_event event;
    check(channel_next(&pair->client, &event));
    check(event.kind == CHANNEL_HANDSHAKE_DONE);
    check(channel_next(&pair->server, &event));
    check(event.kind == CHANNEL_HANDSHAKE_DONE);
    check(!channel_next(&pair->client, &event));
    check(!channel_next(&pair->server, &event));
}
