#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The names of the calls in faults.def, for the linker's --wrap.
cd "$(dirname "$0")" || exit 1
sed -nE 's/^FAULT(_IF)?\([A-Z]+, [^,]+, (\w+),.*/\2/p; s/^FAULT_WRITE\((\w+),.*/\1/p' faults.def
echo asprintf
