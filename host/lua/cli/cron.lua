-- host/lua/cli/cron.lua -- `human cron`: what the agent, or a command, does by the clock.

local cli = require "human.cli.words"
local remote = require "human.cli.remote"

local M = {}
local LIMIT, LIMIT_MAX = 10, 100

local COLUMNS = {
  { "ID", "id" }, { "WHEN", "expression" }, { "ZONE", "timezone" },
  { "NEXT", function(job) return job.paused and "paused" or remote.when(job.next_run) end },
  { "LAST", function(job) return remote.when(job.last_run) end },
  { "STATUS", function(job) return job.running and "running" or job.last_status end }, { "DOES", "type" },
  { "NAME", "name" },
}

local function number_of(text)
  local n = text:find "^%d+$" and #text <= 15 and tonumber(text)
  if n and n >= 1 then return n end
  cli.misused("cron", "ID is the number of a job, as `human cron list` shows it, not " .. text)
end

local function list(o)
  local none = "There is no job. `human help cron` shows how to add one."
  return remote.list(remote.call "cron.list", "jobs", o, COLUMNS, none)
end

-- Ends the command unless the server has this channel.
local function check_channel(name)
  local names = {}
  for _, one in ipairs(remote.call("channels.status").channels) do
    if one.key == name then return end
    names[#names + 1] = one.key
  end
  table.sort(names)
  cli.misused("cron", ("--deliver is none, an address (https://..), or CHANNEL:CHAT with one of %s, not %s%s")
    :format(table.concat(names, ", "), name, cli.suggest(name, names)))
end

-- --deliver none | CHANNEL[:CHAT] | https://..
local function delivery_of(text)
  if not text then return nil end
  if text == "none" then return { mode = "none" } end
  if text:find "^https?://" then return { mode = "webhook", to = text } end
  local channel, chat = text:match "^([^:]*):(.+)$"
  check_channel(channel or text)
  return { mode = "announce", channel = channel or text, to = chat }
end

local function seconds_of(text)
  if not text then return nil end
  local n = text:find "^%d+$" and #text <= 9 and tonumber(text)
  if not n or n < 1 then cli.misused("cron", "--timeout is a number of seconds") end
  return n
end

local function add(o, when, what)
  local added = remote.call("cron.add", {
    expression = when, prompt = not o.shell and what or nil, command = o.shell and what or nil, name = o.name,
    timezone = o.tz, session = o.session, model = o.model, missed = o.missed, one_shot = o.once or nil,
    delivery = delivery_of(o.deliver), timeoutSeconds = seconds_of(o.timeout), enabled = not o.paused,
  })
  return remote.show(added, o, function()
    local job = added.job
    local next_run = job.next_run > 0 and ", next " .. remote.when(job.next_run) or ", paused"
    local out = { ("Job %d: %s%s."):format(added.id, job.expression, next_run) }
    if added.webhook_secret then
      out[#out + 1] = "What it sends is signed with this, which is shown this once: " .. added.webhook_secret
    end
    out[#out + 1] = added.note
    return out
  end)
end

local function remove(o, id)
  return remote.show(remote.call("cron.remove", { id = number_of(id) }), o, "Removed, with its history.")
end

local function run(o, id)
  local done = remote.call("cron.run", { id = number_of(id) })
  if not o.json and not done.started then cli.stop "it runs already" end
  return remote.show(done, o, "It has begun; `human cron runs " .. id .. "` shows what comes of it.")
end

local RUNS = {
  { "RUN", "id" }, { "DUE", function(r) return remote.when(r.due_at) end },
  { "STATUS", function(r) return r.times > 1 and ("%s %d times"):format(r.status, r.times) or r.status end },
  { "TOOK", function(r) return r.duration_ms and ("%.1f s"):format(r.duration_ms / 1000) or "-" end },
  { "DELIVERY", "delivery" }, { "WHY", function(r) return r.delivery_error or r.error or r.reason end },
  { "OUTPUT", "output" },
}

local function limit_of(o)
  local n = tonumber(o.limit or LIMIT)
  if not n or n < 1 or n > LIMIT_MAX or n % 1 ~= 0 then
    cli.misused("cron", "--limit is a number of 1 to " .. LIMIT_MAX)
  end
  return n
end

local function runs(o, id, run_id)
  local asked = { id = number_of(id), limit = limit_of(o), runId = run_id and number_of(run_id) or nil }
  local value = remote.call("cron.runs", asked)
  if run_id and not o.json then
    local one = value.runs[1]
    local why = one.error and " " .. one.error or ""
    return remote.show(value, o, { ("%s %s.%s"):format(remote.when(one.due_at), one.status, why), one.output })
  end
  return remote.list(value, "runs", o, RUNS, "It has not run yet.")
end

local function switch(enabled, said)
  return function(o, id)
    return remote.show(remote.call("cron.update", { id = number_of(id), enabled = enabled }), o, said)
  end
end

local FLAGS = { ["--shell"] = true, ["--once"] = true, ["--paused"] = true, ["--name"] = "NAME", ["--tz"] = "ZONE",
                ["--session"] = "KEY", ["--model"] = "MODEL", ["--deliver"] = "WHERE", ["--missed"] = "POLICY",
                ["--timeout"] = "SECONDS", ["--limit"] = "N" }

-- The parameters of cron.add, as they are given here.
local SAYS = {
  expression = "WHEN", prompt = "WHAT", command = "WHAT", tz = "--tz", timezone = "--tz", missed = "--missed",
  timeoutSeconds = "--timeout", session = "--session", model = "--model", name = "--name",
  delivery = "--deliver", ["delivery.to"] = "--deliver", ["delivery.channel"] = "--deliver",
}

M.run = remote.command("cron", FLAGS, {
  list = { run = list }, add = { words = { "WHEN", "WHAT" }, run = add }, remove = { words = { "ID" }, run = remove },
  run = { words = { "ID" }, run = run }, runs = { words = { "ID", "RUN" }, least = 1, run = runs },
  pause = { words = { "ID" }, run = switch(false, "Paused.") },
  resume = { words = { "ID" }, run = switch(true, "It goes on.") },
}, "list", { see = "cron", says = SAYS })

return M
