#!/usr/bin/env bash
# Builds everything as it is released (gcc, optimised) and with the second compiler: warnings that
# only they give are errors too.
# ctest: label=builds timeout=900
set -euo pipefail

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [ -z "${CCACHE_DIR:-}" ] && { [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; }; then
    export CCACHE_DIR=$SLUICE_BIN_DIR/ccache
fi

build() { # build NAME CMAKE-OPTIONS...
    local name=$1
    shift
    cmake -S "$SLUICE_SOURCE_DIR" -B "$place/$name" -G Ninja -DSLUICE_WERROR=ON "$@" >/dev/null
    ninja --quiet -j 1 -C "$place/$name"
    echo "ok: $name"
}

build release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSLUICE_TESTS=OFF
build clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DSLUICE_TESTS=ON
