#!/usr/bin/env bash
# Two reps, one server, one deal: what one adds the other sees; what both change offline becomes a
# conflict for the later one, with both values, and one word resolves it for everybody.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

stage_server
joins bob "Bob Ross" rep

# Added by one, seen by the other.
ada --offline add "Łódź roof" --org Acme --source fair
ada sync
bob sync
[[ $(bob ls --plain --no-headers --columns title,org,owner) == $'Łódź roof\tAcme\tAda Berg' ]] ||
    fail "the second rep does not see the deal: $(bob ls --json title,org,owner)"

# Both edit offline: different fields merge, the same field conflicts for who comes later.
ada --offline deal edit "lodz roof" --source web --next-step Call
bob --offline deal edit "lodz roof" --source mail --value 12.5k
ada sync
bob sync
ada sync
[[ $(bob ls --plain --no-headers --columns source,next_step,value) == $'web\tCall\t12500.00' ]] ||
    fail "not merged: $(bob ls --json source,next_step,value)"
bob inbox --json mine,theirs,who | grep -q '"mine": "mail", "theirs": "web", "who": "Ada Berg"' ||
    fail "the conflict is not told: $(bob inbox --json mine,theirs,who)"

# One word resolves it, for both.
number=$(bob inbox --plain --no-headers --columns number)
bob inbox resolve "$number" --mine --wait
ada sync
[[ $(ada ls --plain --no-headers --columns source) == mail ]] || fail "the resolution did not arrive"
[[ -z $(bob inbox --plain --no-headers --columns number) ]] || fail "the item is still open"

# A lost laptop: the manager revokes it; what it still holds goes to the manager, and it is told.
device() { ada device list --json id,member,name | tr '{' '\n' | sed -n "s/.*\"id\": \"\([^\"]*\)\", \"member\": \"$1\".*/\1/p"; }
bob --offline deal edit "lodz roof" --source phone
ada device revoke "$(device 'Bob Ross')" --wait
code=0
bob sync 2>"$folder/told" || code=$? # delivers, and is told, at once
[[ $code == 8 ]] || fail "a revoked device's sync ends with $code: $(<"$folder/told")"
grep -q '1 change of this device was delivered' "$folder/told" || fail "told: $(<"$folder/told")"
grep -q 'was revoked by Ada Berg on .* and its copy was erased' "$folder/told" || fail "told: $(<"$folder/told")"
code=0
bob sync --json sent,pending 2>"$folder/told" || code=$?
[[ $code == 8 ]] || fail "the next one ends with $code"
grep -q '"code": "device_revoked", "exit": 8' "$folder/told" || fail "as JSON: $(<"$folder/told")"
ada sync 2>"$folder/told"
grep -q 'needs\? attention' "$folder/told" || fail "the owner is not told: $(<"$folder/told")"
ada inbox --json who,reasons | grep -q 'revoked' || fail "not kept: $(ada inbox --json who,reasons,mine; bob status)"
ada inbox | grep -q 'Bob Ross' || fail "the owner does not see whose it is: $(ada inbox)"
[[ $(ada ls --plain --no-headers --columns source) == mail ]] || fail "a revoked device wrote"
