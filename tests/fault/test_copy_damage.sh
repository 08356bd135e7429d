#!/usr/bin/env bash
# A damaged copy, key or home: told in a sentence, never a crash; `sluice doctor --rebuild` sets the
# copy aside, keeps the unsent changes it can still read, and the next sync fetches the rest.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

claim "a server and two reps" stage_init
for i in $(seq 30); do ada --offline add "deal $i" --next-step "step $i $(printf '%0200d' "$i")"; done \
    >/dev/null 2>&1
ada sync 2>/dev/null
bob sync 2>/dev/null
bob --offline add "unsent one" >/dev/null 2>&1
bob --offline deal edit "deal 7" --source fair >/dev/null 2>&1
claim "doctor finds a whole copy whole" says 0 "is whole; 2 changes wait" bob --offline doctor

again() { # again NAME: a fresh copy of bob's home as NAME
    rm -rf "${folder:?}/$1"
    cp -a "$folder/bob" "$folder/$1"
}
flip() { # flip FILE OFFSET: one bit
    python3 - "$1" "$2" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    at = int(sys.argv[2]); f.seek(at); byte = f.read(1)[0]; f.seek(at); f.write(bytes([byte ^ 1]))
END
}
size_of() { stat -c %s "$1"; }
broken() { # broken NAME: no command of it crashes, none says it worked, none changes the file
    local before after
    before=$(sha256sum <"$folder/$1/copy.db")
    says 1 "sluice: could not .*; " home "$1" --offline add new &&
        says 1 "sluice: could not .*; " home "$1" --offline ls || return 1
    after=$(sha256sum <"$folder/$1/copy.db")
    [ "$before" = "$after" ]
}
aside() { ls "$folder/$1" | grep -c '^copy[.]db[.]damaged-[0-9]*T[0-9]*Z$' | grep -qx 1; }

# Nothing can be read: first page, cut short, emptied, something else, another key.
again first && flip "$folder/first/copy.db" 100
again short && truncate -s 1000 "$folder/short/copy.db"
again empty && : >"$folder/empty/copy.db"
again noise && head -c 40960 /dev/urandom >"$folder/noise/copy.db"
again text && echo "not a database" >"$folder/text/copy.db"
again key && head -c 32 /dev/urandom >"$folder/key/key"
again keysize && truncate -s 31 "$folder/keysize/key"
again nokey && rm "$folder/nokey/key"
for each in first short empty noise text key keysize nokey; do
    claim "$each: told, nothing changed" broken $each
    claim "$each: doctor names the way out" says 1 "doctor --rebuild" home $each doctor
    claim "$each: rebuild says that nothing could be read" \
        says 0 "further device and run" home $each doctor --rebuild
    claim "$each: the old copy is kept" aside $each
    claim "$each: then it is like a new device" says 7 "sluice join" home $each ls
done
ada invite "Bob Ross" --role manager >"$folder/further" 2>/dev/null
claim "a home set aside can join again" says 0 Joined home first join "$(invitation "$folder/further")"
claim "the key of the old copy is kept with it" \
    cmp "$folder/bob/key" "$(ls "$folder"/first/copy.db.damaged-*.key)"
claim "and has everything that was sent" test "$(titles first | wc -l)" -ge 30

# The rights of the key.
again open && chmod 644 "$folder/open/key"
claim "a key that others may read is refused" says 1 "chmod 600" home open --offline ls
chmod 600 "$folder/open/key"
claim "and taken once it is closed again" says 0 "unsent one" home open --offline ls
again nocopy && rm "$folder/nocopy/copy.db"
claim "keys without a copy: join is named" says 7 "sluice join" home nocopy ls
again folder && rm "$folder/folder/copy.db" && mkdir "$folder/folder/copy.db"
claim "a folder in its place: join is named" says 7 "sluice join" home folder ls

# The rights of the folder. Root may do anything, so another user tries.
stranger() { # stranger NAME command...: with rights to read that home, no more
    local who=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        chown -R 65534 "$folder/$who"
        SLUICE_HOME="$folder/$who" setpriv --reuid=65534 --regid=65534 --clear-groups \
            "$folder/program" "$@"
    else
        SLUICE_HOME="$folder/$who" "$folder/program" "$@"
    fi
}
cp "$bin/sluice" "$folder/program"
again sealed && chmod 500 "$folder/sealed" && chmod 400 "$folder/sealed/"*
claim "what may only be read is read" says 0 "unsent one" stranger sealed --offline ls
claim "and a change is refused in a sentence" \
    says 1 "you may only read" stranger sealed --offline add new
chmod 700 "$folder/sealed"
again hidden && chmod 000 "$folder/hidden"
claim "what is somebody else's is not called missing" \
    says 1 "is not yours" stranger hidden --offline ls
chmod 700 "$folder/hidden"

# What can be read is kept.
rescued() { # rescued NAME: after a rebuild both unsent changes arrive, once
    says 0 "2 unsent changes are kept" home "$1" doctor --rebuild && aside "$1" &&
        says 7 "sluice sync" home "$1" ls &&
        says 0 "2 sent" home "$1" sync &&
        [ "$(titles "$1" | grep -c '^unsent one$')" = 1 ] && [ "$(titles "$1" | wc -l)" = 31 ] &&
        says 0 "is whole; 0 changes wait" home "$1" doctor
}
damaged_late() { # a page of server rows, from the end: identity and outbox stay readable
    local page pages
    pages=$(($(size_of "$folder/bob/copy.db") / 4096))
    for page in $(seq $((pages - 1)) -1 2); do
        again late
        flip "$folder/late/copy.db" $((page * 4096 + 2000))
        home late doctor >"$folder/said" 2>&1 && continue
        grep -q "doctor --rebuild" "$folder/said" || return 1
        cp -a "$folder/late" "$folder/trial"
        if home trial doctor --rebuild 2>&1 | grep -q "2 unsent changes are kept"; then
            rm -rf "${folder:?}/trial"
            return 0
        fi
        rm -rf "${folder:?}/trial"
    done
    return 1
}
claim "a page of rows is damaged: doctor tells" damaged_late
claim "rebuild keeps both unsent changes, sync brings all" rescued late
ada sync 2>/dev/null
claim "the others see them once" test "$(titles ada | grep -c '^unsent one$')" = 1

# Every page in turn: never a crash, always an answer of the contract.
every_page() {
    local page pages code
    pages=$(($(size_of "$folder/bob/copy.db") / 4096))
    for page in $(seq 0 $((pages - 1))); do
        again page
        flip "$folder/page/copy.db" $((page * 4096 + 77))
        for verb in ls doctor "doctor --rebuild"; do
            # shellcheck disable=SC2086 # words
            home page --offline $verb >"$folder/said" 2>&1
            code=$?
            case $code in
            0 | 1 | 7) ;;
            *) echo "     page $page, $verb: exit $code" >&9; return 1 ;;
            esac
        done
    done
}
claim "no page, damaged, makes any command crash" every_page

# Rebuilt twice within a second: the name that the old copy would get is taken.
again twice && truncate -s 1000 "$folder/twice/copy.db"
for i in $(seq 0 20); do : >"$folder/twice/copy.db.damaged-$(date -u -d "+$i sec" +%Y%m%dT%H%M%SZ)"; done
claim "a rebuild finds another name for the old copy" \
    says 0 "further device and run" home twice doctor --rebuild
claim "and writes over none that is there" \
    test "$(find "$folder/twice" -name 'copy.db.damaged-*Z-2' -size -2k | wc -l)" = 1
claim "the server stops with 0" server_stop
stage_end
