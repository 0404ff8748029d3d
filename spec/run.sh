#!/bin/sh
# spec/run.sh [MODE] -- every spec in every ring, and one line that sums them: N passed, N failed.
# asan     with build/asan/human; what a sanitizer reports, in whichever process, is a failure
# fuzz     the fuzzers only; FUZZ_SECONDS is the time of each one
# reload   a reload before every test
# leak     every Lua test HUMAN_TEST_ROUNDS times: memory must not grow; then traffic without faults, likewise
# nojit    without the JIT compiler
# shuffle  tests, and what completes in one turn, in another order: HUMAN_TEST_SEED
# chats    plays spec/chats with a scripted model; judge: with a real, small one, and prints a table
# clients  the agent API with clients in Java and Rust, which are fetched
# soak     mixed traffic with reloads and kills for SOAK_SECONDS, and the chaos beside it
# chaos    the gateway's runs with tools and approvals, while hosts are killed, for CHAOS_S
# quick    specs of the runtime, the agent and the gateway; beside them lint, a whole conversation, and, of what has changed
#          since the last commit, end-to-end files, specs of the marketplace, of the C host and of rocks
# Without a mode: all rings, a short soak, and a little of each mode so that none rots.
# A runner that ends badly without counting a failure counts as one.  What failed is shown once more at the end.
# In the whole suite, where much shares the machine, files that have failed are run once more, alone: those that pass are
# named as flaky, with what they said, and are defects to be mended; when more than AGAIN have failed, none is.
set -u
cd "$(dirname "$0")/.." || exit 1

LIMIT_S=${LIMIT_S:-450}         # of one runner
AGAIN=3
MODES=--helper=spec/support/modes.lua

# fuzz_one NAME: seeds and what earlier runs kept, then new inputs; one line of result.  What fails is
# shown by the end of its log, and kept in a file.
fuzz_one() {
  kept=build/fuzz/corpus/$1 seeds=spec/fuzz/corpus/$1 log=build/fuzz/$1.log
  mkdir -p "$kept"
  [ -d "$seeds" ] || seeds=$kept
  export UBSAN_OPTIONS=print_stacktrace=1
  if timeout -k 20 "$((FUZZ_SECONDS + LIMIT_S))" "build/fuzz/$1" -max_total_time="$FUZZ_SECONDS" \
    -timeout=20 -artifact_prefix="build/fuzz/$1-" -print_final_stats=1 "$kept" "$seeds" >"$log" 2>&1
  then
    echo "ok   $1: $(sed -n 's/.*executed_units: *//p' "$log") inputs"
    return
  fi
  tail -n 60 "$log" >"$log.end"
  input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  echo "FAIL $1: ${input:-no input was kept}; all of its log: $log" >>"$log.end"
  cat "$log.end"
}

# "pass N" of node's runner, in a file.
count() { sed -n "s/^[^a-z]* $1 \([0-9][0-9]*\)\$/\1/p" "$2" | tail -n 1; }

# e2e_one NAME: one file of spec/e2e; its output in one piece, its counts in $E2E_COUNTS/NAME.
e2e_one() {
  log=$E2E_COUNTS/$1.log options=${ASAN_OPTIONS-} began=$(date +%s)
  # These measure memory: what is freed must not be withheld for long.  Without sanitizers the variable stays empty, which
  # specs ask.
  case ${options:+$1} in
  fetch_upload | limits | overload | reload_load) options=$options:quarantine_size_mb=1:thread_local_quarantine_size_kb=64 ;;
  esac
  echo "spec/e2e/$1.test.mjs" >"$log"
  ASAN_OPTIONS=$options timeout -k 20 "$LIMIT_S" node --test-reporter=spec "spec/e2e/$1.test.mjs" >>"$log" 2>&1
  status=$?
  cat "$log"
  bad=$(count fail "$log") canceled=$(count cancelled "$log") # a test whose suite could not begin has failed as well
  good=$(count pass "$log")
  echo "${good:-0} $((${bad:-0} + ${canceled:-0})) $status" >"$E2E_COUNTS/$1"
  [ "$status" = 0 ] || {
    echo "spec/e2e/$1.test.mjs: ended with $status"
    sed '1,/^✖ failing tests:/d' "$log" | grep -A 4 '^test at '
  } >"$E2E_COUNTS/$1.failed"
  echo "$(($(date +%s) - began)) s spec/e2e/$1.test.mjs" >>"$E2E_COUNTS/times"
}

binary=build/human
lua_options=''
mode=${1:-all}
case $mode in
all)
  FUZZ_SECONDS=${FUZZ_SECONDS:-5} SOAK_SECONDS=${SOAK_SECONDS:-120}
  rings='soak_begin beside_begin modes soak_end fuzzers e2e beside_end' # those beside wait more than they work
  ;;
fuzz) FUZZ_SECONDS=${FUZZ_SECONDS:-60} rings='fuzzers' ;;
asan) binary=build/asan/human rings='sanitize lua_specs e2e reports' LIMIT_S=900 ;; # all is slower
reload | nojit) rings='lua_specs e2e' lua_options=$MODES ;;
shuffle) rings='lua_specs e2e' lua_options="$MODES --shuffle" ;;
leak) rings='lua_specs soak' lua_options=$MODES LIMIT_S=10800 SOAK_FAULTS=none SOAK_SECONDS=${SOAK_SECONDS:-600} ;;
soak) rings='chaos_begin soak chaos_end' CHAOS_S=${SOAK_SECONDS:-3600} ;;
chaos) rings='chaos_begin chaos_end' CHAOS_S=${CHAOS_S:-120} ;;
modes) rings='modes' ;;             # only the little of each
lua) rings='lua_specs' LIMIT_S=900 ;; # beside other rings
modules) rings='modules' ;;         # what specs need from registries
quick) rings='beside_begin lua_specs beside_end' ;;
quick-beside) rings='lua_specs e2e' ;;
chats | judge) rings='play' ;;
clients) rings='clients' ;;
fuzz-one)
  fuzz_one "$(basename "$2" .c)"
  exit
  ;;
e2e-one)
  e2e_one "$2"
  exit 0
  ;;
*)
  echo 'usage: spec/run.sh [asan|fuzz|reload|leak|nojit|shuffle|modes|soak|chaos|quick|chats|judge|clients]' >&2
  exit 2
  ;;
esac
export RELOADS SOAK_SECONDS SOAK_FAULTS LIMIT_S

# What the mode is to every process of ours.
case $mode in
reload | leak | nojit) export HUMAN_TEST_MODE="$mode" ;;
shuffle)
  HUMAN_TEST_SEED=${HUMAN_TEST_SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
  export HUMAN_TEST_MODE=shuffle HUMAN_TEST_SEED
  lua_options="$lua_options --seed=$HUMAN_TEST_SEED"
  ;;
esac
[ "$mode" != nojit ] || export HUMAN_JIT=false
[ "$mode" = all ] || echo "mode $mode${HUMAN_TEST_SEED:+, HUMAN_TEST_SEED=$HUMAN_TEST_SEED}"

# What specs throw away goes to memory where much of it is free: they make and remove hundreds of clusters, of a thousand
# files each, and a disk's file system may spend more on that than all else here needs (ext4 gives no number out again
# that was freed a moment ago, and looks for another).  TMPDIR says otherwise.
in_memory() {
  [ -z "${TMPDIR-}" ] && [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')" -gt 8000000 ] 2>/dev/null &&
    [ "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" -gt 10000000 ] || return
  work=$(mktemp -d /dev/shm/human.XXXXXX)
  printf '#!/bin/sh\n' >"$work/program" && chmod 755 "$work/program"
  if "$work/program" 2>/dev/null; then return; fi # mounted so that nothing there is run
  rm -rf "$work"
  return 1
}
in_memory || work=$(mktemp -d)
mkdir -m 1777 "$work/t"
export TMPDIR="$work/t"
soaking='' chaos='' beside='' busy=''
trap 'for one in $soaking $chaos $beside $busy; do kill "$one" 2>/dev/null; done; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
chmod 711 "$work"               # as root the database runs as another user, who must get there
mkdir -m 711 "$work/home"
HUMAN_HOME=$work/home
HUMAN_CONFIG=$work/human.json   # no file of this machine's user
: >"$HUMAN_CONFIG"
export HUMAN_HOME HUMAN_CONFIG

FLAKY=${FLAKY:-$work/flaky}
export FLAKY
: >"$work/failed"
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
  [ "$status" = 0 ] || {
    echo "$*: ended with $status" | cut -c 1-200
    grep -aE -A 4 '^(Failure|Error) ->|^SUMMARY:|^FAIL ' "$work/log" | head -n 200
  } >>"$work/failed"
}

# What failed, in a few lines each: the runs are long, and what is said of them is read from its end.
show_failed() {
  if [ -s "$FLAKY" ] && [ "$mode" != lua ]; then
    printf '\nflaky, passed when run alone:\n'
    head -n 200 "$FLAKY"
  fi
  cat "$work"/counts/*.failed >>"$work/failed" 2>/dev/null
  [ -s "$work/failed" ] || return
  printf '\nwhat failed:\n'
  head -n 400 "$work/failed"
}

# The files of e2e that have failed, once more.
e2e_again() {
  ls "$E2E_COUNTS"/*.failed >"$work/again" 2>/dev/null || return
  [ "$(wc -l <"$work/again")" -le "$AGAIN" ] || return
  while read -r first; do
    mv "$first" "$work/first"
    spec/run.sh e2e-one "$(basename "$first" .failed)" </dev/null
    [ -e "$first" ] || cat "$work/first" >>"$FLAKY"
  done <"$work/again"
}

fuzzers() {
  export FUZZ_SECONDS
  echo "fuzzers, $FUZZ_SECONDS s each"
  ls spec/fuzz/*.c >"$work/fuzzers"
  run xargs -P 2 -n 1 -a "$work/fuzzers" spec/run.sh fuzz-one
  add "$(grep -c '^ok   fuzz_' "$work/log")" "$(grep -c '^FAIL fuzz_' "$work/log")" "$status"
}

# Reports go to files: a worker that dies is replaced, and nobody may read what it printed.
sanitize() {
  mkdir -m 1777 "$work/reports"
  E2E_BINARY=$PWD/$binary
  ASAN_OPTIONS=log_path=$work/reports/process:detect_stack_use_after_return=1:strict_string_checks=1
  ASAN_OPTIONS=$ASAN_OPTIONS:allow_addr2line=1:allocator_release_to_os_interval_ms=200
  UBSAN_OPTIONS=print_stacktrace=1
  export E2E_BINARY ASAN_OPTIONS UBSAN_OPTIONS
}

reports() {
  for file in "$work"/reports/*; do
    [ -e "$file" ] || continue
    echo
    head -n 80 "$file"
    add 0 1 1
  done
}

# The same once more, for `lua`.
lua_again() {
  tail -n +$((before + 1)) "$work/failed" >"$work/first"
  head -n "$before" "$work/failed" >"$work/before" && mv "$work/before" "$work/failed"
  # shellcheck disable=SC2086 # a list of words
  run timeout -k 20 "$LIMIT_S" "$binary" test $lua_options "$@"
  if [ "$status" = 0 ]; then cat "$work/first" >>"$FLAKY"; else cat "$work/first" >>"$work/failed"; fi
}

# lua DIR..: one run of `human test`.
lua() {
  before=$(wc -l <"$work/failed")
  # shellcheck disable=SC2086 # a list of words
  run timeout -k 20 "$LIMIT_S" "$binary" test $lua_options "$@"
  case $status-$mode in
  0-*) ;;
  *-all | *-lua) lua_again "$@" ;;
  esac
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/log" | tail -n 1)
  add "$(echo "$line" | cut -d ' ' -f 1)" "$(echo "$line" | cut -d ' ' -f 3)" "$status"
}

# All of them; in quick mode those of the agent and the gateway, and beside them those of the runtime and, each when something
# that it stands on has changed, of the marketplace, of the host in C and of rocks.
MARKET='scripts/marketplace scripts/api/marketplace spec/scripts spec/support host/lua'
lua_specs() {
  dirs=''
  for dir in spec/*/; do
    case $mode-$dir in
    quick-spec/scripts/) dirs="$dirs spec/scripts/api $(ls spec/scripts/*_spec.lua | grep -v /marketplace_)" && continue ;;
    quick-beside-spec/scripts/)
      # shellcheck disable=SC2086 # a list of words
      touched $MARKET && dirs="$dirs $(ls spec/scripts/marketplace_*_spec.lua)"
      continue
      ;;
    quick-beside-spec/host/) touched host spec/host || continue ;;
    quick-beside-spec/rocks/) touched rocks spec/rocks || continue ;;
    quick-spec/*) continue ;;
    esac
    if [ -n "$(find "$dir" -name '*_spec.lua' -not -path '*/node_modules/*' | head -n 1)" ]; then
      dirs="$dirs ${dir%/}"
    fi
  done
  # Those of the scripts are processes of their own: what all of them leave in memory is more than one may have.  Plans of
  # statements come first, since rows that others leave change them.
  case $dirs in *' spec/scripts')
    dirs=${dirs% spec/scripts}
    lua spec/scripts/agent_explain_spec.lua
    # shellcheck disable=SC2046 # a list of words
    lua spec/scripts/api $(ls spec/scripts/*_spec.lua | grep -v _explain_)
    ;;
  esac
  [ -n "$dirs" ] || return
  # shellcheck disable=SC2086 # a list of words
  lua $dirs
}

# A little of each mode, on what is quick.  A home of its own: the soak has a server already.  Plans of statements (explain) are
# PostgreSQL's: no mode of ours changes them, and to fill their tables takes half of the time of all of these specs.
modes() {
  for one in nojit shuffle leak reload; do
    echo "mode $one"
    dirs="spec/scripts/api $(ls spec/scripts/*_spec.lua | grep -v _explain_)" options=$MODES
    case $one in
    nojit) dirs=$(ls spec/scripts/agent_*_spec.lua | grep -v _explain_) ;; # all takes as long as the soak that runs beside it
    leak) dirs='spec/rocks/archive_spec.lua spec/rocks/msgpack_spec.lua spec/rocks/socketio_parser_spec.lua spec/rocks/sse_spec.lua' ;;
    reload) dirs='spec/lua/gen_spec.lua spec/lua/api_spec.lua spec/scripts/api' ;;
    shuffle) options="$MODES --shuffle --seed=${HUMAN_TEST_SEED:-1}" ;;
    esac
    saved=$lua_options jit=true
    [ $one != nojit ] || jit=false
    lua_options=$options
    export HUMAN_TEST_MODE=$one HUMAN_TEST_ROUNDS=8 HUMAN_TEST_TEST_S=0.1 HUMAN_JIT=$jit
    # shellcheck disable=SC2086 # a list of words
    lua $dirs
    unset HUMAN_TEST_MODE HUMAN_TEST_ROUNDS HUMAN_TEST_TEST_S HUMAN_JIT
    lua_options=$saved
  done
}

# ---- the soak: beside other rings, which leave it a part of the machine ----
soak_begin() {
  node_modules
  node spec/soak/run.mjs >"$work/soak" 2>&1 &
  soaking=$!
}

soak_end() {
  wait "$soaking"
  status=$?
  cat "$work/soak"
  grep '^FAIL ' "$work/soak" >>"$work/failed"
  add "$([ "$status" = 0 ] && echo 1)" "$(grep -c '^FAIL ' "$work/soak")" "$status"
}

# Traces grow for minutes, to a bound, and a reload throws them away: where there are no reloads there is no
# compiler, so that what grows is a leak.
soak() {
  [ "$mode" != leak ] || export HUMAN_JIT=false
  soak_begin
  soak_end
}

# By the clock; in the suite it is one file of the others, and plays as many runs as it says.
chaos_begin() {
  node_modules
  CHAOS_S=$CHAOS_S node --test-reporter=spec spec/e2e/gateway_chaos.test.mjs >"$work/chaos" 2>&1 &
  chaos=$!
}

chaos_end() {
  wait "$chaos"
  status=$?
  cat "$work/chaos"
  [ "$status" = 0 ] || sed '1,/^✖ failing tests:/d' "$work/chaos" >>"$work/failed"
  add "$(count pass "$work/chaos")" "$(count fail "$work/chaos")" "$status"
}

node_modules() {
  for tree in spec/e2e ui; do
    [ "$tree/node_modules/.package-lock.json" -nt "$tree/package-lock.json" ] && continue
    run npm ci --prefix "$tree" --silent --no-audit --no-fund
    add 0 0 "$status"
  done
}

# Clients and testers of PyPI, in build/venv.
python_modules() {
  [ build/venv/installed -nt spec/e2e/requirements.txt ] && return
  rm -rf build/venv
  run sh -c '/usr/bin/python3 -m venv build/venv &&
    build/venv/bin/pip install --quiet --disable-pip-version-check -r spec/e2e/requirements.txt &&
    touch build/venv/installed'
  add 0 0 "$status"
}

# The model that an operator gets, in the home build/small.
small_model() {
  run env HUMAN_HOME="$PWD/build/small" "$binary" model install small
  add 0 0 "$status"
}

# All of these, without specs; while other things are built.
modules() {
  node_modules
  python_modules
  small_model
  [ "$failed" = 0 ]
  exit
}

# Private clusters with the tables of the shipped scripts, without and with a test clock, which hosts of specs get a copy of:
# to make one takes longer than many a test.  Processes die in specs, but not the machine, so nothing needs to be synced.
# jit: hosts turn it off for themselves, psql does not.  mmap: what a killed server leaves goes with its cluster, not into /dev/shm.
cluster() {
  for clock in false true; do
    home=$work/made-$clock
    mkdir -m 755 "$home"
    run env HUMAN_HOME="$home" HUMAN_TIME_TEST_CLOCK=$clock HUMAN_LOG_LEVEL=warn DATABASE_URL= "$binary" migrate
    add 0 0 "$status"
    [ ! -d "$home/pg" ] || printf 'fsync = off\njit = off\ndynamic_shared_memory_type = mmap\n' >>"$home/pg/postgresql.conf"
  done
  [ ! -d "$home/pg" ] || export E2E_CLUSTER="$work/made-false/pg" E2E_CLUSTER_CLOCK="$home/pg"
}

# No specs: nothing is counted.
play() {
  node_modules
  [ "$mode" = chats ] || small_model
  node spec/e2e/chats_play.mjs "$mode"
  exit
}

clients() {
  for tool in cargo mvn; do
    command -v $tool >/dev/null || { echo "make clients needs $tool"; add 0 1 1; }
  done
  node_modules
  run node --test-reporter=spec spec/clients/clients.test.mjs
  add "$(count pass "$work/log")" "$(count fail "$work/log")" "$status"
}

# Each file by itself: what hangs, or leaves something running, fails alone.  Two more at a time than there are
# processors, for most of their time is spent waiting; one of these lanes begins with those that compute for longest, the
# others with those that last for longest, so that none of them is begun when all others have ended.  Those whose clusters have
# leases of seconds come last, and share the machine with one more.  No file has it to itself: what only an idle machine can
# show is shown by bench/.
BUSY='reload_load poison reload feeds gateway_engine docs slice schemathesis schemathesis_market agent_poison gateway_chaos slow_clients overload'
LONG='market_stripe market_sla market_stripe_kill gateway_cron_faults market_pipelines database_settings load_limit exec providers gateway_ws gateway_config faults_control homes tls_scan package proxies'
CLOCK='failover faults_database'

# Has anything below these paths changed since the last commit?
touched() {
  [ -n "$(git status --porcelain -- "$@")" ]
}

# ---- beside all else: the Lua specs, which are one process; in quick mode beside these: lint, and end-to-end files ----
beside_begin() {
  {
    [ "$mode" != all ] || exec spec/run.sh lua
    spec/lint.sh || echo failed >"$work/lint"
    spec/run.sh quick-beside
  } >"$work/beside" 2>&1 &
  beside=$!
}

beside_end() {
  wait "$beside"
  status=$?
  cat "$work/beside"
  [ "$mode" = quick ] || sed '1,/^what failed:/d' "$work/beside" >>"$work/failed"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/beside" | tail -n 1)
  add "$(echo "$line" | cut -d ' ' -f 1)" "$(echo "$line" | cut -d ' ' -f 3)" "$status"
  [ ! -e "$work/lint" ] || add 0 1 1
}

# Files of spec/e2e that have changed since the last commit, and those called like a source that has.
changed() {
  { git diff --name-only HEAD; git ls-files --others --exclude-standard; } | sed 's|.*/||; s|\..*||' | sort -u |
    while read -r name; do [ ! -e "spec/e2e/$name.test.mjs" ] || echo "$name"; done
}

# among LIST: those of its words that are names of files, in its order.
among() {
  # shellcheck disable=SC2086 # a list of words
  printf '%s\n' $1 | grep -xFf "$work/names"
}

# lane FILE..: tests what is named in the first of these lists, then in the next; a name is taken out by whoever tests it.
lane() {
  for list in "$@"; do
    while name=$(flock "$work/lock" sed -n -i -e '1w /dev/stdout' -e '2,$p' "$list") && [ -n "$name" ]; do
      spec/run.sh e2e-one "$name" </dev/null
    done
  done
}

e2e() {
  node_modules
  [ "$mode" = quick-beside ] || { python_modules; small_model; cluster; }
  E2E_COUNTS=$work/counts
  mkdir -p "$E2E_COUNTS"
  export E2E_COUNTS
  if [ "$mode" = quick-beside ]; then
    { echo complete_example; changed; } | sort -u >"$work/names"
  else
    ls spec/e2e/*.test.mjs | sed 's|.*/||; s|\.test\.mjs||' >"$work/names"
  fi
  among "$BUSY" >"$work/busy"
  among "$CLOCK" >"$work/clock"
  { among "$LONG"; among "$BUSY $LONG $CLOCK" | grep -vxFf - "$work/names"; } >"$work/waiting"
  lane "$work/busy" "$work/waiting" &
  busy=$!
  for _ in $(seq "$(($(nproc) + 1))"); do
    lane "$work/waiting" "$work/busy" &
    busy="$busy $!"
  done
  # shellcheck disable=SC2086 # a list of words
  wait $busy
  lane "$work/clock" &
  busy=$!
  lane "$work/clock"
  wait "$busy"
  [ "$mode" != all ] || e2e_again
  while read -r name; do
    good='' bad='' status=1             # of one that left no counts
    [ ! -e "$E2E_COUNTS/$name" ] || read -r good bad status <"$E2E_COUNTS/$name"
    add "${good:-0}" "${bad:-0}" "$status"
  done <"$work/names"
}

for ring in $rings; do $ring; done

if [ -e "$work/counts/times" ] && [ "$mode" != quick-beside ]; then
  printf '\nthe slowest files:\n'
  sort -rn "$work/counts/times" | head -n 5
fi
show_failed
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
