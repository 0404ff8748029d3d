-- host/lua/cli/completion.lua -- `human completion SHELL`: what bash, zsh or fish need to complete commands, made from
-- the table of commands (host/main.c) and their help (host/cli/help.txt), so that it says what there is.
-- Words that go into shell text are letters, digits and - only; descriptions are quoted.

local cli = require "human.cli.words"
local host = require "human.core.host"
local trim = require("human.text").trim

local M = {}
local SHELLS = { "bash", "fish", "zsh" }

-- ---- what there is ----------------------------------------------------------------------------------------

local function add(list, name, about, takes)
  for _, one in ipairs(list) do
    if one.name == name then return end
  end
  list[#list + 1] = { name = name, about = about or "", takes = takes or false }
end

-- "  -f, --follow VALUE   what it does", the form of flags in a help text.
local function add_flag(command, line)
  local flag, rest = line:match "^  %-%a, (%-%-[%l-]+)(.*)$"
  if not flag then flag, rest = line:match "^  (%-%-[%l-]+)(.*)$" end
  if not flag then return end
  local takes = rest:find "^ %S" ~= nil
  local about = trim(takes and rest:match "^ %S+(.*)$" or rest)
  add(command.flags, flag, about, takes)
end

-- A line of usage: what may follow the command's name.
local function add_usage(command, line)
  local said = line:match("^usage: human " .. command.name .. " (.*)$")
    or line:match("^       human " .. command.name .. " (.*)$")
  if not said then return end
  local sub, gap = said:match "^%[?(%l[%l|]*)", said:find("  ", 1, true)
  local what = gap and trim(said:sub(gap))
  for one in (sub or ""):gmatch "%l+" do add(command.subs, one, what) end
  for flag, value in said:gmatch "(%-%-[%l-]+)( ?[%u%d]?)" do
    add(command.flags, flag, "", value:find "[%u%d]" ~= nil)
  end
end

local function read(name, about)
  local command = { name = name, about = about, subs = {}, flags = {} }
  for line in cli.help(name):gmatch "[^\n]+" do add_flag(command, line) end
  for line in cli.help(name):gmatch "[^\n]+" do add_usage(command, line) end
  return command
end

local COMMON = {
  { "--port", "where to listen", true }, { "--agent-port", "a second port, for the agent API", true },
  { "--host", "on which address", true }, { "--scripts", "where the scripts are", true },
  { "--workers", "how many processes serve", true }, { "--log-level", "error, warn, info or debug", true },
  { "--control-ui", "a directory to serve as the page of the gateway", true },
  { "--set", "any setting: NAME=VALUE", true }, { "--watch", "reload whenever a script changes" },
  { "--help", "what the command does" },
}

local function everything()
  local commands, common, by_name = {}, {}, {}
  for line in host.native.commands():gmatch "[^\n]+" do
    local name, about = line:match "^(%l+)\t(.*)$"
    commands[#commands + 1] = read(name, about)
    by_name[name] = commands[#commands]
  end
  for _, flag in ipairs(COMMON) do add(common, flag[1], flag[2], flag[3]) end
  for _, one in ipairs(commands) do add(by_name.help.subs, one.name, one.about) end
  for _, shell in ipairs(SHELLS) do add(by_name.completion.subs, shell) end
  return commands, common
end

local function names(list, only_those_that_take)
  local out = {}
  for _, one in ipairs(list) do
    if one.takes or not only_those_that_take then out[#out + 1] = one.name end
  end
  return table.concat(out, " ")
end

-- Flags of all commands after which a value comes.
local function valued(commands, common)
  local all = {}
  for _, flag in ipairs(common) do add(all, flag.name, "", flag.takes) end
  for _, command in ipairs(commands) do
    for _, flag in ipairs(command.flags) do add(all, flag.name, "", flag.takes) end
  end
  return names(all, true)
end

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- ---- bash -----------------------------------------------------------------------------------------------------

local BASH = [=[
# bash completion for human, made by `human completion bash`
_human() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= sub= words= i
  local valued=" %s "
  COMPREPLY=()
  [[ $prev == -* && $valued == *" $prev "* ]] && return
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -* ]] && continue
    [[ ${COMP_WORDS[i-1]} == -* && $valued == *" ${COMP_WORDS[i-1]} "* ]] && continue
    if [[ -z $command ]]; then command=${COMP_WORDS[i]}; elif [[ -z $sub ]]; then sub=${COMP_WORDS[i]}; fi
  done
  case $command in
    '') words="%s" ;;
%s  esac
  [[ -z $cur || $cur == -* ]] || [[ -z $command || -z $sub ]] || words=
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _human human
]=]

local function bash(commands, common)
  local cases = {}
  for _, c in ipairs(commands) do
    local lines = ("    %s) words=%s\n"):format(c.name, quoted(names(c.flags) .. " --help"))
    if c.subs[1] then lines = lines .. ('      [[ -z $sub ]] && words+=%s\n'):format(quoted(" " .. names(c.subs))) end
    cases[#cases + 1] = lines .. "      ;;\n"
  end
  return BASH:format(valued(commands, common), names(commands) .. " " .. names(common), table.concat(cases))
end

-- ---- zsh --------------------------------------------------------------------------------------------------------

local ZSH = [=[
#compdef human
# zsh completion for human, made by `human completion zsh`
_human() {
  local command= sub= i valued=" %s "
  local -a commands subs flags
  commands=(
%s  )
  [[ ${words[CURRENT-1]} == -* && $valued == *" ${words[CURRENT-1]} "* ]] && { _files; return }
  for ((i = 2; i < CURRENT; i++)); do
    [[ ${words[i]} == -* ]] && continue
    [[ ${words[i-1]} == -* && $valued == *" ${words[i-1]} "* ]] && continue
    if [[ -z $command ]]; then command=${words[i]}; elif [[ -z $sub ]]; then sub=${words[i]}; fi
  done
  case $command in
    '') flags=(
%s      ) ;;
%s  esac
  if [[ ${words[CURRENT]} == -* ]]; then _describe -o flag flags
  elif [[ -z $command ]]; then _describe command commands
  elif [[ -z $sub && -n $subs ]]; then _describe word subs
  else _files; fi
}
if [[ $funcstack[1] == _human ]]; then _human "$@"; else compdef _human human; fi
]=]

local function zsh_list(list, indent)
  local out = {}
  for i, one in ipairs(list) do
    out[i] = indent .. quoted(one.about ~= "" and one.name .. ":" .. one.about or one.name) .. "\n"
  end
  return table.concat(out)
end

local function zsh(commands, common)
  local cases = {}
  for _, c in ipairs(commands) do
    add(c.flags, "--help", "what it does")
    cases[#cases + 1] = ("    %s)\n      subs=(\n%s      )\n      flags=(\n%s      ) ;;\n"):format(c.name,
      zsh_list(c.subs, "        "), zsh_list(c.flags, "        "))
  end
  return ZSH:format(valued(commands, common), zsh_list(commands, "    "), zsh_list(common, "        "),
    table.concat(cases))
end

-- ---- fish ---------------------------------------------------------------------------------------------------------

local FISH = [=[
# fish completion for human, made by `human completion fish`
function __human_words
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
    else if contains -- $word %s
      set skip 1
    else if not string match -q -- '-*' $word
      echo $word
    end
  end
end
function __human_first
  test (count (__human_words)) = 0
end
function __human_in --argument-names command
  set -l words (__human_words)
  test (count $words) -gt 0; and test $words[1] = $command
end
function __human_after --argument-names command
  set -l words (__human_words)
  test (count $words) = 1; and test $words[1] = $command
end
]=]

local function fish_line(when, word, about)
  return ("complete -c human -n %s %s%s"):format(quoted(when), word, about ~= "" and " -d " .. quoted(about) or "")
end

local function fish_flags(out, when, flags)
  for _, flag in ipairs(flags) do
    out[#out + 1] = fish_line(when, "-l " .. flag.name:sub(3) .. (flag.takes and " -r" or ""), flag.about)
  end
end

local function fish(commands, common)
  local out = { (FISH:format(valued(commands, common)):gsub("\n$", "")) }
  fish_flags(out, "__human_first", common)
  for _, c in ipairs(commands) do
    out[#out + 1] = fish_line("__human_first", "-f -a " .. c.name, c.about)
    for _, sub in ipairs(c.subs) do
      out[#out + 1] = fish_line("__human_after " .. c.name, "-f -a " .. sub.name, sub.about)
    end
    fish_flags(out, "__human_in " .. c.name, c.flags)
  end
  return table.concat(out, "\n") .. "\n"
end

local MAKE = { bash = bash, zsh = zsh, fish = fish }

function M.run(args)
  local words = cli.parse("completion", args, {})
  cli.count("completion", words, { "SHELL" }, 1, 1)
  local make = MAKE[words[1]]
  if not make then cli.misused("completion", "SHELL is bash, zsh or fish, not " .. words[1]) end
  io.stdout:write(make(everything()))
  return 0
end

return M
