#!/usr/bin/env bash
# ctest: timeout=600
# Something between the server and its database takes everything and says nothing: nothing is closed,
# every byte is acknowledged. The server gives such a connection up, administration does not wait for
# ever, and when it goes on nothing is lost or doubled.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"

trap 'finish; private_postgres_stop' EXIT
travel_begin
touch "$folder/calm"
python3 "$SLUICE_SOURCE_DIR/tests/fault/peers.py" weather "$run/.s.PGSQL.5432" 1 "$folder/calm" \
    >"$folder/line.port" 2>"$folder/line.log" 9>&- &
line=$!
children+=("$line")
until_true 10 test -s "$folder/line.port"
over_line() { echo "postgresql://$1@127.0.0.1:$(cat "$folder/line.port")/pipeline?sslmode=disable"; }
claim "a server behind a relay, and two reps" stage_init \
    --database "$(over_line sluice_owner)" --database-app "$(over_line sluice_app)"
claim "a rep works" says 0 Added ada add "Before" --wait

stalls() { kill -STOP "$line"; }
goes_on() { kill -CONT "$line"; }
log_from
claim "the relay stalls" stalls
claim "a rep's work is kept" says 0 Added ada --offline add "Meanwhile"
bob_sends() { home bob sync --wait=5 >/dev/null 2>&1; } # brings work for the database
bob --offline add "Also" >/dev/null 2>&1
gives_up() { bob_sends; logged 'database.lost why="no answer"'; }
claim "the server gives the connection up" until_true 40 gives_up
in_time() { # administration: told within the time limit, and what is wrong
    local began=$SECONDS code
    timeout 60 "$bin/sluiced" status --data "$data" >"$folder/said" 2>&1
    code=$?
    [ $code != 0 ] && [ $code != 124 ] && [ $((SECONDS - began)) -le 45 ] &&
        grep -q "timeout expired" "$folder/said"
}
claim "administration tells it, and does not wait for ever" in_time
claim "the server still runs" kill -0 "$server"
claim "the relay goes on" goes_on
sent() { sync_quietly ada && sync_quietly bob && sync_quietly ada && shows ada Also Before Meanwhile; }
claim "everything is delivered" until_true 60 sent
claim "once" stored_once

# The same with PostgreSQL itself: what works for the server stopped for a moment, no connection lost.
backends() { pgrep -P "$PRIVATE_POSTGRES_PID" -f sluice_app; }
backends >"$folder/backends"
freeze() { xargs kill -STOP <"$folder/backends"; }
thaw() { xargs kill -CONT <"$folder/backends"; }
log_from
claim "PostgreSQL is stopped" freeze
SLUICE_HOME="$folder/ada" "$bin/sluice" add "Frozen" --wait=30 >"$folder/ada.add" 2>&1 9>&- &
adding=$!
waits() { titles ada | grep -q Frozen; }
claim "a rep's work waits" until_true 10 waits
claim "it goes on" thaw
wait $adding
claim "and the work that waited is done" test $? = 0
claim "on the same connections" test "$(tail -n "+$((log_at + 1))" "$folder/server.log" | grep -c database.lost)" = 0
claim "the server stops in order" server_stop
stage_end
