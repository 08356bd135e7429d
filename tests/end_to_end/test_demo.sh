#!/usr/bin/env bash
# scripts/demo tells its whole story without a terminal and leaves nothing behind; --keep leaves it
# running until its own line stops it; ^C at any moment ends it and all it started.
# ctest: timeout=600
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -o pipefail

export SLUICE_DEMO_PLACE=$folder/place
mkdir -m 711 "$SLUICE_DEMO_PLACE"
finish_first() { left_over | xargs -r kill 2>/dev/null; }

said() { grep -qF -- "$1" "$folder/story"; }
place_is_empty() {
    [ -z "$(pgrep -f -- "$SLUICE_DEMO_PLACE")" ] && [ -z "$(ls -A "$SLUICE_DEMO_PLACE")" ]
}
nothing_left() {
    until_true 15 place_is_empty || { pgrep -af -- "$SLUICE_DEMO_PLACE"; ls "$SLUICE_DEMO_PLACE"; return 1; }
}
tell() { "$SLUICE_SOURCE_DIR/scripts/demo" "$@" >"$folder/story" 2>&1 </dev/null; }

claim "the story is told, exit 0" tell
for line in "1. The board" "weighted" "2. A deal in one line" "Added" "3. A move refused" \
    'Proposal needs the check "budget' "(exit 4)" "Moved" "4. On a train" \
    "3 changes waiting" "5. Back online" "Exchanged everything: 3 sent" "conflict: Value" \
    "Item 1 is resolved" "6. Undo" "Took back" "7. Today's list" "Overdue" "8. The manager's Friday" \
    "Birgit Öztürk" "9. Your own team" "sluiced init"; do
    claim "it has: $line" said "$line"
done
claim "nothing is left of it" nothing_left

claim "--keep ends with 0" tell --keep
connect=$(sed -n 's/^ *connect: *//p' "$folder/story")
stop=$(sed -n 's/^ *stop: *//p' "$folder/story")
claim "it says how to connect" bash -c "{ ${connect:-false}; } >/dev/null"
claim "and how to stop" bash -c "${stop:-false}"
claim "after which nothing is left" nothing_left

# ^C goes to the whole foreground group, as a terminal sends it. Background jobs of a script would
# ignore it.
own_group='import os, signal, sys
os.setsid(); signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])'
interrupt_at() { # interrupt_at FILE-PATTERN: as soon as that exists in the demo's folder
    local pid code
    python3 -c "$own_group" "$SLUICE_SOURCE_DIR/scripts/demo" >"$folder/story" 2>&1 </dev/null &
    pid=$!
    until_true 20 compgen -G "$SLUICE_DEMO_PLACE/sluice-demo.*/$1" >/dev/null || return 1
    kill -INT -- "-$pid"
    wait "$pid"
    code=$?
    [ $code -eq 130 ] || { echo "     exit $code" >&9; return 1; }
}
for moment in server server.out marta/copy.db anna/copy.db birgit/copy.db; do
    claim "^C when $moment is there" interrupt_at "$moment"
    claim "leaves nothing" nothing_left
done
stage_end
