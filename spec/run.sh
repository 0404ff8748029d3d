#!/bin/sh
# spec/run.sh -- every spec in every ring, and one line that sums them: N passed, N failed.
# A runner that ends badly without counting a failure counts as one.
set -u
cd "$(dirname "$0")/.." || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
chmod 711 "$work"               # as root the database runs as another user, who must get there
mkdir -m 711 "$work/home"
HUMAN_HOME=$work/home
HUMAN_CONFIG=$work/human.json   # no file of this machine's user
: >"$HUMAN_CONFIG"
export HUMAN_HOME HUMAN_CONFIG

LIMIT_S=300                     # of one runner
passed=0
failed=0

# add PASSED FAILED STATUS
add() {
  passed=$((passed + ${1:-0}))
  failed=$((failed + ${2:-0}))
  if [ "$3" != 0 ] && [ "${2:-0}" = 0 ]; then failed=$((failed + 1)); fi
}

# run COMMAND.. with its output shown and kept in $work/log; its status in $status
run() {
  { "$@" 2>&1; echo $? >"$work/status"; } | tee "$work/log"
  status=$(cat "$work/status")
}

lua_specs=''
for dir in spec/*/; do
  if [ -n "$(find "$dir" -name '*_spec.lua' -not -path '*/node_modules/*' | head -n 1)" ]; then
    lua_specs="$lua_specs ${dir%/}"
  fi
done
if [ -n "$lua_specs" ]; then
  # shellcheck disable=SC2086 # a list of words
  run timeout -k 20 "$LIMIT_S" build/human test $lua_specs
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/log" | tail -n 1)
  add "$(echo "$line" | cut -d ' ' -f 1)" "$(echo "$line" | cut -d ' ' -f 3)" "$status"
fi

# "pass N" of node's runner.
count() { sed -n "s/^[^a-z]* $1 \([0-9][0-9]*\)\$/\1/p" "$work/log" | tail -n 1; }

# Each file by itself: what hangs, or leaves something running, fails alone.
if [ -e spec/e2e/package.json ]; then
  if ! [ spec/e2e/node_modules/.package-lock.json -nt spec/e2e/package-lock.json ]; then
    run npm ci --prefix spec/e2e --silent --no-audit --no-fund
    add 0 0 "$status"
  fi
  for file in spec/e2e/*.test.mjs; do
    echo "$file"
    run timeout -k 20 "$LIMIT_S" node --test-reporter=spec "$file"
    canceled=$(count cancelled)   # a test whose suite could not begin has failed as well
    bad=$(count fail)
    add "$(count pass)" "$((${bad:-0} + ${canceled:-0}))" "$status"
  done
fi

echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
