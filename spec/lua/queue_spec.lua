-- spec/lua/queue_spec.lua -- errors in declarations and calls name the script's line; runs of a kind within one worker.

local fake_host = require "fake_host"

describe("human.queue and human.outbox", function()
  local app

  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function load(line)
    return pcall(app.load, app, { ["api/x.lua"] = ([[
local queue, outbox = require "human.queue", require "human.outbox"
local M = {}
function M.fn() end
%s
return M]]):format(line) })
  end

  it("refuse a declaration that means nothing, with its line", function()
    for line, why in pairs {
      ['queue.define("a b", "api.x.fn")'] = "the kind must be a text",
      ['queue.define(("k"):rep(101), "api.x.fn")'] = "the kind must be a text",
      ['queue.define("k", "api.x.fn", { concurrency = 0 })'] = "concurrency of k must be a whole number of 1 to 1000",
      ['queue.define("k", "api.x.fn", { lease_s = 1 })'] = "lease_s of k must be a whole number of 5 to 3600",
      ['queue.define("k", "api.x.fn", { attempts = "3" })'] = "attempts of k must be",
      ['queue.define("k", "api.x.fn", { timeout_s = 0 / 0 })'] = "timeout_s of k must be",
      ['queue.define("k", "api.x.fn", { backoff = { 1, -2 } })'] = "backoff of k must be",
      ['queue.define("k", "api.x.fn", { backoff = { frist_s = 1 } })'] = "backoff of k must be",
      ['queue.define("k", "api.x.fn", { per_key = 1 })'] = "per_key of k must be true or false",
      ['queue.define("k", "api.x.fn", { retries = 1 })'] = "k has no option 'retries'",
      ['queue.define("k", "api.x.fn") queue.define("k", "api.x.fn")'] = "a kind named k exists already",
      ['queue.add(nil, "k")'] = "a transaction or human.db is needed",
      ['queue.add({}, "k")'] = "a transaction or human.db is needed",
      ['queue.add(require "human.db", "k")'] = "no script defines the kind 'k'", -- so human.db will do
      ['outbox.on("", "api.x.fn")'] = "the topic must be a text",
      ['outbox.on("t", "api.x.fn") outbox.on("t", "api.x.fn")'] = "api.x.fn follows t already",
    } do
      local ok, err = load(line)
      assert.is_false(ok, line)
      assert.matches("^api/x.lua:4: ", err)
      assert.is_truthy(err:find(why, 1, true), err)
    end
  end)

  it("refuse a function that is none, and a declaration after loading", function()
    for _, line in ipairs { 'queue.define("k", "api.x.nothing")', 'outbox.on("t", "api.x.nothing")',
                            'outbox.on("t", "api.x.fn", "api.x.nothing")' } do
      local ok, err = load(line)
      assert.is_false(ok)
      assert.matches("api.x.nothing names no function of a script", err)
    end
    assert.is_true((load ""))
    assert.has_error(function() require("human.queue").define("k", "api.x.fn") end,
      "queue.define: only while scripts are loading")
  end)

  it("take 32 consumers of a topic", function() -- limit: outbox consumers
    local lines = {}
    for i = 1, 33 do lines[i] = ('M.f%d = M.fn outbox.on("t", "api.x.f%d")'):format(i, i) end
    local ok, err = load(table.concat(lines, " "))
    assert.is_false(ok)
    assert.matches("t has 32 consumers, as many as may be", err)
  end)

  describe("add", function()
    local queue, db

    before_each(function()
      assert.is_true((load 'queue.define("k", "api.x.fn") outbox.on("t", "api.x.fn")'))
      queue, db = require "human.queue", require "human.db"
    end)

    local function refused(...)
      local ok, err = pcall(queue.add, ...)
      assert.is_false(ok)
      return err
    end

    it("refuses what could not be found again, or run", function()
      assert.matches("no script defines the kind 'other'", refused(db, "other"))
      assert.matches("the key must be nil or a text of 1 to 500 bytes", refused(db, "k", ""))
      assert.matches("the key must be nil or a text", refused(db, "k", 5))
      assert.matches("due_at must be nil", refused(db, "k", "a", "tomorrow"))
      assert.matches("due_at must be nil", refused(db, "k", "a", 3600))
      assert.matches("cannot be written as JSON", refused(db, "k", "a", nil, { f = print }))
      assert.matches("without NUL", refused(db, "k", "a\255"))
      assert.matches("is not UTF%-8, or contains NUL", refused(db, "k", "a", nil, { t = "a\0b" }))
      assert.matches("is not UTF%-8, or contains NUL", refused(db, "k", "a", nil, { t = "a\255b" }))
      assert.equal([[{"t":"C:\\u0000"}]], require("human.queue.rows").payload("add", { t = "C:\\u0000" }))
      assert.matches("unique is", refused(db, "k", nil, nil, nil, { unique = "first" }))
      assert.matches("unique is", refused(db, "k", "a", nil, nil, { unique = true }))
    end)

    it("refuses a payload of more than 256 KB", function() -- limit: queue payload
      assert.matches("larger than 262144 bytes", refused(db, "k", nil, nil, ("x"):rep(262144)))
      assert.matches("larger than 262144 bytes", select(2, pcall(require("human.outbox").put, db, "t", nil, ("x"):rep(262144))))
    end)
  end)
end)
