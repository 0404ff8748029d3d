# Everything a person does with this tree.  `make` alone lists it.

VERSION := 0.1.0
PREFIX  ?= /usr/local
CC      ?= cc
B       ?= build
FUZZ_SECONDS ?= 60
JOBS     = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

LUAJIT   = $(firstword $(shell command -v luajit luajit2))
LUA_SRC := $(sort $(shell find host/lua rocks -name '*.lua' -not -path '*/spec/*' 2>/dev/null))
C_SRC   := $(sort $(wildcard host/*.c host/*/*.c))
OBJ      = $(C_SRC:host/%.c=$(B)/obj/%.o) $(B)/obj/embed_data.o $(B)/obj/code.o $(B)/obj/assets.o

# Trees of files in the binary, NAME=DIRECTORY (api.assets); one that is not there is left out.
ASSETS  ?= ui=ui/dist
# The tree whose bytecode is in the binary.
SCRIPTS := scripts
SAMPLE   = ui=spec/fixtures/ui docs=docs none=spec/fixtures/none

# ---- libraries: all of the distribution ----
PC      := libuv libpq libcurl openssl zlib
INCLUDE  = $(shell pkg-config --cflags luajit $(PC))
static   = $(filter /%,$(shell $(CC) -print-file-name=$(1)))
LUA_LIB  = $(or $(foreach a,$(call static,libluajit-5.1.a),-Wl$(comma)--whole-archive $(a) \
             -Wl$(comma)--no-whole-archive),-lluajit-5.1)
CJSON    = $(or $(call static,liblua5.1-cjson.a),-llua5.1-cjson)
comma   := ,

# Debian 13 has a library; Debian 12 has llhttp's C sources, in the package node-llhttp.
ifneq ($(wildcard /usr/share/llhttp/llhttp.c),)
INCLUDE += -isystem /usr/share/include/llhttp
OBJ     += $(patsubst %,$(B)/obj/llhttp_%.o,api http llhttp)
else
LLHTTP  := -lllhttp
endif

HARDEN  ?= -D_FORTIFY_SOURCE=3 -fstack-protector-strong
override CFLAGS += -std=c11 -O2 -g -fPIE $(HARDEN)
WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror
DEFINE  := -D_GNU_SOURCE -DHUMAN_VERSION='"$(VERSION)"' -DLLHTTP_STRICT_MODE=1 -Ihost
override LDFLAGS += -pie -rdynamic -Wl,-z,relro,-z,now
LIBS     = $(LUA_LIB) $(CJSON) $(LLHTTP) -luv -lpq -lcurl -lssl -lcrypto -lz -lm -ldl -lpthread -lresolv

.PHONY: help deps deps-test deps-search build run test quick check soak chaos chats judge clients bench lint asan fuzz \
         fuzzers modules install uninstall deb distcheck docs sdk ui clean
.SUFFIXES:

help:
	@echo 'make run        install what is missing, build, start the server (Ctrl-C stops it)'
	@echo 'make test       install what tests need, build, lint, run all specs'
	@echo 'make quick      build, lint, Lua specs, one conversation, what has changed: before each commit'
	@echo 'make check MODE=reload|leak|nojit|shuffle|asan   the same specs in another light'
	@echo 'make soak       an hour of mixed traffic, reloads and kills, and of the chaos beside it (SOAK_SECONDS=3600)'
	@echo 'make chaos      two minutes of runs with tools and approvals on two hosts that are killed (CHAOS_S=120)'
	@echo 'make chats      play all chats of spec/chats; CHATS=expression: some of them'
	@echo 'make judge      the same with a real model, a small one, and a table of what it made of them'
	@echo 'make clients    the agent API with clients in Java and Rust (needs Maven, cargo and a network)'
	@echo 'make deps       install what building and running need (Debian 12, 13)'
	@echo 'make deps-test  the same for tests'
	@echo 'make deps-search  fetch the weights for search by meaning (26 MB; docs/search.md)'
	@echo 'make build      build/human'
	@echo 'make lint       style, luacheck, clang-tidy'
	@echo 'make bench      benchmarks'
	@echo 'make asan       the specs with address and undefined-behaviour sanitizers'
	@echo 'make fuzz       fuzz every parser for FUZZ_SECONDS=60 each'
	@echo 'make install    to PREFIX=/usr/local, below DESTDIR; make uninstall takes it away'
	@echo 'make deb        Debian packages, in build/deb'
	@echo 'make distcheck  "make run" and "make test" on bare Debian 12 and 13 (as root)'
	@echo 'make docs       the reference in docs/scripting.md, and docs/api from the routes'
	@echo 'make sdk        the clients in clients/js and clients/python, from the routes (needs Node)'
	@echo 'make ui         the Control UI in ui/dist, from ui/src and the declarations (needs Node and npm)'
	@echo 'make clean      remove what was built'

deps:
	@etc/deps.sh run

deps-test:
	@etc/deps.sh run test

# WEIGHTS: where they go; the server looks in its home unless search.weights says otherwise.
WEIGHTS ?= $(or $(HUMAN_HOME),$(HOME)/.human)/search.weights
deps-search:
	@etc/weights.sh $(WEIGHTS)

build/search.weights: etc/weights.sh etc/weights.mjs
	@rm -f $@
	@etc/weights.sh $@

build: $(B)/human

# Recursive: what `deps` installs is looked up by the second make, not by this one.
run: deps
	@$(MAKE) --no-print-directory $(JOBS) build
	@HUMAN_HINTS=1 build/human gateway

test: deps-test
	@$(MAKE) --no-print-directory $(JOBS) build
	@$(MAKE) --no-print-directory $(JOBS) -O lint fuzzers $(B)/human-sample modules
	@spec/run.sh

# Less than a minute; what it leaves out takes ten.  It lints while it tests.
quick: deps-test
	@$(MAKE) --no-print-directory $(JOBS) build
	@spec/run.sh quick

lint:
	@spec/lint.sh $(DEFINE) $(INCLUDE)

# What specs need from registries.
modules: $(B)/human build/search.weights
	@spec/run.sh modules

# The same specs in another light; spec/run.sh says what each mode is.
check: deps-test
	@[ -n '$(filter reload leak nojit shuffle asan,$(MODE))' ] || \
	  { echo 'usage: make check MODE=reload|leak|nojit|shuffle|asan' >&2; exit 2; }
	@$(MAKE) --no-print-directory $(if $(filter asan,$(MODE)),asan,$(JOBS) build)
	@$(if $(filter asan,$(MODE)),:,spec/run.sh $(MODE))

# SOAK_SECONDS: how long (3600).
soak: deps-test
	@$(MAKE) --no-print-directory $(JOBS) build
	@spec/run.sh soak

# CHAOS_S: how long (120).
chaos: deps-test
	@$(MAKE) --no-print-directory $(JOBS) build
	@spec/run.sh chaos

# CHATS: which chats; CHATS_SCRIPTS: an operator's own scripts, and the shipped ones: dir:scripts.
chats judge: deps-test
	@$(MAKE) --no-print-directory $(JOBS) build
	@spec/run.sh $@

# In languages that nothing else here needs, so neither `make test` nor `make deps` asks for them.
clients: deps-test
	@$(MAKE) --no-print-directory $(JOBS) build
	@spec/run.sh clients

# ARGS: which benchmarks (http, sio, db, assets, start, turns, reload, gateway, market, tools), or compare TREE and some of http, sio, db;
# ROUNDS and SECONDS in the environment.
bench:
	@etc/deps.sh run bench
	@$(MAKE) --no-print-directory $(JOBS) build bench/node_modules/.package-lock.json \
	  $(patsubst bench/%.c,build/bench/%,$(wildcard bench/*.c))
	@node bench/run.mjs $(ARGS)

bench/node_modules/.package-lock.json: bench/package.json bench/package-lock.json
	@cd bench && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json

build/bench/%: bench/%.c
	@mkdir -p $(@D)
	@$(CC) -std=c11 -O2 -o $@ $< -lcrypto

# clang: with gcc's runtime, undefined behaviour is told on stderr only, which nobody may read.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
asan: deps-test
	@$(MAKE) --no-print-directory $(JOBS) build B=build/asan CC=clang WARN= \
	  HARDEN='$(SANITIZE)' LDFLAGS='$(SANITIZE)'
	@spec/run.sh asan

# ---- building ----
$(B)/human: $(OBJ)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@.tmp $(OBJ) $(LIBS) && mv $@.tmp $@
	@echo 'built $@'

# For specs: the same with the sample of a user interface in it.
$(B)/human-sample: $(filter-out $(B)/obj/assets.o,$(OBJ)) $(B)/obj/sample.o
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@.tmp $^ $(LIBS) && mv $@.tmp $@

$(B)/obj/%.o: host/%.c $(B)/obj/flags
	@mkdir -p $(@D)
	@echo 'cc    $<'
	@$(CC) $(CFLAGS) $(WARN) $(DEFINE) $(INCLUDE) -MMD -MP -c -o $@ $<

$(B)/obj/llhttp_%.o: /usr/share/llhttp/%.c $(B)/obj/flags
	@echo 'cc    $<'
	@$(CC) $(CFLAGS) -w $(DEFINE) $(INCLUDE) -c -o $@ $<

$(B)/obj/embed_data.o: $(B)/embed_data.c host/server/embed.h
	@$(CC) $(CFLAGS) $(DEFINE) -c -o $@ $<

$(B)/embed_data.c: host/server/embed_gen.lua host/host_api.h host/cli/help.txt $(LUA_SRC) $(B)/obj/files
	@echo 'embed $(words $(LUA_SRC)) modules'
	@$(LUAJIT) host/server/embed_gen.lua $@ host/host_api.h host/cli/help.txt $(LUA_SRC)

$(B)/code.c: host/server/code_gen.lua host/lua/scripts/purity.lua $(B)/obj/code.list
	@$(LUAJIT) host/server/code_gen.lua $@ $(@:.c=.bin) $(SCRIPTS)

$(B)/obj/code.o: $(B)/code.c host/server/code.h
	@$(CC) $(CFLAGS) $(DEFINE) $(INCLUDE) -c -o $@ $<

# Their names may hold blanks, so no rule names the files: the generator runs when the list has changed.
$(B)/assets.c: host/http/assets_gen.lua $(B)/obj/assets.list
	@$(LUAJIT) host/http/assets_gen.lua $@ $(@:.c=.bin) $(ASSETS)

$(B)/sample.c: host/http/assets_gen.lua $(B)/obj/sample.list
	@$(LUAJIT) host/http/assets_gen.lua $@ $(@:.c=.bin) $(SAMPLE)

$(B)/obj/assets.o $(B)/obj/sample.o: $(B)/obj/%.o: $(B)/%.c host/http/assets.h
	@$(CC) $(CFLAGS) $(DEFINE) $(INCLUDE) -c -o $@ $<

$(B)/obj/assets.list: TREES = $(ASSETS)
$(B)/obj/sample.list: TREES = $(SAMPLE)
$(B)/obj/assets.list $(B)/obj/sample.list: FORCE
	@mkdir -p $(@D)
	@{ echo '$(TREES)'; command -v brotli; for tree in $(TREES); do \
	  [ ! -d $${tree#*=} ] || find $${tree#*=} -type f -printf '%p %s %T@\n' | sort; done; } >$@.tmp
	@if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi

$(B)/obj/code.list: FORCE
	@mkdir -p $(@D)
	@find $(SCRIPTS) -name '*.lua' -printf '%p %s %T@\n' | sort >$@.tmp
	@if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi

# Rewritten only when they change: other flags, or a file that came or went, rebuild what depends.
$(B)/obj/flags: FORCE
	@mkdir -p $(@D)
	@pkg-config --exists luajit $(PC) && [ -n "$(LUAJIT)" ] || \
	  { echo 'libraries are missing: run `make deps`' >&2; exit 1; }
	@$(call keep,$(CC) $(CFLAGS) $(WARN) $(DEFINE) $(INCLUDE))

$(B)/obj/files: FORCE
	@mkdir -p $(@D)
	@$(call keep,$(LUA_SRC))

keep = echo '$(subst ','\'',$(1))' | cmp -s - $@ || echo '$(subst ','\'',$(1))' >$@
.PHONY: FORCE

-include $(wildcard $(B)/obj/*.d $(B)/obj/*/*.d)

# ---- fuzzing: each spec/fuzz/NAME.c with all of the host but its main ----
FUZZERS = $(patsubst spec/fuzz/%.c,build/fuzz/%,$(wildcard spec/fuzz/*.c))
fuzz: deps-test
	@$(MAKE) --no-print-directory fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) spec/run.sh fuzz

fuzzers:
	@$(MAKE) -s --no-print-directory $(JOBS) $(FUZZERS) B=build/fuzz CC=clang WARN= \
	  HARDEN='-fsanitize=fuzzer-no-link $(SANITIZE)' LDFLAGS='-fsanitize=fuzzer $(SANITIZE)'

build/fuzz/%: spec/fuzz/%.c $(OBJ)
	@$(CC) $(CFLAGS) $(DEFINE) $(INCLUDE) $(LDFLAGS) -o $@ $< \
	  $(filter-out $(B)/obj/main.o,$(OBJ)) $(LIBS)
	@echo 'built $@'

# ---- installing ----
# SERVICE: where its units go; empty: nowhere, as when a package does that itself.
SERVICE ?= $(PREFIX)/lib/systemd/system
share    = $(DESTDIR)$(PREFIX)/share
etc      = $(DESTDIR)/etc/human
complete = bash-completion/completions/human zsh/vendor-completions/_human fish/vendor_completions.d/human.fish
system   = 's|// "home": "~/.human",     |"home": "/var/lib/human",   |'

$(B)/human.1: $(B)/human etc/man.sh
	@etc/man.sh build/human >$@.tmp && mv $@.tmp $@

install: build $(B)/human.1
	install -d $(DESTDIR)$(PREFIX)/bin $(share)/human/spec/scripts $(share)/human/spec/support \
	  $(share)/man/man1 $(share)/doc/human $(etc)/scripts
	install -d -m 700 $(etc)/secrets
	install -m 755 build/human $(DESTDIR)$(PREFIX)/bin/human
	rm -rf $(share)/human/scripts
	cp -R scripts $(share)/human/scripts
	chmod -R u=rwX,go=rX $(share)/human/scripts
	install -m 644 spec/scripts/agent_rules_spec.lua $(share)/human/spec/scripts
	install -m 644 spec/support/plain_host.lua $(share)/human/spec/support
	install -m 644 $(B)/human.1 $(share)/man/man1/human.1
	for at in $(complete); do install -d $(share)/$${at%/*}; \
	  build/human completion --set home=/nonexistent $${at%%[-/]*} >$(share)/$$at; done
	install -m 644 README.md docs/*.md $(share)/doc/human
	install -d $(share)/doc/human/api
	install -m 644 docs/api/*.md $(share)/doc/human/api
	[ -e $(etc)/human.json ] || { sed $(system) etc/human.json >$(etc)/human.json && \
	  chmod 640 $(etc)/human.json; }
	[ -n "$(DESTDIR)" ] || ! getent group human >/dev/null || chgrp human $(etc)/human.json
	[ -z "$(SERVICE)" ] || for unit in human.service human.socket; do \
	  install -d $(DESTDIR)$(SERVICE); \
	  sed 's|/usr/bin/human|$(PREFIX)/bin/human|; s|/usr/share/|$(PREFIX)/share/|' etc/$$unit \
	    >$(DESTDIR)$(SERVICE)/$$unit; done

# What is yours stays: /etc/human, /var/lib/human.
uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/bin/human $(share)/human $(share)/man/man1/human.1 $(share)/doc/human \
	  $(addprefix $(share)/,$(complete))
	[ -z "$(SERVICE)" ] || rm -f $(addprefix $(DESTDIR)$(SERVICE)/,human.service human.socket)

# The reference in docs/scripting.md, from the comments in host/lua; docs/api, from the routes.
docs: build
	@$(LUAJIT) etc/scripting_doc.lua >$(B)/scripting.md && mv $(B)/scripting.md docs/scripting.md
	@mkdir -p docs/api
	@for surface in agent gateway marketplace; do HUMAN_CONFIG=/dev/null HUMAN_SCRIPTS=scripts \
	  build/human openapi $$surface --markdown >$(B)/api.md && mv $(B)/api.md docs/api/$$surface.md || exit 1; done

# Clients in JavaScript and Python: what is generated of them.
sdk: build
	@node clients/generate.mjs

# The Control UI: types and icons that are generated, then what the binary embeds.
ui: build ui/node_modules/.package-lock.json
	@HUMAN_CONFIG=/dev/null HUMAN_SCRIPTS=scripts build/human openapi --types >$(B)/rpc.d.ts && mv $(B)/rpc.d.ts ui/src/core/rpc.d.ts
	@node ui/icons.mjs
	@npm run --prefix ui --silent build

ui/node_modules/.package-lock.json: ui/package-lock.json
	@npm ci --prefix ui --silent --no-audit --no-fund && touch $@

# build/deb/*.deb, for the release of Debian that this runs on.
deb:
	@etc/deps.sh build deb
	@etc/deb.sh $(VERSION)

# The README's two commands, on bare Debian: RELEASES='bookworm trixie', STEPS='run test'.
distcheck:
	@etc/deps.sh distcheck
	@etc/distcheck.sh

clean:
	rm -rf build
