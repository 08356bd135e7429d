/* test_access_journal.c - what must outlive a restored database is on disk whole, whatever tears the
 * file, and is written once. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/edge/access_journal.h"
#include "server/edge/known_numbers.h"
#include "server/edge/witness.h"

#include "common/base/banned.h"

static char folder[64], path[96], numbers[96];

static struct uuid id_of(uint8_t n)
{
    struct uuid id = {{1, 2, 3}};
    id.b[15] = n;
    return id;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sluice-journal-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/access.journal", folder);
    snprintf(numbers, sizeof numbers, "%s/known.numbers", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(numbers);
    return rmdir(folder);
}

static struct access_journal *reopened(struct access_journal *old)
{
    struct access_journal *journal;
    struct trouble trouble;
    access_journal_close(old);
    assert_int_equal(access_journal_open(folder, &journal, &trouble), FAULT_NONE);
    return journal;
}

static struct access_entry enrolled(uint8_t n, const char *name)
{
    struct access_entry entry = {.kind = ACCESS_ENROLLED,
                                 .team = id_of(200),
                                 .subject = id_of(n),
                                 .at_ms = INT64_C(1700000000123),
                                 .name = str_from(name)};
    memset(entry.key, n, sizeof entry.key);
    memset(entry.code_hash, n + 1, sizeof entry.code_hash);
    return entry;
}

static struct access_entry out_of(enum access_kind kind, uint8_t n)
{
    return (struct access_entry){
        .kind = kind, .team = id_of(200), .subject = id_of(n), .at_ms = 5, .by = id_of(201)};
}

static void add(struct access_journal *journal, struct access_entry entry)
{
    assert_int_equal(access_journal_add(journal, &entry), FAULT_NONE);
}

static off_t size_of(void)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_size;
}

static void file_append(const char *text)
{
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_what_was_added_is_read_again(void **state)
{
    (void)state;
    struct stat about;
    struct access_journal *journal = reopened(NULL);
    assert_int_equal(access_journal_count(journal), 0);
    add(journal, enrolled(1, "Łódź laptop"));
    add(journal, enrolled(2, ""));
    add(journal, out_of(ACCESS_REVOKED, 1));
    add(journal, out_of(ACCESS_REMOVED, 9));
    journal = reopened(journal);
    assert_int_equal(access_journal_count(journal), 4);
    const struct access_entry *first = access_journal_entry(journal, 0);
    struct access_entry wanted = enrolled(1, "Łódź laptop");
    assert_int_equal(first->kind, ACCESS_ENROLLED);
    assert_true(uuid_equal(first->subject, wanted.subject));
    assert_true(uuid_equal(first->team, wanted.team));
    assert_true(first->at_ms == wanted.at_ms);
    assert_true(str_equal(first->name, wanted.name));
    assert_memory_equal(first->key, wanted.key, sizeof wanted.key);
    assert_memory_equal(first->code_hash, wanted.code_hash, sizeof wanted.code_hash);
    assert_int_equal(access_journal_entry(journal, 1)->name.n, 0);
    const struct access_entry *out = access_journal_entry(journal, 2);
    assert_int_equal(out->kind, ACCESS_REVOKED);
    assert_true(uuid_equal(out->by, id_of(201)));
    assert_int_equal(access_journal_entry(journal, 3)->kind, ACCESS_REMOVED);
    assert_int_equal(access_journal_damaged(journal), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    access_journal_close(journal);
}

static void test_the_same_is_written_once(void **state)
{
    (void)state;
    struct access_journal *journal = reopened(NULL);
    add(journal, enrolled(1, "a"));
    off_t size = size_of();
    add(journal, enrolled(1, "a"));
    journal = reopened(journal);
    add(journal, enrolled(1, "a"));
    assert_true(size_of() == size);
    add(journal, out_of(ACCESS_REVOKED, 1)); /* another thing of the same device */
    assert_true(size_of() > size);
    access_journal_close(journal);
}

/* At every byte of the last line. */
static void test_a_torn_last_line_is_cut_off(void **state)
{
    (void)state;
    struct access_journal *journal = reopened(NULL);
    add(journal, enrolled(1, "a"));
    off_t one = size_of();
    add(journal, out_of(ACCESS_REVOKED, 1));
    off_t two = size_of();
    for (off_t end = two - 1; end > one; end--) {
        access_journal_close(journal);
        assert_int_equal(truncate(path, end), 0);
        journal = reopened(NULL);
        assert_int_equal(access_journal_count(journal), 1);
        assert_true(size_of() == one);
        add(journal, out_of(ACCESS_REVOKED, 1));
        assert_true(size_of() == two);
    }
    journal = reopened(journal);
    assert_int_equal(access_journal_count(journal), 2);
    assert_int_equal(access_journal_damaged(journal), 0);
    access_journal_close(journal);
}

static void test_a_damaged_line_hides_no_other(void **state)
{
    (void)state;
    struct access_journal *journal = reopened(NULL);
    add(journal, enrolled(1, "a"));
    file_append("revoked nonsense\n\n");
    add(journal, out_of(ACCESS_REVOKED, 1));
    access_journal_close(journal);
    int fd = open(path, O_WRONLY); /* one letter of the first line */
    assert_int_equal(pwrite(fd, "f", 1, 20), 1);
    close(fd);
    journal = reopened(NULL);
    assert_int_equal(access_journal_count(journal), 1);
    assert_int_equal(access_journal_entry(journal, 0)->kind, ACCESS_REVOKED);
    assert_int_equal(access_journal_damaged(journal), 3);
    access_journal_close(journal);
}

/* A file that may not grow is as good as a full disk. */
static void test_what_cannot_be_written_comes_with_the_next(void **state)
{
    (void)state;
    struct access_journal *journal = reopened(NULL);
    add(journal, enrolled(1, "a"));
    off_t before = size_of();
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = (rlim_t)before + 10; /* in the middle of the next line */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct access_entry revoked = out_of(ACCESS_REVOKED, 1);
    enum fault fault = access_journal_add(journal, &revoked);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(fault, FAULT_FULL);
    assert_true(size_of() == before);
    add(journal, out_of(ACCESS_REVOKED, 2));
    journal = reopened(journal);
    assert_int_equal(access_journal_count(journal), 3);
    assert_int_equal(access_journal_damaged(journal), 0);
    access_journal_close(journal);
}

static void test_the_store_goes_by_and_is_remembered(void **state)
{
    (void)state;
    struct trouble trouble;
    struct witness *witness;
    assert_int_equal(witness_open(folder, &witness, &trouble), FAULT_NONE);
    struct device device = {.id = id_of(7), .member = id_of(8), .revoked = true,
                            .revoked_at = {true, 99}, .revoked_by = id_of(201)};
    struct device other = {.id = id_of(6), .member = id_of(8)};
    struct outcome outcome = {.replica = id_of(50), .number = 12, .mutation = id_of(60),
                              .recorded_at = {true, 88}};
    struct row rows[] = {{.kind = ENTITY_DEVICE, .id = device.id, .seq = 3, .entity = &device},
                         {.kind = ENTITY_DEVICE, .id = other.id, .seq = 3, .entity = &other},
                         {.kind = ENTITY_OUTCOME, .id = id_of(50), .seq = 3, .n = 12,
                          .entity = &outcome}};
    struct store_replica replica = {.id = id_of(50), .last_number = 12};
    struct store_request commit = {.kind = STORE_COMMIT, .ticket = 1, .team = id_of(200),
                                   .rows = rows, .row_count = 3, .replica_numbers = &replica,
                                   .replica_number_count = 1};
    struct store_result result = {.kind = STORE_COMMIT, .ticket = 1, .status = STORE_STALE};
    witness_asked(witness, &commit);
    assert_true(witness_heard(witness, &result)); /* nothing was written: nothing is remembered */
    assert_true(size_of() == 0);
    commit.ticket = result.ticket = 2;
    result.status = STORE_OK;
    witness_asked(witness, &commit);
    assert_true(witness_heard(witness, &result));
    assert_true(size_of() > 0); /* at once, before anybody is answered */
    struct store_request enrol = {.kind = STORE_ENROL, .ticket = 3, .now_ms = 77,
                                  .device_name = STR("laptop")};
    struct store_result enrolment = {.kind = STORE_ENROL, .ticket = 3, .status = STORE_OK,
                                     .team = id_of(200), .device = id_of(5)};
    witness_asked(witness, &enrol);
    assert_true(witness_heard(witness, &enrolment));
    struct store_request token = {.kind = STORE_TOKEN, .ticket = 4, .team = id_of(200),
                                  .replica = id_of(50), .device = id_of(5)};
    struct store_result rotated = {.kind = STORE_TOKEN, .ticket = 4, .status = STORE_OK};
    witness_asked(witness, &token);
    assert_true(witness_heard(witness, &rotated));
    witness_close(witness);
    struct access_journal *journal = reopened(NULL);
    assert_int_equal(access_journal_count(journal), 2);
    assert_true(uuid_equal(access_journal_entry(journal, 0)->subject, device.id));
    assert_true(access_journal_entry(journal, 0)->at_ms == 99);
    assert_true(uuid_equal(access_journal_entry(journal, 1)->subject, id_of(5)));
    access_journal_close(journal);
    struct known_numbers *known = known_numbers_open(folder);
    assert_int_equal(known_numbers_count(known), 1);
    assert_true(known_numbers_at(known, 0)->number == 12);
    assert_true(uuid_equal(known_numbers_at(known, 0)->device, id_of(5)));
    assert_true(uuid_equal(known_numbers_at(known, 0)->mutation, id_of(60)));
    assert_true(known_numbers_at(known, 0)->at_ms == 88);
    known_numbers_close(known);
}

static struct known_number answered(uint64_t number, uint8_t mutation)
{
    return (struct known_number){.team = id_of(200), .replica = id_of(50), .device = id_of(5),
                                 .mutation = id_of(mutation), .number = number, .at_ms = 88};
}

static void learn(struct known_numbers *known, uint64_t number, uint8_t mutation)
{
    struct known_number heard = answered(number, mutation);
    known_numbers_learn(known, &heard);
}

static struct known_numbers *numbers_again(struct known_numbers *known)
{
    assert_int_equal(known_numbers_write(known), FAULT_NONE);
    known_numbers_close(known);
    known = known_numbers_open(folder);
    assert_non_null(known);
    return known;
}

/* After a restore the copy goes on to other numbers: what it had been answered is not forgotten until
 * it is answered again. */
static void test_what_was_answered_in_a_lost_history_is_kept(void **state)
{
    (void)state;
    struct known_numbers *known = known_numbers_open(folder);
    learn(known, 24, 64);
    learn(known, 25, 65);
    learn(known, 25, 65);
    assert_int_equal(known_numbers_count(known), 1);
    known = numbers_again(known);
    assert_int_equal(known_numbers_count(known), 1);
    learn(known, 21, 71); /* a lower number: the database went back */
    learn(known, 22, 72);
    assert_int_equal(known_numbers_count(known), 2);
    known = numbers_again(known);
    assert_int_equal(known_numbers_count(known), 2);
    assert_true(known_numbers_at(known, 0)->number == 22 && !known_numbers_at(known, 0)->lost);
    const struct known_number *lost = known_numbers_at(known, 1);
    assert_true(lost->lost && lost->number == 25 && uuid_equal(lost->mutation, id_of(65)));
    assert_true(uuid_equal(lost->device, id_of(5)) && lost->at_ms == 88);
    known_numbers_doubt(known); /* once more, while others go on with the copy */
    learn(known, 29, 79);
    learn(known, 30, 80);
    assert_int_equal(known_numbers_count(known), 3);
    assert_true(known_numbers_at(known, 0)->number == 30);
    assert_true(known_numbers_at(known, 2)->number == 22);
    known_numbers_answered(known, id_of(50), id_of(72)); /* it was there all the time */
    learn(known, 31, 65); /* offered again, under another number */
    assert_int_equal(known_numbers_count(known), 1);
    known_numbers_doubt(known);
    known_numbers_answered(known, id_of(50), id_of(65));
    learn(known, 32, 82);
    struct known_number token = {.team = id_of(200), .replica = id_of(50), .device = id_of(6)};
    known_numbers_learn(known, &token); /* says nothing of answers */
    assert_int_equal(known_numbers_count(known), 1);
    assert_true(known_numbers_at(known, 0)->number == 32);
    assert_true(uuid_equal(known_numbers_at(known, 0)->device, id_of(6)));
    known = numbers_again(known);
    assert_int_equal(known_numbers_count(known), 1);
    known_numbers_close(known);
}

/* However often the database goes back: the oldest go. */
static void test_what_is_lost_is_bounded(void **state)
{
    (void)state;
    struct known_numbers *known = known_numbers_open(folder);
    for (uint64_t i = 0; i < 5000; i++) {
        struct known_number heard = answered(5, 1);
        memcpy(heard.mutation.b, &i, sizeof i);
        known_numbers_learn(known, &heard);
    }
    assert_true(known_numbers_count(known) < 5000);
    known_numbers_close(known);
}

/* A database that went back under the server: who was sent away is not let in, and who was let in by an
 * invitation that comes back, is again. */
static void test_what_the_database_forgot_is_known(void **state)
{
    (void)state;
    struct trouble trouble;
    struct witness *witness;
    assert_int_equal(witness_open(folder, &witness, &trouble), FAULT_NONE);
    struct device revoked = {.id = id_of(7), .member = id_of(8), .revoked = true};
    struct member gone = {.id = id_of(9), .removed = true};
    struct row rows[] = {{.kind = ENTITY_DEVICE, .id = revoked.id, .seq = 3, .entity = &revoked},
                         {.kind = ENTITY_MEMBER, .id = gone.id, .seq = 3, .entity = &gone}};
    struct store_request commit = {.kind = STORE_COMMIT, .ticket = 1, .team = id_of(200),
                                   .rows = rows, .row_count = 2};
    struct store_result done = {.kind = STORE_COMMIT, .ticket = 1, .status = STORE_OK};
    witness_asked(witness, &commit);
    assert_true(witness_heard(witness, &done));
    struct member stays = {.id = id_of(8)};
    const struct {
        struct uuid device;
        const struct member *member;
        enum store_status status;
        bool out;
    } signs[] = {{id_of(7), &stays, STORE_OK, true},       /* its device was revoked */
                 {id_of(6), &stays, STORE_OK, false},      /* another one of the same member */
                 {id_of(5), &gone, STORE_OK, true},        /* the member was removed */
                 {id_of(7), &stays, STORE_REVOKED, false}, /* the database knows */
                 {id_of(7), NULL, STORE_NOT_FOUND, false}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        struct store_result sign_in = {.kind = STORE_SIGN_IN, .status = signs[i].status,
                                       .device = signs[i].device, .member = signs[i].member};
        enum entity_kind kind = ENTITY_NONE;
        struct uuid subject;
        assert_int_equal(witness_shuts_out(witness, &sign_in, &kind, &subject), signs[i].out);
        if (signs[i].out) assert_int_equal(kind, i == 0 ? ENTITY_DEVICE : ENTITY_MEMBER);
    }
    struct store_request enrol = {.kind = STORE_ENROL, .ticket = 3, .now_ms = 77, .code_hash = {4},
                                  .device_key = {5}, .device_name = STR("laptop")};
    struct store_result enrolment = {.kind = STORE_ENROL, .ticket = 3, .status = STORE_OK,
                                     .team = id_of(200), .device = id_of(11)};
    witness_asked(witness, &enrol);
    assert_true(witness_heard(witness, &enrolment));
    assert_null(witness_next(witness));
    struct invitation back = {.id = id_of(12), .code_hash = {(const char *)enrol.code_hash, 32}};
    struct row row = {.kind = ENTITY_INVITATION, .id = back.id, .seq = 4, .entity = &back};
    commit = (struct store_request){.kind = STORE_COMMIT, .ticket = 5, .rows = &row, .row_count = 1};
    done.ticket = 5;
    witness_asked(witness, &commit);
    assert_true(witness_heard(witness, &done));
    const struct store_request *again = witness_next(witness);
    assert_non_null(again);
    assert_int_equal(again->kind, STORE_ENROL);
    assert_true(uuid_equal(again->device, id_of(11)) && again->now_ms == 77);
    assert_true(str_equal(again->device_name, STR("laptop")));
    assert_memory_equal(again->device_key, enrol.device_key, 32);
    assert_memory_equal(again->code_hash, enrol.code_hash, 32);
    assert_null(witness_next(witness)); /* once */
    assert_true(witness_own(witness, &(struct store_result){.ticket = again->ticket}));
    assert_false(witness_own(witness, &done));
    witness_close(witness);
}

/* Processor time of giving the numbers of so many teams to a server, ten copies each. */
static double compare_seconds(size_t teams)
{
    enum { COPIES = 10 };
    struct trouble trouble;
    struct witness *witness;
    struct store_result done = {.kind = STORE_TOKEN, .status = STORE_OK};
    assert_int_equal(witness_open(folder, &witness, &trouble), FAULT_NONE);
    for (size_t i = 0; i < teams * COPIES; i++) {
        /* Neighbours are of different teams. */
        uint32_t at[2] = {(uint32_t)(i % teams), (uint32_t)i};
        struct uuid base = {{1}};
        struct store_request token = {
            .kind = STORE_TOKEN,
            .ticket = ++done.ticket,
            .team = uuid_derive(base, (struct str){(const char *)at, sizeof at[0]}),
            .replica = uuid_derive(base, (struct str){(const char *)at, sizeof at}),
            .wanted = {.last_number = 1}};
        witness_asked(witness, &token);
        assert_true(witness_heard(witness, &done));
    }
    struct server_options options = {.key_count = 1, .program = STR("test")};
    struct server *server = server_create(&options);
    assert_non_null(server);
    clock_t began = clock();
    struct now now = {.boot_ms = 1000, .wall_ms = 1000};
    assert_true(witness_compare(witness, server, now));
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    server_destroy(server);
    witness_close(witness);
    unlink(numbers);
    return seconds;
}

/* It happens on the loop: four times the teams may cost four times as much, not sixteen times. */
static void test_many_teams_are_compared_at_once(void **state)
{
    (void)state;
    double few = compare_seconds(1500), many = compare_seconds(6000);
    if (many > 8 * few + 0.1) fail_msg("%.3f s, then %.3f s", few, many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_added_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_same_is_written_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_torn_last_line_is_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_line_hides_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written_comes_with_the_next, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_store_goes_by_and_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_answered_in_a_lost_history_is_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_lost_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_the_database_forgot_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_teams_are_compared_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
