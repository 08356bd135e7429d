#!/usr/bin/env bash
# ctest: timeout=600
# What the client says where it was silent or said something else: a home that is a file; a device
# that is shut out; a second watch beside the first; long work that nobody waits for; a date that
# cannot be; names that differ in their letters' case only.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

claim "a server and two people" stage_init

# --- the home is no folder
: >"$folder/file"
claim "a home that is a file is called one" says 1 "is a file, not a folder; set SLUICE_HOME" \
    home file status
claim "by doctor too" says 1 "is a file, not a folder" home file doctor
claim "nothing can be joined there" says 1 "Not a directory" home file join \
    "$(invitation "$folder/init")"
claim "a home that is not there is not joined" says 7 "has not joined a team yet" home nothing status
claim "the file is left alone" test -f "$folder/file"

# --- names
ada add Tower --org Acme --wait >/dev/null 2>&1
ada org add ACME --wait >/dev/null 2>&1
claim "Acme is Acme" says 0 "^Name  *Acme\$" ada org show Acme
claim "ACME is ACME" says 0 "^Name  *ACME\$" ada org show ACME
claim "acme could be either" says 2 "could be several" ada org show acme

# --- a date before the deal's last move
claim "a date before the last move is told" says 0 "It counts as of .*, not 2020-01-02" \
    ada lose tower "no budget" --on 2020-01-02 --wait
day=$(date -u +%Y-%m-%d)
claim "and is as it was told" says 0 "$day" ada --offline deal show tower --json closed_at

# --- status in the words of people, and of machines
claim "people see their own clock" says 0 "Last exchange .*$day [0-2][0-9]:[0-5][0-9]\$" ada status
claim "and no inner number" test "$(ada status | grep -c '^Seq')" = 0
claim "machines see both" says 0 '"last_sync": "....-..-..T.*Z".*"seq": [0-9]' ada status --json last_sync,seq

# --- a second watch beside the first
bob sync >/dev/null 2>&1
watches() { # watches NAME
    SLUICE_HOME="$folder/bob" "$bin/sluice" sync --watch >"$folder/$1.log" 2>"$folder/$1.err" 9>&- &
    children+=($!)
}
told() { grep -q -- "$2" "$folder/$1"; }
watches first
claim "the first watch is connected" until_true 20 told first.err "connected"
watches second
claim "the second says who is" until_true 20 told second.err "another sluice of this identity is connected"
ada add "Seen by both" --wait >/dev/null 2>&1
claim "the first sees what comes" until_true 20 told first.log "added .* Seen by both"
claim "so does the second" until_true 20 told second.log "added .* Seen by both"
ada mv "Seen by both" contact --org Acme --wait >/dev/null 2>&1
claim "and what comes then" until_true 20 told second.log "moved .* Seen by both"
claim "once" test "$(grep -c 'added .* Seen by both' "$folder/second.log")" = 1
kill "${children[@]}" && wait "${children[@]}" 2>/dev/null
children=()

# --- much to take back: told, if it takes its time
{
    echo "id,deal,stage,org"
    for i in $(seq 3000); do echo "M$i,Deal $i,Contact,House $((i % 50))"; done
} >"$folder/many.csv"
ada --offline import "$folder/many.csv" >"$folder/imported" 2>&1
claim "three thousand deals are there" grep -q "3000 deals added" "$folder/imported"
began=$(date +%s%N)
ada --offline undo >"$folder/undone" 2>"$folder/undoing"
took=$((($(date +%s%N) - began) / 1000000))
progress_told() { [ $took -lt 1500 ] || grep -qE "(Looking through|Taking back).*of [0-9]* changes" "$folder/undoing"; }
claim "taking them back ($took ms) tells how far it is" progress_told
claim "and all of them" grep -q "3000 deals removed" "$folder/undone"

# --- shut out
bob --offline add "Of a lost laptop" >/dev/null 2>&1
ada sync >/dev/null 2>&1
device=$(ada device list --plain --no-headers --columns id,member | awk '/Bob/ {print $1}')
ada device revoke "$device" --wait >/dev/null 2>&1
claim "who waits for the server hears that the device is shut out" \
    says 8 "this device was revoked" bob add "Another" --wait
claim "and again" says 8 "revoked" bob add "One more" --wait
stage_end
