#!/bin/sh
# etc/distcheck.sh -- the README's two commands from a fresh clone on bare Debian, as a stranger meets them.
#   RELEASES   which ones: 'bookworm trixie'
#   STEPS      'run test'; run: `make run` as root and as an ordinary user until the agent answers; test: `make test`
#   MIRROR     of Debian; empty: debootstrap's own
# Each release gets a tree in build/dist, made once with debootstrap and kept as an archive.  What happens there
# has its own mounts and process numbers, which end with this script however it ends.  The network is this
# machine's: free ports are looked for.  npm's and apt's settings and this machine's CA certificates are
# taken along.  Only what is committed is tried.  Needs root.
set -eu
cd "$(dirname "$0")/.."

RELEASES=${RELEASES:-bookworm trixie}
STEPS=${STEPS:-run test}
dist=$PWD/build/dist

if [ "$(id -u)" != 0 ]; then
  echo 'distcheck: debootstrap and chroot need root: run `make distcheck` as root' >&2
  exit 1
fi

# ---- making trees ----

bare() {
  [ -e "$dist/$1.tar" ] && return
  echo "$1: debootstrap"
  rm -rf "$dist/$1.bare"
  # shellcheck disable=SC2086 # none or one word
  if ! debootstrap --variant=minbase "$1" "$dist/$1.bare" ${MIRROR:-} >"$dist/$1.debootstrap.log" 2>&1; then
    tail -n 20 "$dist/$1.debootstrap.log" >&2
    exit 1
  fi
  tar -C "$dist/$1.bare" -cf "$dist/$1.tar.new" .
  mv "$dist/$1.tar.new" "$dist/$1.tar"
  rm -rf "$dist/$1.bare"
}

# How this machine reaches the network.
take_along() {
  tree=$1
  for file in /etc/resolv.conf /root/.npmrc /etc/npmrc /etc/apt/apt.conf; do
    if [ -e "$file" ]; then cp -L "$file" "$tree$file"; fi
  done
  # shellcheck disable=SC2046 # file names without blanks
  for file in $(grep -lis proxy /etc/apt/apt.conf.d/*); do cp "$file" "$tree$file"; done
  if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/distcheck-ca.crt"
  fi
}

unpack() {
  rm -rf "${dist:?}/$1"
  mkdir -p "$dist/$1"
  tar -C "$dist/$1" -xf "$dist/$1.tar"
  take_along "$dist/$1"
  git clone -q --no-hardlinks . "$dist/$1/root/human"
  cp etc/distcheck-steps.sh "$dist/$1/root/"
}

# ---- in a tree ----

# Becomes a command with mounts and processes of its own, all of which end when it ends or is killed.
enter() {
  release=$1
  shift
  # shellcheck disable=SC2016 # for the inner shell
  exec unshare --mount --pid --fork --kill-child sh -c '
    tree=$1
    shift
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    exec chroot "$tree" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive "$@"' sh "$dist/$release" "$@"
}

inside=''                               # the process that holds all of a tree's
leave() {
  [ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null || true
  inside=''
}
trap leave EXIT
trap 'exit 130' INT TERM

# passes STEP in RELEASE, its output in a log.  In the background: a signal then reaches the trap at once.
passes() {
  (enter "$1" sh /root/distcheck-steps.sh "$2") >"$dist/$1.$2.log" 2>&1 </dev/null &
  inside=$!
  status=0
  wait "$inside" || status=$?
  inside=''
  return "$status"
}

mkdir -p "$dist"
failed=''
for release in $RELEASES; do
  bare "$release"
  unpack "$release"
  for step in prepare $STEPS; do
    log=$dist/$release.$step.log
    begun=$(date +%s)
    if passes "$release" "$step"; then
      [ "$step" = prepare ] || echo "$release: $step: passed in $(($(date +%s) - begun)) s: $(tail -n 1 "$log")"
    else
      tail -n 40 "$log"
      echo "$release: $step: FAILED; all of it: $log"
      failed="$failed $release:$step"
      break
    fi
  done
  rm -rf "${dist:?}/$release"
done

[ -z "$failed" ]
