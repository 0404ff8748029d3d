-- spec/lua/jobs_spec.lua -- jobs: one run at a time, under a lease that is renewed while they run.

local fake_host = require "fake_host"

local SCRIPT = [[
local jobs, task = require "human.jobs", require "human.task"
local seen = require("human.state").table "jobs"
local M = {}
function M.quick() seen.quick = (seen.quick or 0) + 1 end
function M.slow()
  seen.slow = (seen.slow or 0) + 1
  task.sleep(12)
end
function M.wrong() error "no" end
function M.stubborn()
  for _ = 1, 100 do
    pcall(task.sleep, 1)
    seen.stubborn = (seen.stubborn or 0) + 1
  end
end
local function work(name)
  while true do
    task.sleep(1)
    seen[name] = (seen[name] or 0) + 1
  end
end
local function chain()
  task.detach(work, "free")
  task.spawn(work, "grandchild")
  work "child"
end
function M.parent()
  seen.parents = (seen.parents or 0) + 1
  task.spawn(chain)
  work "parent"
end
function M.brief()
  seen.briefs = (seen.briefs or 0) + 1
  task.spawn(work, "spawned")
end
jobs.every("brief", 1, "api.work.brief")
jobs.every("parent", 1, "api.work.parent")
jobs.every("stubborn", 1, "api.work.stubborn")
jobs.every("quick", 2, "api.work.quick")
jobs.every("slow", 1, "api.work.slow")
jobs.every("wrong", 60, "api.work.wrong")
return M
]]

describe("a job", function()
  local app, seen, asked, away, lost

  before_each(function()
    asked, away, lost = {}, nil, nil
    app = fake_host.start()
    app:load { ["api/work.lua"] = SCRIPT }
    seen = require("human.state").table "jobs"
    seen.quick, seen.slow, seen.stubborn, seen.parents = 0, 0, 0, 0
    seen.parent, seen.child, seen.grandchild, seen.free, seen.briefs, seen.spawned = 0, 0, 0, 0, 0, 0
    app.on_query = function(sql, p)
      local what = sql:match "^insert" or sql:find("last_run_at", 1, true) and "done" or "renew"
      local name = p[1]
      asked[name] = asked[name] or {}
      table.insert(asked[name], { what = what, owner = p[2], error = what == "done" and p[3] or nil })
      if what == "renew" and lost then return lost() end
      if what == "done" and away then return nil, { code = "57P01", message = "away" } end
      return what == "insert" and { { name = name } } or { n = 1 }
    end
    require("human.jobs").run()
    app:settle()
  end)
  after_each(function()
    require("human.jobs").stop()
    app:stop()
  end)

  local function count(name, what)
    local n = 0
    for _, a in ipairs(asked[name] or {}) do if a.what == what then n = n + 1 end end
    return n
  end

  it("runs when it is due and gives its lease back", function()
    app:advance(6)
    assert.equal(seen.quick, count("quick", "insert"))
    assert.equal(seen.quick, count("quick", "done"))
    assert.is_true(seen.quick >= 3 and seen.quick <= 4)
  end)

  it("that takes long runs once, and keeps its lease", function()
    app:advance(11)
    assert.equal(1, seen.slow)
    assert.same({ 1, 2, 0 }, { count("slow", "insert"), count("slow", "renew"), count("slow", "done") })
    app:advance(4)
    assert.equal(2, seen.slow)
    assert.equal(1, count("slow", "done"))
  end)

  it("ends when another worker has its lease, and may run again", function()
    lost = function() return { n = 0 } end
    app:advance(6)
    assert.equal(2, seen.slow)                     -- it sleeps for 12 s, so the first was ended
    assert.equal(0, count("slow", "done"))
    local ended
    for _, line in ipairs(app.host.lines) do ended = ended or line.line:find "job ended: its lease was lost" end
    assert.truthy(ended)
  end)

  it("ends when its lease may have lapsed because the database is away", function()
    lost = function() return nil, { code = "57P01", message = "away" } end
    app:advance(11)
    assert.equal(1, seen.slow)
    assert.equal(1, count("stubborn", "insert"))
    app:advance(5)
    assert.is_true(seen.slow > 1)
    app:advance(10)                                -- three times told, 2 s apart, then left
    assert.equal(2, count("stubborn", "insert"))
    assert.equal(0, count("stubborn", "done"))
  end)

  it("ends with all that it started when its lease is lost, but for what has a lease of its own", function()
    local answer = app.on_query
    app.on_query = function(sql, p)
      if p[1] == "parent" and sql:match "^insert" then return {} end -- another worker has it
      return answer(sql, p)
    end
    app:advance(3)
    assert.equal(1, seen.parents)
    assert.is_true(seen.child >= 2 and seen.grandchild >= 2 and seen.parent >= 2)
    lost = function() return { n = 0 } end
    app:advance(6)                                 -- its renewal says that it is lost
    local before, free = { seen.parent, seen.child, seen.grandchild }, seen.free
    app:advance(10)
    assert.same(before, { seen.parent, seen.child, seen.grandchild })
    assert.is_true(seen.free > free)
  end)

  it("lasts as long as the tasks that it started: its lease is kept, and no other run begins", function()
    app:advance(11)
    assert.equal(1, seen.briefs)
    assert.same({ 1, 2, 0 }, { count("brief", "insert"), count("brief", "renew"), count("brief", "done") })
    assert.is_true(seen.spawned >= 10)
  end)

  it("whose lease could not be given back is taken again by the same worker", function()
    away = true
    app:advance(3)
    away = false
    local before = seen.quick
    app:advance(3)
    assert.is_true(seen.quick > before)
    assert.equal(asked.quick[1].owner, asked.quick[#asked.quick].owner)
  end)

  it("needs a name and a time between its runs", function()
    for _, args in ipairs { '5, 1, "api.x.run"', '"x", 0, "api.x.run"', '"x", -1, "api.x.run"', '"x", 0 / 0, "api.x.run"',
      '"x", math.huge, "api.x.run"', '"x", "1", "api.x.run"', '"x", nil, "api.x.run"' } do
      local ok, err = pcall(app.load, app, { ["api/x.lua"] = ('require("human.jobs").every(%s)\nreturn {}'):format(args) })
      assert.is_false(ok)
      assert.matches("^api/x.lua:1: jobs.every: ", err)
    end
  end)

  it("that fails says why", function()
    assert.equal("done", asked.wrong[2].what)
    assert.matches("no", asked.wrong[2].error)
  end)
end)
