-- scripts/gateway/approve_words.lua -- approvals in words: what a chat shows of one, and what people answer.
-- Pure.  Whoever decides sees the very arguments that will run, or may not allow them.

local texts = require "human.text"
local time = require "human.time"

local M = {}

local cut, visible = texts.cut, texts.visible
local SHOWN_BYTES = 2500                         -- limit: approvals in a chat
local ID_MAX, LINE_MAX = 64, 200

local DECISIONS = {
  ["allow-once"] = "allow-once", allow = "allow-once", once = "allow-once", yes = "allow-once",
  ["allow-always"] = "allow-always", always = "allow-always",
  ["allow-prefix"] = "allow-prefix", prefix = "allow-prefix", deny = "deny", reject = "deny", no = "deny",
}

M.USAGE = "Write: /approve ID allow-once, allow-always, allow-prefix or deny."

--- What stands behind `/approve`, or behind "approve:" of a button: {id, decision}; or nil.
function M.read(args)
  if #args > LINE_MAX then return nil end
  local id, word, rest = args:match "^%s*([%w-]+)[%s:]+([%a-]+)(.*)$"
  local decision = word and DECISIONS[word:lower()]
  if not decision or #id > ID_MAX or rest:find "%S" then return nil end
  return { id = id, decision = decision }
end

--- What stands behind `/approve` in a message, if that is what it begins with; or nil: it is for the agent.
function M.command(text)
  local name, rest = text:sub(1, LINE_MAX * 2):match "^%s*/([%a]+)(.*)$"
  if not name or name:lower() ~= "approve" then return nil end
  rest = rest:gsub("^@[%w_]+", "")               -- /approve@bot
  return (rest == "" or rest:find "^%s") and rest or nil
end

-- The same JSON, in characters that look like what they are: a mark of code would end the block that it is shown in.
local function plain(arguments) return (visible(arguments):gsub("`", "\\u0060")) end

--- What a chat shows of an approval, in Markdown: {text, buttons, whole (all of its arguments are shown)}.
--- approval: {id, tool, arguments (JSON text), risk, always_ok, always and prefix (what each covers), expires_ms}; of
--- what is no call of a tool also heading, which says what it is, and that it may wait for days.
function M.question(approval)
  local shown = plain(approval.arguments)
  local whole = #shown <= SHOWN_BYTES
  local heading = approval.heading or ("The agent wants to use `%s`"):format(approval.tool)
  local lines = { ("**%s** (risk: %s):"):format(heading, approval.risk), "```",
                  whole and shown or cut(shown, SHOWN_BYTES) .. " …", "```" }
  local words, buttons = {}, {}
  local function offer(label, decision)
    words[#words + 1] = decision
    buttons[#buttons + 1] = { label = label, data = ("approve:%s:%s"):format(approval.id, decision) }
  end
  if whole then offer("Allow once", "allow-once") end
  local lasting = whole and approval.always_ok
  if lasting then offer("Always allow", "allow-always") end
  if lasting and approval.prefix then offer("Always allow what begins so", "allow-prefix") end
  offer("Deny", "deny")
  if not whole then
    lines[#lines + 1] = ("These are the first of %d bytes. It can be denied here, and allowed where all is shown.")
      :format(#approval.arguments)
  end
  if lasting and approval.always then lines[#lines + 1] = "Always (allow-always) covers " .. approval.always .. "." end
  if lasting and approval.prefix then
    lines[#lines + 1] = ("What begins so (allow-prefix) is `%s`."):format(plain(approval.prefix))
  end
  local date, clock = time.format(approval.expires_ms):match "^(%S+)T(%d+:%d+)"
  lines[#lines + 1] = ("It waits until %s UTC. Answer: /approve %s %s"):format(
    approval.heading and date .. " " .. clock or clock, approval.id, table.concat(words, ", "))
  return { text = table.concat(lines, "\n"), buttons = buttons, whole = whole }
end

local WHY = {
  ["risk-low"] = "security.autonomy_level lets no tool run unasked",
  ["risk-medium"] = "it changes something, and security.autonomy_level has such tools ask",
  ["risk-high"] = "it runs a program, or changes what cannot be taken back, and security.autonomy_level has such tools "
    .. "ask",
  guest = "somebody in a chat who may not approve it has asked for it",
  market = "an event of the marketplace has led to it, in which others may have put their words",
}

--- Why somebody is asked, in words; reason: of the rule (gateway.rules.tools), which may have words of its own.
function M.why(reason) return WHY[reason] or reason end

local DONE = { ["allow-once"] = "allowed once", ["allow-always"] = "allowed, now and for good", deny = "denied",
               expired = "denied, since nobody answered in time", void = "dropped: its run was ended" }

--- What has been decided, as a sentence. by: who, for people; or nil.
function M.decided(tool, decision, by)
  return ("`%s` was %s%s."):format(tool, DONE[decision] or decision, by and " by " .. by or "")
end

--- Somebody was first.
function M.already(decision) return ("It was %s before."):format(DONE[decision] or decision) end

--- Why somebody in a chat may not, and what the operator can do about it.
function M.forbidden(who)
  return ("You may not decide about that. The operator can permit it: gateway.approvers with %s."):format(who)
end

local SENTENCES = {
  not_found = "There is no such approval here, or it is over.",
  conflict = "The arguments are not those that were shown.",
  invalid = "This call may be allowed once, or denied.",
  forbidden = "You may not decide about that.",
  too_long = "All of its arguments were not shown here, so it can only be denied here.",
}

--- Why it was not decided, as a sentence for who tried.
function M.refused(why) return SENTENCES[why] or M.USAGE end

return M
