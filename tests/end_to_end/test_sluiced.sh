#!/usr/bin/env bash
# The life of a server: init, run, invite beside and alone, stop, kill -9, restart.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

sluiced="$bin/sluiced"
port_of() { sed -n 's/^sluiced: ready on .*:\([0-9]*\)$/\1/p' "$folder/out" | tail -1; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# Programs that work in the data folder: the postmaster's working folder, a worker's argument.
left_over() { pgrep -f -- "$data" | grep -v "^$$\$"; }

start() { server_start --listen 127.0.0.1:0; }
fails_with() { # fails_with CODE TEXT arguments...
    local code=$1 text=$2
    shift 2
    "$sluiced" "$@" >"$folder/said" 2>&1
    [ $? -eq "$code" ] && grep -Eq -- "^sluiced: .*$text.* \[[a-z_]+\]$" "$folder/said"
}
line_good() { tail -1 "$1" | grep -Eq '^sluice1-127[.]0[.]0[.]1:7117-[0-9a-z]{84}$'; }

claim "run before init is refused" fails_with 1 "no data folder" run --data "$data"
claim "a wrong zone is refused before anything is made" \
    fails_with 2 "no time zone" init --data "$data" --team T --owner O --zone Mars/Phobos
claim "and nothing was made" test ! -e "$data"
"$sluiced" init --data "$data" --team "North sales" --owner "Ada Berg" --zone Europe/Warsaw \
    >"$folder/invitation" 2>>"$folder/server.log" &
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
    >"$folder/invitation" 2>>"$folder/server.log"
claim "and prints a line" line_good "$folder/invitation"

claim "the server becomes ready" start
claim "it answers on the port it names" answers "$(port_of)"
claim "a second server is refused" fails_with 1 "running server" run --data "$data"
claim "invite works beside it" "$sluiced" invite --data "$data" "Łucja Żak" --role manager \
    >"$folder/invitation" 2>>"$folder/server.log"
claim "and prints a line too" line_good "$folder/invitation"
claim "inviting a known name adds no member" "$sluiced" invite --data "$data" "łucja zak" \
    >/dev/null 2>>"$folder/server.log"
"$sluiced" status --data "$data" >"$folder/status"
claim "there are three members" grep -q "^members *3$" "$folder/status"
claim "status says the server is running" grep -q "^server *running" "$folder/status"
claim "SIGTERM ends it with 0" server_stop
claim "SIGTERM leaves nothing running" until_true 10 nothing_left

claim "it starts again" start
postmaster=$(head -1 "$data/postgres/data/postmaster.pid")
worker=$(pgrep -P "$server" -f "$sluiced run")
kill -9 "$worker"
until_true 10 is_gone "$worker"
twice_ready() { [ "$(grep -c "^sluiced: ready" "$folder/out")" = 2 ]; }
claim "a killed worker is started again" until_true 30 twice_ready
kill -9 "$postmaster"
other_postmaster() {
    local now
    now=$(head -1 "$data/postgres/data/postmaster.pid" 2>/dev/null)
    [ -n "$now" ] && [ "$now" != "$postmaster" ]
}
claim "a killed database is started again" until_true 30 other_postmaster
claim "and the server still stops with 0" server_stop

claim "it starts once more" start
kill -9 "$server"
wait "$server" 2>/dev/null
server=
claim "the next start after kill -9 is ready at once" start
claim "and ends with 0" server_stop
claim "kill -9 left nothing either" until_true 10 nothing_left

claim "it starts with a worker that will keep dying" start
dying() { # until the keeper waits 6.4 seconds before the next one
    pkill -9 -P "$server" -f "$sluiced run"
    grep -q "worker_ended .*restart_ms=6400" "$folder/server.log"
}
claim "the keeper waits longer each time" until_true 60 dying
waited=$SECONDS
claim "told to stop while it waits it ends with 0" server_stop
claim "and at once" test $((SECONDS - waited)) -lt 6

python3 -c 'import signal, socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True)
signal.pause()' >"$folder/port" 9>&- &
children+=($!)
until_true 10 test -s "$folder/port"
claim "a port in use is told" fails_with 1 "in use" run --data "$data" \
    --listen "127.0.0.1:$(cat "$folder/port")"
claim "and leaves nothing running" until_true 10 nothing_left

stage_end
