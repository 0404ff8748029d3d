-- scripts/gateway/tools/cron.lua -- jobs that the agent creates, lists and removes: turns of its own, by the clock.
-- gateway/rules/cron.lua decides which ones it may create.

local json = require "human.json"
local time = require "human.time"
local announce = require "gateway.cron.announce"
local cron = require "gateway.cron"
local limits = require "gateway.rules.cron"
local tools = require "gateway.tools"

local function text_of(max, what) return { type = "string", minLength = 1, maxLength = max, description = what } end

local function shown(job)
  return { id = job.id, name = job.name, when = job.expression, time_zone = job.schedule.tz, kind = job.kind,
           does = job.body, enabled = job.enabled, next_run = job.next_at and time.format(job.next_at),
           last_run = job.last_at and time.format(job.last_at), last_status = job.last_status,
           last_error = job.last_error }
end

local function sentence_of(bad) return bad.field and bad.field .. ": " .. bad.message or bad.message end

tools.define("cron_add", {
  description = "Makes a job: at those times you are given the prompt, in a session of the job's own, and do it.",
  parameters = { type = "object", required = { "when", "prompt" }, additionalProperties = false, properties = {
    when = text_of(limits.expression_bytes,
      "Five fields of cron (0 8 * * *), @daily, every 15m, in 10m (once), or a time (once): 2026-11-27T10:00:00Z."),
    prompt = text_of(limits.text_bytes, "What you are to do then, with all that you need to know."),
    name = text_of(200, "A short name for it."),
    time_zone = text_of(64, "Of the five fields: Europe/Stockholm."),
    channel = text_of(64, "A channel to announce the result in, such as telegram, if not in this chat; with `to`."),
    to = text_of(150, "The chat there."),
  } },
  risk = "medium", timeout_ms = 15000,
}, function(call)
  local a = call.arguments
  local delivery = a.channel and { mode = "announce", channel = a.channel, to = a.to } or announce.here(call.run_id)
  local job, bad = cron.add({ expression = a.when, tz = a.time_zone, prompt = a.prompt, name = a.name,
                              delivery = delivery }, cron.maker(call.run_id))
  if not job then return nil, sentence_of(bad) end
  return shown(job)
end)

tools.define("cron_list", {
  description = "The jobs that there are: what they do, when, and how their last run ended.",
  risk = "low", parallel = true, repeatable = true, timeout_ms = 15000,
}, function()
  local list = json.array {}
  for i, job in ipairs(cron.list()) do list[i] = shown(job) end
  return { jobs = list }
end)

tools.define("cron_remove", {
  description = "Removes a job, by its id.",
  parameters = { type = "object", required = { "id" }, additionalProperties = false,
    properties = { id = { type = "integer", minimum = 1 } } },
  risk = "medium", timeout_ms = 15000,
}, function(call)
  if not cron.remove(call.arguments.id) then return nil, ("There is no job %d."):format(call.arguments.id) end
  return ("The job %d was removed."):format(call.arguments.id)
end)

return {}
