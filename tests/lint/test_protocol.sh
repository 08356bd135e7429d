#!/usr/bin/env bash
# docs/protocol.md has every number of the wire, as it is in the code.
set -euo pipefail

root=${SLUICE_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root"

found=0
# numbers_are_told FILE PREFIX COUNT: each PREFIX_WORD = N of that enum is a row "| N | word".
numbers_are_told() {
    local file=$1 prefix=$2 least=$3 word number count=0
    while read -r word number; do
        count=$((count + 1))
        grep -q "^| $number | ${word,,} |" docs/protocol.md && continue
        echo "docs/protocol.md has no row \"| $number | ${word,,} |\" ($file)"
        found=1
    done < <(sed -nE "s/^ *${prefix}_([A-Z_]+) = ([1-9][0-9]*).*/\1 \2/p" "$file" | grep -v COUNT)
    [ "$count" -ge "$least" ] || { echo "$file: only $count of ${prefix}_"; found=1; }
}

numbers_are_told common/codec/message.h REFUSAL 8
numbers_are_told common/codec/message.h BYE 8
numbers_are_told common/domain/entity.h ENTITY 12
numbers_are_told common/domain/mutation.h MUTATION 7
numbers_are_told common/domain/entity.h OUTCOME 4
numbers_are_told common/domain/entity.h INBOX 6
exit $found
