#!/usr/bin/env bash
# ctest: timeout=400
# A data folder with a private database, copied: beside the served first one the copy is a second server
# of the same database; without it the copy waits for the first, or goes on when that is gone; two copies
# of one database never run at once. A folder that is moved or restored goes on as ever. And invitations
# that name another address than sluiced.conf, several too; `join --server` where neither is right.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

second=
finish_first() { [ -n "$second" ] && kill -TERM "$second" 2>/dev/null && wait "$second" 2>/dev/null; }
other=$(port_free)
second_run() { # second_run FOLDER: its exit code when it does not come to be ready
    : >"$folder/out2"
    "$bin/sluiced" run --data "$1" --listen "127.0.0.1:$other" >"$folder/out2" 2>"$folder/second.log" 9>&- &
    second=$!
    second_ready() { grep -q "^sluiced: ready on " "$folder/out2" || is_gone "$second"; }
    until_true 60 second_ready
    grep -q "^sluiced: ready on " "$folder/out2" && return 0
    wait "$second"
    local code=$?
    second=
    return $code
}
second_stop() { kill -TERM "$second" && wait "$second"; local code=$?; second=; return $code; }
second_refused() { # second_refused FOLDER SENTENCE
    second_run "$1"
    [ $? = 1 ] && grep -q -- "$2" "$folder/second.log" && grep -q "^sluiced: .*\[denied\]$" "$folder/second.log"
}
own_database_runs() { [ -e "$1/postgres/data/postmaster.pid" ] && [ -S "$1/postgres/run/.s.PGSQL.5432" ]; }
shows() { # shows NAME TITLE...: after a sync it has them all
    local name=$1 each got
    shift
    home "$name" sync >/dev/null 2>&1
    got=$(titles "$name")
    for each in "$@"; do grep -qxF "$each" <<<"$got" || return 1; done
}

claim "a server with a private database" stage_init
ada add "Of the first" --wait >/dev/null 2>&1
cp -a "$data" "$folder/copy" # while it runs: of its database not even a useful copy

# --- beside its first
claim "the copy is served" second_run "$folder/copy"
claim "it says whose database it serves" grep -q "^sluiced: $folder/copy is a copy of $data, which is being served: from now on it serves the database there" "$folder/second.log"
claim "it starts none of its own" test "$(readlink -f /proc/$(head -n 1 "$data/postgres/data/postmaster.pid")/cwd)" = "$data/postgres/data"
bob server "127.0.0.1:$other" >/dev/null 2>&1
bob add "Through the second" --wait >/dev/null 2>&1
claim "what comes through the second is in the first" shows ada "Of the first" "Through the second"
ada add "Through the first" --wait >/dev/null 2>&1
claim "and the other way round" shows bob "Of the first" "Through the second" "Through the first"
claim "its invitations are good at both" eval '"$bin/sluiced" invite --data "$folder/copy" "Cy Dee" >"$folder/invited" 2>/dev/null &&
    home cy join "$(invitation "$folder/invited")" >/dev/null 2>&1'
claim "its status is that of the one team" eval '"$bin/sluiced" status --data "$folder/copy" | grep -q "^deals *3$"'

# --- the first stops, and comes back: to those at the second it was away
claim "the first stops" server_stop
claim "a change waits" says 6 "" bob add "Meanwhile" --wait=2
claim "the first comes back" server_start
claim "the second goes on" until_true 60 shows bob "Meanwhile"
claim "with everything" shows ada "Meanwhile"
claim "the second stops in order" second_stop
claim "the first stops in order" server_stop
claim "alone the second does not run: its own database is of yesterday" second_refused "$folder/copy" \
    "serves the database of $data, which does not run; start that one first"
claim "nor does it for an administrator" says 1 "which does not run; start that one first" \
    "$bin/sluiced" status --data "$folder/copy"

# --- moved: the whole folder, and the copy's first gone with it
mv "$data" "$folder/moved"
claim "a moved folder is served as ever" eval 'data=$folder/moved; server_start'
claim "with everything in it" shows ada "Meanwhile"
claim "it is noted" grep -q "^place.moved from=\"$folder/data\" to=\"$folder/moved\" machine=same" "$folder/server.log"
claim "beside it, the copy of before does not run" second_refused "$folder/copy" \
    "another copy of the database of $folder/copy is being served on this machine"
claim "nor does an administrator start it" says 1 "another copy of the database of" \
    "$bin/sluiced" status --data "$folder/copy"

# --- a backup: put back under the folder's own name, and beside it
claim "it stops" server_stop
cp -a "$folder/moved" "$folder/backup"
rm -rf "$folder/moved" && cp -a "$folder/backup" "$folder/moved"
claim "a folder put back is served as ever" server_start
claim "without a word" test "$(grep -c "is a copy of" "$folder/server.log")" = 0
claim "with everything" shows ada "Meanwhile"
claim "and stops" server_stop
claim "a backup beside a folder that is not served goes on" second_run "$folder/backup"
claim "and says what that means" grep -q "is a copy of $folder/moved, which is not being served: going on with the copy's own database. Serve $folder/moved no more" "$folder/second.log"
bob add "In the backup" --wait >/dev/null 2>&1
refused_now() { ! server_start && grep -q "another copy of the database of $folder/moved is being served" "$folder/server.log"; }
claim "then the other is not served beside it" refused_now
server=
claim "a killed one leaves nothing in the way" eval 'kill -9 $second; wait $second; second=; second_run "$folder/backup"'
claim "the backup has it" shows bob "In the backup"
claim "and stops in order" second_stop

# --- another machine cannot be asked: the folder goes on
rm -rf "$folder/moved"
sed -i 's/^machine = .*/machine = 0123456789abcdef0123456789abcdef/' "$folder/backup/place"
claim "a folder of another machine is served" eval 'data=$folder/backup; server_start'
claim "which is noted" grep -q "machine=another" "$folder/server.log"

# --- at which address
line() { invitation "$folder/invited"; }
free=$(port_free)
"$bin/sluiced" invite --data "$data" "Dan" --address "127.0.0.1:$free,localhost:$port" >"$folder/invited" 2>/dev/null
claim "an invitation names another address, or several" test "$(line | grep -c "^sluice1-127.0.0.1:$free,localhost:$port-")" = 1
claim "they are tried in turn" says 0 "Joined North as Dan" home dan join "$(line)"
claim "and kept" says 0 "127.0.0.1:$free" home dan server
ada invite "Eve" --address "127.0.0.1:$free" >"$folder/invited" 2>/dev/null
claim "a client's invitation too" test "$(line | grep -c "^sluice1-127.0.0.1:$free-")" = 1
claim "where nobody is" says 6 "cannot be reached at 127.0.0.1:$free" home eve join "$(line)"
claim "with --server it is used elsewhere" says 0 "Joined North as Eve" home eve join "$(line)" --server "127.0.0.1:$port"
claim "where it stays" says 0 "127.0.0.1:$port" home eve server
claim "no address, by the server" says 2 "is no address; give --address HOST:PORT" \
    "$bin/sluiced" invite --data "$data" "Fay" --address nowhere
claim "no address, by a client" says 2 "is no address; give HOST:PORT" ada invite "Fay" --address "a:1, b:2"
claim "no address, by who joins" says 2 "is no address; give HOST:PORT" home fay join "$(line)" --server "nowhere"
claim "the key protects there too" test "$(home fay join "$(line)" --server "127.0.0.1:$port" 2>&1 | grep -c "used already")" = 1
sed -i "s/^address =.*/address = localhost:$port,127.0.0.1:$free/" "$data/sluiced.conf"
"$bin/sluiced" invite --data "$data" "Gus" >"$folder/invited" 2>/dev/null
claim "the setting may name several" test "$(line | grep -c "^sluice1-localhost:$port,127.0.0.1:$free-")" = 1
sed -i "s/^address =.*/address = localhost:$port, 127.0.0.1:$free/" "$data/sluiced.conf"
claim "not with spaces" says 2 "line 5: \"localhost.*is no address; give HOST:PORT, or several" \
    "$bin/sluiced" check-config --data "$data"
claim "the server stops in order" server_stop
stage_end
