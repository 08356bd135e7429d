#!/usr/bin/env bash
# Each header of ours compiles when included alone, and again when included twice.
# Needs the generated headers of a build (SLUICE_BIN_DIR) where a header names one.
set -euo pipefail

root=${SLUICE_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
build=${SLUICE_BIN_DIR:-$root/build/test}
cd "$root"

flags=(-std=c17 -fsyntax-only -x c -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror
    -I. -I"$build/generated" -isystem "$build/generated_wire")
read -ra packages < <(pkg-config --cflags libuv libpq libprotobuf-c libsodium | sed 's/-I/-isystem /g')
flags+=("${packages[@]}")
export HEADER_FLAGS="${flags[*]}"

header_check() {
    local header=$1 features=
    case $header in
    # Only these may ask for more than C17, so only their headers may need it.
    */edge/* | tests/* | client/exchange/*) features=-D_GNU_SOURCE ;;
    esac
    # shellcheck disable=SC2086  # the flags are words
    printf '#include "%s"\n#include "%s"\nextern int header_is_alone;\n' "$header" "$header" |
        gcc $HEADER_FLAGS $features - || {
        echo "$header: does not compile alone"
        return 1
    }
}
export -f header_check

headers=()
for room in common server client tests; do
    [ -d "$room" ] || continue
    mapfile -t -O ${#headers[@]} headers < <(find "$room" -name '*.h' | sort)
done
echo "headers: ${#headers[@]} to compile alone"
[ ${#headers[@]} -eq 0 ] ||
    printf '%s\0' "${headers[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'header_check "$1"' header
