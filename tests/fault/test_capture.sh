#!/usr/bin/env bash
# ctest: timeout=600
# Nothing of a session can be read on the wire, nor anything of the team's on the rep's disk: a relay
# writes down every byte both ways (and tcpdump every packet, where it may); neither that, nor the
# homes, nor the server's log has one word that was typed, in any form.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/peers.sh"

unreadable() { # unreadable PATH...
    python3 "$SLUICE_SOURCE_DIR/tests/fault/unreadable.py" "$folder/words" "$@" >"$folder/said" &&
        return 0
    sed 's/^/     /' "$folder/said" >&9
    return 1
}
cat >"$folder/words" <<'END'
Zephyr Quay Warehouse
Żółwia Łąka
Brimstone & Oakes
brimstone.oakes@example.org
Ottilie Vandersteen
asked for a rebate of eleven percent
crossing-the-harbour
Whisperwind
Capture Crew
Ignatius Plum
laptop-of-plum
END

# --- the search itself must be able to find
control() { # control FORM PYTHON: finds what that writes
    python3 -c "import base64, sys, zlib
word = 'Żółwia Łąka'
sys.stdout.buffer.write(b'before' + ($2) + b'behind')" >"$folder/control"
    ! python3 "$SLUICE_SOURCE_DIR/tests/fault/unreadable.py" "$folder/words" "$folder/control" >"$folder/said" &&
        grep -q "Żółwia Łąka as .*$1 in" "$folder/said"
}
claim "the search finds text" control text "word.encode()"
claim "and UTF-16" control utf-16-le "word.encode('utf-16-le')"
claim "and base64" control base64 "base64.b64encode(b'x' + word.encode() + b'yz')"
claim "and hexadecimal" control hexadecimal "word.encode().hex().encode()"
claim "and what was deflated" control "deflated text" "zlib.compress(word.encode())"
claim "and nothing where nothing is" unreadable /dev/null

# --- a session, recorded
port=$(port_free)
claim "a server" "$bin/sluiced" init --data "$data" --team "Capture Crew" --owner "Ignatius Plum" \
    --listen "127.0.0.1:$port" >"$folder/init" 2>>"$folder/init.log"
claim "that runs" server_start
: >"$folder/wire"
claim "a relay before it" peer_start relay relay "$port" "$folder/wire"
dump=
if command -v tcpdump >/dev/null && [ "$(id -u)" -eq 0 ]; then
    tcpdump -Z root -U -i lo -w "$folder/packets" "tcp port $port" 2>"$folder/tcpdump.log" 9>&- &
    dump=$!
    children+=("$dump")
    until_true 10 grep -q "listening on" "$folder/tcpdump.log" || dump=
fi
[ -n "$dump" ] || echo "     tcpdump may not listen here: the relay's record has to do" >&9

plum() { home plum "$@"; }
claim "the owner joins through the relay" plum join --device laptop-of-plum \
    "$(python3 "$peers_py" relined "$(invitation "$folder/init")" "$peer_port")"
claim "adds deals" plum add "Zephyr Quay Warehouse" --org "Brimstone & Oakes" --source crossing-the-harbour --wait
claim "of more than one alphabet" plum add "Żółwia Łąka" --org "Brimstone & Oakes" --next-step Whisperwind --wait
claim "a person" plum person add "Ottilie Vandersteen" --org "Brimstone & Oakes" --email brimstone.oakes@example.org --wait
claim "a note" plum log call "Zephyr Quay Warehouse" "asked for a rebate of eleven percent" --wait
plum --offline deal edit "Zephyr Quay Warehouse" --next-step "Whisperwind again" # stays in the outbox
plum invite "Ottilie Vandersteen" --role rep 2>/dev/null | tail -n 1 >"$folder/invited"
claim "a second one joins and gets it all" home otti join "$(cat "$folder/invited")"
claim "with its titles" test "$(titles otti)" = "$(printf '%s\n' "Zephyr Quay Warehouse" "Żółwia Łąka" | sort)"
plum --offline deal edit "Żółwia Łąka" --source "crossing-the-harbour"
SLUICE_HOME="$folder/otti" "$bin/sluice" sync --watch >"$folder/watch" 2>&1 9>&- &
watch=$!
children+=("$watch")
claim "what was done offline is sent" plum sync
sourced() { home otti --offline deal show "Żółwia Łąka" --json source | grep -q crossing; }
claim "and pushed to who watches" until_true 10 sourced

# --- what can be read of it
claim "homes of who is at work are unreadable" unreadable "$folder/plum" "$folder/otti"
kill -TERM "$watch" && wait "$watch" 2>/dev/null
claim "the relay carried it" test "$(stat -c %s "$folder/wire")" -gt 4000
claim "as Sluice" test "$(head -c 4 "$folder/wire")" = SLCE
claim "the wire is unreadable" unreadable "$folder/wire"
if [ -n "$dump" ]; then
    kill -INT "$dump" && wait "$dump" 2>/dev/null
    claim "tcpdump has the packets" test "$(stat -c %s "$folder/packets")" -gt 4000
    claim "and they are unreadable" unreadable "$folder/packets"
fi
claim "the homes are unreadable" unreadable "$folder/plum" "$folder/otti"
claim "but were they opened, they would not be" test -n "$(plum --offline export --json 2>/dev/null >"$folder/export"
    python3 "$SLUICE_SOURCE_DIR/tests/fault/unreadable.py" "$folder/words" "$folder/export" | grep "Zephyr Quay")"
rm -f "$folder/export"
claim "the server's log is unreadable" unreadable "$folder/server.log" "$folder/out"
mode() { stat -c %a "$folder/plum/$1"; }
claim "keys and copies are for their owner only" test "$(mode key) $(mode copy.db) $(mode .)" = "600 600 700"
left() { find "$folder/plum" "$folder/otti" -type f -printf '%f\n' | sort -u | tr '\n' ' '; }
claim "nothing else lies beside them ($(left))" test -z "$(left | tr ' ' '\n' |
    grep -v '^$\|^copy[.]db$\|^copy[.]db-journal$\|^key$\|^poke$\|^sender$\|^turn$')"
claim "the server stops in order" server_stop
stage_end
