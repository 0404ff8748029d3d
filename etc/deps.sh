#!/bin/sh
# etc/deps.sh -- installs what is missing on Debian 12 or 13: `etc/deps.sh run|build [test] [bench] [deb] [distcheck]`.
# Says what and why; with everything there it does nothing and says nothing.
set -eu

missing=''

# need COMMAND "PACKAGE.." WHY: the packages are wanted when the command fails.  a|b: the first that
# this release has (known only after apt-get update, so resolved at the end).
need() {
  if sh -c "$1" >/dev/null 2>&1; then return; fi
  echo "missing: $3 ($2)"
  missing="$missing $2"
}

has() { echo "command -v $1"; }
header() { echo "pkg-config --exists $1"; }

for purpose in $(echo " $* " | sed 's/ run / build database /'); do
  case $purpose in
  build)
    need "$(has cc)" gcc 'C compiler'
    need "echo '#include <stdlib.h>' | cc -E -" libc6-dev 'C library headers'
    need "$(has pkg-config)" pkg-config 'finds the libraries'
    need "$(header luajit)" 'libluajit2-5.1-dev|libluajit-5.1-dev' 'LuaJIT, runs the scripts'
    need "$(has luajit) || $(has luajit2)" 'luajit2|luajit' 'LuaJIT command, compiles the embedded modules'
    need "$(header libuv)" libuv1-dev 'event loop'
    need 'test -e /usr/share/llhttp/llhttp.c || test -e /usr/include/llhttp.h' \
      'libllhttp-dev|node-llhttp' 'HTTP parser'
    need "$(header libpq)" libpq-dev 'PostgreSQL client library'
    need "$(header libcurl)" libcurl4-openssl-dev 'outbound HTTP'
    need "$(header openssl)" libssl-dev 'TLS and hashes'
    need "$(header zlib)" zlib1g-dev 'compression'
    need "$(has brotli)" brotli 'packs the files of a user interface that the binary holds'
    need 'ls /usr/lib/*/liblua5.1-cjson.a || ls /usr/lib/*/liblua5.1-cjson.so' lua-cjson-dev 'JSON for Lua'
    ;;
  database)
    need 'ls /usr/lib/postgresql/*/bin/initdb || command -v initdb' postgresql \
      'PostgreSQL, the private database'
    need "$(has psql)" postgresql-client 'PostgreSQL client'
    ;;
  test)
    need "$(has node)" 'nodejs npm' 'runs the end-to-end tests'
    need "$(has npm)" npm 'installs what the end-to-end tests use'
    need 'test -e /usr/share/lua/5.1/busted/runner.lua' lua-busted 'runs the specs'
    need "$(has luacheck)" lua-check 'checks Lua'
    need "$(has clang)" clang 'fuzzers'
    need "$(has clang-tidy)" clang-tidy 'checks C'
    need 'ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer*.a' 'libclang-rt' \
      'fuzzers and sanitizers'
    need "$(has wrk)" wrk 'load on a running server'
    need "$(has curl)" curl 'a client for trying things'
    need "$(has zip)" zip 'archives of another program'
    need "$(has unzip)" unzip 'checks them'
    need "$(has openssl)" openssl 'certificates and handshakes of the TLS tests'
    need "$(has testssl)" testssl.sh 'looks for weaknesses in TLS'
    need "$(has chromium)" chromium 'the browser of the tests'
    need "$(has zsh)" zsh 'a shell that completes commands'
    need "$(has fish)" fish 'another'
    need 'test -x /usr/sbin/nginx' nginx 'a proxy before the server'
    need 'test -e /usr/lib/nginx/modules/ngx_stream_module.so' libnginx-mod-stream 'one that passes on whole connections'
    need 'test -x /usr/sbin/pgbouncer' pgbouncer 'a pooler before the database'
    need "$(has patroni)" patroni 'PostgreSQL that changes its leader'
    need '/usr/bin/python3 -c "import etcd"' python3-etcd 'how Patroni reaches etcd'
    need 'command -v etcd || test -x /usr/sbin/etcd' etcd-server 'the memory of Patroni'
    need '/usr/bin/python3 -c "import psycopg2"' python3-psycopg2 'how Patroni reaches PostgreSQL'
    need "$(has hledger)" hledger 'reads the double-entry text of the ledger'
    need "$(has go)" golang-go 'a client of the documentation'
    need 'java --list-modules | grep -q jdk.compiler' default-jdk-headless 'a client of the documentation'
    need "/usr/bin/python3 -c 'import ensurepip, venv'" python3-venv 'tests that come from PyPI'
    ;;
  bench)
    need "$(has wrk)" wrk 'load'
    need "$(has node)" 'nodejs npm' 'drives the benchmarks'
    need "$(has npm)" npm 'installs the peers'
    need 'test -x /usr/sbin/nginx' nginx 'a peer'
    need 'test -e /usr/lib/nginx/modules/ngx_http_lua_module.so' libnginx-mod-http-lua 'a peer'
    need 'ls /usr/lib/*/lua/5.1/luasql/postgres.so' lua-sql-postgres 'how that peer reaches PostgreSQL'
    ;;
  deb)
    need "$(has dpkg-buildpackage)" dpkg-dev 'makes Debian packages'
    need "$(has dh)" debhelper 'makes Debian packages'
    ;;
  distcheck) need "$(has debootstrap)" debootstrap 'makes bare Debian trees' ;;
  *)
    echo "usage: etc/deps.sh run|build [test] [bench] [deb] [distcheck]" >&2
    exit 2
    ;;
  esac
done

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo 'This is not Debian: please install the above with your package manager.' >&2
  exit 1
fi
as_root=''
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo 'Installing needs root, and there is no sudo: run `make deps` as root once.' >&2
    exit 1
  fi
  as_root=sudo
fi

exists() { apt-cache show "$1" 2>/dev/null | grep -q '^Package:'; }

# libclang-rt-14-dev: the number is that of the default clang.
runtime() {
  version=$(apt-cache depends clang | sed -n 's/.*clang-\([0-9][0-9]*\).*/\1/p' | head -n 1)
  echo "libclang-rt-$version-dev"
}

# Some of these are servers, which their packages would start, and enable: nothing here needs that.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '$as_root rm -f $policy' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
  $as_root chmod 755 $policy
fi

echo 'installing with apt-get ..'
$as_root apt-get -qq update
packages=''
for want in $missing; do
  name=${want%%|*}
  if [ "$name" != "$want" ] && ! exists "$name"; then name=${want##*|}; fi
  if [ "$name" = libclang-rt ]; then name=$(runtime); fi
  packages="$packages $name"
done
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $packages \
  >/dev/null
echo "installed:$packages"
