# seeds.sh - what the tests of many seeds share. Sourced, never run.
#
#   seeds_run ARGUMENTS...    the optimised simulator (every check of the production code in place)
#                             with them; of a failure all that is not ok is printed

simulator="$SLUICE_BIN_DIR/sluice-sim-fast" # beside a build with sanitizers
[ -x "$simulator" ] || simulator="$SLUICE_BIN_DIR/sluice-sim"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT

seeds_run() {
    if ! "$simulator" "$@" >"$out"; then
        grep -v ', ok$' "$out"
        return 1
    fi
    tail -1 "$out"
}
