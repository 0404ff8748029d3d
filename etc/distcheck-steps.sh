#!/bin/sh
# etc/distcheck-steps.sh STEP -- what etc/distcheck.sh does inside a bare tree: prepare, run or test.
set -eu

READY_S=300 SAY='I struggle to stay motivated for cardio'
# Debian's npm takes the system's bundle instead of what node trusts, and pip takes its own.
ca=/etc/distcheck-ca.crt
[ ! -e "$ca" ] || export npm_config_cafile="$ca" PIP_CERT="$ca"

# Is nobody listening on this port?  /proc has the numbers in hexadecimal.
free() { ! awk '{ print $2, $4 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ":$(printf %04X "$1") 0A"; }

choose_ports() {
  HUMAN_PORT=$((20000 + $(date +%s) % 10000))
  until free "$HUMAN_PORT" && free $((HUMAN_PORT + 1)); do HUMAN_PORT=$((HUMAN_PORT + 2)); done
  HUMAN_AGENT_PORT=$((HUMAN_PORT + 1))
  export HUMAN_PORT HUMAN_AGENT_PORT
}

await() {
  end=$(($(date +%s) + READY_S))
  until build/human ping >/dev/null 2>&1; do
    kill -0 "$1" 2>/dev/null || { echo 'make run ended'; return 1; }
    [ "$(date +%s)" -lt "$end" ] || { echo "not ready after $READY_S s"; return 1; }
    sleep 1
  done
}

# A second server on the same port must say what is wrong.
taken_port() {
  if said=$(HUMAN_HOME=$(mktemp -d) build/human gateway 2>&1); then
    echo 'a second server starts on a port that is taken'
    return 1
  fi
  echo "$said" | grep -q "port $HUMAN_PORT on 127.0.0.1 is taken by human (process" || {
    echo "a second server on a taken port says: $said"
    return 1
  }
}

# make run, as the README has it, until the agent has answered.
converse() {
  cd "$1"
  choose_ports
  setsid make run &
  server=$!
  await "$server"
  answer=$(build/human agent -m "$SAY")
  taken_port
  kill -TERM "$server" -"$server" 2>/dev/null || true
  wait "$server" || true
  [ -n "$answer" ] || { echo 'the agent says nothing'; return 1; }
  echo "$answer"
}

as_user() {
  useradd --create-home dev
  cp -R /root/human /home/dev/human
  chown -R dev /home/dev
  # Without a password nobody installs anything: everything is there already.
  setpriv --reuid dev --regid dev --init-groups env HOME=/home/dev sh /root-steps.sh user
}

case $1 in
prepare)
  apt-get -qq update
  apt-get -qq -y --no-install-recommends install make git
  git config --global --add safe.directory '*'
  ;;
run)
  (converse /root/human)
  cp /root/distcheck-steps.sh /root-steps.sh
  as_user
  ;;
user) converse /home/dev/human ;;
test)
  cd /root/human
  make test
  ;;
*)
  echo 'usage: distcheck-steps.sh prepare|run|test' >&2
  exit 2
  ;;
esac
