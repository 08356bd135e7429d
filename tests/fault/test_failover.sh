#!/usr/bin/env bash
# ctest: label=long timeout=600
# scenario 11: the primary dies, and a standby that had not heard the end is promoted. A server that still talks to
# the old primary cannot write into the new history; when it finds the new primary it notices, and its
# clients offer again what was lost. Judged by a fresh client and by the tables of the new primary.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"

standby=
second=
standby_stop() {
    [ -n "$second" ] && kill -TERM "$second" 2>/dev/null && wait "$second" 2>/dev/null
    [ -n "$standby" ] && kill -INT "$standby" 2>/dev/null && wait "$standby" 2>/dev/null
    second= standby=
}
trap 'finish; standby_stop; private_postgres_stop' EXIT
travel_begin
programs=$(private_postgres_programs)
old=$run
new=$PRIVATE_POSTGRES_DIR/run_new
here=$PRIVATE_POSTGRES_DIR
as_postgres() { ( cd "$here" && private_postgres_run "$@" ); }

standby_start() {
    as_postgres mkdir -m 0755 "$new" &&
        as_postgres "$programs/pg_basebackup" -h "$old" -U sluice -D "$here/standby" -R -X stream \
            -c fast >>"$folder/server.log" 2>&1 || return 1
    ( cd "$here" && private_postgres_run "$programs/postgres" -D "$here/standby" -k "$new" \
        -c listen_addresses= -c fsync=off -c shared_buffers=32MB -c max_connections=60 \
        >>"$folder/standby.log" 2>&1 9>&- ) &
    standby=$!
    until_true 30 "$programs/pg_isready" -q -h "$new" -d postgres
}
standby_heard() { # all that the primary has written until now
    local at
    at=$(sql_at "$old" postgres "SELECT pg_current_wal_flush_lsn()")
    until_true 30 standby_is_at "$at"
}
standby_is_at() {
    [ "$(sql_at "$new" postgres "SELECT pg_last_wal_replay_lsn() >= '$1'::pg_lsn")" = t ]
}
standby_deaf() { # hears no more from here on
    sql_at "$new" postgres "ALTER SYSTEM SET primary_conninfo = ''" &&
        sql_at "$new" postgres "SELECT pg_reload_conf()" >/dev/null &&
        until_true 30 standby_is_deaf
}
standby_is_deaf() { [ "$(sql_at "$new" postgres "SELECT count(*) FROM pg_stat_wal_receiver")" = 0 ]; }
second_start() { # a server of its own at the new primary, with the same key
    second_port=$(port_free)
    cp -a "$data" "$folder/data2" && rm -f "$folder/data2/lock" || return 1
    sed -i -e "s/^listen *=.*/listen = 127.0.0.1:$second_port/" \
        -e "/^database/s#$old,$new#$new#" "$folder/data2/sluiced.conf"
    : >"$folder/out2"
    "$bin/sluiced" run --data "$folder/data2" >"$folder/out2" 2>>"$folder/second.log" 9>&- &
    second=$!
    until_true 60 grep -q "^sluiced: ready on " "$folder/out2"
}

claim "a server that knows both databases, and two reps" stage_init \
    --database "$(url sluice_owner "$old,$new")" --database-app "$(url sluice_app "$old,$new")"
claim "a standby" standby_start
claim "a third rep" judges cy ada
deal ada "Alder 1" 100
deal bob "Beech 1" 150
for each in ada bob cy; do sync_quietly $each; done
cy sync >/dev/null 2>&1
claim "the standby has heard all" standby_heard
claim "and hears no more" standby_deaf
deal ada "Alder 2" 200
ada --offline deal edit "Alder 1" --value 111 >/dev/null 2>&1
deal bob "Beech 2" 250
for each in ada bob ada; do claim "$each exchanges" sync_quietly $each; done
claim "the old primary has the tail" test "$(value_of "Beech 2")" = 25000

# --- two primaries, a server at each
claim "the standby is promoted" test "$(sql_at "$new" postgres "SELECT pg_promote()")" = t
run=$new
claim "without the tail" test -z "$(value_of "Beech 2")"
claim "a second server at the new primary" second_start
cy server "127.0.0.1:$second_port" >/dev/null 2>&1
deal cy "Cedar 1" 300
claim "who comes there goes on" sync_quietly cy
claim "in the new history" test "$(value_of "Cedar 1")" = 30000
deal bob "Beech 3" 350
claim "who is still with the stale server" sync_quietly bob
claim "writes into the old history only" test -z "$(value_of "Beech 3")"
sync_quietly cy
claim "and the new one's clients see nothing of it" shows cy "Alder 1" "Beech 1" "Cedar 1"

# --- the old primary dies: the stale server finds the new one
bob sync --watch >"$folder/bob.watch" 2>&1 9>&- &
watch=$!
children+=("$watch")
log_from
deal ada "Alder 3" 360 # goes to the stale server, which believes in the old history
private_postgres_crash
ada_sent() { sync_quietly ada && [ "$(value_of "Alder 3")" = 36000 ]; }
claim "it commits for its clients again" until_true 60 ada_sent
claim "after it noticed" logged "team_went_back"
bob_back() { [ "$(value_of "Beech 3")" = 35000 ]; }
claim "a client that was connected all the time offers again by itself" until_true 60 bob_back
kill -TERM "$watch" 2>/dev/null
wait "$watch" 2>/dev/null
for each in bob ada cy ada bob; do sync_quietly $each; done
claim "a fresh client joins" judges judge ada
all=("Alder "{1,2,3} "Beech "{1,2,3} "Cedar 1")
for each in judge ada bob cy; do
    claim "$each sees every deal once" shows $each "${all[@]}"
    claim "$each sees what the judge sees" same $each judge
done
claim "the edit of the tail is there" test "$(value_of "Alder 1")" = 11100
claim "the tables have each once" stored_once
claim "the server stops in order" server_stop
stage_end
