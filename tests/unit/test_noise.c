/* test_noise.c - the handshake against published vectors, and what no vector covers: tampering,
 * points of small order, the end of the nonces, rekey, use out of turn. */
#define _GNU_SOURCE
#include "common/link/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

#include "common/base/bounds.h"
#include "common/base/random.h"
#include "tests/support/hex.h"
#include "tests/support/link_pair.h"

enum { VECTOR_MESSAGES_MAX = 8, MESSAGE_ROOM = 2048 };

struct vector_message {
    const char *payload, *ciphertext;
};

/* Hexadecimal throughout; NULL where the vector does not say. */
struct vector {
    const char *prologue;
    const char *initiator_static, *responder_static;
    const char *initiator_ephemeral, *responder_ephemeral;
    const char *handshake_hash;
    struct vector_message messages[VECTOR_MESSAGES_MAX];
    /* flynn/noise starts again at the initiator after the handshake, cacophony goes on in turn */
    bool restarts;
};

/* Source: github.com/centromere/cacophony, vectors/cacophony.txt, commit
 * e550baf233d044d46fc2b141d21df4478a63425f (Unlicense: public domain). */
static const struct vector cacophony = {
    .prologue = "4a6f686e2047616c74",
    .initiator_static = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
    .responder_static = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
    .initiator_ephemeral = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
    .responder_ephemeral = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
    .handshake_hash = "d34784be40e90f33c524e69a3d1dc4155e159d86bf42f01c615d40beb0816b880f0a3e20"
                      "825fec22de1d607231a315d90d355cd9e5ba7205a17b6e0e9f4b490d",
    .messages =
        {
            {"4c756477696720766f6e204d69736573",
             "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79442806e284"
             "05ac4325fcf83607489496d6d326ab3fe084dbb1634f801405a69297"},
            {"4d757272617920526f746862617264",
             "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088430ea4de2e"
             "ff2cd3b1e7be5f7e792d87395f0863722ab04ec030529d6c5820de"},
            {"462e20412e20486179656b",
             "ec9136de99472b49eda3ba9fe84882d48f131b27386784b3f45e9f103ad1b6efa2f2e95f"
             "0afce5d0d4c8052aed81438500be54a8fd8dd4f5ba04f7907b312701d0d687716a30b23c"
             "22f568"},
            {"4361726c204d656e676572", "d6ea0c3364ed480b415d44c3235fdb311dfa8d6e1dc1e6f3a76ee3"},
            {"4a65616e2d426170746973746520536179",
             "59f41ca9ea14a8305bae379bbdd8b4d5cf9bd308d2d7e042e2bf03c48dd910b37b"},
            {"457567656e2042f6686d20766f6e2042617765726b",
             "fa23ba8af343a3934c64219d3d0206d66894f7cdb180b738324608e15b0102095ed2f44d"
             "4b"},
        },
};

static struct str hex_of(const char *hex)
{
    return str_from(hex != NULL ? hex : "");
}

static struct secret32 hex_secret(const char *hex)
{
    struct secret32 secret;
    assert_int_equal(hex_read(hex_of(hex), secret.b, sizeof secret.b), sizeof secret.b);
    return secret;
}

static struct str text_of(const uint8_t *p, size_t n)
{
    return (struct str){(const char *)p, n};
}

static void vector_check(const struct vector *v)
{
    uint8_t prologue[256], payload[MESSAGE_ROOM], want[MESSAGE_ROOM], out[MESSAGE_ROOM];
    size_t prologue_n = hex_read(hex_of(v->prologue), prologue, sizeof prologue);
    struct secret32 initiator_static = hex_secret(v->initiator_static);
    struct secret32 responder_static = hex_secret(v->responder_static);
    struct noise_options options[2] = {
        {.role = NOISE_INITIATOR,
         .prologue = text_of(prologue, prologue_n),
         .local = key_pair_from_secret(&initiator_static),
         .remote = key_pair_from_secret(&responder_static).public,
         .ephemeral = hex_secret(v->initiator_ephemeral)},
        {.role = NOISE_RESPONDER,
         .prologue = text_of(prologue, prologue_n),
         .local = key_pair_from_secret(&responder_static),
         .ephemeral = hex_secret(v->responder_ephemeral)},
    };
    struct noise_handshake side[2];
    struct noise_cipher sending[2], receiving[2];
    uint8_t binding[2][NOISE_HASH_BYTES];
    for (int i = 0; i < 2; i++) noise_handshake_init(&side[i], &options[i]);

    for (size_t i = 0; i < VECTOR_MESSAGES_MAX && v->messages[i].ciphertext != NULL; i++) {
        size_t n = hex_read(hex_of(v->messages[i].payload), payload, sizeof payload);
        size_t want_n = hex_read(hex_of(v->messages[i].ciphertext), want, sizeof want);
        size_t turn = i >= NOISE_MESSAGES && v->restarts ? (i - NOISE_MESSAGES) % 2 : i % 2;
        if (i < NOISE_MESSAGES) {
            assert_int_equal(noise_handshake_size(&side[turn]) + n, want_n);
            assert_int_equal(noise_handshake_write(&side[turn], text_of(payload, n), out), 0);
            assert_memory_equal(out, want, want_n);
            assert_int_equal(noise_handshake_read(&side[!turn], text_of(want, want_n), out), 0);
        } else {
            assert_int_equal(n + NOISE_TAG_BYTES, want_n);
            assert_int_equal(noise_encrypt(&sending[turn], STR_NONE, text_of(payload, n), out), 0);
            assert_memory_equal(out, want, want_n);
            assert_int_equal(noise_decrypt(&receiving[!turn], STR_NONE, text_of(want, want_n), out),
                             0);
        }
        assert_memory_equal(out, payload, n);
        for (int k = 0; i == NOISE_MESSAGES - 1 && k < 2; k++) {
            struct public32 remote;
            assert_int_equal(
                noise_handshake_split(&side[k], &sending[k], &receiving[k], binding[k], &remote),
                0);
            assert_true(public32_equal(&remote, &options[!k].local.public));
        }
    }
    assert_memory_equal(binding[0], binding[1], NOISE_HASH_BYTES);
    if (v->handshake_hash != NULL) {
        assert_int_equal(hex_read(hex_of(v->handshake_hash), want, sizeof want), NOISE_HASH_BYTES);
        assert_memory_equal(binding[0], want, NOISE_HASH_BYTES);
    }
}

static void test_cacophony(void **state)
{
    (void)state;
    vector_check(&cacophony);
}

/* One "name=value" line of flynn/noise's file into the vector; values point into the line. */
static void flynn_line(struct vector *v, char *name, char *value)
{
    if (strcmp(name, "prologue") == 0) v->prologue = strdup(value);
    if (strcmp(name, "init_static") == 0) v->initiator_static = strdup(value);
    if (strcmp(name, "resp_static") == 0) v->responder_static = strdup(value);
    if (strcmp(name, "gen_init_ephemeral") == 0) v->initiator_ephemeral = strdup(value);
    if (strcmp(name, "gen_resp_ephemeral") == 0) v->responder_ephemeral = strdup(value);
    unsigned i;
    char what[16];
    if (sscanf(name, "msg_%u_%15s", &i, what) != 2 || i >= VECTOR_MESSAGES_MAX) return;
    if (strcmp(what, "payload") == 0) v->messages[i].payload = strdup(value);
    if (strcmp(what, "ciphertext") == 0) v->messages[i].ciphertext = strdup(value);
}

static void vector_free(struct vector *v)
{
    const char *owned[] = {v->prologue, v->initiator_static, v->responder_static,
                           v->initiator_ephemeral, v->responder_ephemeral};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free((void *)(uintptr_t)owned[i]);
    for (size_t i = 0; i < VECTOR_MESSAGES_MAX; i++) {
        free((void *)(uintptr_t)v->messages[i].payload);
        free((void *)(uintptr_t)v->messages[i].ciphertext);
    }
}

static void test_flynn(void **state)
{
    (void)state;
    FILE *file = fopen("/usr/share/gocode/src/github.com/flynn/noise/vectors.txt", "re");
    if (file == NULL) {
        print_message("vectors of flynn/noise are not installed "
                      "(Debian: golang-github-flynn-noise-dev): skipped\n");
        skip();
    }
    struct vector v = {.restarts = true};
    bool ours = false;
    int checked = 0;
    char line[8192];
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, file) != NULL;
        if (more) line[strcspn(line, "\n")] = '\0';
        char *equals = more ? strchr(line, '=') : NULL;
        if (equals != NULL) *equals = '\0';
        if (equals != NULL && strcmp(line, "handshake") == 0) {
            ours = strcmp(equals + 1, "Noise_XK_25519_ChaChaPoly_BLAKE2b") == 0;
        } else if (equals != NULL && ours) {
            flynn_line(&v, line, equals + 1);
        } else if (equals == NULL && ours) { /* an empty line or the end: the vector is whole */
            vector_check(&v);
            vector_free(&v);
            v = (struct vector){.restarts = true};
            ours = false;
            checked++;
        }
    }
    fclose(file);
    assert_int_equal(checked, 4); /* prologue or not, payloads or not */
}

/* --- what vectors do not cover --- */

struct two {
    struct noise_options options[2]; /* initiator, responder */
    struct noise_handshake side[2];
    struct noise_cipher sending[2], receiving[2];
};

static void two_init(struct two *t)
{
    struct random random;
    random_init_number(&random, 7);
    struct key_pair key[2] = {link_key_pair(&random), link_key_pair(&random)};
    for (int i = 0; i < 2; i++) {
        t->options[i] = (struct noise_options){.role = i == 0 ? NOISE_INITIATOR : NOISE_RESPONDER,
                                               .prologue = STR("prologue"),
                                               .local = key[i],
                                               .remote = key[1].public};
        random_bytes(&random, t->options[i].ephemeral.b, sizeof(struct secret32));
        noise_handshake_init(&t->side[i], &t->options[i]);
    }
}

/* Runs `messages` messages, each with the payload "payload". */
static void two_run(struct two *t, unsigned messages)
{
    uint8_t message[MESSAGE_ROOM], payload[MESSAGE_ROOM];
    for (unsigned i = 0; i < messages; i++) {
        size_t n = noise_handshake_size(&t->side[i % 2]) + 7;
        assert_int_equal(noise_handshake_write(&t->side[i % 2], STR("payload"), message), 0);
        assert_int_equal(noise_handshake_read(&t->side[1 - i % 2], text_of(message, n), payload),
                         0);
        assert_memory_equal(payload, "payload", 7);
    }
    for (int k = 0; messages == NOISE_MESSAGES && k < 2; k++) {
        uint8_t binding[NOISE_HASH_BYTES];
        struct public32 remote;
        assert_int_equal(
            noise_handshake_split(&t->side[k], &t->sending[k], &t->receiving[k], binding, &remote),
            0);
    }
}

static void test_every_bit(void **state)
{
    (void)state;
    int flipped = 0;
    for (unsigned done = 0; done < NOISE_MESSAGES; done++) {
        struct two t;
        two_init(&t);
        two_run(&t, done);
        uint8_t message[MESSAGE_ROOM], payload[MESSAGE_ROOM];
        struct noise_handshake *reader = &t.side[1 - done % 2];
        size_t n = noise_handshake_size(reader) + 7;
        assert_int_equal(noise_handshake_write(&t.side[done % 2], STR("payload"), message), 0);
        for (size_t bit = 0; bit < n * 8; bit++) {
            struct noise_handshake fresh = *reader;
            message[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(noise_handshake_read(&fresh, text_of(message, n), payload),
                             FAULT_CRYPTO);
            message[bit / 8] ^= (uint8_t)(1 << bit % 8);
            /* and it is over for that handshake, even with the true message */
            assert_int_equal(noise_handshake_read(&fresh, text_of(message, n), payload),
                             FAULT_CLOSED);
            flipped++;
        }
        for (size_t cut = 0; cut < n; cut++) {
            struct noise_handshake fresh = *reader;
            assert_int_not_equal(noise_handshake_read(&fresh, text_of(message, cut), payload), 0);
        }
        assert_int_equal(noise_handshake_read(reader, text_of(message, n), payload), FAULT_NONE);
    }
    assert_int_equal(flipped, (48 + 48 + 64 + 3 * 7) * 8);
}

/* The points that give zeros with any secret, among them the non-canonical ones (curve and twist);
 * as in RFC 7748's security considerations and cr.yp.to/ecdh.html. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void test_small_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++) {
        struct public32 bad;
        uint8_t message[MESSAGE_ROOM] = {0}, payload[MESSAGE_ROOM];
        hex_read(str_from(small_order[i]), bad.b, sizeof bad.b);
        struct two t;

        two_init(&t); /* as the responder's static key */
        t.options[0].remote = bad;
        noise_handshake_init(&t.side[0], &t.options[0]);
        assert_int_equal(noise_handshake_write(&t.side[0], STR_NONE, message), FAULT_CRYPTO);

        two_init(&t); /* as the initiator's ephemeral */
        memcpy(message, bad.b, sizeof bad.b);
        assert_int_equal(
            noise_handshake_read(&t.side[1], text_of(message, NOISE_MESSAGE_1_BYTES), payload),
            FAULT_CRYPTO);

        two_init(&t); /* as the responder's ephemeral */
        two_run(&t, 1);
        assert_int_equal(
            noise_handshake_read(&t.side[0], text_of(message, NOISE_MESSAGE_2_BYTES), payload),
            FAULT_CRYPTO);

        /* As the initiator's static key. It is sealed properly, and the sender goes on with the
         * zeros any point of small order gives: only the refusal of zeros stops it. */
        two_init(&t);
        t.side[0].local.public = bad;
        two_run(&t, 2);
        assert_int_equal(noise_handshake_write(&t.side[0], STR_NONE, message), FAULT_NONE);
        assert_int_equal(
            noise_handshake_read(&t.side[1], text_of(message, NOISE_MESSAGE_3_BYTES), payload),
            FAULT_CRYPTO);
    }
}

static void test_disagreement(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        bool prologue, server;
    } rows[] = {
        {"another prologue is noticed in message 1", true, false},
        {"a client that pins another server key fails in message 1", false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct two t;
        two_init(&t);
        if (rows[i].prologue) t.options[0].prologue = STR("Prologue");
        if (rows[i].server) t.options[0].remote = t.options[0].local.public;
        noise_handshake_init(&t.side[0], &t.options[0]);
        uint8_t message[MESSAGE_ROOM], payload[MESSAGE_ROOM];
        assert_int_equal(noise_handshake_write(&t.side[0], STR_NONE, message), FAULT_NONE);
        enum fault fault =
            noise_handshake_read(&t.side[1], text_of(message, NOISE_MESSAGE_1_BYTES), payload);
        if (fault != FAULT_CRYPTO) fail_msg("%s", rows[i].claim);
    }
}

static void test_turns(void **state)
{
    (void)state;
    struct two t;
    uint8_t room[MESSAGE_ROOM] = {0}, binding[NOISE_HASH_BYTES];
    struct noise_cipher a, b;
    struct public32 remote;
    two_init(&t);
    assert_true(noise_handshake_writes(&t.side[0]));
    assert_false(noise_handshake_writes(&t.side[1]));
    assert_int_equal(noise_handshake_write(&t.side[1], STR_NONE, room), FAULT_CLOSED);
    assert_int_equal(noise_handshake_read(&t.side[0], text_of(room, 48), room), FAULT_CLOSED);
    assert_int_equal(noise_handshake_split(&t.side[0], &a, &b, binding, &remote), FAULT_CLOSED);
    two_run(&t, 3);
    /* split wiped everything but the mark that it is over */
    for (int k = 0; k < 2; k++) {
        assert_int_equal(noise_handshake_size(&t.side[k]), 0);
        assert_int_equal(noise_handshake_write(&t.side[k], STR_NONE, room), FAULT_CLOSED);
        assert_int_equal(noise_handshake_read(&t.side[k], text_of(room, 64), room), FAULT_CLOSED);
        assert_int_equal(noise_handshake_split(&t.side[k], &a, &b, binding, &remote), FAULT_CLOSED);
        t.side[k].step = 0;
        assert_true(sodium_is_zero((const uint8_t *)&t.side[k], sizeof t.side[k]));
    }
}

static void test_too_long(void **state)
{
    (void)state;
    struct two t;
    uint8_t *large = calloc(1, NOISE_MESSAGE_MAX + 1);
    uint8_t *room = calloc(1, NOISE_MESSAGE_MAX + NOISE_TAG_BYTES);
    two_init(&t);
    assert_int_equal(
        noise_handshake_write(&t.side[0], text_of(large, NOISE_MESSAGE_MAX - 47), room),
        FAULT_LIMIT);
    assert_int_equal(noise_handshake_read(&t.side[1], text_of(large, NOISE_MESSAGE_MAX + 1), room),
                     FAULT_LIMIT);
    two_init(&t);
    two_run(&t, 3);
    struct noise_cipher *c = &t.sending[0];
    assert_int_equal(noise_encrypt(c, STR_NONE, text_of(large, NOISE_PLAINTEXT_MAX + 1), room),
                     FAULT_LIMIT);
    assert_int_equal(c->nonce, 0);
    assert_int_equal(noise_encrypt(c, STR_NONE, text_of(large, NOISE_PLAINTEXT_MAX), room),
                     FAULT_NONE);
    assert_int_equal(
        noise_decrypt(&t.receiving[1], STR_NONE, text_of(room, NOISE_MESSAGE_MAX + 1), large),
        FAULT_LIMIT);
    assert_int_equal(
        noise_decrypt(&t.receiving[1], STR_NONE, text_of(room, NOISE_MESSAGE_MAX), large),
        FAULT_NONE);
    free(large);
    free(room);
}

static void test_nonce(void **state)
{
    (void)state;
    struct two t;
    uint8_t sealed[64], plain[64];
    two_init(&t);
    two_run(&t, 3);
    struct str ad = STR("ad");
    assert_int_equal(noise_encrypt(&t.sending[0], ad, STR("first"), sealed), FAULT_NONE);
    struct str message = text_of(sealed, 5 + NOISE_TAG_BYTES);

    /* A forged message must not move the nonce (CVE-2021-4239 was that): the true one still opens */
    for (size_t bit = 0; bit < message.n * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(noise_decrypt(&t.receiving[1], ad, message, plain), FAULT_CRYPTO);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(noise_decrypt(&t.receiving[1], STR("da"), message, plain), FAULT_CRYPTO);
    for (size_t n = 0; n < message.n; n++) {
        assert_int_equal(noise_decrypt(&t.receiving[1], ad, text_of(sealed, n), plain),
                         FAULT_CRYPTO);
    }
    assert_int_equal(t.receiving[1].nonce, 0);
    assert_int_equal(noise_decrypt(&t.receiving[1], ad, message, plain), FAULT_NONE);
    assert_memory_equal(plain, "first", 5);
    assert_int_equal(t.receiving[1].nonce, 1);
    assert_int_equal(noise_decrypt(&t.receiving[1], ad, message, plain), FAULT_CRYPTO); /* again */

    t.sending[0].nonce = t.receiving[1].nonce = UINT64_MAX - 1; /* the last one that may be used */
    assert_int_equal(noise_encrypt(&t.sending[0], ad, STR("final"), sealed), FAULT_NONE);
    assert_int_equal(noise_decrypt(&t.receiving[1], ad, message, plain), FAULT_NONE);
    assert_int_equal(noise_encrypt(&t.sending[0], ad, STR("never"), sealed), FAULT_LIMIT);
    assert_int_equal(noise_decrypt(&t.receiving[1], ad, message, plain), FAULT_LIMIT);
    assert_int_equal(t.sending[0].nonce, UINT64_MAX);
}

static void test_rekey(void **state)
{
    (void)state;
    struct two t;
    uint8_t sealed[64], plain[64];
    two_init(&t);
    two_run(&t, 3);
    struct secret32 before = t.sending[0].key;
    assert_int_equal(noise_encrypt(&t.sending[0], STR_NONE, STR("a"), sealed), FAULT_NONE);
    assert_int_equal(noise_decrypt(&t.receiving[1], STR_NONE, text_of(sealed, 17), plain), 0);
    noise_rekey(&t.sending[0]);
    assert_int_equal(t.sending[0].nonce, 1); /* goes on */

    /* by the letter: the first 32 bytes of 32 zeros encrypted with the largest nonce */
    uint8_t want[48], zeros[32] = {0}, nonce[12] = {0};
    memset(nonce + 4, 0xff, 8);
    crypto_aead_chacha20poly1305_ietf_encrypt(want, NULL, zeros, sizeof zeros, NULL, 0, NULL, nonce,
                                              before.b);
    assert_memory_equal(t.sending[0].key.b, want, 32);

    assert_int_equal(noise_encrypt(&t.sending[0], STR_NONE, STR("b"), sealed), FAULT_NONE);
    assert_int_equal(noise_decrypt(&t.receiving[1], STR_NONE, text_of(sealed, 17), plain),
                     FAULT_CRYPTO);
    noise_rekey(&t.receiving[1]);
    assert_int_equal(noise_decrypt(&t.receiving[1], STR_NONE, text_of(sealed, 17), plain), 0);
    assert_int_equal(plain[0], 'b');
}

static void test_secrets(void **state)
{
    (void)state;
    struct random random;
    random_init_number(&random, 3);
    struct key_pair a = link_key_pair(&random), b = link_key_pair(&random);
    assert_true(secret32_equal(&a.secret, &a.secret));
    assert_false(secret32_equal(&a.secret, &b.secret));
    assert_false(public32_equal(&a.public, &b.public));
    secret32_finish(&a.secret);
    assert_true(sodium_is_zero(a.secret.b, sizeof a.secret.b));
    key_pair_finish(&b);
    assert_true(sodium_is_zero((const uint8_t *)&b, sizeof b));
    /* RFC 7748, section 6.1: Alice's pair */
    struct secret32 alice =
        hex_secret("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    struct public32 want;
    hex_read(STR("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"), want.b, 32);
    struct key_pair pair = key_pair_from_secret(&alice);
    assert_memory_equal(pair.public.b, want.b, sizeof want.b);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cacophony),    cmocka_unit_test(test_flynn),
        cmocka_unit_test(test_every_bit),    cmocka_unit_test(test_small_order),
        cmocka_unit_test(test_disagreement), cmocka_unit_test(test_turns),
        cmocka_unit_test(test_too_long),     cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_rekey),        cmocka_unit_test(test_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
