#!/usr/bin/env bash
# ctest: timeout=600
# What the client says of what goes on beside it: another sluice that hangs, a role that changes, a
# server that dies and is found elsewhere, one's own invitation, a name that is spelled otherwise.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

claim "a server and two people" stage_init

# --- one's own invitation, before the server has told of this device
ada invite "Eve Moss" --role manager >"$folder/eve.line" 2>/dev/null
home eve join "$(invitation "$folder/eve.line")" >/dev/null 2>&1
claim "the invitation that was just used is not open" says 0 "no invitation waits" \
    home eve --offline invitation list
claim "but used" says 0 "Eve Moss .*used" home eve --offline invitation list --all

# --- names that are nearly the same
ada org add "Müller AG" --wait >/dev/null 2>&1
claim "another spelling is taken, and said" says 0 "using organisation Müller AG (" \
    ada add "First" --org "Muller AG"
printf 'id,title,org,stage\nI1,One,MULLER AG,Lead\nI2,Two,Müller AG,Lead\nI3,Three,MULLER AG,Lead\n' \
    >"$folder/alike.csv"
claim "an import says so once, with a count" says 0 \
    "1 organisation would be taken for one that is spelled otherwise" \
    ada import "$folder/alike.csv" --dry-run
claim "with both names" says 0 "spelled otherwise here: MULLER AG is Müller AG (line 2)" \
    ada import "$folder/alike.csv" --dry-run
claim "machines get the count" says 0 '"read_alike": 1' \
    ada import "$folder/alike.csv" --dry-run --json
ada org add "Muller AG" --wait >/dev/null 2>&1
claim "the spelled one wins" says 0 "Organisation: Muller AG" ada add "Second" --org "Muller AG"
claim "read alike both could be meant" says 2 "could be several" ada add "Third" --org "muller ag"
claim "an import says that it could be several" says 0 "could be several: the first was taken" \
    ada import "$folder/alike.csv"
claim "nobody is given the name of another" says 4 "is called so already" \
    ada member edit "Eve Moss" --name "bob ross"

# --- another sluice that hangs
watches() { # watches NAME HOME
    SLUICE_HOME="$folder/$2" "$bin/sluice" sync --watch >"$folder/$1.log" 2>"$folder/$1.err" 9>&- &
    watcher=$!
    children+=("$watcher")
}
told() { grep -q -- "$2" "$folder/$1"; }
ada sync >/dev/null 2>&1
watches ada ada
claim "a watch is connected" until_true 20 told ada.err "connected"
kill -STOP "$watcher"
claim "who waits for the server hears who holds the connection" \
    says 6 "process $watcher) holds the connection and does not send" ada add "Stuck" --wait=1
claim "so does who asks for an exchange" says 6 "kill -9 $watcher" ada sync --wait=1
kill -9 "$watcher" && wait "$watcher" 2>/dev/null
claim "after that everything is sent" says 0 "Exchanged everything" ada sync
claim "nothing is lost" says 0 "Stuck" ada --offline ls

# --- a role that changes under a watch
bob sync >/dev/null 2>&1
watches bob bob
bobs=$watcher
claim "bob's watch is connected" until_true 20 told bob.err "connected"
ada member edit "Bob Ross" --role viewer --wait >/dev/null 2>&1
claim "it tells bob what he is now" until_true 20 told bob.log \
    "Ada Berg made you viewer (you were manager)"
ada member edit "Bob Ross" --role manager --wait >/dev/null 2>&1
claim "and again" until_true 20 told bob.log "Ada Berg made you manager (you were viewer)"

# --- what waits in the inbox, and is settled on another device
ada invite "Bob Ross" >"$folder/phone.line" 2>/dev/null
home phone join "$(invitation "$folder/phone.line")" --device phone >/dev/null 2>&1
claim "the watch tells of the new device" until_true 20 told bob.log \
    "Item 1 of your inbox waits for you: notice"
home phone sync >/dev/null 2>&1
claim "which does not settle what is told of it" test "$(home phone inbox discard 1 --wait >/dev/null 2>&1; echo $?)" = 4
ada sync >/dev/null 2>&1
ada inbox discard 1 --wait >/dev/null 2>&1
claim "but somebody else does, and that is told" until_true 20 told bob.log \
    "Item 1 of your inbox is settled: discarded, by Ada Berg"
ada add Roof --value 5k --owner bob --wait >/dev/null 2>&1
home phone sync >/dev/null 2>&1
home phone --offline deal edit roof --value 6k >/dev/null 2>&1
ada deal edit roof --value 7k --wait >/dev/null 2>&1
home phone sync >/dev/null 2>&1
claim "a conflict of another device waits here too" until_true 20 told bob.log \
    "Item 2 of your inbox waits for you: conflict, Value of Roof"
home phone inbox resolve 2 --mine --wait >/dev/null 2>&1
claim "until it is settled there" until_true 20 told bob.log \
    "Item 2 of your inbox is settled: with the own value, by you, Value of Roof"

# --- the server dies, and is found elsewhere
server_stop >/dev/null
claim "the watch says that the connection broke" until_true 20 told bob.err "trying again until"
port=$(port_free)
bob server "127.0.0.1:1" "127.0.0.1:$port" >/dev/null 2>&1
ada server "127.0.0.1:$port" >/dev/null 2>&1
claim "the server runs elsewhere" server_start --listen "127.0.0.1:$port"
claim "the watch that runs finds it there" until_true 40 told bob.err "connected again"
ada add "From elsewhere" --wait >/dev/null 2>&1
claim "and tells what comes" until_true 20 told bob.log "added .* From elsewhere"
kill "$bobs" && wait "$bobs" 2>/dev/null
children=()
stage_end
