#!/usr/bin/env bash
# ctest: timeout=600
# A rep whose server is away, elsewhere, something else, or does not want the device: each has its
# sentence and exit code, `status` tells it, work goes on and waits, and is there when it is well again.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/peers.sh"

claim "a server and two reps" stage_init
field() { # field FIELD: of bob's status, as bare text
    bob --offline status --json "$1" 2>/dev/null | sed -n 's/^ *{* *"[a-z_]*": *"\{0,1\}\([^"}]*\)"\{0,1\} *}* *$/\1/p'
}
is() { # is FIELD VALUE
    local got
    got=$(field "$1")
    [ "$got" = "$2" ] || { echo "     $1 is \"$got\"" >&9; return 1; }
}

# --- what status tells when all is well
claim "status has the team" is team North
claim "and who one is" is member "Bob Ross"
claim "and as what" is role manager
claim "and the device" test -n "$(field device)"
claim "and the server" is server "127.0.0.1:$port"
claim "and that nothing waits" is pending 0
claim "and that nothing needs attention" is attention 0
claim "and the last exchange" test "$(date -d "$(field last_sync)" +%s)" -gt $(($(date +%s) - 600))
claim "and no failure" is last_failure null
claim "and a clock that is right" test "$(field clock_ahead_s)" -le 1 -a "$(field clock_ahead_s)" -ge -1
claim "in words for people" says 0 "^Clock *right" bob status

# --- away
server_stop
claim "the server is away: told" says 6 "cannot be reached; your work is kept and sent later" bob sync
claim "and in status" is last_failure unreachable
claim "work goes on" says 0 "Added" bob add "Meanwhile one"
claim "that --wait cannot wait for" says 6 "kept and sent later" bob add "Meanwhile two" --wait=5
claim "both wait" is pending 2
claim "inviting needs the network, and queues nothing" says 6 "" bob invite "Nobody" --role rep
claim "which two still do" is pending 2

# --- elsewhere
claim "server shows the address" test "$(bob server --plain --no-headers)" = "127.0.0.1:$port"
for bad in nowhere :7117 host:0 host:70000 "host :1" "[::1:7117"; do
    claim "\"$bad\" is no address" says 2 "is no address; give HOST:PORT" bob server "$bad"
done
claim "and changes nothing" test "$(bob server --plain --no-headers)" = "127.0.0.1:$port"
set_to() { bob server "$@" 2>/dev/null; }
peer_start http http
set_to "127.0.0.1:$peer_port"
claim "a web server there" says 6 "something else than Sluice answers" bob sync
claim "and in status" is last_failure not_sluice
peer_start close close
set_to "127.0.0.1:$peer_port"
claim "somebody who hangs up there" says 6 "closed the connection without a word" bob sync
claim "and in status too" is last_failure closed
peer_start newer version 3
set_to "127.0.0.1:$peer_port"
claim "a newer server there" says 1 "is newer than this sluice; update sluice" bob sync
claim "and in status as well" is last_failure version
cp -p "$data/server.key" "$folder/server.key.kept"
dd if=/dev/urandom of="$data/server.key" bs=32 count=1 conv=notrunc 2>/dev/null # owner and mode stay
claim "the server starts with another key" server_start
claim "which is not the one bob knows" \
    says 1 "this is not the server you joined: its key differs" ada sync
cp -p "$folder/server.key.kept" "$data/server.key"
server_stop
claim "the server starts again" server_start

# --- somebody on the way; 8 + 2 + 48 bytes of hello and 2 + 48 of answer are the handshake's beginning
tampered() { # tampered WAY AT CODE TEXT
    peer_start "tamper.$1.$2" tamper "$port" "$1" "$2" && set_to "127.0.0.1:$peer_port" &&
        says "$3" "$4" bob sync && is pending 2
}
claim "a bit of the clear header changed" tampered in 6 1 "its key differs"
claim "a bit of message 1 changed" tampered in 30 1 "its key differs"
claim "a bit of message 2 changed" tampered out 20 1 "its key differs"
claim "a bit of message 3 changed" tampered in 100 6 "broke; your work is kept"
claim "a bit of what the server says changed" tampered out 80 6 "was changed on its way here"
claim "and in status it is told" is last_failure tampered
claim "a bit of the changes themselves changed" tampered in 300 6 "broke; your work is kept"
claim "which the server noticed" logged "session_channel .*reason=tampered"
free=$(port_free)
claim "the next of two addresses is tried" says 0 "" bob server "127.0.0.1:$free" "127.0.0.1:$port"
claim "and works" says 0 "2 sent" bob sync
claim "which status shows" is server "127.0.0.1:$free, 127.0.0.1:$port"
claim "and the failure is over" is last_failure null
ada sync 2>/dev/null
claim "nothing is lost" test "$(titles ada)" = "$(printf '%s\n' "Meanwhile one" "Meanwhile two" | sort)"

# --- not wanted
sql "UPDATE device d SET revoked = true, revoked_at = now() FROM member m
    WHERE m.team_id = d.team_id AND m.id = d.member AND m.name = 'Bob Ross'" >/dev/null
keep() { rm -rf "$folder/bob.kept" && cp -a "$folder/bob" "$folder/bob.kept"; }
back() { rm -rf "$folder/bob" && cp -a "$folder/bob.kept" "$folder/bob"; }
keep
claim "a revoked device is told" says 8 "this device was revoked and its copy was erased; ask" bob sync
claim "the log has it" logged "session_refused .*source=127[.]0[.]0[.]1 reason=revoked"
claim "its key is gone" test ! -e "$folder/bob/key"
sql "UPDATE device d SET revoked = false, revoked_at = NULL" >/dev/null
back
claim "one that is wanted is at work again" says 0 "0 sent" bob sync
claim "and status is as before" is last_failure null
bob --offline add "Before revoking" >/dev/null 2>&1
sql "UPDATE device d SET revoked = true, revoked_at = now() FROM member m
    WHERE m.team_id = d.team_id AND m.id = d.member AND m.name = 'Bob Ross'" >/dev/null
keep
claim "what waits is given up, once" says 8 "1 change of this device was delivered and waits" bob sync
ada sync 2>/dev/null
claim "and is no deal" test "$(titles ada | grep -c "Before revoking")" = 0
claim "but kept for a manager" test "$(sql "SELECT count(*) FROM inbox WHERE state = 1")" -ge 1
back
claim "later work stays with the device" says 8 "1 change it still holds is taken no more" \
    bob add "After revoking" --wait
claim "status tells why" is last_failure revoked
claim "the copy can still be looked at" test "$(titles bob | grep -c "After revoking")" = 1
sql "UPDATE device d SET revoked = false, revoked_at = NULL" >/dev/null
sql "UPDATE member SET removed = true WHERE name = 'Bob Ross'" >/dev/null
claim "a member who has left is told too" says 8 "revoked" bob sync
sql "DELETE FROM device d USING member m WHERE m.team_id = d.team_id AND m.id = d.member
    AND m.name = 'Bob Ross'" >/dev/null
claim "a device nobody knows any more" says 8 "does not know this device; ask for a new invitation" bob sync
claim "the server stops in order" server_stop
stage_end
