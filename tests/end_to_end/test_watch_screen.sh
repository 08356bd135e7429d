#!/usr/bin/env bash
# `board --watch` in a terminal: it shows what a colleague adds, fits what it is given, takes another
# size at once, says how the connection is, and leaves the terminal as it was. A second one of the same
# identity draws as well.
# ctest: timeout=300
set -euo pipefail

. "${SLUICE_SOURCE_DIR:?}/tests/support/scratch.sh"

bin=${SLUICE_BIN_DIR:?}
[[ -x $bin/sluiced && -x $bin/sluice ]] || exit 77
command -v tmux >/dev/null || { echo "no tmux here"; exit 77; }
python3 -c 'import pty; pty.openpty()' 2>/dev/null || { echo "no terminals here (/dev/pts)"; exit 77; }
work=$(mktemp -d)
chmod 755 "$work" # run by root, the server goes on as a user of its own
server=
screen() { tmux -S "$work/tmux" -f /dev/null "$@"; }
finish() {
    screen kill-server 2>/dev/null || true
    [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server" || true; }
    scratch_remove "$work"
}
trap finish EXIT

shown() { screen capture-pane -p -t "$1"; }
fail() {
    echo "FAILED: $*" >&2
    for pane in one two; do shown "$pane" >&2 || true; done
    exit 1
}
ada() { SLUICE_HOME=$work/ada "$bin/sluice" "$@" >/dev/null 2>&1; }
bob() { SLUICE_HOME=$work/bob "$bin/sluice" "$@"; }
port=$((20000 + RANDOM % 20000))
start() {
    "$bin/sluiced" run --data "$work/srv" >>"$work/run" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.1
    done
    fail "the server does not start"
}
# appears SESSION TEXT: within half a minute
appears() {
    for _ in $(seq 300); do
        shown "$1" | grep -q -- "$2" && return
        sleep 0.1
    done
    fail "\"$2\" does not appear in $1"
}
bottom() { shown "$1" | grep -v '^$' | tail -n 1; }
# terminal SESSION: "1 0" is the other screen without a cursor, "0 1" how it is in a shell
terminal() { screen display-message -p -t "$1" '#{alternate_on} #{cursor_flag}'; }
terminal_is() {
    for _ in $(seq 100); do
        [[ $(terminal "$1") == "$2" ]] && return
        sleep 0.1
    done
    fail "the terminal of $1 is $(terminal "$1"), not $2"
}
type_into() { screen send-keys -t "$1" "${@:2}"; }

"$bin/sluiced" init --data "$work/srv" --team North --owner "Ada Berg" \
    --listen "127.0.0.1:$port" >"$work/init" 2>&1 || { cat "$work/init"; exit 1; }
start
ada join "$(grep -o 'sluice1-[^ ]*' "$work/init" | head -n 1)"
bob join "$(SLUICE_HOME=$work/ada "$bin/sluice" invite Bob --role manager 2>/dev/null | tail -n 1)" >/dev/null
for n in $(seq 12); do ada --offline add "Deal number $n"; done
ada sync

for name in one two; do
    screen new-session -d -s "$name" -x 100 -y 30 -e "SLUICE_HOME=$work/bob" \
        -e "ASAN_OPTIONS=${ASAN_OPTIONS:-}" "bash --norc --noprofile -i"
    type_into "$name" "PS1='shell> '; clear" Enter
    appears "$name" '^shell>'
done
type_into one "$bin/sluice board --watch" Enter
appears one 'live; q ends'
terminal_is one "1 0"
[[ $(shown one | head -n 1) == Lead* ]] || fail "the board does not begin at the top"
shown one | grep -q '… [0-9]* more' || fail "twelve deals are not cut to thirty lines"

# What a colleague does appears, in a second one of this identity as well.
type_into two "$bin/sluice board --watch" Enter
appears two 'live, through another sluice; q ends'
ada add "Łódź roof" --due today --next-step Call --wait
appears one 'Łódź roof'
appears two 'Łódź roof'

# Another size: at once, and all of it fits.
screen resize-window -t one -x 60 -y 12
appears one '… 13'
[[ $(bottom one) == 'live; q ends'* ]] || fail "no line at the bottom: $(bottom one)"
[[ $(shown one | wc -l) -le 12 ]] || fail "higher than the terminal"
screen resize-window -t one -x 100 -y 30
appears one 'Łódź roof'

# The server goes: since when, and how many changes wait; it comes back.
kill "$server" && wait "$server" || true
server=
appears one 'offline since [0-9][0-9]:[0-9][0-9]; trying again'
bob add "Made offline" >/dev/null 2>&1
appears one '1 waiting to be sent'
appears two '1 waiting to be sent'
start
appears one '^live; q ends'
ada sync
SLUICE_HOME=$work/ada "$bin/sluice" ls --plain --columns title | grep -q 'Made offline' ||
    fail "what was made offline has not arrived"

# The end of the first is the turn of the second; both leave the terminal as it was.
type_into one q
terminal_is one "0 1"
type_into one 'stty -a | grep -o " -*icanon\| -*echo "; echo status $?' Enter
appears one 'status 0'
shown one | grep -q '^ icanon' || fail "the keyboard is not as it was"
appears two '^live; q ends'
type_into two C-c
terminal_is two "0 1"
type_into two 'echo status $?' Enter
appears two 'status 0'
