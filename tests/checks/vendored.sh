#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the HTML report has from others is what its authors published, unchanged, with its licence.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

html=$SOURCE/src/report/html
equal "the lock file names no place" "$(grep -c '"resolved"\|://' "$html/package-lock.json")" 0
check "the lock file has a checksum and the version that is there" python3 - "$html" <<'E1'
import json, sys
lock = json.load(open(sys.argv[1] + "/package-lock.json"))
wanted = json.load(open(sys.argv[1] + "/package.json"))["dependencies"]
packages = {name.removeprefix("node_modules/"): p for name, p in lock["packages"].items() if name}
assert {name: p["version"] for name, p in packages.items()} == wanted, packages
assert all(p["integrity"].startswith("sha512-") for p in packages.values())
assert f"(v{wanted['uplot']})" in open(sys.argv[1] + "/uPlot.iife.min.js").read(200)
E1
check "its licence" grep -q "Permission is hereby granted, free of charge" "$html/uPlot.LICENSE"
for file in uPlot.iife.min.js report.js flame.js; do
	equal "$file does not end its element" "$(grep -ciE '</script|<!--|\]\]>' "$html/$file")" 0
done
output=$("$SOURCE/scripts/vendor.sh" --check 2>&1 </dev/null)
case $? in
0) ok "as in the npm registry" ;;
2) skip "as in the npm registry" "${output##*$'\n'}" ;;
*) not_ok "as in the npm registry" "$output" ;;
esac
done_testing
