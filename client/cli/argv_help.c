/* argv_help.c - help, manual page and completion: the table of verbs as text. Examples first. */
#include "client/cli/argv.h"

#include <string.h>

#include "common/base/banned.h"

enum { FORM_WIDTH = 28, NOUN_EXAMPLES = 5 };

static const struct {
    const char *heading, *nouns[3]; /* NULL: what belongs nowhere else */
} sections[] = {
    {"Deals", {"deal", "lead", NULL}},
    {"Organisations and people", {"org", "person", NULL}},
    {"Everything else", {NULL, NULL, NULL}},
};
enum { SECTION_COUNT = sizeof sections / sizeof sections[0] };

static size_t section_of(const struct verb *verb)
{
    for (size_t i = 0; i + 1 < SECTION_COUNT; i++) {
        for (size_t k = 0; sections[i].nouns[k] && verb->noun; k++) {
            if (strcmp(sections[i].nouns[k], verb->noun) == 0) return i;
        }
    }
    return SECTION_COUNT - 1;
}

static struct str verb_form(struct arena *arena, const struct verb *verb)
{
    return arena_format(arena, "%s%s%s%s%s", verb->noun ? verb->noun : "", verb->noun ? " " : "",
                        verb->name, verb->arguments[0] ? " " : "", verb->arguments);
}

/* "--wait[=SECONDS]", "--json [FIELDS]", "--value AMOUNT". */
static struct str option_form(struct arena *arena, const struct option *option)
{
    const char *name = option->name;
    if (strcmp(name, "wait") == 0) return STR("--wait[=SECONDS]");
    if (strcmp(name, "json") == 0) return STR("--json [FIELDS]");
    return arena_format(arena, "--%s%s%s", name, option->value ? " " : "",
                        option->value ? option->value : "");
}

/* Two columns; what is too long for the left one has a line of its own. */
static struct str two_columns(struct arena *arena, struct str left, size_t width, const char *right)
{
    if (left.n > width) {
        return arena_format(arena, "  %.*s\n  %-*s  %s\n", STR_ARGS(left), (int)width, "", right);
    }
    return arena_format(arena, "  %-*.*s  %s\n", (int)width, STR_ARGS(left), right);
}

static struct str join(struct arena *arena, struct str a, struct str b)
{
    return arena_format(arena, "%.*s%.*s", STR_ARGS(a), STR_ARGS(b));
}

static struct str option_lines(struct arena *arena, struct str out, const struct option *option)
{
    for (; option->name; option++) {
        out = join(arena, out, two_columns(arena, option_form(arena, option), 22, option->help));
    }
    return out;
}

static struct str help_verb(struct arena *arena, const struct verb *verb)
{
    struct str out = STR("Examples:\n");
    for (size_t i = 0; verb->examples && verb->examples[i]; i++) {
        out = arena_format(arena, "%.*s  %s\n", STR_ARGS(out), verb->examples[i]);
    }
    out = arena_format(arena, "%.*s\n%s.\n\nForm:\n  sluice %.*s\n", STR_ARGS(out), verb->help,
                       STR_ARGS(verb_form(arena, verb)));
    if (verb->alias) {
        out = arena_format(arena, "%.*s  sluice %s%s%s\n", STR_ARGS(out), verb->alias,
                           verb->arguments[0] ? " " : "", verb->arguments);
    }
    if (verb->options && verb->options[0]) out = join(arena, out, STR("\nOptions:\n"));
    for (size_t list = 0; verb->options && verb->options[list]; list++) {
        out = option_lines(arena, out, verb->options[list]);
    }
    out = join(arena, out, STR("\nOptions of every command:\n"));
    return option_lines(arena, out, argv_common_options);
}

static struct str verb_line(struct arena *arena, struct str out, const struct verb *verb)
{
    struct str help = str_from(verb->help);
    if (verb->alias) help = arena_format(arena, "%s (short: %s)", verb->help, verb->alias);
    return join(arena, out,
                two_columns(arena, verb_form(arena, verb), FORM_WIDTH, help.p));
}

static struct str help_noun(struct arena *arena, struct str noun)
{
    struct str out = STR("Examples:\n"), name = STR_NONE;
    size_t examples = 0;
    for (size_t i = 0; i < verb_count && examples < NOUN_EXAMPLES; i++) {
        name = str_from(verbs[i].noun);
        if (!str_equal(name, noun) || !verbs[i].examples || !verbs[i].examples[0]) continue;
        out = arena_format(arena, "%.*s  %s\n", STR_ARGS(out), verbs[i].examples[0]);
        examples++;
    }
    out = join(arena, out, STR("\nCommands:\n"));
    for (size_t i = 0; i < verb_count; i++) {
        if (verbs[i].flags & VERB_HIDDEN || !str_equal(str_from(verbs[i].noun), noun)) continue;
        out = verb_line(arena, out, &verbs[i]);
    }
    return arena_format(arena, "%.*s\n`sluice %.*s COMMAND --help` tells more.\n", STR_ARGS(out),
                        STR_ARGS(noun));
}

struct str argv_help(struct arena *arena, const struct command_line *line)
{
    if (line->request.verb) return help_verb(arena, line->request.verb);
    if (line->noun.n > 0) return help_noun(arena, line->noun);
    struct str out = STR(
        "Examples:\n"
        "  sluice add \"Roof, north side\" --org \"Acme GmbH\" --value 12.5k --close eom\n"
        "  sluice ls owner:me stage:proposal\n"
        "  sluice mv k3f9a proposal\n"
        "  sluice log call k3f9a \"Asked for the budget\"\n"
        "  sluice today\n\n"
        "Sluice is the team's sales pipeline; it works offline and exchanges later.\n");
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        out = arena_format(arena, "%.*s\n%s:\n", STR_ARGS(out), sections[section].heading);
        for (size_t i = 0; i < verb_count; i++) {
            if (verbs[i].flags & VERB_HIDDEN || section_of(&verbs[i]) != section) continue;
            out = verb_line(arena, out, &verbs[i]);
        }
    }
    return arena_format(arena, "%.*s\nA DEAL is a short id or (part of) a title. "
                               "`sluice COMMAND --help` tells more.\n", STR_ARGS(out));
}

/* --- manual page --- */

/* Text as roff wants it: no escapes, and no line that looks like a request. */
static struct str roff(struct arena *arena, struct str text)
{
    struct str out = STR("");
    struct str rest = text, part;
    for (bool first = true; str_split(&rest, '\\', &part); first = false) {
        out = arena_format(arena, "%.*s%s%.*s", STR_ARGS(out), first ? "" : "\\e", STR_ARGS(part));
    }
    rest = out;
    out = STR("");
    for (bool first = true; str_split(&rest, '-', &part); first = false) {
        out = arena_format(arena, "%.*s%s%.*s", STR_ARGS(out), first ? "" : "\\-", STR_ARGS(part));
    }
    return out;
}

static struct str manual_options(struct arena *arena, struct str out, const struct option *option)
{
    for (; option->name; option++) {
        out = arena_format(arena, "%.*s.TP\n\\fB%.*s\\fR\n%.*s\n", STR_ARGS(out),
                           STR_ARGS(roff(arena, option_form(arena, option))),
                           STR_ARGS(roff(arena, str_from(option->help))));
    }
    return out;
}

static struct str manual_verb(struct arena *arena, struct str out, const struct verb *verb)
{
    out = arena_format(arena, "%.*s.SS sluice %.*s\n%.*s.\n", STR_ARGS(out),
                       STR_ARGS(roff(arena, verb_form(arena, verb))),
                       STR_ARGS(roff(arena, str_from(verb->help))));
    for (size_t list = 0; verb->options && verb->options[list]; list++) {
        out = manual_options(arena, out, verb->options[list]);
    }
    if (!verb->examples || !verb->examples[0]) return out;
    out = join(arena, out, STR(".PP\n.nf\n"));
    for (size_t i = 0; verb->examples[i]; i++) {
        out = arena_format(arena, "%.*s%.*s\n", STR_ARGS(out),
                           STR_ARGS(roff(arena, str_from(verb->examples[i]))));
    }
    return join(arena, out, STR(".fi\n"));
}

struct str argv_manual(struct arena *arena)
{
    struct str out = STR(".TH SLUICE 1\n.SH NAME\nsluice \\- the team's sales pipeline, also offline\n"
                         ".SH SYNOPSIS\n.B sluice\n[NOUN] VERB [ARGUMENT...] [OPTION...]\n"
                         ".SH COMMANDS\n");
    for (size_t i = 0; i < verb_count; i++) {
        if (!(verbs[i].flags & VERB_HIDDEN)) out = manual_verb(arena, out, &verbs[i]);
    }
    out = join(arena, out, STR(".SH OPTIONS OF EVERY COMMAND\n"));
    out = manual_options(arena, out, argv_common_options);
    return join(arena, out, STR(
        ".SH EXIT STATUS\n.nf\n0 well\n1 failure\n2 wrong or ambiguous words\n3 not found\n"
        "4 refused by a rule or a right\n5 conflict\n6 the network is needed and absent\n"
        "7 not joined\n8 the server refuses this device\n.fi\n"
        ".SH ENVIRONMENT\nSLUICE_HOME, SLUICE_OFFLINE, NO_COLOR\n"));
}

/* --- completion --- */

static struct str option_words(struct arena *arena, struct str out, const struct option *option)
{
    for (; option->name; option++) {
        out = arena_format(arena, "%.*s --%s", STR_ARGS(out), option->name);
    }
    return out;
}

static struct str verb_options(struct arena *arena, const struct verb *verb)
{
    struct str out = STR("");
    for (size_t list = 0; verb->options && verb->options[list]; list++) {
        out = option_words(arena, out, verb->options[list]);
    }
    return option_words(arena, out, argv_common_options);
}

/* The verbs of a noun; of none: nouns, aliases and what stands alone. Each word once. */
static struct str completion_words(struct arena *arena, const char *noun)
{
    struct str out = STR("");
    const char *last = NULL;
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *verb = &verbs[i];
        if (verb->flags & VERB_HIDDEN) continue;
        if (noun) {
            if (!verb->noun || strcmp(verb->noun, noun) != 0) continue;
            out = arena_format(arena, "%.*s %s", STR_ARGS(out), verb->name);
            continue;
        }
        bool again = verb->noun && last && strcmp(last, verb->noun) == 0;
        if (!again) {
            out = arena_format(arena, "%.*s %s", STR_ARGS(out),
                               verb->noun ? verb->noun : verb->name);
        }
        if (verb->alias) out = arena_format(arena, "%.*s %s", STR_ARGS(out), verb->alias);
        last = verb->noun;
    }
    return out;
}

struct str argv_completion(struct arena *arena)
{
    struct str out = arena_format(arena,
        "# bash completion of sluice; use it with: source <(sluice completion bash)\n"
        "_sluice() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words=\n"
        "    if ((COMP_CWORD == 1)); then words='%.*s'; fi\n"
        "    case $verb in\n", STR_ARGS(completion_words(arena, NULL)));
    const char *last = NULL;
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *verb = &verbs[i];
        if (verb->flags & VERB_HIDDEN || !verb->noun) continue;
        if (last && strcmp(last, verb->noun) == 0) continue;
        last = verb->noun;
        out = arena_format(arena, "%.*s    %s) ((COMP_CWORD == 2)) && words='%.*s'\n"
                                  "        verb=\"%s ${COMP_WORDS[2]}\" ;;\n", STR_ARGS(out),
                           verb->noun, STR_ARGS(completion_words(arena, verb->noun)), verb->noun);
    }
    out = join(arena, out, STR("    esac\n    [[ $word == -* ]] && case $verb in\n"));
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *verb = &verbs[i];
        if (verb->flags & VERB_HIDDEN) continue;
        out = arena_format(arena, "%.*s    '%s%s%s'%s%s) words='%.*s' ;;\n", STR_ARGS(out),
                           verb->noun ? verb->noun : "", verb->noun ? " " : "", verb->name,
                           verb->alias ? "|" : "", verb->alias ? verb->alias : "",
                           STR_ARGS(verb_options(arena, verb)));
    }
    return join(arena, out, STR("    esac\n"
                                "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                                "}\ncomplete -o default -F _sluice sluice\n"));
}
