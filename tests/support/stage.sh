# stage.sh - a server, homes and claims for the shell tests that need them. Sourced, never run.
#
#   stage_server              makes a server ($data) and the home of its owner, ada
#   stage_init                the same, and the home bob (manager)
#   joins NAME "MEMBER" ROLE  another home, invited by ada
#   team_start NAME "OWNER"   another team on a server of its own, with the home of its owner
#   server_start, server_stop its life; $server is the keeper's id, $port where it listens
#   ada ..., bob ...          the client in their home; home NAME ... in any other
#   claim SENTENCE command    a line of the test; a failed one makes the test fail
#   expect CODE WORD... -- command, fail SENTENCE   for tests in which each step needs the one before
#
# Works as root (the server goes on as the service user) and as any user. Nothing outlives the test.
set -u
. "${SLUICE_SOURCE_DIR:?}/tests/support/scratch.sh"
cd / || exit 1 # a service user may not be allowed where the sources are

bin=${SLUICE_BIN_DIR:?}
[ -x "$bin/sluiced" ] && [ -x "$bin/sluice" ] || { echo "no programs in $bin"; exit 77; }
folder=$(mktemp -d /tmp/sluice-test-XXXXXX)
chmod 755 "$folder"
data="$folder/data"
failed=0
server=
mounted=()
children=()
servers=() # of other teams

left_over() { pgrep -f -- "$folder" | grep -v "^$$\$"; }
nothing_left() { [ -z "$(left_over)" ]; }

finish_first() { :; } # for a test that has more to end
finish() {
    local code=$? each
    set +e
    finish_first
    if [ $code != 0 ] && [ $code != 77 ]; then
        for each in "$folder"/*.log "$folder"/said; do
            [ -f "$each" ] && { echo "--- ${each##*/}"; tail -n 30 "$each"; }
        done
    fi
    for each in "${children[@]}"; do kill "$each" 2>/dev/null; done
    for each in $server "${servers[@]}"; do
        kill -TERM "$each" 2>/dev/null && wait "$each" 2>/dev/null
    done
    for each in "${mounted[@]}"; do umount -l "$each" 2>/dev/null; done
    scratch_remove "$folder"
}
trap finish EXIT

exec 9>&1 # a claim's own output may be redirected
claim() { # claim SENTENCE command...
    local sentence=$1
    shift
    if "$@"; then echo "ok   $sentence" >&9; else echo "FAIL $sentence" >&9; failed=1; fi
}

stage_end() { exit $failed; } # the last line of a test
fail() { echo "FAIL $*" >&9; exit 1; }

until_true() { # until_true SECONDS command...; a busy machine gets three times as long
    local end=$((SECONDS + 3 * $1))
    shift
    until "$@"; do
        [ $SECONDS -ge $end ] && return 1
        sleep 0.05
    done
}

appears() { # appears TEXT FILE [SECONDS]
    until_true "${3:-30}" grep -qs -- "$1" "$2" || { cat "$2" >&9; fail "\"$1\" does not appear in $2"; }
}

is_ready() { grep -q "^sluiced: ready on " "$folder/out"; }
is_ready_or_gone() { is_ready || is_gone "$server"; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

server_start() {
    : >"$folder/out"
    "$bin/sluiced" run --data "$data" "$@" >"$folder/out" 2>>"$folder/server.log" 9>&- &
    server=$!
    until_true 60 is_ready_or_gone && is_ready
}

server_stop() { # its exit code
    kill -TERM "$server"
    wait "$server"
    local code=$?
    server=
    return $code
}

home() { # home NAME arguments...
    local name=$1
    shift
    SLUICE_HOME="$folder/$name" "$bin/sluice" "$@"
}
ada() { home ada "$@"; }
bob() { home bob "$@"; }

# says CODE TEXT command...: it exits with CODE and says TEXT on standard error or output.
says() {
    local code=$1 text=$2 got
    shift 2
    "$@" >"$folder/said" 2>&1
    got=$?
    [ $got -eq "$code" ] && grep -q -- "$text" "$folder/said" && return 0
    echo "     wanted $code and \"$text\", got $got: $(head -c 600 "$folder/said")" >&9
    return 1
}

# expect CODE WORD... -- command...: it exits with CODE and says each WORD, or the test ends here.
expect() {
    local code=$1 words=() got=0 word
    shift
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    "$@" >"$folder/said" 2>&1 || got=$?
    [ "$got" = "$code" ] || fail "exit $got, not $code: $*"
    for word in "${words[@]}"; do
        grep -qF -- "$word" "$folder/said" || fail "not said: $word ($*)"
    done
}

titles() { # titles NAME: the titles that home sees, sorted
    home "$1" --offline deal list --all --plain --no-headers --columns title | sort
}

invitation() { grep -o 'sluice1-[^ ]*' "$1" | tail -n 1; }

port_free() {
    python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

stage_server() { # stage_server [options of init]...
    port=$(port_free)
    "$bin/sluiced" init --data "$data" --team North --owner "Ada Berg" \
        --listen "127.0.0.1:$port" "$@" >"$folder/init" 2>>"$folder/server.log" &&
        server_start &&
        ada join "$(invitation "$folder/init")" >/dev/null
}
joins() { # joins NAME MEMBER ROLE
    ada invite "$2" --role "$3" >"$folder/invited" &&
        home "$1" join "$(invitation "$folder/invited")" >/dev/null
}
stage_init() { # stage_init [options of init]...
    stage_server "$@" && joins bob "Bob Ross" manager
}

team_start() { # team_start NAME OWNER [options of init]...
    local name=$1 owner=$2
    shift 2
    "$bin/sluiced" init --data "$folder/$name.data" --team South --owner "$owner" \
        --listen "127.0.0.1:$(port_free)" "$@" >"$folder/$name.init" 2>>"$folder/$name.log" || return 1
    "$bin/sluiced" run --data "$folder/$name.data" >"$folder/$name.out" 2>>"$folder/$name.log" 9>&- &
    servers+=($!)
    until_true 60 grep -q "^sluiced: ready on " "$folder/$name.out" &&
        home "$name" join "$(invitation "$folder/$name.init")" >/dev/null
}

# disk_make FOLDER SIZE: a small disk there, given to the owner of its parent; false when this
# machine does not let us.
disk_make() {
    mkdir -p "$1" && mount -t tmpfs -o "size=$2,mode=0755" none "$1" 2>/dev/null || return 1
    mounted+=("$1")
}
disk_fill() { # leaves about $2 bytes (0 when not said)
    local keep=${2:-0}
    dd if=/dev/zero of="$1/filling" bs=4k 2>/dev/null
    [ "$keep" = 0 ] || truncate -s "-$keep" "$1/filling"
}
disk_empty() { rm -f "$1/filling"; }
