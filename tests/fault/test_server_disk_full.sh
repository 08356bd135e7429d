#!/usr/bin/env bash
# A full disk under the server: init cleans up after itself and can be done again; a running server
# stays up, says so, keeps its clients' work waiting, and goes on when there is room.
# ctest: timeout=600
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

disk="$folder/disk"
disk_make "$disk" 24m || { echo "cannot mount a small disk here"; exit 77; }
data="$disk/data"
port=$(port_free)
init() {
    "$bin/sluiced" init --data "$data" --team North --owner "Ada Berg" --listen "127.0.0.1:$port"
}
folder_empty() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }

# init
claim "init on a disk that is too small says so" says 1 "No space left.*room" init
claim "and leaves nothing in the folder" folder_empty "$data"
claim "and nothing running" nothing_left
mount -o remount,size=110m "$disk"
init_killed() { # in the midst of making the cluster
    "$bin/sluiced" init --data "$data" --team T --owner O >/dev/null 2>&1 9>&- &
    local pid=$!
    until_true 20 test -d "$data/postgres/data.new/base"
    kill -9 $pid
    wait $pid 2>/dev/null
    until_true 20 nothing_left
}
claim "an init that is killed leaves nothing running" init_killed
claim "but its mark" test -f "$data/init.unfinished"
init >"$folder/init" 2>>"$folder/server.log"
claim "the next init clears up and succeeds" test -n "$(invitation "$folder/init")"
claim "and takes the mark away" test ! -e "$data/init.unfinished"
claim "a second one is refused" says 1 "initialised already" init

# run
claim "the server starts" server_start
ada join "$(invitation "$folder/init")" >/dev/null
ada invite "Bob Ross" --role rep >"$folder/invited" 2>/dev/null
bob join "$(invitation "$folder/invited")" >/dev/null
claim "a deal goes through" says 0 Added ada add "before" --wait
disk_fill "$disk"

many=0
long=$(printf '%0300d' 7)
work_on() { # until the database has no room any more
    local i
    for i in $(seq 40); do
        many=$((many + 1))
        ada --offline add "deal $many" --next-step "$long" >/dev/null 2>&1 || return 1
        [ $((i % 10)) = 0 ] && { timeout 6 "$bin/sluice" sync >/dev/null 2>&1 || return 0; }
    done
    return 1
}
export SLUICE_HOME="$folder/ada"
refused() { grep -q 'warning commit_failed .*[Nn]o space' "$folder/server.log"; }
full() { for _ in $(seq 6); do work_on; refused && return 0; done; return 1; }
claim "with no room a commit fails, and the log says why" full
claim "the server is still there" kill -0 "$server"
waiting() { ada status --json pending | grep -q '"pending": [1-9]'; }
claim "the client keeps its work" waiting
claim "and a new rep's work too" says 0 Added bob --offline add "of bob"
disk_empty "$disk"
synced() { ada sync >/dev/null 2>&1; }
claim "with room again everything is sent, without a word to the server" until_true 60 synced
claim "the other rep gets and sends" until_true 60 bob sync 2>/dev/null
ada sync 2>/dev/null
titles ada >"$folder/of_ada"
titles bob >"$folder/of_bob"
claim "both have the same" cmp -s "$folder/of_ada" "$folder/of_bob"
claim "nothing is missing or double" test "$(wc -l <"$folder/of_ada") $(sort -u "$folder/of_ada" | wc -l)" = "$((many + 2)) $((many + 2))"
claim "SIGTERM ends it with 0" server_stop
claim "and leaves nothing running" until_true 10 nothing_left
stage_end
