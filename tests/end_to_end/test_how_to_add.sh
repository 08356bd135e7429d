#!/usr/bin/env bash
# docs/how_to_add.md tells the truth: its steps for a field of a deal, done to a copy of the
# sources, give a field that is set, merged, synced, filtered, exported and stored like any other.
# ctest: label=builds timeout=900
set -euo pipefail

. "${SLUICE_SOURCE_DIR:?}/tests/support/scratch.sh"

work=$(mktemp -d)
chmod 755 "$work" # run by root, the server goes on as a user of its own
server=
finish() {
    [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server" || true; }
    scratch_remove "$work"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
ada() { SLUICE_HOME=$work/ada "$work/build/sluice" "$@"; }
bob() { SLUICE_HOME=$work/bob "$work/build/sluice" "$@"; }

mkdir "$work/src"
tar -C "$SLUICE_SOURCE_DIR" --exclude ./build --exclude ./.git -cf - . | tar -C "$work/src" -xf -
cd "$work/src"

# after FILE PATTERN LINE: puts the line behind the last one that matches; there must be one.
after() {
    grep -q "$2" "$1" || fail "$1 has no line like $2"
    awk -v pattern="$2" -v line="$3" '
        FNR == NR { if ($0 ~ pattern) last = FNR; next }
        { print } FNR == last { print line }' "$1" "$1" >"$work/edited"
    cp "$work/edited" "$1"
}

tag=$(($(sed -n '/^message Deal /,/^}/s/.*= \([0-9]*\);.*/\1/p' proto/sluice.proto | sort -n | tail -n 1) + 1))
after common/domain/entity.h 'struct optional push_count;' '    struct str competitor;'
after common/domain/field.c '"push_count", "Times pushed"' \
    "    TEXT($tag, \"competitor\", \"Competitor\", competitor, NAME_BYTES_MAX, EDITABLE),"
after proto/sluice.proto 'optional sint64 push_count =' "  optional string competitor = $tag;"
after tests/unit/test_field.c 'ENTITY_DEAL, "push_count"' \
    '    {ENTITY_DEAL, "competitor", offsetof(struct deal, competitor)},'
after client/work/work_verbs.c '"source", "TEXT", "source"' \
    '    {"competitor", "NAME", "competitor", "who else is in the race"},'
after client/work/work_view.c 'DEAL_WHY. = .*"why"' '    {"competitor", "Competitor", 0},'
cat >migrations/9000_deal_competitor.sql <<'SQL'
ALTER TABLE deal ADD COLUMN competitor text;
COMMENT ON COLUMN deal.competitor IS 'Who else is in the race for it.';
SQL

if [ -z "${CCACHE_DIR:-}" ] && { [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; }; then
    export CCACHE_DIR=$SLUICE_BIN_DIR/ccache
fi
cmake -S . -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DSLUICE_TESTS=ON >/dev/null
ninja --quiet -j 2 -C "$work/build" sluice sluiced test_field test_codec
for test in test_field test_codec; do
    "$work/build/tests/$test" >"$work/log" 2>&1 || { cat "$work/log"; fail "$test"; }
done

port=$((20000 + RANDOM % 20000))
invitation=$("$work/build/sluiced" init --data "$work/srv" --team North --owner "Ada Berg" \
    --listen "127.0.0.1:$port" 2>"$work/init" | tail -n 1) || { cat "$work/init"; exit 1; }
"$work/build/sluiced" run --data "$work/srv" >"$work/run" 2>&1 &
server=$!
deadline=$((SECONDS + 60))
until grep -qs ready "$work/run"; do
    kill -0 "$server" 2>/dev/null && [[ $SECONDS -lt $deadline ]] || { cat "$work/run"; exit 1; }
    sleep 0.05
done
ada join "$invitation"
bob join "$(ada invite "Bob Ross" --role rep | tail -n 1)"

ada add "Old roof" --competitor "Dach AG"
ada add "New roof"
ada sync
bob sync
[[ $(bob ls --plain --no-headers --columns title 'competitor:"Dach AG"') == "Old roof" ]] ||
    fail "the filter does not know the field"
bob deal edit "Old roof" --competitor "Toit SA"
bob sync
ada sync
[[ $(ada deal show "Old roof" --json competitor) == *'"competitor": "Toit SA"'* ]] ||
    fail "the edit did not come through: $(ada deal show "Old roof" --json competitor)"
ada deal history "Old roof" | grep -q 'Competitor.*Dach AG.*Toit SA' || fail "no history of the field"
ada export deals --csv | head -n 1 | grep -q competitor || fail "the export lacks the field"
