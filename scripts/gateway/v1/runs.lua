-- scripts/gateway/v1/runs.lua -- a request of /v1 that names the agent or one of its sessions: a run like any other,
-- with its tools and approvals, that one client waits for.
-- The agent is asked statelessly: what the client sends is all that was said, in a session of the run's own, which goes
-- when it is answered (with an Idempotency-Key a day later, so that a repeat finds the run).  In a named session the
-- newest message is said, and the session remembers.  A client that leaves aborts its run.

local bus = require "human.bus"
local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local jobs = require "human.jobs"
local json = require "human.json"
local log = require "human.log"
local s = require "human.schema"
local task = require "human.task"
local time = require "human.time"
local cut = require("human.text").cut
local attached = require "gateway.attached"
local chat = require "gateway.chat"
local events = require "gateway.v1.events"
local input = require "gateway.v1.input"
local limits = require "gateway.rules.limits"
local owner = require "gateway.owner"
local store = require "gateway.store"
local trouble = require "gateway.v1.trouble"

local M = {}

local PREFIX = "v1:"                             -- of the keys of sessions that a request has for itself
local LOOK_S, PATIENCE_S = 2, 10
local KEPT_BYTES = 1048576                       -- of pieces that wait for a client that reads slowly
local SWEEP_S, SWEEP_ROWS = 600, 500

M.sql = {
  newest = [[select r.id, r.idempotency_key as once, r.state from gateway_runs r where r.session_id = $1
    order by r.n desc limit 1]],
  forget_key = "update gateway_runs set idempotency_key = null where id = $1",
  give = "insert into gateway_given (run_id, given) values ($1, $2) on conflict do nothing",
  session = "select session_id from gateway_runs where id = $1",
  state = "select state, finished_at is not null as is_over from gateway_runs where id = $1",
  result = [[select r.state, r.error_code, r.created_at, t.text, t.input_tokens, t.output_tokens, t.is_cut,
      a.provider, a.model
    from gateway_runs r left join agent_runs a on a.id = r.id cross join lateral (
      select string_agg(e.content->>'content', E'\n\n' order by s.n) as text,
        sum(s.input_tokens)::float8 as input_tokens, sum(s.output_tokens)::float8 as output_tokens,
        bool_or(s.is_cut) as is_cut
      from gateway_steps s left join agent_events e on e.id = s.event_id where s.run_id = r.id) t
    where r.id = $1]],
  -- What it has cost stays with the agent.
  keep_costs = [[update agent_runs set agent_id = (select parent_id from agents where id = $1) where agent_id = $1]],
  delete = "delete from agents where id = $1",
  -- Whoever calls a session of theirs "v1:.." keeps it: to those of requests all was given.
  old = [[select s.id from gateway_sessions s join agents a on a.id = s.id
    where s.parent_id = $1 and s.last_active_at < human_now() - interval '1 day' and s.run_id is null
      and starts_with(a.session_key, 'v1:') and exists (select from gateway_given g where g.run_id =
        (select r.id from gateway_runs r where r.session_id = s.id order by r.n desc limit 1))
    order by s.last_active_at, s.id limit $2::int]],
}

local following = {}                             -- cause -> {task, pieces, first, last, bytes, over}; of this worker

local Piece = s.object { { "cause", s.string }, { "step", s.int:optional() }, { "at", s.int:optional() },
                         { "text", s.string:optional() }, { "over", s.bool:optional() } }

bus.on_running(events.TOPIC, Piece, function(m)
  local f = following[m.cause]
  if not f then return end
  if m.over then f.over = true end
  if m.text and m.step and m.at and f.bytes < KEPT_BYTES then
    f.last, f.bytes = f.last + 1, f.bytes + #m.text
    f.pieces[f.last] = m
  end
  if f.task then task.wake(f.task) end
end)

-- ---- beginning ---------------------------------------------------------------------------------------------

-- A key that was used before: the same request again goes on with its run, unless that has failed; another is refused.
local function check_key(tx, session_id, once)
  local before = session_id and tx:row(M.sql.newest, session_id)
  if not before then return end
  if before.once and before.once ~= once then fail.throw "idempotency_key_reused" end
  if before.state == "failed" or before.state == "aborted" then tx:exec(M.sql.forget_key, before.id) end
end

local function given_of(req)
  return json.encode { system = req.system, messages = json.array(req.messages), max_tokens = req.max_tokens,
                       temperature = req.temperature, reasoning_effort = req.reasoning_effort }
end

local function key_of(target, caller)
  if target.key then return target.key end
  return PREFIX .. (caller.once and crypto.sha256_hex(caller.actor.id .. "\n" .. caller.once):sub(1, 40) or id.new())
end

-- The images of the newest message, for a session, which keeps them.
local function attachments_of(req)
  local list = {}
  for i, image in ipairs(req.messages[#req.messages].images or {}) do
    if image.url then input.refuse(req.source, "has an image by its address: a session takes data: URLs") end
    list[i] = { content = image.data }
  end
  local sent, why = attached.sent(list)
  if not sent then input.refuse(req.source, "has an image that cannot be taken: " .. why) end
  return sent[1] and sent or nil
end

local function begin(req, target, text, caller, cause)
  local key, once = key_of(target, caller), caller.once and crypto.sha256_hex(caller.raw)
  local agent_id, attachments = owner.get().agent_id, target.key and attachments_of(req) or nil
  return db.tx(function(tx)
    if once and not target.key then check_key(tx, tx:value(store.sql.find, agent_id, key), once) end
    local run, why = chat.take(tx, { key = key, message = text, cause = cause, idempotency_key = once,
                                     attachments = attachments })
    if not run then return { why = why } end
    if not target.key then tx:exec(M.sql.give, run.run_id, given_of(req)) end
    return run
  end)
end

local REFUSED = { too_many_waiting = true, too_many_sessions = true, message_too_long = true, bad_key = true }

local function refuse_begin(why)
  if REFUSED[why] then fail.throw(why, why == "too_many_waiting" and { retry_after_s = 5 } or nil) end
  fail.throw "service_unavailable"
end

-- ---- following ---------------------------------------------------------------------------------------------

local Heard = {}
Heard.__index = Heard

-- Says a piece where it follows on what was said.  One that is lost ends that, and what is missing comes at the end.
function Heard:take(piece)
  if self.broken then return end
  if piece.step ~= self.step and piece.at == 0 and piece.step > self.step then
    self.step, self.at, self.blank = piece.step, 0, self[1] and "\n\n" or ""
    self.starts = true
  end
  if piece.step ~= self.step or piece.at ~= self.at then
    self.broken = true
    return
  end
  self.at = self.at + #piece.text
  if self.starts and not piece.text:find "%S" then
    self.blank = self.blank .. piece.text
    return
  end
  self:say(self.blank .. piece.text)
  self.blank, self.starts = "", false
end

function Heard:say(text)
  if text == "" then return end
  self[#self + 1] = text
  self.hear.text(text)
end

-- Says what is missing of the whole.
function Heard:finish(whole)
  local said = table.concat(self)
  if whole:sub(1, #said) ~= said then fail.throw "answer_interrupted" end
  self:say(whole:sub(#said + 1))
end

local function next_piece(f)
  local piece = f.pieces[f.first]
  if not piece then return nil end
  f.pieces[f.first] = nil
  f.first, f.bytes = f.first + 1, f.bytes - #piece.text
  return piece
end

local function is_over(run_id)
  local now = db.row(M.sql.state, run_id)
  return not now or now.is_over
end

local function follow(run_id, f, heard)
  local began, looked = task.clock(), task.clock()
  f.task = task.current()
  while true do
    local piece = next_piece(f)
    if piece then
      if heard then heard:take(piece) end
    else
      if f.over or task.clock() - looked >= LOOK_S then
        looked = task.clock()
        if is_over(run_id) then return end
        f.over = nil
      end
      if heard and task.clock() - began >= PATIENCE_S then heard.hear.waiting() end
      task.wait(LOOK_S)
    end
  end
end

-- ---- ending --------------------------------------------------------------------------------------------------

local function forget(session_id)
  db.tx(function(tx)
    if not store.lock(tx, session_id) then return end
    tx:exec(M.sql.keep_costs, session_id)
    tx:exec(M.sql.delete, session_id)
  end)
end

local function result_of(run_id)
  local row = db.row(M.sql.result, run_id)
  if not row then trouble.refuse "aborted" end
  if row.state ~= "done" then trouble.refuse(row.error_code or row.state) end
  return row
end

-- Its client has left.
local function leave(run_id, is_own)
  chat.abort { run_id = run_id }
  if is_own then M.forget_run(run_id) end
end

-- Begins and waits for the end: the id of the run, or what refuses it.
local function carry_out(req, target, text, caller, heard)
  local cause, run = events.CAUSE .. ":" .. id.new(), nil
  local f = { pieces = {}, first = 1, last = 0, bytes = 0 }
  following[cause] = f
  local ok, err = pcall(function()
    run = begin(req, target, text, caller, cause)
    if not run.why then follow(run.run_id, f, heard) end
  end)
  following[cause] = nil
  if ok then return run end
  if run and run.run_id then task.detach(leave, run.run_id, not target.key and not caller.once) end
  error(err, 0)
end

--- Has the request answered: as gateway.v1.pass.run.  target: of gateway.v1.models; caller: {actor, once
--- (Idempotency-Key or nil), raw (the body)}; hear, for a client that wants pieces: text(delta), and waiting(), which
--- is called while it takes long.
function M.run(req, target, caller, hear)
  if req.tools then
    input.refuse("tools", "are the agent's own here; the model provider/model takes yours", "unsupported_parameter")
  end
  local text = input.last_text(req)
  if not text then input.refuse(req.source, "must end with a message of the user, which says something") end
  if not target.key then text = cut(text, limits.message_chars) end
  local heard = hear and setmetatable({ hear = hear, step = 0, at = 0, blank = "" }, Heard)
  local run = carry_out(req, target, text, caller, heard)
  if run.why then refuse_begin(run.why) end
  local read, row = pcall(result_of, run.run_id)
  if not target.key and not caller.once then task.detach(M.forget_run, run.run_id) end
  if not read then error(row, 0) end
  if heard then heard:finish(row.text or "") end
  return { text = row.text or "", tool_calls = {}, is_cut = row.is_cut == true, input_tokens = row.input_tokens or 0,
           output_tokens = row.output_tokens or 0, model = req.model, id = run.run_id,
           created = math.floor(time.parse(row.created_at) / 1000) }
end

--- Deletes the session that a request had for itself.
function M.forget_run(run_id)
  local session_id = db.value(M.sql.session, run_id)
  if session_id then forget(session_id) end
end

--- Job: the sessions of requests that nobody asks for again, and of those whose worker has died.
function M.sweep()
  local rows = db.query(M.sql.old, owner.get().agent_id, SWEEP_ROWS)
  for _, row in ipairs(rows) do forget(row.id) end
  if rows[1] then log.debug("sessions of /v1 deleted", { sessions = #rows }) end
end

jobs.every("gateway.v1", SWEEP_S, "gateway.v1.runs.sweep")

return M
