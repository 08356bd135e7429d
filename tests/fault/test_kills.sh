#!/usr/bin/env bash
# kill -9 of each process at random moments under load: the client, the worker, the keeper,
# PostgreSQL's postmaster and a backend. Nothing acknowledged is lost or doubled, everything starts
# again by itself (the keeper: at the next start), nothing is left behind. SIGTERM stops in seconds.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

rounds=${SLUICE_FAULT_ROUNDS:-8}
claim "a server and two reps" stage_init
: >"$folder/promised"

pause() { sleep "0.$(printf '%03d' $((RANDOM % $1)))"; } # a random moment is what is tested

# --- the client ---
kill_clients() { # a killed add may or may not have happened; an answered one has
    local i pid
    for i in $(seq "$rounds"); do
        SLUICE_HOME="$folder/ada" "$bin/sluice" add "client $i" >/dev/null 2>&1 9>&- &
        pid=$!
        pause 60
        kill -9 $pid 2>/dev/null
        if wait $pid 2>/dev/null; then echo "client $i" >>"$folder/promised"; else echo "client $i" >>"$folder/perhaps"; fi
        SLUICE_HOME="$folder/ada" "$bin/sluice" sync >/dev/null 2>&1 9>&- &
        pid=$!
        pause 60
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
        says 0 "is whole" ada doctor || return 1
    done
}
: >"$folder/perhaps"
claim "a client killed in writing and syncing leaves a whole copy" kill_clients

# --- the server, under load ---
load() { # adds deals until told to end; what was taken is promised
    local n=0
    while [ ! -e "$folder/enough" ]; do
        n=$((n + 1))
        home "$1" add "$1 $n" >/dev/null 2>&1 && echo "$1 $n" >>"$folder/promised"
        home "$1" sync >/dev/null 2>&1
    done
}
bob sync 2>/dev/null
load ada 9>&- &
children+=($!)
loads=($!)
load bob 9>&- &
children+=($!)
loads+=($!)

nothing_but_load() { [ -z "$(pgrep -f -- "$data")" ]; }
worker_of() { pgrep -P "$server" -f "$bin/sluiced run"; }
postmaster_of() { head -n 1 "$data/postgres/data/postmaster.pid" 2>/dev/null; }
ready_count() { grep -c "^sluiced: ready" "$folder/out"; }
ready_again() { [ "$(ready_count)" -gt "$1" ]; }
goes_through() { home eve add "eve $RANDOM$RANDOM" --wait=5 >/dev/null 2>&1; }
ada invite Eve --role rep >"$folder/eve.line" 2>/dev/null
home eve join "$(invitation "$folder/eve.line")" >/dev/null
serves() { until_true 30 goes_through; }

kill_worker() {
    local before worker
    before=$(ready_count)
    worker=$(worker_of)
    kill -9 "$worker" && until_true 30 ready_again "$before" && serves
}
claim "a killed worker is started again and serves" kill_worker
claim "and the log says so" grep -q "keeper.worker_ended signal=9" "$folder/server.log"

other_postmaster() { [ -n "$(postmaster_of)" ] && [ "$(postmaster_of)" != "$1" ]; }
kill_postmaster() {
    local before
    before=$(postmaster_of)
    kill -9 "$before" && until_true 30 other_postmaster "$before" && serves
}
claim "a killed postmaster is started again and serves" kill_postmaster
claim "and the log says so" grep -q "keeper.database_started" "$folder/server.log"

psql_owner() {
    local user=()
    [ "$(id -u)" = 0 ] && user=(setpriv --reuid "$(stat -c %u "$data")" --clear-groups --)
    "${user[@]}" psql -h "$data/postgres/run" -U sluice -d postgres -Atqc "$1"
}
backends_end() {
    [ "$(psql_owner "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE usename = 'sluice_app'")" -gt 0 ] && serves
}
claim "ended backends are replaced" backends_end
backend_kill() { # PostgreSQL then restarts all of them
    local backend
    backend=$(psql_owner "SELECT pid FROM pg_stat_activity WHERE usename = 'sluice_app' LIMIT 1")
    [ -n "$backend" ] && kill -9 "$backend" && serves
}
claim "a killed backend too" backend_kill

keeper_kill() {
    kill -9 "$server"
    wait "$server" 2>/dev/null
    server=
    server_start
}
claim "after kill -9 of the keeper the next start is ready" keeper_kill
claim "and serves" serves
all_kill() {
    kill -9 "$server" "$(worker_of)" "$(postmaster_of)"
    wait "$server" 2>/dev/null
    server=
    server_start && serves
}
claim "after kill -9 of all three too" all_kill

# A database that cannot start: the keeper goes on trying.
programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)
mkdir "$folder/programs"
for each in "${SLUICED_POSTGRES_BINDIR:-$programs}"/*; do ln -s "$each" "$folder/programs/"; done
export SLUICED_POSTGRES_BINDIR="$folder/programs"
stop_in_time() {
    local began=$SECONDS
    server_stop && [ $((SECONDS - began)) -le 8 ]
}
claim "SIGTERM under load stops it with 0 within seconds" stop_in_time
claim "and leaves nothing running" until_true 10 nothing_but_load
claim "it starts again" server_start
database_waits() { grep -q "keeper.database_waits" "$folder/server.log"; }
database_away() {
    mv "$folder/programs/postgres" "$folder/programs/away"
    kill -9 "$(postmaster_of)"
    until_true 30 database_waits && kill -0 "$server" && mv "$folder/programs/away" "$folder/programs/postgres" && serves
}
claim "a database that cannot be started is told and tried until it can" database_away

confined() { # the worker, unless this system knows no such thing, and then it was said
    grep -q '^Seccomp:.*2' "/proc/$(worker_of)/status" ||
        grep -q "worker.sandbox_missing" "$folder/server.log"
}
claim "a worker that was started again is confined" confined

# The private PostgreSQL's log does not grow for ever.
turned() { [ -s "$data/postgres/log.1" ] && [ "$(stat -c %s "$data/postgres/log")" -lt 1000000 ]; }
head -c 17000000 /dev/zero | tr '\0' 'x' >>"$data/postgres/log"
claim "a log that has grown is set aside" until_true 20 turned
says_on() { psql_owner "SELECT 'said on' / 1" >/dev/null 2>&1; grep -q "said on" "$data/postgres/log"; }
claim "and PostgreSQL writes on" says_on
claim "nothing of it is lost" grep -q "ready to accept connections" "$data/postgres/log.1"

touch "$folder/enough"
wait "${loads[@]}"
children=()
stops_on() { # stops_on SIGNAL
    kill "-$1" "$server"
    wait "$server"
    local code=$?
    server=
    [ $code = 0 ]
}
claim "SIGHUP stops it with 0, as a closed terminal does" stops_on HUP
claim "it starts again" server_start
claim "SIGINT too" stops_on INT
claim "it starts again" server_start
sent() { ada sync 2>/dev/null && bob sync 2>/dev/null && home eve sync 2>/dev/null; }
claim "everything is delivered" until_true 60 sent
ada sync 2>/dev/null
titles ada >"$folder/found"
claim "$(wc -l <"$folder/promised") acknowledged deals: none is lost" \
    test -z "$(sort "$folder/promised" | comm -23 - "$folder/found")"
claim "none is there twice" test -z "$(uniq -d "$folder/found")"
claim "and no other than those" test -z "$(sort "$folder/promised" "$folder/perhaps" |
    comm -13 - "$folder/found" | grep -v '^eve ')"
for each in ada bob; do claim "the copy of $each is whole" says 0 "is whole; 0 changes" home $each doctor; done
claim "SIGTERM ends it with 0" server_stop
claim "and leaves nothing running" until_true 10 nothing_left
claim "no socket, no lock of PostgreSQL" test -z "$(ls -A "$data/postgres/run")$(postmaster_of)"
stage_end
