#!/usr/bin/env bash
# docs/how_to_add.md tells the truth: its steps for a field of a deal, done to a copy of the
# sources, give a field that is set, merged, synced, filtered, exported and stored like any other.
# ctest: label=builds timeout=900
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

mkdir "$folder/src"
tar -C "$SLUICE_SOURCE_DIR" --exclude ./build --exclude ./.git -cf - . | tar -C "$folder/src" -xf -
cd "$folder/src"

# after FILE PATTERN LINE: puts the line behind the last one that matches; there must be one.
after() {
    grep -q "$2" "$1" || fail "$1 has no line like $2"
    awk -v pattern="$2" -v line="$3" '
        FNR == NR { if ($0 ~ pattern) last = FNR; next }
        { print } FNR == last { print line }' "$1" "$1" >"$folder/edited"
    cp "$folder/edited" "$1"
}

tag=$(($(sed -n '/^message Deal /,/^}/s/.*= \([0-9]*\);.*/\1/p' proto/sluice.proto | sort -n | tail -n 1) + 1))
after common/domain/entity.h 'struct optional push_count;' '    struct str competitor;'
after common/domain/field.c '"push_count", "Times pushed"' \
    "    TEXT($tag, \"competitor\", \"Competitor\", competitor, NAME_BYTES_MAX, EDITABLE),"
after proto/sluice.proto 'optional sint64 push_count =' "  optional string competitor = $tag;"
after tests/unit/test_field.c 'ENTITY_DEAL, "push_count"' \
    '    {ENTITY_DEAL, "competitor", offsetof(struct deal, competitor)},'
after client/verbs/work_verbs.c '"source", "TEXT", "source"' \
    '    {"competitor", "NAME", "competitor", "who else is in the race"},'
after client/verbs/work_view.c 'DEAL_WHY. = .*"why"' '    {"competitor", "Competitor", 0},'
cat >migrations/9000_deal_competitor.sql <<'SQL'
ALTER TABLE deal ADD COLUMN competitor text;
COMMENT ON COLUMN deal.competitor IS 'Who else is in the race for it.';
SQL

if [ -z "${CCACHE_DIR:-}" ] && { [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; }; then
    export CCACHE_DIR=$SLUICE_BIN_DIR/ccache
fi
cmake -S . -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DSLUICE_TESTS=ON >/dev/null
ninja --quiet -j 2 -C "$folder/build" sluice sluiced test_field test_codec
for test in test_field test_codec; do
    "$folder/build/tests/$test" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "$test"; }
done

bin=$folder/build
stage_server
joins bob "Bob Ross" rep

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
