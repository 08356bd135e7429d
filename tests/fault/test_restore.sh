#!/usr/bin/env bash
# ctest: label=long timeout=600
# Time travel, on real processes: the database goes back to a dump, to a copy of its folder and to a
# standby that had not heard the end; a laptop is copied, or set back by a week. Nothing is lost, nothing
# is there twice, and what was offered again went through the rules again. Judged by a third client
# that joins afterwards, and by the tables.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"

trap 'finish; private_postgres_stop' EXIT
travel_begin

# --- 1. scenario 9 and 10: restored from a dump of an hour ago
claim "a server on a PostgreSQL of ours, and two reps" stage_init \
    --database "$(url sluice_owner)" --database-app "$(url sluice_app)"
claim "a third" judges cy ada
for each in 1 2 3; do deal ada "Alder $each" "${each}00"; deal bob "Beech $each" "${each}50"; done
for each in ada bob cy ada bob cy; do sync_quietly $each; done
claim "all see six deals" shows cy "Alder 1" "Alder 2" "Alder 3" "Beech 1" "Beech 2" "Beech 3"
for each in dan eve; do
    ada invite $each --role rep >"$folder/$each.line" 2>/dev/null
done
claim "one who will be sent away" says 0 "Joined" home dan join "$(invitation "$folder/dan.line")"
for each in dan ada; do sync_quietly $each; done
pg_dump -h "$run" -U sluice -d pipeline >"$folder/dump.sql" 2>>"$folder/server.log"

deal ada "Alder 4" 400
ada --offline deal edit "Alder 1" --value 777 >/dev/null 2>&1
ada --offline deal edit "Alder 2" --value 222 >/dev/null 2>&1
sync_quietly ada
deal bob "Beech 4" 450
sync_quietly bob
claim "one who joins after it" says 0 "Joined" home eve join "$(invitation "$folder/eve.line")"
deal eve "Elm 1" 110
sync_quietly eve
dan_device=$(sql "SELECT d.id FROM device d JOIN member m ON m.id = d.member WHERE m.name = 'dan'")
claim "one who is sent away after it" says 0 "" ada device revoke "$dan_device" --yes --wait
claim "and is not let in" says 8 "" home dan sync
deal ada "Alder 5" 500 # not sent yet
claim "both are ahead of the dump" test "$(sql "SELECT count(*) FROM deal")" = 9

server_stop
sql_at "$run" postgres "DROP DATABASE pipeline WITH (FORCE)"
sql_at "$run" postgres "CREATE DATABASE pipeline OWNER sluice_owner"
psql -X -q -h "$run" -U sluice -d pipeline -f "$folder/dump.sql" >/dev/null 2>>"$folder/server.log"
claim "the dump has six deals" test "$(sql "SELECT count(*) FROM deal")" = 6
log_from
claim "there the device is not revoked, and the invitation not used" test "$(sql "SELECT
    (SELECT count(*) FROM device WHERE revoked) + (SELECT count(*) FROM device d JOIN member m
    ON m.id = d.member WHERE m.name = 'eve')")" = 0
claim "the server runs on the dump" server_start
claim "it says what it put back" logged "access.restored enrolled=1 revoked=1"
claim "who was sent away stays away" says 8 "" home dan sync
claim "an invitation that was used lets nobody else in" says 8 "was used already" \
    home thief join "$(invitation "$folder/eve.line")"
claim "status names who holds what is missing" says 0 "missing  Ada Berg, device .*: changes" \
    "$bin/sluiced" status --data "$data"
claim "of all three" test "$(grep -c "^missing  \(Ada Berg\|Bob Ross\|eve\), " "$folder/said")" = 3

replica_cy=$(sql "SELECT r.id FROM replica r JOIN device d ON d.id = r.device JOIN member m
    ON m.id = d.member WHERE m.name = 'cy'")
cy --offline deal edit "Alder 1" --value 555 >/dev/null 2>&1
claim "who is not ahead goes on" sync_quietly cy
claim "from where it was" logged "session_open .*replica=$replica_cy plan=1"
claim "and hears nothing of a restore" test "$(grep -c restored "$folder/cy.sync")" = 0
claim "who is ahead exchanges" sync_quietly ada
claim "and is told" grep -q "restored from a backup" "$folder/ada.sync"
claim "so does the other" sync_quietly bob
claim "who joined after it comes back by itself" sync_quietly eve
for each in ada bob cy eve; do sync_quietly $each; done
claim "then nothing is missing" test "$("$bin/sluiced" status --data "$data" | grep -c missing)" = 0
claim "a fresh client joins" judges judge1 ada
all=("Alder "{1,2,3,4,5} "Beech "{1,2,3,4} "Elm 1")
for each in judge1 ada bob cy eve; do
    claim "$each sees every deal once" shows $each "${all[@]}"
    claim "$each sees what the judge sees" same $each judge1
done
claim "the tables have each once" stored_once
claim "a change that nobody contradicts is there again" test "$(value_of "Alder 2")" = 22200
claim "the rules were applied again: what stands meanwhile stays" test "$(value_of "Alder 1")" = 55500
claim "and what was offered again is a conflict" says 0 "777" ada --offline inbox

# --- 2. scenario 8: a copy of a laptop, both used
another ada "Ada Berg" tablet
another ada "Bob Ross" phone
for each in tablet phone ada bob; do sync_quietly $each; done
claim "a new device is no copy" test "$(told_of_copies phone)$(told_of_copies tablet)" = 00
cp -a "$folder/bob" "$folder/twin"
deal bob "Beech of bob" 10
deal twin "Beech of the twin" 20
claim "the first exchanges" sync_quietly bob
claim "and so does the other" sync_quietly twin
claim "which is told that it is a copy" grep -q "had been copied or restored" "$folder/twin.sync"
for each in bob twin ada bob; do sync_quietly $each; done
claim "a fresh client joins" judges judge2 ada
all+=("Beech of bob" "Beech of the twin")
for each in judge2 bob twin ada; do
    claim "$each sees what both made" shows $each "${all[@]}"
done
sync_quietly phone
told=$(told_of_copies phone) # of one or of both: which was there first is not always to be known
claim "his other device is told" test "$told" = 1 -o "$told" = 2
claim "and which one it is" says 0 "$(device_of "Bob Ross" "phone")" home phone --offline inbox
claim "nobody else is" test "$(sync_quietly tablet; told_of_copies tablet)" = 0
claim "the tables have each once" stored_once
claim "two copies of one device are known" test "$(sql "SELECT count(*) FROM replica r JOIN device d
    ON d.id = r.device JOIN member m ON m.id = d.member WHERE m.name = 'Bob Ross'")" -ge 2

# --- 3. scenario 7: a laptop set back by a week
rm -rf "$folder/week"
cp -a "$folder/ada" "$folder/week"
deal ada "Alder since" 30
ada --offline deal edit "Alder 3" --value 333 >/dev/null 2>&1
sync_quietly ada
rm -rf "$folder/ada"
mv "$folder/week" "$folder/ada"
deal ada "Alder after" 40
claim "the restored laptop exchanges" sync_quietly ada
claim "and is told" grep -q "had been copied or restored" "$folder/ada.sync"
for each in bob ada; do sync_quietly $each; done
claim "a fresh client joins" judges judge3 ada
all+=("Alder since" "Alder after")
for each in judge3 ada bob; do claim "$each sees what was and what came" shows $each "${all[@]}"; done
claim "her other device is told, once" test "$(sync_quietly tablet; told_of_copies tablet)" = 1
claim "and which one it is" says 0 "$(device_of "Ada Berg" "tablet")" home tablet --offline inbox
claim "syncing on and on tells nothing more" test \
    "$(for i in 1 2; do for each in bob twin ada phone tablet; do sync_quietly $each; done; done
    echo "$(told_of_copies phone) $(told_of_copies tablet)")" = "$told 1"
claim "what was sent before the backup was put back stands" test "$(value_of "Alder 3")" = 33300
claim "the tables have each once" stored_once

# --- 4. what a copy was answered before it became another one is offered again too
pg_dump -h "$run" -U sluice -d pipeline >"$folder/dump.sql" 2>>"$folder/server.log"
deal ada "Alder before" 50
ada --offline deal edit "Alder 2" --value 232 >/dev/null 2>&1
claim "answered under its id" sync_quietly ada
sync_quietly tablet
cp -a "$folder/ada" "$folder/spare"
deal ada "Alder on" 60
sync_quietly ada
deal spare "Alder of the spare" 70
claim "the copy of it becomes another one" sync_quietly spare
rm -rf "$folder/ada" # and only the other one is left
server_stop
sql_at "$run" postgres "DROP DATABASE pipeline WITH (FORCE)"
sql_at "$run" postgres "CREATE DATABASE pipeline OWNER sluice_owner"
psql -X -q -h "$run" -U sluice -d pipeline -f "$folder/dump.sql" >/dev/null 2>>"$folder/server.log"
claim "the server runs on the dump" server_start
claim "the copy exchanges" sync_quietly spare
claim "and is told" grep -q "restored from a backup" "$folder/spare.sync"
all+=("Alder before" "Alder of the spare")
for each in bob tablet spare; do sync_quietly $each; done
for each in spare tablet bob; do claim "$each sees what it was answered before" shows $each "${all[@]}"; done
claim "the edit is there again" test "$(value_of "Alder 2")" = 23200
claim "the tables have each once" stored_once
stage_end
