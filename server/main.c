/* main.c - sluiced: reads the command line, becomes the service user, hands over.
 *
 * Errors are one line, "sluiced: what is wrong; what to do [code]". Exit codes: 0 done, 1 failed, 2
 * the command line or the configuration is wrong. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include <signal.h>
#include <sys/stat.h>

#include <sodium.h>

#include "common/base/version.h"
#include "common/domain/field.h"
#include "common/link/invitation.h"
#include "server/edge/administration.h"
#include "server/edge/keeper.h"
#include "server/edge/place.h"

#include "common/base/banned.h"

static const char help[] =
    "sluiced - the server of a sales pipeline that works offline\n"
    "\n"
    "  sluiced init --data /srv/sluice --team \"North sales\" --owner \"Ada Berg\"\n"
    "  sluiced run --data /srv/sluice\n"
    "  sluiced invite --data /srv/sluice \"Jan Kos\" --role rep\n"
    "\n"
    "Commands\n"
    "  init          make a data folder, a team and its owner; prints the owner's invitation\n"
    "  run           serve, in the foreground, until SIGTERM or ^C\n"
    "  invite NAME   print an invitation for a new member, or a further device of a known one\n"
    "  invitations   those that nobody has used yet; --revoke NAME takes them back\n"
    "  migrate       bring the database to this program's version (run does it too)\n"
    "  status        team, members, deals, and whether the server runs\n"
    "  check-config  read sluiced.conf and server.key and say what is in force\n"
    "\n"
    "Options\n"
    "  --data DIR            the data folder (all commands)\n"
    "  --team NAME           init: the team's name\n"
    "  --owner NAME          init: who owns it\n"
    "  --listen HOST:PORT    init, run: where clients connect (init: 127.0.0.1:7117)\n"
    "  --address HOST:PORT   init, invite: what the invitation says instead, behind NAT or for\n"
    "                        another server; several with commas between them\n"
    "  --database URL        init: a PostgreSQL of yours instead of a private one, as its owner\n"
    "  --database-app URL    init: the same as role sluice_app, where that needs a password\n"
    "  --zone ZONE           init: the team's time zone (UTC)\n"
    "  --currency EUR        init: the default of new deals (EUR)\n"
    "  --role ROLE           invite: owner, manager, rep (the default) or viewer\n"
    "  --revoke NAME         invitations: of whom, or its id\n"
    "  --help, --version\n";

struct command_line {
    const char *command, *name;
    const char *data, *team, *owner, *listen, *database, *database_app, *zone, *currency, *role;
    const char *revoke, *address;
};

static const char **option_slot(struct command_line *line, struct str name)
{
    if (str_equal(name, STR("--data"))) return &line->data;
    if (str_equal(name, STR("--team"))) return &line->team;
    if (str_equal(name, STR("--owner"))) return &line->owner;
    if (str_equal(name, STR("--listen"))) return &line->listen;
    if (str_equal(name, STR("--database"))) return &line->database;
    if (str_equal(name, STR("--database-app"))) return &line->database_app;
    if (str_equal(name, STR("--zone"))) return &line->zone;
    if (str_equal(name, STR("--currency"))) return &line->currency;
    if (str_equal(name, STR("--role"))) return &line->role;
    if (str_equal(name, STR("--revoke"))) return &line->revoke;
    if (str_equal(name, STR("--address"))) return &line->address;
    return NULL;
}

static bool command_line_read(int argc, char **argv, struct command_line *line,
                              struct trouble *trouble)
{
    for (int i = 1; i < argc; i++) {
        struct str argument = str_from(argv[i]);
        if (!str_starts_with(argument, STR("--"))) {
            const char **slot = line->command ? &line->name : &line->command;
            if (*slot) {
                trouble_say(trouble, "\"%s\" is one word too many; put a name in quotes", argv[i]);
                return false;
            }
            *slot = argv[i];
            continue;
        }
        size_t equals = str_find(argument, '=');
        const char **slot = option_slot(line, str_slice(argument, 0, equals));
        if (!slot) {
            trouble_say(trouble, "there is no option %s; see sluiced --help", argv[i]);
            return false;
        }
        if (equals < argument.n) {
            *slot = argv[i] + equals + 1;
        } else if (i + 1 < argc) {
            *slot = argv[++i];
        } else {
            trouble_say(trouble, "%s needs a value; see sluiced --help", argv[i]);
            return false;
        }
    }
    return true;
}

static enum fault need(const char *value, const char *what, struct trouble *trouble)
{
    if (value && *value) return FAULT_NONE;
    trouble_say(trouble, "%s is missing; see sluiced --help", what);
    return FAULT_FORMAT;
}

static enum fault address_check(const char *address, struct trouble *trouble)
{
    struct str each[INVITATION_ADDRESSES_MAX];
    size_t count;
    if (!address || invitation_addresses(str_from(address), each, &count) == FAULT_NONE) {
        return FAULT_NONE;
    }
    trouble_say(trouble, "\"%.100s\" is no address; give --address HOST:PORT, or several with commas "
                         "and no spaces between them",
                address);
    return FAULT_FORMAT;
}

static enum fault init(const struct command_line *line, struct trouble *trouble)
{
    struct administration_init wanted = {
        .data = line->data,
        .team = line->team,
        .owner = line->owner,
        .listen = line->listen ? line->listen : "127.0.0.1:7117",
        .database = line->database,
        .database_app = line->database_app,
        .zone = line->zone ? line->zone : "UTC",
        .currency = line->currency ? line->currency : "EUR",
        .address = line->address ? line->address : "",
    };
    enum fault fault = address_check(line->address, trouble);
    if (!fault) fault = need(line->team, "--team", trouble);
    if (!fault) fault = need(line->owner, "--owner", trouble);
    return fault ? fault : administration_init(&wanted, trouble);
}

static enum fault invite(const struct command_line *line, struct configuration *configuration,
                         struct trouble *trouble)
{
    int64_t role = ROLE_NONE;
    enum fault fault = need(line->name, "NAME", trouble);
    if (!fault) fault = address_check(line->address, trouble);
    if (!fault && line->address) {
        snprintf(configuration->address, sizeof configuration->address, "%s", line->address);
    }
    if (!fault && line->role) {
        role = field_choice_value(field_by_name(ENTITY_MEMBER, STR("role")), str_from(line->role));
        if (role == ROLE_NONE) {
            trouble_say(trouble, "\"%s\" is no role; give owner, manager, rep or viewer",
                        line->role);
            fault = FAULT_FORMAT;
        }
    }
    return fault ? fault
                 : administration_invite(configuration, line->name, (enum role)role, trouble);
}

static enum fault config_check(const struct configuration *configuration, struct trouble *trouble)
{
    struct key_pair key;
    char team[UUID_TEXT_LENGTH + 1];
    enum fault fault = server_key_read(configuration->data, &key, trouble);
    if (fault) return fault;
    key_pair_finish(&key);
    uuid_format(configuration->team, team);
    printf("data     %s\nlisten   %s\ndatabase %s\nteam     %s\n", configuration->data,
           configuration->listen, configuration->database[0] ? "of your own" : "private", team);
    return FAULT_NONE;
}

/* Everything but init: as the folder's owner, with its configuration. `code` is for run. */
static enum fault command_run(const struct command_line *line, int *code, struct trouble *trouble)
{
    struct configuration configuration;
    char data[CONFIGURATION_PATH_MAX];
    struct str command = str_from(line->command);
    enum fault fault = configuration_folder(line->data, data, trouble);
    if (!fault) fault = service_user_enter(data, trouble);
    if (!fault) fault = configuration_read(data, &configuration, trouble);
    bool checks = str_equal(command, STR("check-config")); /* touches no database */
    if (!fault && !checks) fault = place_settle(&configuration, trouble);
    if (fault) return fault;
    if (checks) return config_check(&configuration, trouble);
    if (str_equal(command, STR("invite"))) return invite(line, &configuration, trouble);
    if (str_equal(command, STR("invitations"))) {
        return administration_invitations(&configuration, line->revoke, trouble);
    }
    if (str_equal(command, STR("migrate"))) return administration_migrate(&configuration, trouble);
    if (str_equal(command, STR("status"))) return administration_status(&configuration, trouble);
    *code = keeper_run(&configuration, line->listen ? line->listen : configuration.listen);
    return FAULT_NONE;
}

static bool command_known(struct str command)
{
    static const char *const commands[] = {"run",     "invite", "invitations",
                                           "migrate", "status", "check-config"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (str_equal(command, str_from(commands[i]))) return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct command_line line = {0};
    struct trouble trouble = {""};
    int code = 0;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts("sluiced " SLUICE_VERSION) < 0;
    if (argc == 1 || strcmp(argv[1], "--help") == 0 || strcmp(argv[argc - 1], "--help") == 0) {
        fputs(help, argc == 1 ? stderr : stdout);
        return argc == 1 ? 2 : 0;
    }
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0) return 1;
    enum fault fault = FAULT_FORMAT;
    if (command_line_read(argc, argv, &line, &trouble)) {
        bool making = line.command && strcmp(line.command, "init") == 0;
        if (!making && !command_known(str_from(line.command))) {
            trouble_say(&trouble, "there is no command \"%s\"; see sluiced --help",
                        line.command ? line.command : "");
        } else if (need(line.data, "--data", &trouble) == FAULT_NONE) {
            fault = making ? init(&line, &trouble) : command_run(&line, &code, &trouble);
        }
    }
    if (!fault) return code;
    trouble_print(&trouble, fault);
    return trouble_exit(fault);
}
