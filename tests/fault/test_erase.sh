#!/usr/bin/env bash
# ctest: timeout=300
# A device that is shut out gives up what it holds, then loses its copy: key first, nothing readable
# left, a note that says why; who was cut off within is finished with the next command; what the server
# never took is never erased unasked. And `wipe`, by which a person erases a copy by hand.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

device_of() { # device_of NAME: the id of the device of that name
    ada device list --plain --no-headers --columns id,name | sed -n "s/\t$1$//p"
}
revoke() { ada device revoke "$(device_of "$1")" --wait; }
keep() { cp -a "$folder/$1" "$folder/$2"; } # as a backup, or a curious person, has it
only_note() { # what is left says who and when, and nothing of the team
    [ ! -e "$folder/$1/key" ] && [ -z "$(ls "$folder/$1" | grep -v '^\(erased\|turn\|sender\|poke\)$')" ] &&
        grep -q '^revoked [0-9]* [0-9]* Ada Berg$' "$folder/$1/erased"
}
lacks_key() { # lacks_key NAME KEPT: the bytes of the key are in no file, nor are their digits
    python3 - "$folder/$1" "$folder/$2/key" <<'END'
import pathlib, sys
key = pathlib.Path(sys.argv[2]).read_bytes()
found = [f for f in pathlib.Path(sys.argv[1]).iterdir()
         if key in f.read_bytes() or key.hex().encode() in f.read_bytes().lower()]
sys.exit(bool(found) or len(key) != 32)
END
}
quiet_sync() { home "$1" sync >/dev/null 2>&1; }
told="this device was revoked by Ada Berg on 20[0-9-]* and its copy was erased; ask"

claim "a server, its owner and a manager" stage_init
for name in cy dan eve fay gil; do
    ada invite "$name Rep" --role rep >"$folder/invited"
    claim "$name joins" home $name join "$(invitation "$folder/invited")" --device "$name-laptop"
done
ada add "Secret roof" --wait >/dev/null 2>&1
for name in bob cy dan eve fay gil; do quiet_sync $name; done

# --- with work to deliver
for n in 1 2 3; do home cy --offline add "Offline $n" >/dev/null 2>&1; done
keep cy cy.before
claim "a device is shut out" revoke cy-laptop
claim "it delivers, and is told by whom and when" says 8 "$told" home cy sync
claim "and what it delivered" grep -q "3 changes of this device were delivered and wait for the managers" \
    "$folder/said"
claim "only the note is left of its home" only_note cy
claim "the key is nowhere in it" lacks_key cy cy.before
mkdir "$folder/mixed" && cp "$folder/cy.before/copy.db" "$folder/mixed/" && chmod 700 "$folder/mixed"
head -c 32 /dev/urandom >"$folder/mixed/key" && chmod 600 "$folder/mixed/key"
claim "without that key the copy is nothing" says 1 "damaged or belongs to another key" \
    home mixed --offline deal list
claim "the managers have what it held" test "$(ada sync >/dev/null 2>&1
    ada inbox --json kind 2>/dev/null | grep -o parked | wc -l)" = 3
claim "a list says why there is none" says 8 "$told" home cy deal list
claim "a write too" says 8 "$told" home cy add "More"
claim "offline too" says 8 "$told" home cy --offline today
claim "and the doctor" says 8 "$told" home cy doctor
claim "with a code for scripts" says 8 '"code": "device_revoked", "exit": 8' home cy status --json pending

# --- a failed joining keeps the note, a good one ends it
claim "a used invitation lets nobody in" says 8 "was used already" \
    home cy join "$(invitation "$folder/invited")"
claim "and the note stays" says 8 "$told" home cy deal list
ada invite "cy Rep" --role rep >"$folder/invited"
claim "with another invitation it joins again" says 0 "Joined North as cy Rep" \
    home cy join "$(invitation "$folder/invited")"
claim "and sees the deals" says 0 "Secret roof" home cy deal list
claim "no note is left" test -z "$(ls "$folder/cy" | grep erased)"

# --- nothing to deliver; and by the sender left behind
cp -a "$folder/dan/key" "$folder/dan.whole"
ln "$folder/dan/key" "$folder/dan.second" # the same bytes on the disk, under a name of their own
cp "$folder/dan/copy.db" "$folder/dan/copy.db.damaged-20260101T000000Z" # as the doctor sets it aside
ln "$folder/dan/key" "$folder/dan/copy.db.damaged-20260101T000000Z.key"
claim "another is shut out" revoke dan-laptop
claim "it is told at once" says 8 "$told" home dan sync
claim "and only its note is left" only_note dan
claim "also of a copy that had been set aside" test "$(ls "$folder/dan" | grep -c damaged)" = 0
claim "the key was overwritten, not only forgotten" test "$(stat -c %s "$folder/dan.second")" = 32
claim "with something else" eval '! cmp -s "$folder/dan.second" "$folder/dan.whole"'
claim "a third is shut out" revoke eve-laptop
home eve add "Last deal" >/dev/null 2>&1 # leaves a sender behind
claim "the sender delivers and erases" until_true 30 only_note eve
claim "the next command says so" says 8 "$told" home eve ls
claim "the last deal waits for the managers" until_true 20 eval 'ada sync >/dev/null 2>&1
    [ "$(ada inbox --json kind 2>/dev/null | grep -o parked | wc -l)" = 4 ]'

# --- two processes: who looks on at a board is told too
home fay sync --watch >"$folder/watched" 2>&1 9>&- &
watcher=$!
children+=($watcher)
appears "connected; Ctrl-C ends it" "$folder/watched"
home fay sync --watch >"$folder/beside" 2>&1 9>&- &
beside=$!
children+=($beside)
appears "another sluice of this identity" "$folder/beside"
claim "a device is shut out while it looks" revoke fay-laptop
until_true 20 is_gone $watcher
wait $watcher
claim "who was connected ends with 8" test $? = 8
claim "and says who did it" grep -q "$told" "$folder/watched"
until_true 20 is_gone $beside
wait $beside
claim "who looked on ends with 8" test $? = 8
claim "and says it too" grep -q "$told" "$folder/beside"
claim "only the note is left" only_note fay

# --- what the server does not take any more stays with its person
claim "the server remembers how much may come" server_stop
home gil --offline add "In time" >/dev/null 2>&1
claim "it comes again" server_start
claim "gil is shut out" revoke gil-laptop
keep gil gil.cut
claim "it delivers what it held" says 8 "$told" home gil sync
rm -rf "$folder/gil" && cp -a "$folder/gil.cut" "$folder/gil" # the same, had the answer been lost
claim "with its answer lost it is told again, and erased" says 8 "$told" home gil sync
claim "for the server has it" only_note gil
rm -rf "$folder/gil" && mv "$folder/gil.cut" "$folder/gil"
home gil --offline add "Too late" >/dev/null 2>&1
claim "what came later is not taken" says 8 "1 change it still holds is taken no more" home gil sync
claim "and not erased" says 0 "Too late" home gil --offline deal list
claim "nor by a second try" says 8 "revoked by Ada Berg" home gil sync
claim "a wipe tells what would be lost" says 4 "not sent yet and would be lost" home gil wipe
claim "with a code" says 4 '"code": "changes_unsent", "exit": 4' home gil wipe --json x
claim "and took nothing" says 0 "Too late" home gil --offline deal list
claim "by force it does" says 0 "Erased the offline copy .* never sent" \
    home gil wipe --force
claim "the folder is gone" test ! -e "$folder/gil"

# --- erasing that was stopped: the note was written, the copy not yet taken
keep bob bob.whole
printf 'revoked 1790000000000 0 Ada Berg\n' >"$folder/bob/erased"
claim "the next command finishes it" says 8 "revoked by Ada Berg on 2026-09-2[0-9] and" home bob ls
claim "and only the note is left" only_note bob
rm -rf "$folder/bob" && cp -a "$folder/bob.whole" "$folder/bob"
home bob --offline add "Came in between" >/dev/null 2>&1
printf 'revoked 1790000000000 0 Ada Berg\n' >"$folder/bob/erased"
claim "but not while something waits" says 0 "Came in between" home bob --offline deal list
claim "that is delivered first" says 0 "1 sent" home bob sync

# --- wiping by hand
SLUICE_HOME="$folder/bob" "$bin/sluice" sync --watch >"$folder/held" 2>&1 9>&- &
watcher=$!
children+=($watcher)
appears "connected; Ctrl-C ends it" "$folder/held"
claim "not while another is connected" says 6 "another sluice of this identity is connected" home bob wipe
kill -TERM $watcher && wait $watcher
claim "a person wipes a copy" says 0 "Erased the offline copy" home bob wipe
claim "nothing is left" test ! -e "$folder/bob"
claim "and it has joined no team" says 7 "has not joined a team yet" home bob ls
claim "there is nothing to wipe twice" says 7 "there is no offline copy here" home bob wipe
cp -a "$folder/bob.whole" "$folder/bob" && printf 'x' | dd of="$folder/bob/copy.db" bs=1 seek=20 conv=notrunc 2>/dev/null
claim "a damaged one is not counted" says 1 "wipe --force. erases all there is" home bob wipe
claim "and erased by force" says 0 "Erased the offline copy" home bob wipe --force
claim "the server stops in order" server_stop
stage_end
