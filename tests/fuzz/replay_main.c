/* replay_main.c - runs a fuzz target without libFuzzer, so that it is an ordinary test.
 *
 * Linked to each fuzz_X.c when the build is not a libFuzzer one. Runs every file it is given (or
 * finds in the folders it is given), the empty input, and then seeded mutations of them. The
 * mutation with a given number is the same in every run with the same corpus and seed, so a
 * failure names its number and the input is saved where TMPDIR says. */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Optional in a target, as with libFuzzer. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
/* Present when a sanitizer is linked in. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

enum {
    INPUTS_MAX = 65536,         /* a corpus of more files belongs to a campaign, not to a test run */
    INPUT_BYTES_MAX = 1 << 20,  /* as large as the largest frame; larger files are refused */
    MUTATED_BYTES_MIN = 4096,   /* mutations may grow to this, or to twice the longest file */
    EDITS_MAX = 6,              /* per mutation; more makes nearly every input plain rubbish */
    ONE_INPUT_SECONDS_MAX = 20, /* then it counts as a hang */
};

struct input {
    uint8_t *bytes;
    size_t length;
    char *path;
};

struct corpus {
    struct input *inputs;
    size_t count;
    size_t length_max;
};

struct options {
    uint64_t mutations, seed, only;
    uint64_t seconds; /* 0: no limit */
    bool has_only;
    char **paths;
    int path_count;
};

/* What runs right now, for the report of a death; hence the only mutable statics here. */
static const uint8_t *current_bytes;
static size_t current_length;
static char current_name[PATH_MAX + 64];
static char crash_path[PATH_MAX];

/* --- a small seeded generator (splitmix64): this driver needs nothing of ours to run --- */

static uint64_t dice_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 .. below - 1; 0 when below is 0. */
static size_t dice_below(uint64_t *state, size_t below)
{
    return below == 0 ? 0 : (size_t)(dice_next(state) % below);
}

/* --- what is told when an input kills the program --- */

static void say(const char *text)
{
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

/* Async-signal-safe: called from handlers and from the sanitizer's last breath. */
static void death_report(void)
{
    if (!current_bytes) return;
    say("\nreplay: died in ");
    say(current_name);
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        ssize_t ignored = write(fd, current_bytes, current_length);
        (void)ignored;
        close(fd);
        say("\nreplay: the input is saved as ");
        say(crash_path);
    }
    say("\n");
    current_bytes = NULL;
}

static void death_by_signal(int number)
{
    if (number == SIGALRM) say("\nreplay: one input took too long");
    death_report();
    signal(number, SIG_DFL);
    raise(number == SIGALRM ? SIGABRT : number);
}

static void death_watch(const char *program)
{
    const char *folder = getenv("TMPDIR");
    const char *slash = strrchr(program, '/');
    snprintf(crash_path, sizeof crash_path, "%s/crash-%s-%ld", folder && *folder ? folder : "/tmp",
             slash ? slash + 1 : program, (long)getpid());
    signal(SIGABRT, death_by_signal);
    signal(SIGALRM, death_by_signal);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(death_report);
        return;
    }
    const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        signal(deadly[i], death_by_signal);
    }
}

/* --- running --- */

/* The copy is exactly as long as the input, so that a read past its end is seen. */
static void input_run(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    if (!copy) {
        perror("malloc");
        exit(2);
    }
    if (length) memcpy(copy, bytes, length);
    current_bytes = bytes;
    current_length = length;
    alarm(ONE_INPUT_SECONDS_MAX);
    LLVMFuzzerTestOneInput(copy, length);
    alarm(0);
    current_bytes = NULL;
    free(copy);
}

/* --- the corpus --- */

static void corpus_add(struct corpus *corpus, const char *path, const struct stat *about)
{
    if (about->st_size > INPUT_BYTES_MAX || corpus->count == INPUTS_MAX) {
        fprintf(stderr, "replay: %s: too large, or too many files\n", path);
        exit(2);
    }
    struct input input = {.length = (size_t)about->st_size, .path = strdup(path)};
    input.bytes = malloc(input.length + 1);
    FILE *file = fopen(path, "rb");
    if (!file || !input.bytes || !input.path ||
        fread(input.bytes, 1, input.length, file) != input.length) {
        fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    fclose(file);
    struct input *grown = realloc(corpus->inputs, (corpus->count + 1) * sizeof *grown);
    if (!grown) {
        perror("realloc");
        exit(2);
    }
    corpus->inputs = grown;
    corpus->inputs[corpus->count++] = input;
    if (input.length > corpus->length_max) corpus->length_max = input.length;
}

static int input_compare(const void *a, const void *b)
{
    const struct input *left = a;
    const struct input *right = b;
    return strcmp(left->path, right->path);
}

/* A path that does not exist counts as an empty folder: a target may live by mutations alone. */
static void corpus_load(struct corpus *corpus, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0) return;
    if (!S_ISDIR(about.st_mode)) {
        corpus_add(corpus, path, &about);
        return;
    }
    DIR *folder = opendir(path);
    if (!folder) {
        perror(path);
        exit(2);
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        char inside[PATH_MAX];
        int n = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (n > 0 && (size_t)n < sizeof inside && stat(inside, &about) == 0 &&
            S_ISREG(about.st_mode)) {
            corpus_add(corpus, inside, &about);
        }
    }
    closedir(folder);
    /* The order of a folder is the file system's; the mutations must not depend on it. */
    if (corpus->count) qsort(corpus->inputs, corpus->count, sizeof *corpus->inputs, input_compare);
}

static void corpus_finish(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        free(corpus->inputs[i].bytes);
        free(corpus->inputs[i].path);
    }
    free(corpus->inputs);
}

/* --- mutations --- */

struct draft {
    uint8_t *bytes;
    size_t length, capacity;
};

static void draft_insert(struct draft *draft, size_t at, const uint8_t *bytes, size_t n)
{
    if (n > draft->capacity - draft->length) n = draft->capacity - draft->length;
    if (n == 0) return;
    memmove(draft->bytes + at + n, draft->bytes + at, draft->length - at);
    memcpy(draft->bytes + at, bytes, n);
    draft->length += n;
}

static void draft_cut(struct draft *draft, size_t at, size_t n)
{
    if (n > draft->length - at) n = draft->length - at;
    if (n == 0) return;
    memmove(draft->bytes + at, draft->bytes + at + n, draft->length - at - n);
    draft->length -= n;
}

/* Puts one of the values parsers stumble on over 1, 2, 4 or 8 bytes, in either byte order. */
static void draft_stumble(struct draft *draft, uint64_t *dice)
{
    static const uint64_t values[] = {0,           1,          0x7f,       0x80,      0xff,
                                      0x100,       0x7fff,     0x8000,     0xffff,    0x10000,
                                      0x7fffffff,  0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX,
                                      0x8000000000000000};
    size_t width = (size_t)1 << dice_below(dice, 4);
    if (draft->length < width) return;
    size_t at = dice_below(dice, draft->length - width + 1);
    uint64_t value = values[dice_below(dice, sizeof values / sizeof values[0])];
    bool big_endian = dice_next(dice) & 1;
    for (size_t i = 0; i < width; i++) {
        size_t shift = 8 * (big_endian ? width - 1 - i : i);
        draft->bytes[at + i] = (uint8_t)(value >> shift);
    }
}

static void draft_edit(struct draft *draft, const struct corpus *corpus, uint64_t *dice)
{
    uint8_t fresh[16];
    size_t n = 1 + dice_below(dice, sizeof fresh);
    size_t at = dice_below(dice, draft->length + 1);
    switch (dice_below(dice, 7)) {
    case 0: /* one bit */
        if (at < draft->length) draft->bytes[at] ^= (uint8_t)(1u << dice_below(dice, 8));
        break;
    case 1: /* one byte */
        if (at < draft->length) draft->bytes[at] = (uint8_t)dice_next(dice);
        break;
    case 2:
        draft_stumble(draft, dice);
        break;
    case 3: /* new bytes */
        for (size_t i = 0; i < n; i++) fresh[i] = (uint8_t)dice_next(dice);
        draft_insert(draft, at, fresh, n);
        break;
    case 4: /* a piece away, or everything from here on */
        draft_cut(draft, at, dice_below(dice, 8) ? n : draft->length);
        break;
    case 5: /* a piece of itself again */
        if (n > draft->length - at) n = draft->length - at;
        memcpy(fresh, draft->bytes + at, n);
        draft_insert(draft, dice_below(dice, draft->length + 1), fresh, n);
        break;
    default: /* a piece of another file */
        if (corpus->count) {
            const struct input *other = &corpus->inputs[dice_below(dice, corpus->count)];
            size_t from = dice_below(dice, other->length + 1);
            draft_insert(draft, at, other->bytes + from,
                         dice_below(dice, other->length - from + 1));
        }
        break;
    }
}

static void mutation_run(const struct corpus *corpus, struct draft *draft, uint64_t seed,
                         uint64_t number)
{
    uint64_t dice = seed * UINT64_C(0x2545f4914f6cdd1d) + number;
    const char *origin = "nothing";
    draft->length = 0;
    if (corpus->count && dice_below(&dice, 16) != 0) {
        const struct input *start = &corpus->inputs[dice_below(&dice, corpus->count)];
        memcpy(draft->bytes, start->bytes, start->length);
        draft->length = start->length;
        origin = start->path;
    }
    size_t edits = 1 + dice_below(&dice, draft->length ? EDITS_MAX : 10 * EDITS_MAX);
    for (size_t i = 0; i < edits; i++) draft_edit(draft, corpus, &dice);
    snprintf(current_name, sizeof current_name,
             "mutation %" PRIu64 " (seed %" PRIu64 ") of %s", number, seed, origin);
    input_run(draft->bytes, draft->length);
}

/* Returns how many were run: fewer than asked when the seconds are used up. */
static uint64_t mutations_run(const struct corpus *corpus, const struct options *options)
{
    struct draft draft = {.capacity = 2 * corpus->length_max};
    if (draft.capacity < MUTATED_BYTES_MIN) draft.capacity = MUTATED_BYTES_MIN;
    draft.bytes = malloc(draft.capacity);
    if (!draft.bytes) {
        perror("malloc");
        exit(2);
    }
    time_t end = time(NULL) + (time_t)options->seconds;
    uint64_t done = 0;
    if (options->has_only) {
        mutation_run(corpus, &draft, options->seed, options->only);
        done = 1;
    } else {
        while (done < options->mutations && (options->seconds == 0 || time(NULL) < end)) {
            mutation_run(corpus, &draft, options->seed, done++);
        }
    }
    free(draft.bytes);
    return done;
}

/* --- command line --- */

static int usage(void)
{
    fprintf(stderr, "usage: fuzz_X [--mutations N] [--seconds MAX] [--seed N] [--only MUTATION] "
                    "[FILE|FOLDER]...\n");
    return 2;
}

static bool options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.seed = 1};
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        char *end = NULL;
        uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], &end, 10) : 0;
        if (!end || *end || end == argv[i + 1]) return false;
        if (strcmp(argv[i], "--mutations") == 0) {
            options->mutations = value;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            options->seconds = value;
        } else if (strcmp(argv[i], "--seed") == 0) {
            options->seed = value;
        } else if (strcmp(argv[i], "--only") == 0) {
            options->only = value;
            options->has_only = true;
        } else {
            return false;
        }
    }
    options->paths = argv + i;
    options->path_count = argc - i;
    return true;
}

int main(int argc, char **argv)
{
    struct options options;
    if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
    if (!options_read(&options, argc, argv)) return usage();

    struct corpus corpus = {0};
    for (int i = 0; i < options.path_count; i++) corpus_load(&corpus, options.paths[i]);
    death_watch(argv[0]);

    snprintf(current_name, sizeof current_name, "the empty input");
    input_run((const uint8_t *)"", 0);
    for (size_t i = 0; i < corpus.count; i++) {
        snprintf(current_name, sizeof current_name, "%s", corpus.inputs[i].path);
        input_run(corpus.inputs[i].bytes, corpus.inputs[i].length);
    }
    uint64_t mutations = mutations_run(&corpus, &options);
    printf("replay: %zu files, %" PRIu64 " mutations (seed %" PRIu64 ")\n", corpus.count, mutations,
           options.seed);
    corpus_finish(&corpus);
    return 0;
}
