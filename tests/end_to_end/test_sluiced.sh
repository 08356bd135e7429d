#!/bin/bash
# test_sluiced - the life of a server: init, run, invite beside and alone, stop, kill -9, restart.
#
# Everything in one temporary folder that the service user may enter; no process outlives the test.
set -u

. "${SLUICE_SOURCE_DIR:?}/tests/support/scratch.sh"

sluiced="${SLUICE_BIN_DIR:?}/sluiced"
[ -x "$sluiced" ] || { echo "no sluiced"; exit 77; }
folder=$(mktemp -d /tmp/sluice-e2e-XXXXXX)
chmod 755 "$folder"
data="$folder/data"
failed=0
server=
blocker=

finish() {
    [ -n "$server" ] && kill -TERM "$server" 2>/dev/null && wait "$server" 2>/dev/null
    [ -n "$blocker" ] && kill "$blocker" 2>/dev/null
    scratch_remove "$folder"
}
trap finish EXIT

exec 9>&1 # a claim's own output may be redirected
claim() { # claim SENTENCE command...
    local sentence=$1
    shift
    if "$@"; then echo "ok   $sentence" >&9; else echo "FAIL $sentence" >&9; failed=1; fi
}

until_true() { # until_true SECONDS command...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -ge $end ] && return 1
        sleep 0.05
    done
}

is_ready() { grep -q "^sluiced: ready on " "$folder/out"; }
port_of() { sed -n 's/^sluiced: ready on .*:\([0-9]*\)$/\1/p' "$folder/out" | tail -1; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# Programs that work in the data folder: the postmaster's working folder, a worker's argument.
left_over() { pgrep -f -- "$data" | grep -v "^$$\$"; }
nothing_left() { [ -z "$(left_over)" ]; }

start() {
    : >"$folder/out"
    "$sluiced" run --data "$data" --listen 127.0.0.1:0 >"$folder/out" 2>>"$folder/log" &
    server=$!
    until_true 60 is_ready
}
stop() {
    kill -TERM "$server"
    wait "$server"
    local code=$?
    server=
    return $code
}
fails_with() { # fails_with CODE TEXT arguments...
    local code=$1 text=$2
    shift 2
    "$sluiced" "$@" >"$folder/refused" 2>&1
    [ $? -eq "$code" ] && grep -Eq -- "^sluiced: .*$text.* \[[a-z_]+\]$" "$folder/refused"
}
line_good() { tail -1 "$1" | grep -Eq '^sluice1-127[.]0[.]0[.]1:7117-[0-9a-z]{84}$'; }

claim "run before init is refused" fails_with 1 "no data folder" run --data "$data"
claim "a wrong zone is refused before anything is made" \
    fails_with 2 "no time zone" init --data "$data" --team T --owner O --zone Mars/Phobos
claim "and nothing was made" test ! -e "$data"
"$sluiced" init --data "$data" --team "North sales" --owner "Ada Berg" --zone Europe/Warsaw \
    >"$folder/invitation" 2>>"$folder/log" &
first=$!
claim "an init that is under way is seen" until_true 20 test -e "$data/init.unfinished"
claim "a second one meanwhile is told to wait" fails_with 1 "another .sluiced init. is making" \
    init --data "$data" --team T --owner O
claim "and init succeeds all the same" wait "$first"
claim "its last line is an invitation" line_good "$folder/invitation"
claim "init leaves nothing running" nothing_left
claim "the server key is for its owner only" test "$(stat -c %a "$data/server.key")" = 600
claim "a second init is refused" fails_with 1 "initialised already" \
    init --data "$data" --team T --owner O
claim "an unknown option is a mistake of the command line" fails_with 2 "no option" run --dta x
claim "status works alone" "$sluiced" status --data "$data" >"$folder/status"
claim "status says the server is stopped" grep -q "^server *stopped" "$folder/status"
claim "invite works alone" "$sluiced" invite --data "$data" "Jan Kos" --role rep \
    >"$folder/invitation" 2>>"$folder/log"
claim "and prints a line" line_good "$folder/invitation"

claim "the server becomes ready" start
claim "it answers on the port it names" answers "$(port_of)"
claim "a second server is refused" fails_with 1 "running server" run --data "$data"
claim "invite works beside it" "$sluiced" invite --data "$data" "Łucja Żak" --role manager \
    >"$folder/invitation" 2>>"$folder/log"
claim "and prints a line too" line_good "$folder/invitation"
claim "inviting a known name adds no member" "$sluiced" invite --data "$data" "łucja zak" \
    >/dev/null 2>>"$folder/log"
"$sluiced" status --data "$data" >"$folder/status"
claim "there are three members" grep -q "^members *3$" "$folder/status"
claim "status says the server is running" grep -q "^server *running" "$folder/status"
claim "SIGTERM ends it with 0" stop
claim "SIGTERM leaves nothing running" until_true 10 nothing_left

claim "it starts again" start
postmaster=$(head -1 "$data/postgres/data/postmaster.pid")
worker=$(pgrep -P "$server" -f "$sluiced run")
kill -9 "$worker"
gone() { ! kill -0 "$1" 2>/dev/null; }
until_true 10 gone "$worker"
twice_ready() { [ "$(grep -c "^sluiced: ready" "$folder/out")" = 2 ]; }
claim "a killed worker is started again" until_true 30 twice_ready
kill -9 "$postmaster"
other_postmaster() {
    local now
    now=$(head -1 "$data/postgres/data/postmaster.pid" 2>/dev/null)
    [ -n "$now" ] && [ "$now" != "$postmaster" ]
}
claim "a killed database is started again" until_true 30 other_postmaster
claim "and the server still stops with 0" stop

claim "it starts once more" start
kill -9 "$server"
wait "$server" 2>/dev/null
server=
claim "the next start after kill -9 is ready at once" start
claim "and ends with 0" stop
claim "kill -9 left nothing either" until_true 10 nothing_left

claim "it starts with a worker that will keep dying" start
dying() { # until the keeper waits 6.4 seconds before the next one
    pkill -9 -P "$server" -f "$sluiced run"
    grep -q "worker_ended .*restart_ms=6400" "$folder/log"
}
claim "the keeper waits longer each time" until_true 60 dying
waited=$SECONDS
claim "told to stop while it waits it ends with 0" stop
claim "and at once" test $((SECONDS - waited)) -lt 6

python3 -c 'import signal, socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True)
signal.pause()' >"$folder/port" 9>&- &
blocker=$!
until_true 10 test -s "$folder/port"
claim "a port in use is told" fails_with 1 "in use" run --data "$data" \
    --listen "127.0.0.1:$(cat "$folder/port")"
claim "and leaves nothing running" until_true 10 nothing_left

[ $failed = 0 ] || { echo "--- log"; tail -40 "$folder/log"; cat "$folder/refused"; }
exit $failed
