-- scripts/gateway/rules/shell.lua -- which commands may be allowed for good by how they begin ("git status", whatever
-- follows), and with which arguments.  Pure.  Every later command is asked about here again, so what is not listed, or
-- not with such an argument, is never covered.
-- To be listed a program must only read, whatever its arguments say: no shell, no interpreter, nothing that starts
-- other programs (env, xargs, sudo, make, npm, ..) or writes a file that an argument names.  Options by which it could
-- are named here, and count in any abbreviation.  Copy it to your own scripts directory to add what you trust.
--% version: 1

local M = {}

M.returns = { prefix = { words = "integer 0..2" } }
M.fallback = { prefix = { words = 0 } }

local ARGUMENTS, BYTES = 64, 4096

local plain = {}
for name in ([[basename cat cksum cut date df dirname du echo grep head id ls md5sum nl printf pwd realpath
    seq sha1sum sha256sum sha512sum stat tail tr uname wc]]):gmatch "%S+" do
  plain[name] = { words = 1, no = {} }
end
plain.date.no = { "--set", "-s" }
plain.find = { words = 1, no = { "-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf",
                                 "-fls" } }

-- Programs whose first argument says what they do.
local GIT = { words = 2, no = { "--output", "--ext-diff", "--textconv", "--show-signature", "--help", "--paginate",
                                "--open-files-in-pager", "--exec-path", "--upload-pack", "--format", "--pretty" } }
local ACTS = { git = { status = GIT, log = GIT, diff = GIT, show = GIT, blame = GIT, shortlog = GIT, describe = GIT,
                       ["ls-files"] = GIT, ["ls-tree"] = GIT, ["rev-parse"] = GIT } }

-- Whether an argument is an option, or an abbreviation of it, or it with a value.
local function names(argument, option)
  local name = argument:match "^[^=]+" or ""
  if option:sub(1, 2) ~= "--" then
    local is_long = #option > 2                  -- find's
    return is_long and name == option or not is_long and argument:sub(1, 1) == "-" and argument:sub(2, 2) ~= "-"
      and argument:find(option:sub(2), 2, true) ~= nil
  end
  return #name > 2 and (option:sub(1, #name) == name or name:sub(1, #option) == option)
end

local function refused(argv, from, options)
  for i = from, #argv do
    for _, option in ipairs(options) do
      if names(argv[i], option) then return true end
    end
  end
  return false
end

-- facts: argv (a list of texts), has_stdin.  words: with how many of its first words the command may be allowed for
-- good, whatever follows; 0: only as it is.
function M.prefix(facts)
  local argv, bytes = facts.argv, 0
  for _, argument in ipairs(argv) do bytes = bytes + #argument end
  if facts.has_stdin or #argv > ARGUMENTS or bytes > BYTES then return { words = 0 } end
  local known = plain[argv[1]] or ACTS[argv[1]] and ACTS[argv[1]][argv[2]]
  if not known or refused(argv, known.words + 1, known.no) then return { words = 0 } end
  return { words = known.words }
end

local function example(words, ...)
  return { "prefix", { argv = { ... }, has_stdin = false }, expect = { words = words } }
end

M.examples = {
  example(2, "git", "status"),
  example(2, "git", "status", "--short"),
  example(2, "git", "log", "-5", "--oneline"),
  example(0, "git"),
  example(0, "git", "-c", "core.pager=evil", "status"),
  example(0, "git", "push"),
  example(0, "git", "status\0"),
  example(0, "git", "diff", "--output=x"),
  example(0, "git", "diff", "--outp=x"),
  example(0, "git", "log", "--show-sig"),
  example(0, "git", "status", "--help"),
  example(1, "ls", "-l", "notes"),
  example(0, "/bin/ls"),
  example(0, "./ls"),
  example(0, "sh", "-c", "ls"),
  example(0, "env", "ls"),
  example(0, "python3", "-c", "1"),
  example(0, "xargs", "ls"),
  example(0, "sort", "-o", "x"),
  example(1, "find", ".", "-name", "*.txt"),
  example(0, "find", ".", "-exec", "rm", "{}", ";"),
  example(0, "find", ".", "-delete"),
  example(1, "date", "-u"),
  example(0, "date", "-us", "now"),
  example(0, "date", "--se=now"),
  { "prefix", { argv = { "cat" }, has_stdin = true }, expect = { words = 0 } },
}

return M
