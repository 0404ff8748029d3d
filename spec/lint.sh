#!/bin/sh
# spec/lint.sh -- everything that can be said about the source without running it.
# Usage: spec/lint.sh [compiler flags for what is in host/]; `make lint` gives them.  Each finding is a line
# "file:line: why" and the end of the script says how many there are.  clang-tidy's verdicts are kept
# in build/lint by the hash of all that they depend on, so only changed files are looked at again.
set -u
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || exec make --no-print-directory lint

cache=build/lint
mkdir -p "$cache" || exit 1
found=$(mktemp) || exit 1
trap 'rm -f "$found"' EXIT

# Findings on stdin, one a line.
report() { cat >>"$found"; }

c_files() { find host -name '*.[ch]' | sort; }

lua_files() { find "$@" -name '*.lua' -not -path '*/node_modules/*' 2>/dev/null | sort; }

# limit FILE LINES: a file that outgrew its purpose.
limit() {
  n=$(wc -l <"$1")
  [ "$n" -le "$2" ] || echo "$1:$n: file has $n lines, the limit is $2: split it"
}

# forbid PATTERN WHY FILE..: lines that match outside Lua comments.
forbid() {
  pattern=$1 why=$2
  shift 2
  [ $# -eq 0 ] || awk -v pattern="$pattern" -v why="$why" '
    { code = $0; sub(/--.*/, "", code) }
    tolower(code) ~ pattern { print FILENAME ":" FNR ": " why }' "$@"
}

sizes() {
  for f in $(c_files); do limit "$f" 600; done
  for f in $(lua_files host/lua rocks scripts spec); do limit "$f" 400; done
}

headers() {
  for f in $(c_files); do
    head -n 1 "$f" | grep -q '^/\* SPDX-License-Identifier: MIT' ||
      echo "$f:1: must open with /* SPDX-License-Identifier: MIT"
  done
  for f in $(lua_files host/lua rocks scripts spec); do
    head -n 1 "$f" | grep -qF -- "-- $f -- " || echo "$f:1: must open with \"-- $f -- purpose\""
  done
  # 100 columns are the aim; a table or a sentence may need a few more.
  awk 'length($0) > 110 { print FILENAME ":" FNR ": line is longer than 110 columns" }' $(c_files)
  grep -nE '[ 	]+$' $(c_files) |
    sed -E 's/^([^:]+:[0-9]+):.*/\1: white space at the end of the line/'
}

# Who may touch what: host/host_api.h is the boundary, and layers look down only.
layers() {
  forbid "require *\\(?[\"']ffi[\"']" 'only host/lua/core/host.lua, host/lua/cli/test.lua and specs may use the FFI' \
    $(lua_files host/lua rocks scripts | grep -vE '^host/lua/(core/host|cli/test)\.lua$')
  forbid "require *\\(?[\"']cjson" 'only host/lua/json.lua decides how JSON is read and written' \
    $(lua_files host/lua rocks scripts | grep -vE '^host/lua/(core/host|json)\.lua$')
  forbid "require *\\(?[\"']human\\." 'a rock knows nothing of this host' $(lua_files rocks)
  forbid "(select .* from |insert into |update [a-z_]+ set |delete from )" \
    'no SQL in api files: it belongs to a service' $(lua_files scripts/api spec/slice/api)
  services=$(lua_files scripts spec/slice | grep -vE '^(scripts|spec/slice)/api/|/rules/')
  forbid "require *\\(?[\"']api\\." 'a service must not look up to the api' $services
  forbid "require *\\(?[\"']human\\.api[\"']" 'a service knows no HTTP' $services
  for f in $(lua_files scripts | grep '/rules/'); do
    awk '/^function M\.[a-z_]+\(/ { name = $2; sub(/^M\./, "", name); sub(/\(.*/, "", name); line[name] = FNR }
      /^M\.returns = / { inside = 1 }
      inside { declared = declared " " $0 }
      inside && /}$/ && /^}|^M\./ { inside = 0 }
      END { for (n in line) if (declared !~ "[ {]" n " = ") {
        print FILENAME ":" line[n] ": M.returns must say what " n " answers" } }' "$f"
    awk '{ sub(/--.*/, "") }
      /require *\(?["'\'']/ && !/require *\(?["'\''][a-z_]+\.rules\./ && !/require *\(?["'\'']shipped:/ {
        print FILENAME ":" FNR ": a rule may require rules only" }' "$f"
  done
}

luacheck_all() {
  luacheck --quiet --no-color --formatter plain host/lua rocks scripts spec bench
  [ $? -le 2 ] || echo ".luacheckrc:1: luacheck could not run"
}

# What a stranger writes must not take the square of its length.
patterns() {
  luajit spec/lint_patterns.lua $(lua_files host/lua rocks scripts bench/scripts)
  [ $? -le 1 ] || echo "spec/lint_patterns.lua:1: could not run"
}

# Which room of host/ may look into which, and where a prototype belongs.
rooms() {
  luajit spec/lint_rooms.lua host $(c_files | sed 's|^host/||')
  [ $? -le 1 ] || echo "spec/lint_rooms.lua:1: could not run"
}

shell() {
  for f in $(find spec etc bench -maxdepth 1 -name '*.sh' | sort); do
    sh -n "$f" 2>&1 | sed -E "s|^$f: ([0-9]+):|$f:\1:|"
  done
}

# key FILE FLAGS..: a name for everything that a verdict on FILE depends on.
key() {
  f=$1
  shift
  deps=$("${CC:-cc}" -std=c11 "$@" -MM "$f" 2>/dev/null | tr -d '\\' | sed 's/^[^:]*://') || deps=$f
  { echo "$tidy_version" "$@"; cat .clang-tidy $deps; } | sha256sum | cut -c1-32
}

# tidy_one FILE FLAGS..: prints findings, from the cache when nothing that matters has changed.
tidy_one() {
  f=$1
  shift
  name=$cache/$(basename "$f")
  verdict=$name.$(key "$f" "$@")
  if [ ! -e "$verdict" ]; then
    out=$(clang-tidy --quiet "$f" -- -std=c11 "$@" 2>"$name.err")
    status=$?
    found_here=$(echo "$out" | grep -E '(warning|error):' | sed "s|^$PWD/||; s/,-warnings-as-errors\]/]/")
    if [ $status -ne 0 ] && [ -z "$found_here" ]; then
      echo "$f:1: clang-tidy failed: $(grep -v ' warnings generated' "$name.err" | head -n 1)"
      return
    fi
    rm -f "$name".*
    echo "$found_here" >"$verdict"
  fi
  grep . "$verdict"
}

# every_other 0|1 FLAGS..: half of the files.
every_other() {
  half=$1 i=0
  shift
  for f in $(c_files | grep 'c$'); do
    i=$((i + 1))
    [ $((i % 2)) -ne "$half" ] || tidy_one "$f" "$@"
  done
}

# Two halves at once; each writes to a file of its own.
tidy() {
  if ! command -v clang-tidy >/dev/null; then
    echo "host:1: clang-tidy is not installed (make deps-test)"
    return
  fi
  tidy_version=$(clang-tidy --version | tr -d '\n')
  odd=$(mktemp) even=$(mktemp)
  every_other 1 "$@" >"$odd" &
  first=$!
  every_other 0 "$@" >"$even" &
  wait "$first" $!
  sort -u "$odd" "$even"
  rm -f "$odd" "$even"
}

sizes | report
headers | report
layers | report
luacheck_all | report
patterns | report
rooms | report
shell | report
tidy "$@" | report

cat "$found"
n=$(grep -c . "$found")
files=$(($(c_files | wc -l) + $(lua_files host/lua rocks scripts spec | wc -l)))
echo "lint: $files files, $n problems"
[ "$n" -eq 0 ]
