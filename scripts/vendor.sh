#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# vendor.sh [--check]: takes what the HTML report has from others, in the versions and with the checksums of
# src/report/html/package-lock.json, from the npm registry. With --check it only compares. Exit status 1: it
# differs; 2: npm is missing, or cannot get it.
set -eu
here=$(cd "$(dirname "$0")/../src/report/html" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

command -v npm >/dev/null 2>&1 || { echo "vendor: no npm here" >&2; exit 2; }
cp "$here/package.json" "$here/package-lock.json" "$tmp/"
if ! (cd "$tmp" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=60000 >npm.log 2>&1); then
	if grep -Eq 'EINTEGRITY|EUSAGE' "$tmp/npm.log"; then
		cat "$tmp/npm.log" >&2
		exit 1
	fi
	echo "vendor: npm cannot get it: $(grep -m1 -oE 'code [A-Z_0-9]+' "$tmp/npm.log" || echo 'no reason given')" >&2
	exit 2
fi
from=$tmp/node_modules/uplot
cp "$from/dist/uPlot.iife.min.js" "$from/dist/uPlot.min.css" "$tmp/"
cp "$from/LICENSE" "$tmp/uPlot.LICENSE"
for file in uPlot.iife.min.js uPlot.min.css uPlot.LICENSE; do
	if [ "${1-}" = --check ]; then
		cmp "$tmp/$file" "$here/$file" || exit 1
	else
		cp "$tmp/$file" "$here/$file"
	fi
done
