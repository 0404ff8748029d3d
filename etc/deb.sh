#!/bin/sh
# etc/deb.sh VERSION -- the Debian packages of this tree, for the release that this runs on, in build/deb.
# Builds in a copy of what git knows (or, in an unpacked archive, of the source directories), so nothing
# that lies around gets into a package.
set -eu
cd "$(dirname "$0")/.."

version=$1
out=build/deb
copy=$out/human-$version

packaged=$(dpkg-parsechangelog -l etc/debian/changelog -S Version)
if [ "$packaged" != "$version" ]; then
  echo "etc/debian/changelog is about $packaged, the Makefile about $version: make them agree" >&2
  exit 1
fi

rm -rf "$out"
mkdir -p "$copy"
if git rev-parse --git-dir >/dev/null 2>&1; then git ls-files -z
else find Makefile README.md docs etc host rocks scripts spec -type f -not -path '*/node_modules/*' -print0
fi | tar -c --null -T - | tar -x -C "$copy"
cp -R etc/debian "$copy/debian"
for unit in service socket; do cp "etc/human.$unit" "$copy/debian/human.human.$unit"; done

(cd "$copy" && dpkg-buildpackage -b -us -uc) >"$out/log" 2>&1 || {
  tail -n 40 "$out/log" >&2
  echo "all of it: $out/log" >&2
  exit 1
}
rm -rf "$copy"
ls "$out"/*.deb
