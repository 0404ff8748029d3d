-- host/lua/core/boot.lua -- the worker's Lua side from start to end.
-- Connects events to the modules that handle them, loads the scripts, waits for the database, and
-- drains at the end.  Returns the one function that C calls.  Neighbours: sched, gen, request, connections.

local host = require "human.core.host"
require("human.core.shuffle").install(host)           -- before the scheduler takes host.next
local answer = require "human.http.answer"
local events = require "human.core.events"
local sched = require "human.core.sched"
local timer = require "human.core.timer"
local log = require "human.log"

local EV = host.EV
local HELD_MAX = 10000
local DRAIN_LOOK_S = 0.02
local MIGRATE_AGAIN_S = 1
local held = {}                                  -- requests that other workers passed on before the scripts were loaded

local function exit(code) host.native.exit(code) end

-- Holds a request that arrives while the scripts load, until they are loaded.
local function hold_request(status, id, _, target)
  if #held >= HELD_MAX then return answer.send(id, 503, "Retry-After: 1\r\n", "") end
  held[#held + 1] = { id, status, target }
end

-- Gauges of these modules, for /metrics.
local function count_sockets()
  local gauges, engine = require "human.observe.gauges", require "human.sio.engine"
  gauges.source("human_websockets", require("human.http.websocket").count)
  gauges.source("human_feed_followers", require("human.core.feeds").count)
  gauges.source("human_socketio_sockets", function()
    local n = 0
    for _, rt in pairs(engine.runtimes()) do n = n + rt.count end
    return n
  end)
  gauges.start()
end

local function serve_requests()
  local request = require "human.http.request"
  sched.on_event(EV.REQUEST, function(status, id, _, target) request.on_request(id, status, target) end,
    answer.last_resort)
  for _, r in ipairs(held) do
    local ok, err = events.handle(EV.REQUEST, r[2], r[1], 0, r[3])
    if not ok then host.log(0, err) end
  end
  held = nil
end

local function limit_tasks()
  local limits = host.conf().limits
  sched.limit { tasks = limits.tasks, ops = limits.ops, slice_s = limits.script_soft_ms / 1000 }
  sched.on_slow(require("human.observe.slow_scripts").report)
end

local function route_events()
  local connections = require "human.http.connections"
  limit_tasks()
  sched.on_event(EV.TIMER, timer.run)
  for _, kind in ipairs { EV.WS_MSG, EV.WS_CLOSE, EV.DRAINED, EV.ABORT } do
    sched.on_event(kind, function(status, id, _, data) connections.dispatch(kind, id, status, data) end,
      (kind == EV.WS_MSG or kind == EV.WS_CLOSE) and connections.failed or nil)
  end
  sched.on_event(EV.BUS, require("human.bus").on_bus)
  sched.on_event(EV.NOTIFY, require("human.bus").on_notify)
  sched.on_event(EV.REQUEST, hold_request, answer.last_resort)
  sched.on_event(EV.RELOAD, require("human.scripts.reload").on_event)
end

-- Calls fn once, when the database is first reachable and its schema is up to date.
local function when_database_ready(fn)
  local fail = require "human.fail"
  local migrate = require "human.pg.migrate"
  local db = require "human.db"
  local working, done = false, false
  local function prepare()
    local ok, err = pcall(function()
      migrate.run()
      require("human.system").identify(migrate.identity())
      require("human.core.clock").start { "jobs", "queue" }
    end)
    if not ok then error(migrate.lasting(err), 0) end
  end
  -- Retries temporary failures, here or when the database is back.
  local function attempt()
    local ok, err = pcall(prepare)
    while not ok and fail.is(err) and host.db_up() do
      log.warn("migrations wait for the database", { error = err.message })
      sched.sleep(MIGRATE_AGAIN_S)
      ok, err = pcall(prepare)
    end
    working = false
    if not ok then
      if fail.is(err) then return end
      log.error("migrations failed", { error = tostring(err) })
      return exit(1)
    end
    done = true
    db.open()
    fn()
  end
  sched.on_event(EV.DB, function(up)
    require("human.bus").on_database(up == 1)
    if up == 1 and not done and not working then
      working = true
      sched.spawn(attempt)
    end
  end)
end

local function load_scripts()
  local gen = require "human.scripts.generation"
  local g = gen.build(host.native.generation)
  gen.install(g)
  host.reload_serving(host.native.generation)
  if host.worker() ~= 0 or host.native.command then return end
  for _, warning in ipairs(g.warnings) do log.warn("scripts: " .. warning) end
end

-- A failure of one step must not keep the others from being notified.
local function drain()
  local steps = { { "system", "drain" }, { "jobs", "stop" }, { "queue", "stop" }, { "sio", "shutdown" },
                  { "http.websocket", "shutdown" } }
  for _, step in ipairs(steps) do
    local ok, err = events.try(require("human." .. step[1])[step[2]])
    if not ok then log.error("shutdown: a part failed", { part = step[1], error = err }) end
  end
  local function look()
    if sched.live() == 0 then host.stopped() else timer.start(DRAIN_LOOK_S, look) end
  end
  look()
end

-- Calls fn when it has been called n times.
local function latch(n, fn)
  return function()
    n = n - 1
    if n == 0 then fn() end
  end
end

local function serve()
  route_events()
  sched.on_event(EV.STOP, function(is_notice)
    if is_notice == 1 then require("human.system").drain() else drain() end
  end)
  local ready = latch(2, function()
    require("human.jobs").run()
    require("human.queue").run()
  end)
  when_database_ready(ready)
  sched.spawn_as({ label = host.label "loading scripts" }, function()
    local ok, err = pcall(load_scripts)
    if not ok and require("human.scripts.generation").refuses_settings(err) then
      if host.worker() == 0 then io.stderr:write(err, "\n") end
      return exit(2)
    end
    if not ok then
      log.error("scripts refused", { error = tostring(err) })
      return exit(1)
    end
    serve_requests()
    count_sockets()
    ready()
  end)
end

-- Sub-commands: each is a task that returns the exit status.  Those not listed here are modules,
-- human.cli.NAME, with a function run(args) -> exit status.
local commands = {
  test = function(args) return require("human.cli.test").run(args) end,
  check = function(args) return require("human.cli.check").run(args) end,
  checker = function(args) return require("human.cli.check").prove(args) end,
  aside = function() return require("human.cli.aside").run() end,
  openapi = function(args) return require("human.cli.openapi").run(args, load_scripts) end,
}
-- Must agree with the databases that main.c starts or joins for commands.
local needs_database = {
  test = function() return not host.native.draft end,
  migrate = function() return true end,
}
-- These report problems of the scripts themselves, or do not need scripts; those that main.c runs as RUN_LOOK are given
-- none, and so no refusal.
local without_scripts = { check = true, override = true, overrides = true, new = true, model = true, config = true,
                          queue = true, clock = true, aside = true }

local function command_task(name)
  local refused = host.native.refused or ""
  if refused ~= "" and not without_scripts[name] then error(refused, 0) end
  if name == "test" and needs_database.test() then
    require("human.pg.migrate").run()
    require("human.db").open()
  end
  local run = commands[name] or require("human.cli." .. name).run
  return require("human.cli.words").run(name, run, host.native.args)
end

-- A refusal is just a sentence; a bug, whose message begins with its position, gets a traceback.
local function explain(err)
  local text = tostring(err)
  return text:find "^[%w_/]+%.lua:%d+:" and debug.traceback(text, 2) or text
end

local function run_command(name)
  local begun = false
  local needed = needs_database[name] and needs_database[name](host.native.args)
  local function begin()
    if begun then return end
    begun = true
    sched.spawn(function()
      local ok, code = xpcall(command_task, explain, name)
      if not ok then
        io.stderr:write("human ", name, ": ", tostring(code), "\n")
        code = 1
      end
      exit(code)
    end)
  end
  route_events()
  sched.on_event(EV.STOP, function() exit(130) end)
  sched.on_event(EV.DB, function(up)
    if not needed or begun then return end
    if up == 1 then return begin() end
    local state, why = host.db_state()
    local text = "human " .. name .. ": the database is not reachable: " .. why
    if state == "refused" then                       -- waiting does not help: a refusal will be repeated
      io.stderr:write(text, "\n")
      exit(1)
    else
      io.stderr:write(text, "; waiting for it\n")
    end
  end)
  if not needed then begin() end
end

if host.native.command then run_command(host.native.command) else serve() end

return sched.dispatch
