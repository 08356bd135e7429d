#!/usr/bin/env bash
# ctest: timeout=400
# Of two servers of one database one remembers what its reps work with, and decides on that. A right that
# is taken away through the other one counts from that moment: for a change that comes after, and for one
# that was decided before and is on its way to the database.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"

second=
finish_first() { [ -n "$second" ] && kill -TERM "$second" 2>/dev/null && wait "$second" 2>/dev/null; }
trap 'finish; private_postgres_stop' EXIT
travel_begin
gate=$folder/gate
python3 "$SLUICE_SOURCE_DIR/tests/fault/gate.py" "$run/.s.PGSQL.5432" "$gate" \
    >"$gate.port" 2>"$gate.log" 9>&- &
children+=($!)
until_true 10 test -s "$gate.port"
through() { echo "postgresql://$1@127.0.0.1:$(cat "$gate.port")/pipeline?sslmode=disable"; }
second_start() {
    other=$(port_free)
    cp -a "$data" "$folder/data2" || return 1
    SLUICED_DATABASE=$(url sluice_owner) SLUICED_DATABASE_APP=$(url sluice_app) \
        "$bin/sluiced" run --data "$folder/data2" --listen "127.0.0.1:$other" >"$folder/out2" 2>"$folder/second.log" 9>&- &
    second=$!
    until_true 60 grep -q "^sluiced: ready on " "$folder/out2" &&
        ada server "127.0.0.1:$other" >/dev/null
}
team_seq() { sql "SELECT head_seq FROM team"; }
source_of() { sql "SELECT source FROM deal WHERE title = '$1'"; }
answer() { sql "SELECT kind FROM outcome ORDER BY seq DESC LIMIT 1"; } # 1 applied, 4 parked
works() { # works NAME SOURCE: an edit of the deal, answered
    home "$1" deal edit Roof --source "$2" --wait=50 >"$folder/$1.said" 2>&1
}
held() { [ -e "$gate.held" ]; }
on_its_way() { # on_its_way NAME SOURCE: the first server has decided, and its commit stands still
    rm -f "$gate".{held,go,before}
    : >"$gate.before"
    works "$1" "$2" 9>&- &
    working=$!
    until_true 30 held
}
arrives() { : >"$gate.go"; wait $working; :; }

claim "a server behind a gate, and a rep at it" stage_init \
    --database "$(through sluice_owner)" --database-app "$(through sluice_app)"
claim "a second rep at it" joins cy Cy rep
claim "a second server, with the owner" second_start
claim "a deal" says 0 Added cy add Roof --value 100 --wait
for each in one two three; do claim "the rep works with it: $each" works cy $each; done

# --- the role
before=$(team_seq)
claim "a change is decided, and on its way" on_its_way cy four
claim "nothing of it has come" test "$(team_seq)" = "$before"
claim "the rep becomes one who only looks" says 0 "" ada member edit Cy --role viewer --wait
claim "the change arrives" arrives
claim "and is not done" test "$(source_of Roof)" = three
claim "but kept" test "$(answer)" = 4
claim "nor is the next, made without knowing" eval '! works cy five && [ "$(source_of Roof)" = three ]'
claim "a rep again" says 0 "" ada member edit Cy --role rep --wait
claim "hears of it" sync_quietly cy
claim "and works" eval 'works cy six && [ "$(source_of Roof)" = six ]'

# --- an administrator's command beside the servers
claim "an invitation made at the machine" "$bin/sluiced" invite Dora --role rep --data "$folder/data2" \
    --database "$(url sluice_owner)" --database-app "$(url sluice_app)" >"$folder/said" 2>&1
claim "is no hindrance" eval 'works cy seven && [ "$(source_of Roof)" = seven ]'

# --- the device
shut_out() {
    sync_quietly ada || return 1
    local device
    device=$(ada device list --plain --no-headers --columns id,member | awk -F '\t' '/Bob Ross/ {print $1}')
    says 0 "" ada device revoke "$device" --yes --wait
}
sync_quietly bob
for each in eight nine; do claim "a colleague works with it: $each" works bob $each; done
claim "his change is decided, and on its way" on_its_way bob ten
claim "his device is shut out" shut_out
claim "the change arrives" arrives
claim "and is not done" test "$(source_of Roof)" = nine
claim "but kept" test "$(answer)" = 4
claim "the owner sees it" eval 'sync_quietly ada && ada inbox | grep -q Roof'
works bob eleven
claim "nothing of that device is done any more" test "$(source_of Roof)" = nine
claim "everything is stored once" stored_once
claim "the first server stops in order" server_stop
stage_end
