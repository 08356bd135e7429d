/* test_invitation.c - claims about invitation lines: what is made is read back, what was mistyped is
 * told apart from what is no invitation. */
#include "common/link/invitation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct { const char *claim, *address; enum fault want; } addresses[] = {
    {"a name and a port", "sluice.example.org:7117", FAULT_NONE},
    {"dashes in a name", "north-1.example:1", FAULT_NONE},
    {"an IPv4 address", "127.0.0.1:65535", FAULT_NONE},
    {"an IPv6 address in brackets", "[::1]:7117", FAULT_NONE},
    {"no port", "sluice.example.org", FAULT_FORMAT},
    {"port 0", "localhost:0", FAULT_FORMAT},
    {"a port too high", "localhost:65536", FAULT_FORMAT},
    {"a port with letters", "localhost:71x", FAULT_FORMAT},
    {"a blank in the host", "local host:7117", FAULT_FORMAT},
    {"no host", ":7117", FAULT_FORMAT},
    {"nothing", "", FAULT_FORMAT},
};

static struct invitation_line sample(const char *address)
{
    struct invitation_line line = {.address = str_from(address)};
    for (size_t i = 0; i < sizeof line.server_key; i++) line.server_key[i] = (uint8_t)(i * 37 + 1);
    for (size_t i = 0; i < sizeof line.code; i++) line.code[i] = (uint8_t)(255 - i * 11);
    return line;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        char text[INVITATION_LINE_MAX + 1];
        struct invitation_line line = sample(addresses[i].address), back;
        enum fault fault = invitation_line_format(&line, text);
        if (fault != addresses[i].want) fail_msg("%s: %s", addresses[i].claim, fault_name(fault));
        if (fault) continue;
        assert_int_equal(invitation_line_parse(str_from(text), &back), FAULT_NONE);
        assert_true(str_equal(back.address, line.address));
        assert_memory_equal(back.server_key, line.server_key, sizeof line.server_key);
        assert_memory_equal(back.code, line.code, sizeof line.code);
    }
}

/* Every single wrong character behind the prefix is noticed, also in the address. */
static void test_every_typing_error_is_noticed(void **state)
{
    (void)state;
    char text[INVITATION_LINE_MAX + 1];
    struct invitation_line line = sample("host-1.example:7117"), back;
    assert_int_equal(invitation_line_format(&line, text), FAULT_NONE);
    for (size_t i = 0; text[i]; i++) {
        char right = text[i];
        text[i] = right == 'z' ? 'y' : 'z';
        if (invitation_line_parse(str_from(text), &back) == FAULT_NONE) {
            fail_msg("position %zu may be anything", i);
        }
        text[i] = right;
    }
    for (size_t n = 0; n < strlen(text); n++) {
        assert_int_not_equal(invitation_line_parse((struct str){text, n}, &back), FAULT_NONE);
    }
}

static void test_what_people_do_to_it(void **state)
{
    (void)state;
    char text[INVITATION_LINE_MAX + 1], padded[INVITATION_LINE_MAX + 8];
    struct invitation_line line = sample("host:7117"), back;
    assert_int_equal(invitation_line_format(&line, text), FAULT_NONE);
    char *tail = strrchr(text, '-') + 1;
    for (char *c = tail; *c; c++) {
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
        if (*c == '0') *c = 'O';
        if (*c == '1') *c = 'l';
    }
    padded[0] = ' ';
    memcpy(padded + 1, text, strlen(text));
    memcpy(padded + 1 + strlen(text), " \n", 3);
    assert_int_equal(invitation_line_parse(str_from(padded), &back), FAULT_NONE);
    assert_memory_equal(back.code, line.code, sizeof line.code);
}

static void test_several_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        size_t count; /* 0: refused */
    } rows[] = {
        {"a:1", 1},
        {"north.example:7117,[::1]:7,10.0.0.1:65535", 3},
        {"a:1,a:1", 2}, /* said twice is tried twice */
        {"a:1,b:2,c:3,d:4,e:5,f:6,g:7,h:8", INVITATION_ADDRESSES_MAX},
        {"a:1,b:2,c:3,d:4,e:5,f:6,g:7,h:8,i:9", 0},
        {"", 0},
        {",", 0},
        {"a:1,", 0},
        {",a:1", 0},
        {"a:1, b:2", 0},
        {"a:1;b:2", 0},
        {"a:1,b", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str out[INVITATION_ADDRESSES_MAX];
        size_t count = 0;
        enum fault fault = invitation_addresses(str_from(rows[i].list), out, &count);
        if ((fault == FAULT_NONE) != (rows[i].count > 0)) fail_msg("%s", rows[i].list);
        if (fault == FAULT_NONE) assert_int_equal(count, rows[i].count);
    }
    assert_int_equal(invitation_addresses(STR_NONE, (struct str[8]){{0}}, &(size_t){0}),
                     FAULT_FORMAT);
    /* Three long ones are too long together, though each is one. */
    char text[INVITATION_LINE_MAX + 1], list[3 * 200 + 1] = "";
    for (size_t i = 0; i < 600; i++) list[i] = i % 200 == 199 ? ',' : i % 200 > 195 ? '7' : 'a';
    for (size_t i = 195; i < 600; i += 200) list[i] = ':';
    list[599] = 0;
    struct str each[INVITATION_ADDRESSES_MAX];
    size_t count;
    assert_int_equal(invitation_addresses((struct str){list, 599}, each, &count), FAULT_FORMAT);
    assert_int_equal(invitation_addresses((struct str){list, 399}, each, &count), FAULT_NONE);
    struct invitation_line line = {.address = {list, 399}}, back;
    assert_int_equal(invitation_line_format(&line, text), FAULT_NONE);
    assert_int_equal(invitation_line_parse(str_from(text), &back), FAULT_NONE);
    assert_true(str_equal(back.address, line.address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_typing_error_is_noticed),
        cmocka_unit_test(test_what_people_do_to_it),
        cmocka_unit_test(test_several_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
