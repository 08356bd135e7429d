#!/usr/bin/env bash
# ctest: label=long timeout=400
# Who was let in and who was sent away, when the database forgets it: restored to yesterday's folder
# with the server down, restored under a running server, and with a second server on a copy of the data
# folder. scenario 20: a rep who is shut out and let in again while offline begins anew.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"

second=
second_stop() { [ -n "$second" ] && kill -TERM "$second" 2>/dev/null && wait "$second" 2>/dev/null; second=; }
trap 'second_stop; finish; private_postgres_stop' EXIT
travel_begin
dump() { pg_dump -h "$run" -U sluice -d pipeline >"$folder/$1.sql" 2>>"$folder/server.log"; }
back() { # back DUMP: whoever is connected is thrown out
    sql_at "$run" postgres "DROP DATABASE pipeline WITH (FORCE)" &&
        sql_at "$run" postgres "CREATE DATABASE pipeline OWNER sluice_owner" &&
        psql -X -q -h "$run" -U sluice -d pipeline -f "$folder/$1.sql" >/dev/null 2>>"$folder/server.log"
}
second_start() { # on a copy of the data folder, at the same database
    local other
    other=$(port_free)
    [ -d "$folder/data2" ] || { cp -a "$data" "$folder/data2" && rm -f "$folder/data2/lock"; } || return 1
    sed -i -e "s/^listen *=.*/listen = 127.0.0.1:$other/" "$folder/data2/sluiced.conf"
    : >"$folder/out2"
    "$bin/sluiced" run --data "$folder/data2" >"$folder/out2" 2>>"$folder/second.log" 9>&- &
    second=$!
    until_true 60 grep -q "^sluiced: ready on " "$folder/out2" &&
        for each in "$@"; do home "$each" server "127.0.0.1:$other" >/dev/null || return 1; done
}
device() { sql "SELECT d.id FROM device d JOIN member m ON m.id = d.member WHERE m.name = '$1'"; }
shut_out() { home "$1" sync >/dev/null 2>&1; [ $? = 8 ]; }

claim "a server on a PostgreSQL of ours" stage_init \
    --database "$(url sluice_owner)" --database-app "$(url sluice_app)"
claim "a third" judges cy ada
for each in 1 2; do deal ada "Alder $each" "${each}00"; deal cy "Cedar $each" "${each}50"; done
for each in ada cy ada cy bob; do sync_quietly $each; done
dump yesterday

# --- since yesterday: a device is revoked, one joins
claim "a device is revoked" says 0 "" ada device revoke "$(device cy)" --yes --wait
claim "one joins" judges eve ada
deal eve "Elm 1" 110
deal cy "Cedar 3" 350
claim "and works" sync_quietly eve
sync_quietly ada

# --- restored while the server runs; nobody starts it again
server_pid=$server
cp -a "$folder/cy" "$folder/cy.kept" # a copy is erased when its device is told
claim "the database is yesterday's, under a running server" back yesterday
claim "there nobody was sent away" test "$(sql "SELECT count(*) FROM device WHERE revoked")" = 0
claim "the revoked device stays out" until_true 20 shut_out cy
claim "it is the same server" kill -0 "$server_pid"
claim "the database knows it again" test "$(sql "SELECT count(*) FROM device WHERE revoked")" = 1
claim "nothing of it came in" test "$(sql "SELECT count(*) FROM deal WHERE title = 'Cedar 3'")" = 0
claim "who invited the newcomer comes" sync_quietly ada
claim "then the newcomer is let in again" until_true 20 sync_quietly eve
for each in bob ada; do sync_quietly $each; done
for each in ada bob eve; do claim "$each sees all" shows $each "Alder "{1,2} "Cedar "{1,2} "Elm 1"; done
claim "the tables have each once" stored_once

# --- a second server on a copy of the data folder: it learns what the first one did
claim "a second server" second_start bob
deal bob "Beech 1" 10
claim "serves" sync_quietly bob
claim "one more joins" judges fay ada
sync_quietly ada
claim "and is revoked at the first server" says 0 "" ada device revoke "$(device fay)" --yes --wait
claim "both stop" eval "server_stop && second_stop"
claim "the second one starts once more" second_start
second_stop
claim "the database is yesterday's again" back yesterday
rm -rf "$folder/cy" && cp -a "$folder/cy.kept" "$folder/cy"
claim "only the second server comes back" second_start ada bob cy eve fay
claim "the first revoked one stays out" says 8 "" home cy sync
claim "who invited them comes" sync_quietly ada
claim "the one who was let in is again" until_true 20 sync_quietly eve
claim "the one who was sent away is not" until_true 20 shut_out fay
claim "nor anybody else with that invitation" test \
    "$(sql "SELECT count(*) FROM device d JOIN member m ON m.id = d.member WHERE m.name = 'fay'
        AND NOT d.revoked")" = 0

# --- scenario 20: a rep's device is revoked while offline, and the rep is let in again
for each in bob eve ada; do sync_quietly $each; done
ada invite gus --role rep >"$folder/gus.line" 2>/dev/null
claim "a rep" says 0 "Joined" home gus join "$(invitation "$folder/gus.line")"
sync_quietly gus
claim "who has everything" shows gus "Alder "{1,2} "Cedar "{1,2} "Elm 1" "Beech 1"
deal gus "Gus alone" 77
for each in ada; do sync_quietly $each; done
claim "is shut out while offline" says 0 "" ada device revoke "$(device gus)" --yes --wait
claim "a deal goes on meanwhile" says 0 "" ada deal edit "Alder 1" --value 999 --wait
claim "and is let in again" eval 'ada invite gus >"$folder/again.line" 2>/dev/null'
claim "the old copy delivers what it has, and is turned away" until_true 20 shut_out gus
claim "and is told so" says 8 "was revoked" home gus sync
claim "the new one joins" says 0 "Joined" home gus2 join "$(invitation "$folder/again.line")"
sync_quietly gus2
sync_quietly ada
claim "it has exactly the rows of today" same gus2 ada
claim "what was not sent was never applied" test \
    "$(sql "SELECT count(*) FROM deal WHERE title = 'Gus alone'")" = 0
claim "but is kept for the managers" says 0 "Gus alone" ada --offline inbox
claim "it is the same member" test "$(sql "SELECT count(*) FROM member WHERE name = 'gus'")" = 1
claim "the tables have each once" stored_once
stage_end
