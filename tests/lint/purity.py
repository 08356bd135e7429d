"""purity - the path says what a file may do.

What each folder may include of ours is a table; what only some files may touch (SQL, curses,
generated code, gettext, the database libraries) is another; pure folders may not call the world.
"""

import re

import c_source

# Folder -> folders of ours it may include. Downward only; anything else is an upward dependency.
COMMON = ["common/base", "common/link", "common/domain", "common/codec", "common/metrics"]
MAY_INCLUDE = {
    "common/base": ["common/base"],
    "common/link": ["common/base", "common/link"],
    "common/domain": ["common/base", "common/domain"],
    "common/codec": ["common/base", "common/link", "common/domain", "common/codec", "proto"],
    "common/metrics": ["common/base", "common/domain", "common/metrics"],
    "server/core": COMMON + ["server/core"],
    "server/edge": COMMON + ["server/core", "server/edge"],
    "server": COMMON + ["server/core", "server/edge"],
    "client/core": COMMON + ["client/core"],
    "client/edge": COMMON + ["client/core", "client/edge"],
    "client/verbs": COMMON + ["client/core", "client/verbs"],
    "client/exchange": COMMON + ["client/core", "client/verbs", "client/exchange"],
    "client/board": COMMON + ["client/core", "client/verbs", "client/board"],
    "client/cli": COMMON + ["client/core", "client/verbs", "client/edge", "client/exchange",
                            "client/cli"],
    "client": COMMON + ["client/core", "client/verbs", "client/edge", "client/exchange",
                        "client/board", "client/cli"],
}

PURE = tuple(COMMON) + ("server/core", "client/core", "client/verbs", "client/board")

IMPURE_HEADER = re.compile(
    r"<(uv|libpq-fe|n?curses|ncursesw/.*|term|unistd|time|fcntl|netdb|pthread|threads|signal|poll"
    r"|dirent|libintl|locale|pwd|grp|sys/.*|netinet/.*|arpa/.*|linux/.*|sqlcipher/.*|sqlite3)(\.h)?>")
# Not after "." or "->": a member may be called time.
IMPURE_CALL = re.compile(
    r"(?<![\w.>])(time|clock|clock_gettime|gettimeofday|localtime|localtime_r|rand|srand|random"
    r"|getrandom|arc4random|getenv|secure_getenv|setenv|fopen|fdopen|freopen|tmpfile|popen|system"
    r"|printf|vprintf|puts|putchar|fprintf|vfprintf|fputs|fputc|perror|exit|_exit|fork|sleep|usleep"
    r"|nanosleep|setlocale|randombytes\w*|crypto_\w+_keygen|crypto_(?!\w*seed)\w+_keypair)\s*\(")
# bug() of check.c tells its last words on stderr; nothing else here may.
MAY_CALL = {"common/base/check.c": {"fprintf", "fputs"}}

# What only some files may include, as (header, where it is allowed, why).
RESERVED = [
    (re.compile(r"<uv\.h>"), r"(server|client)/edge/|server/main\.c|client/main\.c", "libuv is for edges"),
    (re.compile(r"<libpq-fe\.h>|<libpq/"), r"server/edge/", "libpq is for server/edge"),
    (re.compile(r"<(ncursesw/)?n?curses\.h>"), r"client/edge/terminal", "curses is for terminal"),
    (re.compile(r"<sqlcipher/|<sqlite3\.h>"), r"client/edge/replica", "SQLite is for replica_file"),
    (re.compile(r"<libintl\.h>"), r"client/cli/say", "only client/cli/say calls gettext"),
    (re.compile(r"\.pb-c\.h"), r"common/codec/", "generated code stays in codec"),
    (re.compile(r"<protobuf-c/"), r"common/(codec/|link/wire)", "protobuf-c stays in codec and wire"),
]

SQL = re.compile(r"\b(SELECT\s|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|ROLE"
                 r"|DATABASE|INDEX|UNIQUE)|ALTER\s+(TABLE|ROLE)|PRAGMA\s|GRANT\s+\w+\s+ON)")
SQL_ALLOWED = re.compile(r"^(server/edge/statements|client/edge/replica)")

FEATURE_MACRO = re.compile(r"^\s*#\s*define\s+_(GNU|POSIX_C|DEFAULT|XOPEN)_SOURCE", re.MULTILINE)


def folder_of(path):
    return path.rpartition("/")[0]


def check_includes(report, path, text):
    folder = folder_of(path)
    for line, name in c_source.includes(text):
        inside = name[1:-1]
        if name[0] == '"':
            target = folder_of(inside)
            allowed = MAY_INCLUDE.get(folder)
            if not target:
                report.add(path, line, f"{inside}: write the path from the root of the tree")
            elif allowed is not None and target not in allowed:
                report.add(path, line, f"{folder} may not include {inside}")
        elif folder.startswith(PURE) and IMPURE_HEADER.search(name):
            report.add(path, line, f"a pure folder includes {name}")
        for header, where, why in RESERVED:
            if header.search(name) and not re.match(where, path):
                report.add(path, line, f"{name}: {why}")


def check_calls(report, path, code):
    if not folder_of(path).startswith(PURE):
        return
    for match in IMPURE_CALL.finditer(code):
        if match.group(1) not in MAY_CALL.get(path, ()):
            line = code.count("\n", 0, match.start(1)) + 1
            report.add(path, line, f"a pure folder calls {match.group(1)}()")
    for match in FEATURE_MACRO.finditer(code):
        report.add(path, code.count("\n", 0, match.start()) + 1, "a feature macro in a pure folder")


def check_sql(report, path, text):
    if SQL_ALLOWED.match(path):
        return
    for line, inside in c_source.strings(text):
        if SQL.search(inside):
            report.add(path, line, "SQL outside server/edge/statements and client/edge/replica_file")


def main():
    report = c_source.Report("purity")
    paths = c_source.files("common", "server", "client")
    for path in paths:
        text = c_source.read(path)
        check_includes(report, path, text)
        check_calls(report, path, c_source.code(text))
        check_sql(report, path, text)
    report.finish(len(paths))


main()
