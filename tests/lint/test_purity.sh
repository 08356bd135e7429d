#!/usr/bin/env bash
# The path of a source file says what it may include, call and contain (purity.py).
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/purity.py"
