#!/usr/bin/env bash
# A full disk under the rep's copy: each write says so, exits 1 and changes nothing; what was said to
# be kept is there; with room again the next try succeeds and nothing is missing. Where no small disk
# can be mounted, a limit on the size of files takes its place.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

disk="$folder/disk"
limit=
room_none() { disk_fill "$disk"; }
room_not_any() { disk_fill "$disk"; }
room_little() { disk_empty "$disk"; disk_fill "$disk" 131072; }
room_some() { disk_empty "$disk"; }
if ! disk_make "$disk" 12m; then
    mkdir -p "$disk"
    room_none() {
        local size=0
        [ -f "$disk/home/copy.db" ] && size=$(stat -c %s "$disk/home/copy.db")
        limit=$((size / 1024 + 1))
    }
    room_little() { limit=110; }
    room_not_any() { limit=1; } # not even the journal
    room_some() { limit=; }
fi
small() { # through a pipe, so that the limit is not on what it says
    (
        [ -z "$limit" ] || ulimit -f "$limit"
        SLUICE_HOME="$disk/home" exec "$bin/sluice" "$@" 2>&1
    ) | cat
    return "${PIPESTATUS[0]}"
}
copy_sum() { sha256sum <"$disk/home/copy.db"; }

claim "a server and two reps" stage_init
ada invite Eve --role manager >"$folder/eve" 2>/dev/null

# The first sync.
room_none
claim "joining on a full disk is told" says 1 "disk of $disk/home is full; make room" \
    small join "$(invitation "$folder/eve")"
claim "and leaves no half home" test ! -e "$disk/home/copy.db"
# Room for an empty copy, but not for the team's data.
for i in $(seq 60); do
    ada --offline add "early $i" --next-step "$(printf '%0400d' "$i")" >/dev/null 2>&1
done
ada sync 2>/dev/null
room_little
claim "a first sync that does not fit is told" says 1 "is full; make room" \
    small join "$(invitation "$folder/eve")"
claim "and that the invitation is used up, but the device has joined" \
    grep -q "has joined; .*sluice sync" "$folder/said"
room_some
claim "with room a sync fetches everything" says 0 "Exchanged" small sync
claim "which is there" test "$(small --offline ls --plain --no-headers | grep -c "early")" = 60
claim "a deal is kept" says 0 Added small --offline add "kept 0"

# Writing.
acknowledged=1
refused=0
try_add() { # try_add TITLE: true when the answer is one of the two allowed ones
    small --offline add "$1" --next-step "$(printf '%0400d' 1)" >"$folder/said" 2>&1
    case $? in
    0) acknowledged=$((acknowledged + 1)) ;;
    1) refused=$((refused + 1)); grep -q "is full; make room and try again" "$folder/said" ;;
    *) false ;;
    esac
}
fill_up() { # adds until two are refused; a bit of room is left at first
    local i
    if [ -z "$limit" ]; then disk_empty "$disk"; disk_fill "$disk" 131072; fi
    for i in $(seq 300); do
        try_add "kept $i" || return 1
        [ $refused -ge 2 ] && return 0
    done
    return 1
}
room_none
claim "adding until the disk is full: kept or told, nothing else" fill_up
room_not_any
before=$(copy_sum)
claim "an edit is told" says 1 "is full" small --offline deal edit "kept 0" --source web
claim "as JSON it is an object" says 1 '"error": {"code": .*is full' \
    small --offline deal edit "kept 0" --source web --json title
printf 'title,org,stage\none,A,Lead\ntwo,B,Lead\n' >"$folder/deals.csv"
claim "an import is told" says 1 "is full" small --offline import "$folder/deals.csv"
claim "none of them changed the copy" test "$(copy_sum)" = "$before"
claim "reading still works" says 0 "kept 0" small --offline ls
count() { small --offline ls --plain --no-headers --columns title | grep -c "^kept"; }
claim "every deal that was acknowledged is there, no other" test "$(count)" = "$acknowledged"

# Sync.
for i in 1 2 3 4 5 6 7 8; do
    ada --offline add "from ada $i" --next-step "$(printf '%0400d' "$i")" >/dev/null 2>&1
done
ada sync 2>/dev/null
claim "a sync without room is told" says 1 "is full; make room" small sync
claim "the copy opens" says 0 "kept 0" small --offline ls
room_some
claim "with room the same sync goes through" says 0 "Exchanged" small sync
claim "and the import" says 0 "2 .*added" small import "$folder/deals.csv"
claim "and the edit" says 0 "Changed" small deal edit "kept 0" --source web --wait
ada sync 2>/dev/null
claim "the others have every acknowledged deal once" \
    test "$(titles ada | grep -c '^kept')" = "$acknowledged"
claim "and no double" test "$(titles ada | sort | uniq -d | wc -l)" = 0
claim "the copy is whole" says 0 "is whole; 0 changes" small doctor
claim "the server stops with 0" server_stop
stage_end
