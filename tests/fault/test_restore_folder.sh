#!/usr/bin/env bash
# ctest: label=long timeout=400
# The private database goes back to a copy of its folder, taken an hour ago: who is ahead offers its
# work again, who is not goes on, and who was sent away meanwhile stays away. The first time all come
# back; the second time one does not, and `sluiced status` says who holds what is missing.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"

run=$data/postgres/run
sql() {
    local owner=()
    [ "$(id -u)" -eq 0 ] &&
        owner=(setpriv "--reuid=$(stat -c %u "$data")" "--regid=$(stat -c %g "$data")" --clear-groups)
    "${owner[@]}" psql -X -Atq -d postgres -h "$run" -U sluice -c "$1"
}
missing() { "$bin/sluiced" status --data "$data" | grep -c "^missing .*$1"; }

claim "a server and two reps" stage_init
claim "a third" judges cy ada
deal ada "Alder 1" 100
deal bob "Beech 1" 150
for each in ada bob cy; do sync_quietly $each; done
sync_quietly cy
claim "the server stops" server_stop
cp -a "$data/postgres" "$folder/hour_ago"
claim "and runs on" server_start
deal ada "Alder 2" 200
deal bob "Beech 2" 250
bob --offline deal edit "Beech 1" --value 111 >/dev/null 2>&1
for each in ada bob; do sync_quietly $each; done
device=$(sql "SELECT d.id FROM device d JOIN member m ON m.id = d.member WHERE m.name = 'cy'")
claim "one is sent away" says 0 "" ada device revoke "$device" --yes --wait

back() { # the folder of an hour ago, and only that
    server_stop && rm -rf "$data/postgres" && cp -a "$folder/hour_ago" "$data/postgres" && log_from &&
        server_start
}
claim "the folder is put back" back
claim "who was sent away stays away" says 8 "" cy sync
claim "who is ahead offers again" sync_quietly ada
claim "and is told" grep -q "restored from a backup" "$folder/ada.sync"
claim "the other is still missing" test "$(missing "Bob Ross")" = 1
claim "the first is not" test "$(missing "Ada Berg")" = 0
claim "until it comes" sync_quietly bob
claim "nothing is missing then" test "$(missing "")" = 0
sync_quietly ada
claim "a fresh client joins" judges judge ada
for each in judge ada bob; do
    claim "$each sees every deal once" shows $each "Alder "{1,2} "Beech "{1,2}
    claim "$each sees what the judge sees" same $each judge
done
claim "the edit is there" test "$(value_of "Beech 1")" = 11100
claim "the tables have each once" stored_once

# --- once more, and bob's laptop is lost
claim "the folder is put back again" back
for each in ada judge ada; do sync_quietly $each; done
claim "status says who holds what is missing" test "$(missing "Bob Ross, device .*: changes 2 to 3")" = 1
claim "the others see what is left" shows ada "Alder "{1,2} "Beech 1"
hears() { sync_quietly ada && ada --offline inbox 2>/dev/null | grep -q "$1"; }
hears_nothing() { ! hears "are missing since"; }
claim "before a minute is over nobody is alarmed" hears_nothing
claim "then the managers are" until_true 60 hears "2 changes of Bob Ross are missing since"
claim "which ones, and of which device" says 0 "numbers 2 to 3, the last one made" ada --offline inbox
claim "for programs too" says 0 '"field": "missing", "base": "2", "theirs": "3"' \
    ada --offline inbox --json kind,field,base,theirs
claim "it is in the server's log" grep -q "changes_missing .*first=2 last=3" "$folder/server.log"
claim "the laptop is found, and syncs" sync_quietly bob
claim "then nothing is missing" until_true 30 hears_nothing
claim "and status agrees" test "$(missing "")" = 0
claim "the tables have each once" stored_once

# --- a journal that was torn, and one that is not ours to read
claim "the server stops" server_stop
printf 'revoked 01' >>"$data/access.journal"
claim "half a line is no obstacle" server_start
claim "who was sent away stays away" says 8 "" cy sync
claim "the server stops" server_stop
stage_end
