-- host/lua/cli/demo.lua -- `human demo market`: an economy of offline agents, live, on a server that is made for it.

local cast_of = require "human.cli.demo_cast"
local cli = require "human.cli.words"
local client = require "human.cli.demo_client"
local events = require "human.cli.demo_events"
local host = require "human.core.host"
local json = require "human.json"
local play = require "human.cli.demo_play"
local remote = require "human.cli.remote"
local sched = require "human.core.sched"
local server = require "human.cli.demo_server"
local sum = require "human.cli.demo_sum"
local tasks = require "human.cli.demo_tasks"

local M = {}

local FLAGS = { ["--rounds"] = "N", ["--seconds"] = "N", ["--seed"] = "N", ["--url"] = "URL", ["--keep"] = true,
                ["--json"] = true }
local ROUNDS, ROUNDS_MAX, SECONDS_MAX, SEED_MAX = 8, 1000, 86400, 2 ^ 31 - 1
local PAUSE_S, QUIET_S, INTERRUPTED = 1, 1.5, 130

local o, problems = nil, {}

-- ---- printing ---------------------------------------------------------------------------------------------------

local function write(text)
  if io.stdout:write(text, "\n") and io.stdout:flush() then return end
  server.abandon()
  host.native.exit(1)                            -- nobody reads it any more
end

-- A line for people, which JSON has no place for.
local function say(text)
  if not o.json then write(remote.plain(text)) end
end

local function show(event)
  if o.json then return write(json.encode_sorted(event, { "after_s", "deal", "event", "text" })) end
  if event.text then
    say(("%6.1fs  %-4s %s"):format(event.after_s, event.deal and "#" .. event.deal or "", event.text))
  end
end

local function note(problem)
  local text = type(problem) == "table" and problem.say or tostring(problem)
  problems[#problems + 1] = text
  if not o.json then io.stderr:write("human demo: ", remote.plain(text), "\n") end
end

-- ---- the economy --------------------------------------------------------------------------------------------------

-- The task fn(..), whose failure is noted; done.n counts it.
local function spawn(done, fn, ...)
  done.begun = done.begun + 1
  local me, args = sched.current(), { ... }
  sched.spawn(function()
    local ok, err = pcall(fn, unpack(args))
    if not ok then note(err) end
    done.n = done.n + 1
    sched.wake(me)
  end)
end

local function await_all(done)
  while done.n < done.begun do sched.suspend() end
end

-- The buyers take the requests in turn, each one after the other.
local function buy(cast, deals, first, until_at)
  for n = first, o.rounds, #cast.buyers do
    if host.clock() > until_at then return end
    if n > first then sched.sleep(PAUSE_S) end
    local deal, why = play.deal(cast, cast.buyers[first], tasks.request(o.seed, n))
    deals[#deals + 1] = deal
    if why then note(why) end
  end
end

local function trade(cast)
  local deals, done = {}, { n = 0, begun = 0 }
  local until_at = host.clock() + (o.seconds or SECONDS_MAX)
  for first = 1, #cast.buyers do spawn(done, buy, cast, deals, first, until_at) end
  await_all(done)
  if cast.own then play.use_tool(cast) end
  for _, actor in ipairs(cast.all) do
    if actor.role == "seller" or actor.role == "provider" then play.pay_out(actor) end
  end
  events.settle(QUIET_S)
  return deals
end

local function finish(cast, deals)
  local rows, kept_cents = sum.table(cast, deals)
  local said, are_right = nil, true
  if cast.own then said, are_right = sum.books() end
  if o.json then
    write(json.encode_sorted({ event = "end", rows = json.array(rows), kept_cents = kept_cents, deals = #deals,
                               seed = o.seed, books = said, books_are_right = cast.own and are_right or nil,
                               problems = json.array(problems), kinds = events.counts }, { "event" }))
  else
    say ""
    for _, line in ipairs(sum.lines(rows, kept_cents)) do say(line) end
    say(cast.own and "\nhuman ledger check: " .. said or "\nThe books are the server's: `human ledger check` there.")
  end
  return #problems == 0 and are_right and 0 or 1
end

local function run(own)
  say((own and "The marketplace is at %s; its money is play, its agents work by built-in rules. Ctrl-C ends it."
    or "On the marketplace at %s."):format(client.url))
  local cast = cast_of.enter(own, events.watch)
  if not own and not cast.admin then say "Nobody here may decide a dispute: it stays open (HUMAN_MARKET_ADMIN_KEY)." end
  return finish(cast, trade(cast))
end

-- ---- starting -------------------------------------------------------------------------------------------------------

local function number(name, default, least, most)
  local text = o[name]
  if not text then return default end
  local value = text:find "^%d+$" and #text <= 10 and tonumber(text)
  if not value or value < least or value > most then
    cli.misused("demo", ("--%s must be a whole number from %d to %d"):format(name, least, most))
  end
  return value
end

local function parse(args)
  local words
  words, o = cli.parse("demo", args, FLAGS)
  cli.count("demo", words, { "market" }, 1, 1)
  if words[1] ~= "market" then
    cli.misused("demo", "unknown demo: " .. words[1] .. cli.suggest(words[1], { "market" }))
  end
  if o.url and not o.url:find "^https?://[^/]" then cli.misused("demo", "--url must be like http://localhost:3000") end
  if o.url and o.keep then cli.misused("demo", "--keep and --url do not go together: that server stays anyway") end
  o.rounds, o.seconds = number("rounds", ROUNDS, 1, ROUNDS_MAX), number("seconds", nil, 1, SECONDS_MAX)
  o.seed = number("seed", math.floor(host.time() * 1000) % SEED_MAX, 0, SEED_MAX)
end

local function on_stop()
  events.stop()
  io.stderr:write "\nhuman demo: interrupted\n"
  server.abandon()
  host.native.exit(INTERRUPTED)
end

local function open()
  if o.url then
    client.url = o.url:match "^.*[^/]"
    return nil
  end
  say(("Seed %d. Starting a server of its own .."):format(o.seed))
  local own = server.start(o.keep)
  client.url = own.url
  return own
end

--- Runs the demo; returns the exit status.  Awaits.
function M.run(args)
  parse(args)
  sched.on_event(host.EV.STOP, on_stop)
  local own = open()
  events.begin(show, note)
  local ok, result = pcall(run, own ~= nil)
  events.stop()
  server.stop()
  if own and o.keep then
    say(("Kept in %s. HUMAN_CONFIG=%s/human.json human gateway starts it again; with the same, `human ledger export`, "
      .. "`human ledger explain ID`, `human rules replay`, .. look into it."):format(own.dir, own.dir))
  end
  if not ok then error(result, 0) end
  return result
end

return M
