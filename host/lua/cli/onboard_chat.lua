-- host/lua/cli/onboard_chat.lua -- the chat in which `human onboard` ends: with the gateway's agent, over calls of the
-- control protocol.  What a tool wants to do is asked here, too.

local cli = require "human.cli.words"
local json = require "human.json"
local remote = require "human.cli.remote"
local sched = require "human.core.sched"

local M = {}
local KEY, LOOK_S, WAIT_S, LAST = "default", 0.2, 600, 20
local AT_WORK = { waiting = true, thinking = true, acting = true }

-- What was said in a run: texts of the agent that are new, and whether it is over.
local function look(run, seen)
  local texts, over = {}, false
  for _, m in ipairs(remote.call("chat.history", { sessionKey = KEY, limit = LAST }).messages) do
    if m.runId == run then over = not AT_WORK[m.state] end
    if m.runId == run and m.role ~= "user" and m.content ~= "" and not seen[m.id] then
      seen[m.id] = true
      texts[#texts + 1] = m.content
    end
  end
  return texts, over
end

-- Calls of the run that wait for a permission, once each.
local function approvals(run, seen)
  local list = {}
  for _, one in ipairs(remote.call("exec.approval.list").approvals) do
    if one.runId == run and not seen[one.id] then
      seen[one.id] = true
      list[#list + 1] = one
    end
  end
  return list
end

local function decide(asker, one)
  asker:say(("%s wants to run, risk %s, with %s"):format(one.tool, one.risk,
    remote.visible(json.encode_sorted(one.arguments))))
  local answer = asker:ask(nil, "Allow it? (y/N)", "n"):lower()
  local decision = (answer == "y" or answer == "yes") and "allow-once" or "deny"
  remote.try("exec.approval.resolve", { id = one.id, decision = decision, argumentsHash = one.argumentsHash })
end

-- Says one thing; gives each text to tell(text).  What `decide` makes of calls that wait.
local function say(text, tell, on_approval)
  local run, seen = remote.call("chat.send", { message = text, sessionKey = KEY }).runId, {}
  for _ = 1, WAIT_S / LOOK_S do
    local texts, over = look(run, seen)
    for _, said in ipairs(texts) do tell(said) end
    if over then return true end
    for _, one in ipairs(approvals(run, seen)) do
      if on_approval(one) == false then return false end
    end
    sched.sleep(LOOK_S)
  end
  cli.stop "the agent has not answered in time"
end

--- One message: all of its answer; nil when a call waits for a permission, which is said.
function M.once(asker, text)
  local all = {}
  local done = say(text, function(said) all[#all + 1] = said end, function(one)
    asker:say(("%s waits for a permission: `human approvals allow %s`"):format(one.tool, one.id))
    return false
  end)
  return done and table.concat(all, "\n") or nil
end

--- Line after line, until /quit, the end of input, or Ctrl-C.
function M.converse(asker)
  asker:say "Say something to the agent; /quit ends it."
  while true do
    local ok, line = pcall(asker.ask, asker, nil, "you")
    if not ok or line == "/quit" or line == "/exit" then return end
    if line then
      say(line, function(said) asker:say("agent: " .. said) end, function(one) decide(asker, one) end)
    end
  end
end

return M
