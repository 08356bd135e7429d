#!/usr/bin/env bash
# The lint tests can fail: each is run on a small tree with one thing wrong, and on the same tree
# with nothing wrong. Without this, a pattern that matches nothing would look like a clean project.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SLUICE_SOURCE_DIR=$work/tree SLUICE_BIN_DIR=$work/build
unset GIT_DIR GIT_WORK_TREE
failures=0
rows=0

# tree_reset: the clean tree every row starts from.
tree_reset() {
    rm -rf "$SLUICE_SOURCE_DIR"
    mkdir -p "$SLUICE_SOURCE_DIR"/{common/{base,domain,codec},server/{core,edge},client/{core,edge},scripts/lib,tests}
    cd "$SLUICE_SOURCE_DIR"
    printf '#include <stdint.h>\n/* time(NULL) is only spoken of here: SELECT nothing */\nint32_t good(void);\nint32_t good(void)\n{\n    return 1;\n}\n' >common/base/good.c
    printf '#ifndef GOOD_H\n#define GOOD_H\n#include <stdint.h>\nint32_t good(void);\n#endif\n' >common/base/good.h
    printf '#include <time.h>\n#include <uv.h>\nint edge(void);\n' >server/edge/good.c
    printf '#!/usr/bin/env bash\necho fine\n' >scripts/good
    chmod +x scripts/good
}

# expect RESULT LINT WHAT: RESULT is pass or fail.
expect() {
    local result=pass output
    output=$(bash "$here/test_$2.sh" 2>&1) || result=fail
    rows=$((rows + 1))
    if [ "$result" != "$1" ]; then
        echo "test_$2: expected to $1: $3"
        printf '%s\n' "$output" | sed 's/^/    /'
        failures=$((failures + 1))
    fi
}

# wrong LINT WHAT FILE TEXT: FILE with TEXT (as printf reads it) makes LINT fail.
wrong() {
    tree_reset
    mkdir -p "$(dirname "$3")"
    printf "$4" >"$3"
    expect fail "$1" "$2"
}

# right LINT WHAT FILE TEXT: FILE with TEXT leaves LINT content.
right() {
    tree_reset
    mkdir -p "$(dirname "$3")"
    printf "$4" >"$3"
    expect pass "$1" "$2"
}

lines_of() {
    printf "$1%.0s" $(seq "$2")
}

for lint in purity sizes headers words scripts; do
    tree_reset
    expect pass $lint "the clean tree"
    rm -rf "${SLUICE_SOURCE_DIR:?}"/{common,server,client,tests}
    expect pass $lint "a tree with folders missing"
done

wrong purity "a clock in common" common/base/bad.c 'int f(void) { return (int)time(0); }\n'
wrong purity "files in a core" server/core/bad.c 'int f(void) { return fopen("a", "r") != 0; }\n'
wrong purity "output in a core" client/core/bad.c 'int f(void) { return printf("a"); }\n'
wrong purity "randomness in domain" common/domain/bad.c 'void f(void) { randombytes_buf(0, 0); }\n'
wrong purity "fresh keys in a core" server/core/bad.c 'void f(void) { crypto_box_keypair(0, 0); }\n'
right purity "keys from a given seed" server/core/fine.c 'void f(void) { crypto_box_seed_keypair(0, 0, 0); }\n'
right purity "a member called time" common/base/fine.c 'int f(struct s *s) { return s->time(1) + s[0].time(2); }\n'
wrong purity "a system header in common" common/base/bad.h '#include <sys/socket.h>\n'
wrong purity "uv in a core" server/core/bad.h '#include <uv.h>\n'
wrong purity "a feature macro in common" common/base/bad.c '#define _GNU_SOURCE\n'
wrong purity "libpq in the client" client/edge/bad.c '#include <libpq-fe.h>\n'
wrong purity "curses outside terminal" client/edge/bad.c '#include <ncurses.h>\n'
right purity "curses in terminal" client/edge/terminal.c '#include <ncurses.h>\n'
wrong purity "SQLite outside replica" client/edge/bad.c '#include <sqlcipher/sqlite3.h>\n'
wrong purity "gettext outside say" client/cli/bad.c '#include <libintl.h>\n'
wrong purity "generated code in domain" common/domain/bad.c '#include "proto/sluice.pb-c.h"\n'
right purity "generated code in codec" common/codec/fine.c '#include "proto/sluice.pb-c.h"\n'
wrong purity "core includes edge" server/core/bad.c '#include "server/edge/listener.h"\n'
wrong purity "common includes server" common/base/bad.c '#include "server/core/session.h"\n'
wrong purity "domain includes link" common/domain/bad.c '#include "common/link/frame.h"\n'
wrong purity "server includes client" server/edge/bad.c '#include "client/verbs/work.h"\n'
wrong purity "SQL outside statements" server/edge/bad.c 'const char *q = "SELECT 1";\n'
right purity "SQL in statements" server/edge/statements.c 'const char *q = "SELECT 1";\n'
right purity "SQL in replica_file" client/edge/replica_file.c 'const char *q = "INSERT INTO t VALUES (1)";\n'

wrong sizes "a file of 801 lines" common/base/bad.c "$(lines_of 'int a;\\n' 801)\n"
right sizes "a file of 799 lines" common/base/fine.c "$(lines_of 'int a;\\n' 799)\n"
wrong sizes "a body of 71 lines" client/core/bad.c "int f(void)\n{\n$(lines_of '    g();\\n' 69)}\n"
right sizes "a body of 70 lines" client/core/fine.c "int f(void)\n{\n$(lines_of '    g();\\n' 68)}\n"
wrong sizes "a long body behind its head" client/core/bad.c "int f(void) {\n$(lines_of '    g();\\n' 70)}\n"
right sizes "a long table" client/core/fine.c "const int t[] = {\n$(lines_of '    1,\\n' 90)};\n"

wrong headers "a header that needs another" common/base/bad.h 'uint32_t f(void);\n'
wrong headers "a header without a guard" common/base/bad.h 'struct a { int b; };\n'

wrong words "an unfinished place" common/base/bad.c "/* $(echo TO)DO: more */\n"
wrong words "a path of a machine" docs/bad.md "see /$(echo home)/someone/notes\n"
wrong words "a registry" scripts/bad "curl https://$(echo deb).debian.org/x\n"
right words "a template for mktemp" scripts/fine 'mktemp -d /tmp/a-XXXXXX\n'

wrong scripts "a script that does not parse" scripts/lib/bad.sh 'if true; then\n'
wrong scripts "a script that cannot be run" scripts/bad '#!/usr/bin/env bash\ntrue\n'

echo "bites: $rows rows, $failures failures"
[ $failures -eq 0 ]
