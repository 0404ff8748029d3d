-- scripts/gateway/cron/announce.lua -- the result of a job as a message to a chat of a channel (gateway.post), and
-- the fate of that message.

local db = require "human.db"
local ends = require "gateway.ends"
local post = require "gateway.post"

local M = {}

local WORD = "cron_post"

M.sql = {
  -- Whom the operator has allowed to talk there, last.
  newest = [[select account, chat from channel_people where channel = $1 and state = 'allowed' and chat <> ''
    and ($2::text is null or account = $2) order by decided_at desc limit 1]],
  left = [[select count(*) from channel_posts where channel = $1 and account = $2 and chat = $3 and once = $4
    and state <> 'sent']],
  job_of = "select job_id from gateway_cron_runs where id = $1::bigint",
}

local function text_of(job, run)
  local output = run.output or ""
  if run.state == "completed" then return output:find "%S" and output or ("\"%s\" is done."):format(job.name) end
  local why = ("The job \"%s\" has failed: %s"):format(job.name, run.error or run.state)
  return output:find "%S" and why .. "\n\n" .. output or why
end

--- Announces a run in the transaction tx.  Nil; or why it cannot be.
function M.say(tx, job, run)
  local d = job.delivery
  local found = not d.to and tx:row(M.sql.newest, d.channel, d.account) or { account = d.account, chat = d.to }
  if not found.chat then return "nobody is allowed to talk there yet: say in which chat (delivery.to)" end
  local _, why = post.add(tx, { channel = d.channel, account = found.account, chat = found.chat, group = d.group,
                                thread = d.thread, text = text_of(job, run), once = WORD .. ":" .. run.id })
  return why
end

--- The run that a message of a channel announces, and its job; nil: it announces none. sent: {cause, channel, account,
--- chat}.  Nil too while pieces of it are still to go out.
function M.about(tx, sent, has_failed)
  local run_id = sent.cause:match "^cron_post:(%d+)$"
  local job_id = run_id and tx:value(M.sql.job_of, run_id)
  if not job_id then return nil end
  local left = not has_failed and tx:value(M.sql.left, sent.channel, sent.account, sent.chat, sent.cause) or 0
  return left == 0 and { job = job_id, run = tonumber(run_id) } or nil
end

--- Declares, while scripts load, who is told how a message ended: fn(tx, {job, run}, why (nil: it was sent)).
function M.on_end(fn)
  ends.on(WORD, function(tx, sent, ending)
    local failed = ending.state == "failed"
    local about = M.about(tx, sent, failed)
    if about then fn(tx, about, failed and ending.text or nil) end
  end)
end

--- Where what is said in a run of a session came from, as the delivery of a job; nil: from no channel.
function M.here(run_id)
  local at = db.tx(function(tx) return post.where(tx, run_id) end)
  if not at then return nil end
  return { mode = "announce", channel = at.channel, to = at.chat, account = at.account, thread = at.thread,
           group = at.group or nil }
end

return M
