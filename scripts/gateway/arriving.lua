-- scripts/gateway/arriving.lua -- messages that come while their session is at work.  What becomes of them is a rule
-- (gateway/rules/sessions.lua, arrives), asked once, when they come.  One that steers joins the run that goes on, in
-- the transaction that begins its next step: it is over then, and what it asked for is part of the other's answer.
-- Words of a guest never join a run of somebody who may more.

local decisions = require "human.decisions"
local asker = require "gateway.asker"
local ends = require "gateway.ends"
local news = require "gateway.news"
local rules = require "gateway.rules.sessions"

local M = {}

M.sql = {
  joining = [[select r.id, r.session_id, r.conn, r.streams, r.answers, r.cause, r.idempotency_key as once, a.session_key
    from gateway_runs r join agents a on a.id = r.session_id
    where r.session_id = $1 and r.state = 'waiting' and (r.mode = 'steer' or r.mode = 'collect' and $2::boolean)
    order by r.n]],
  join = [[update gateway_runs set state = 'done', finished_at = human_now(), into_run = $2, into_step = $3::int
    where id = $1]],
}

local function by(cause)
  if not cause then return "client" end
  return cause:find "^channel:" and "channel" or "other"
end

-- Whether two were asked for by one person, or by people who may all do what the operator does.
local function same(tx, a, b)
  local one, other = asker.of(tx, a), asker.of(tx, b)
  if one.kind ~= "guest" and other.kind ~= "guest" then return true end
  return one.kind == other.kind and one.id ~= nil and one.id == other.id
end

--- What becomes of a message for a session that is at work: "queue", "steer", "collect" or "interrupt".
--- at_work: the run; cause, wish: of the message.
function M.mode(tx, at_work, cause, wish)
  return decisions.decide(tx, rules.arrives, { ref = at_work.id, subject = at_work.session_id }, {
    wish = wish, by = by(cause), at_work = by(at_work.cause), same = same(tx, at_work, { cause = cause }),
  }).mode
end

--- Whose runs an interruption by a message of that cause ends.
function M.interrupts(tx, cause)
  return function(run) return by(run.cause) ~= "other" and same(tx, run, { cause = cause }) end
end

local function join(tx, run, other, step)
  tx:exec(M.sql.join, other.id, run.id, step)
  ends.tell(tx, other, { state = "done" })
  news.after(tx, "chat", news.chat(other, "sent", "", { intoRun = run.id }))
  if other.streams then news.after(tx, "chat.chunk", news.chunk(other, 0, "", { done = true }), other) end
end

--- Has messages that wait join a run, which is about to begin that step; its session is locked.
function M.join(tx, run, step)
  if run.given or by(run.cause) == "other" then return end
  for _, other in ipairs(tx:query(M.sql.joining, run.session_id, step == 1)) do
    if other.id ~= run.id and same(tx, run, other) then join(tx, run, other, step) end
  end
end

return M
