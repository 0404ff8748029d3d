#!/bin/sh
# etc/man.sh BINARY -- the manual page human(1), from what the program says of itself.
set -eu

binary=$1

# Commands and flags: two spaces, the name, then what it is.
entries() { sed -n "/^$1:/,/^\$/p" | sed '1d;/^$/d' | sed 's/^  *//;s/\\/\\e/g' |
  awk '{ n = match($0, /  +/); name = n ? substr($0, 1, n - 1) : $1
         rest = n ? substr($0, n) : substr($0, length($1) + 1); sub(/^ +/, "", rest)
         gsub(/-/, "\\-", name); printf ".TP\n.B %s\n%s\n", name, rest }'; }

# What each command says of itself: how it is called, its own flags, its exit status.
details() {
  "$binary" help | sed -n '/^commands:/,/^$/p' | sed '1d;/^$/d' | awk '{ print $1 }' | while read -r name; do
    printf '.SH "HUMAN %s"\n.nf\n' "$(echo "$name" | tr '[:lower:]' '[:upper:]')"
    "$binary" help "$name" | sed 's/\\/\\e/g;s/-/\\-/g;s/^\([.'"'"']\)/\\\&\1/'
    echo .fi
  done
}

cat <<END
.TH HUMAN 1 "" "$("$binary" version)" "User commands"
.SH NAME
human \- server of conversational agents
.SH SYNOPSIS
.B human
.RI [ command ]
.RI [ flags ]
.SH DESCRIPTION
One binary and a tree of Lua scripts that put conversational agents on the network: a REST API,
Socket.IO and WebSocket. Scripts are changed while the server runs
.RB ( "human reload" ).
.SH COMMANDS
$("$binary" help | entries commands)
.SH FLAGS
$("$binary" help | entries flags)
$(details)
.SH FILES
.TP
.I /etc/human/human.json
the settings of the system's server; every setting is described there
.TP
.I /etc/human/scripts
your own scripts, which come before the shipped ones
.TP
.I /etc/human/secrets
one secret a file: openai, anthropic, gemini, llm, admin, db\-url (with systemd)
.TP
.I ~/.human/config.json
the settings of a user's own server
.SH ENVIRONMENT
Every setting has a variable: HUMAN_DATABASE_POOL for database.pool. HUMAN_CONFIG names a settings file.
DATABASE_URL, OLLAMA_HOST and the key of a model service (OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY and others:
docs/models.md) are read as well.
.SH SIGNALS
.TP
.B SIGHUP
reload the scripts
.TP
.B SIGTERM, SIGINT
take no new clients, end what is under way, stop
.SH EXIT STATUS
0 it worked; 1 it did not, and a sentence on standard error says why; 2 wrong usage, or wrong settings. Commands that
mean more by it say so above. An answer that could not be written is 1, too.
.SH SEE ALSO
operating.md and scripting.md in the package's documentation
END
