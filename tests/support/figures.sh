# figures.sh - what a copy reports against a second computation from what it exports, on top of
# stage.sh. Sourced, never run.
# shellcheck disable=SC2154  # of stage.sh

figures_export() { home "$1" --offline export --json >"$folder/$1.export" 2>/dev/null; } # of NAME

# figures_agree NAME REPORT CURRENCY [PERIOD FROM TO [PIPELINE]]: of the days FROM to TO, not
# included, which PERIOD names; after figures_export. The team is in UTC.
figures_agree() {
    local name=$1 report=$2 currency=$3 period=${4:-all} options=()
    [ -z "${7:-}" ] || options=(--pipeline "$7")
    home "$name" --offline report "$report" --period "$period" --currency "$currency" \
        "${options[@]}" --json >"$folder/$name.$report" 2>/dev/null &&
        python3 -B "$SLUICE_SOURCE_DIR/tests/reference/metrics_reference.py" --export \
            "$folder/$name.export" "$report" "$currency" "$folder/$name.$report" "${@:5}"
}
