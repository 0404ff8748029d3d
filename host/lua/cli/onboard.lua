-- host/lua/cli/onboard.lua -- `human onboard`: asks what a first conversation needs, tries it, writes it down, and ends
-- in a chat.
-- Nothing is written before all is known and the model has answered; then the settings, in one change, and the secrets,
-- while Ctrl-C waits.  Secrets are read and kept by C (host/cli/held.c); this file knows their names.

local cli = require "human.cli.words"
local channel = require "human.cli.onboard_channel"
local chat = require "human.cli.onboard_chat"
local host = require "human.core.host"
local json = require "human.json"
local model = require "human.cli.onboard_model"
local remote = require "human.cli.remote"
local sched = require "human.core.sched"
local server = require "human.cli.onboard_server"

local M = {}
local INTERRUPTED = 130

local FLAGS = {
  ["--provider"] = "NAME", ["--key-file"] = "FILE", ["--base-url"] = "URL", ["--model"] = "NAME",
  ["--channel"] = "NAME", ["--channel-secrets"] = "LIST", ["--channel-settings"] = "LIST",
  ["--message"] = "TEXT", ["-m"] = "--message", ["--no-chat"] = true, ["--json"] = true,
}

local function is_terminal() return host.native.fact("tty", "0") ~= nil and host.native.fact("tty", "2") ~= nil end

-- ---- asking -----------------------------------------------------------------------------------------------

local Asker = {}
Asker.__index = Asker

--- A line for people; with --json they read stderr.
function Asker:say(text)
  local out = self.o.json and io.stderr or io.stdout
  out:write(remote.plain(text), "\n")
  out:flush()
end

local function interrupted() cli.stop("interrupted; nothing was written", INTERRUPTED) end

--- The answer to a question: of its flag, or of a person; default: of who says nothing.
function Asker:ask(flag, question, default)
  local given = flag and self.o[flag]
  if given then return given end
  if not self.terminal then return default end
  local line, why = host.native.line(question .. (default and default ~= "" and " [" .. default .. "]" or "") .. ": ")
  if not line then
    if why == "interrupted" then interrupted() end
    cli.stop "the answers have ended; nothing was written"
  end
  line = remote.plain(line):gsub("^%s+", "")
  return line ~= "" and line or default
end

function Asker:yes(question)
  local answer = (self:ask(nil, question .. " [Y/n]") or "y"):lower()
  return answer == "y" or answer == "yes"
end

--- Takes a secret from `from`, once, or asks for it.  nil and why: it is none.
function Asker:secret(name, from)
  if not from and not self.terminal then return nil, "missing" end
  if from and self.taken[name] == from then return true end
  local done, why = host.native.held("take", name, from or "")
  self.taken[name] = done and from or nil
  if not done and why == "interrupted" then interrupted() end
  return done, why
end

-- ---- writing ----------------------------------------------------------------------------------------------

local writing, stop_asked = false, false

-- Ctrl-C: at once, or, while something is being written, when it is.
local function on_stop()
  if writing then
    stop_asked = true
    return
  end
  server.abandon()
  io.stderr:write "\nhuman onboard: interrupted; nothing was written\n"
  host.native.exit(INTERRUPTED)
end

local function take_back(before, changes)
  local old = {}
  for name in pairs(changes) do old[name] = before[name] == nil and json.null or before[name] end
  remote.try("config.set", old)
end

-- The settings first, since they may be refused; then the secrets that they speak of.
local function write(plan)
  local _, err
  if next(plan.changes) then _, err = remote.try("config.set", plan.changes) end
  if err then cli.stop("the settings were refused, and nothing was written: " .. remote.plain(err.message)) end
  for _, name in ipairs(plan.secrets) do
    local kept, why = host.native.held("keep", name)
    if not kept then
      take_back(plan.before, plan.changes)
      cli.stop("the secret " .. name .. " cannot be kept: " .. why)
    end
  end
end

local function write_held(plan)
  writing = true
  local ok, err = pcall(write, plan)
  writing = false
  if not ok then error(err, 0) end
  if stop_asked then cli.stop("interrupted; what was set up is written", INTERRUPTED) end
end

-- ---- the whole -----------------------------------------------------------------------------------------------

local function check_flags(o)
  if o["no-chat"] and o.message then cli.misused("onboard", "--no-chat and --message do not go together") end
  if o.message and not o.message:find "%S" then cli.misused("onboard", "--message is empty") end
  if o["base-url"] and not o["base-url"]:find "^https?://[^/]" then
    cli.misused("onboard", "--base-url must be like http://127.0.0.1:8080/v1")
  end
  if (o["channel-secrets"] or o["channel-settings"]) and not o.channel then
    cli.misused("onboard", "--channel-secrets and --channel-settings go with --channel")
  end
end

-- Standard input is read to its end by the first who reads it.
local function check_input(o)
  local _, n = ("," .. (o["channel-secrets"] or "") .. ","):gsub("=%-%f[,]", "")
  if n + (o["key-file"] == "-" and 1 or 0) > 1 then
    cli.misused("onboard", "standard input holds one secret: only one of the files may be -")
  end
end

local function set_up(asker, is_running)
  if is_running then channel.check_flags(asker, true) end
  local before = remote.call "config.get"
  local plan = { changes = {}, secrets = {}, before = {}, result = {} }
  model.plan(asker, plan, before)
  channel.plan(asker, plan, before)
  plan.result.running = is_running
  plan.result.url = is_running and remote.url() or nil
  plan.result.changed = next(plan.changes) ~= nil or #plan.secrets > 0
  if plan.result.changed then write_held(plan) end
  local name = plan.result.channel
  plan.result.channel_lacks = name and channel.lacks(name)
  if plan.result.channel_lacks then asker:say(name .. " is not ready yet: " .. plan.result.channel_lacks) end
  return plan.result
end

local function finish(asker, result)
  local o, code = asker.o, 0
  if result.url then asker:say("The gateway is at " .. result.url .. "; its page is " .. result.url .. "/") end
  if o.message then
    local text = chat.once(asker, o.message)
    result.answer, code = text, text and 0 or 1
    if text and not o.json then remote.say(text) end
  elseif asker.terminal and not o["no-chat"] and not o.json then
    chat.converse(asker)
  end
  if o.json then io.stdout:write(json.encode_sorted(result, { "provider", "model" }), "\n") end
  return code
end

function M.run(args)
  local words, o = cli.parse("onboard", args, FLAGS)
  cli.count("onboard", words, {}, 0, 0)
  check_flags(o)
  check_input(o)
  model.load()
  sched.on_event(host.EV.STOP, on_stop)
  local asker = setmetatable({ o = o, terminal = is_terminal(), taken = {} }, Asker)
  local is_running = server.is_running()
  model.check_flags(asker, is_running)
  if not is_running then channel.check_flags(asker, false) end
  server.enter(asker)
  local ok, result = pcall(function() return finish(asker, set_up(asker, is_running)) end)
  server.leave(asker)
  if not ok then error(result, 0) end
  return result
end

return M
