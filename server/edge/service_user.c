/* service_user.c - makes the data folder and drops root's rights to the folder's owner.
 *
 * PostgreSQL refuses root, and a server and its database with one user need no rights between them:
 * so the whole program becomes that user first. */
#define _GNU_SOURCE
#include "server/edge/service_user.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/banned.h"

void trouble_say(struct trouble *trouble, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trouble->text, sizeof trouble->text, format, arguments);
    va_end(arguments);
}

void trouble_print(const struct trouble *trouble, enum fault fault)
{
    fprintf(stderr, "sluiced: %s [%s]\n", trouble->text[0] ? trouble->text : "it failed",
            fault_name(fault));
}

int trouble_exit(enum fault fault)
{
    return fault == FAULT_FORMAT || fault == FAULT_LIMIT ? 2 : 1;
}

static enum fault user_become(const struct passwd *user, struct trouble *trouble)
{
    if (initgroups(user->pw_name, user->pw_gid) != 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 || setuid(0) == 0) {
        trouble_say(trouble, "cannot become user %s: %s; start it as that user instead",
                    user->pw_name, strerror(errno));
        return FAULT_DENIED;
    }
#ifdef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 1); /* the leak checker looks into its own process */
#endif
    return FAULT_NONE;
}

/* A parent that the user cannot pass is the commonest mistake (a folder below /root). */
static enum fault folder_usable(const char *folder, struct trouble *trouble)
{
    if (access(folder, R_OK | W_OK | X_OK) == 0) return FAULT_NONE;
    const struct passwd *user = getpwuid(geteuid());
    const char *name = user ? user->pw_name : "the service user";
    trouble_say(trouble,
                "%s cannot be used by %s: %s; choose a folder all of whose parents %s may enter",
                folder, name, strerror(errno), name);
    return FAULT_DENIED;
}

static bool folder_empty(const char *folder)
{
    DIR *entries = opendir(folder);
    if (!entries) return true; /* told better by folder_usable */
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(entries));) {
        const char *name = entry->d_name;
        if (strcmp(name, "lock") == 0) continue; /* an init was killed before anything else */
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) count++;
    }
    closedir(entries);
    return count == 0;
}

/* An init was killed here: it may be done again. */
static bool folder_unfinished(const char *folder)
{
    char mark[4200];
    snprintf(mark, sizeof mark, "%s/" INIT_UNFINISHED, folder);
    return access(mark, F_OK) == 0;
}

enum fault service_user_make(const char *folder, struct trouble *trouble)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        trouble_say(trouble, "cannot make %s: %s; make its parent folder first", folder,
                    strerror(errno));
        return errno == ENOSPC ? FAULT_FULL : FAULT_IO;
    }
    if (!folder_empty(folder) && !folder_unfinished(folder)) {
        char conf[4200];
        snprintf(conf, sizeof conf, "%s/sluiced.conf", folder);
        bool done = access(conf, F_OK) == 0;
        trouble_say(trouble, done ? "%s is initialised already; `sluiced run --data %s` starts it"
                                  : "%s is not empty; give a new folder than %s or empty it",
                    folder, folder);
        return FAULT_EXISTS;
    }
    if (geteuid() == 0) {
        const struct passwd *user = getpwnam("sluice");
        if (!user) user = getpwnam("postgres");
        if (!user || user->pw_uid == 0) {
            trouble_say(trouble, "there is no user sluice or postgres to run as; add one: "
                                 "useradd --system sluice");
            return FAULT_NOT_FOUND;
        }
        if (chown(folder, user->pw_uid, user->pw_gid) != 0) {
            trouble_say(trouble, "cannot give %s to %s: %s", folder, user->pw_name,
                        strerror(errno));
            return FAULT_DENIED;
        }
        enum fault fault = user_become(user, trouble);
        if (fault) return fault;
    }
    if (chmod(folder, 0700) != 0) {
        trouble_say(trouble, "cannot set the rights of %s: %s; it must be yours", folder,
                    strerror(errno));
        return FAULT_DENIED;
    }
    return folder_usable(folder, trouble);
}

enum fault service_user_enter(const char *folder, struct trouble *trouble)
{
    struct stat about;
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) {
        trouble_say(trouble, "there is no data folder %s; `sluiced init --data %s` makes one",
                    folder, folder);
        return FAULT_NOT_FOUND;
    }
    if (geteuid() == 0 && about.st_uid != 0) {
        const struct passwd *user = getpwuid(about.st_uid);
        if (!user) {
            trouble_say(trouble, "%s belongs to user number %ld, who does not exist; chown it",
                        folder, (long)about.st_uid);
            return FAULT_DENIED;
        }
        enum fault fault = user_become(user, trouble);
        if (fault) return fault;
    } else if (about.st_uid != geteuid()) {
        const struct passwd *user = getpwuid(about.st_uid);
        trouble_say(trouble, "%s belongs to %s; run this as that user or as root", folder,
                    user ? user->pw_name : "somebody else");
        return FAULT_DENIED;
    }
    if (geteuid() == 0) {
        trouble_say(trouble, "%s belongs to root; give it to a service user with chown -R", folder);
        return FAULT_DENIED;
    }
    if (about.st_mode & 077) {
        trouble_say(trouble, "%s can be read by others; chmod 700 %s", folder, folder);
        return FAULT_DENIED;
    }
    return folder_usable(folder, trouble);
}
