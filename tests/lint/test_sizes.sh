#!/usr/bin/env bash
# No source file and no function of the product has grown past its limit (sizes.py).
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/sizes.py"
