-- spec/lua/gen_spec.lua -- what refuses a load, and with which message.

local fake_host = require "fake_host"

local API = 'local api, s = require "human.api", require "human.schema"\nlocal g = api.group { auth = false }\n'
local ROUTE = 'g:get("/x", { summary = "X", reply = { [200] = s.bool } }, function() return 200, true end)'
  .. "\n"
local END = "return {}\n"

describe("a generation", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function refusal(files)
    local ok, err = pcall(app.load, app, files)
    assert.is_false(ok)
    assert.is_nil(require("human.scripts.generation").building())
    assert.is_nil(require("human.scripts.generation").current())
    return err
  end

  local function says(want, files)
    local err = refusal(files)
    assert.is_truthy(err:find(want, 1, true), err)
  end

  it("loads every API file, rules and what they require, once", function()
    local g = app:load { ["api/a.lua"] = API .. ROUTE .. 'require "agent.b"\n' .. END,
      ["api/local/c.lua"] = 'require "agent.b"\n' .. END, ["agent/b.lua"] = END, ["agent/unused.lua"] = "error 'x'",
      ["agent/rules/r.lua"] = END }
    assert.equal("GET /x", g.routes[1].title)
    assert.is_table(g.loaded["agent.b"])
    assert.is_table(g.loaded["agent.rules.r"])
    assert.is_nil(g.loaded["agent.unused"])
  end)

  it("refuses globals with the line of the script", function()
    says("api/a.lua:1: assignment to global 'x'", { ["api/a.lua"] = "x = 1 return {}" })
    says("api/a.lua:2: undefined global 'y'", { ["api/a.lua"] = "local a\na = y return {}" })
  end)

  it("refuses modules that return no table", function()
    says("api/a.lua: must return a table, returned nothing", { ["api/a.lua"] = "local x = 1" })
    says("api/a.lua: must return a table, returned number", { ["api/a.lua"] = "return 1" })
  end)

  it("refuses syntax errors and bytecode", function()
    says("api/a.lua:1:", { ["api/a.lua"] = "return {" })
    says("attempt to load", { ["api/a.lua"] = string.dump(function() return {} end) })
  end)

  it("refuses require loops and shows the way round", function()
    says("agent/b.lua: require loop: agent.a -> agent.b -> agent.a", {
      ["api/x.lua"] = 'return require "agent.a"',
      ["agent/a.lua"] = 'return require "agent.b"', ["agent/b.lua"] = 'return require "agent.a"' })
  end)

  it("refuses modules that do not exist or are not for scripts", function()
    says("api/a.lua:2: module 'agent.nope' not found: no agent/nope.lua",
      { ["api/a.lua"] = '\nrequire "agent.nope"' })
    for _, name in ipairs { "human.core.host", "human.core.sched", "human.scripts.generation" } do
      says("module '" .. name .. "' is not for scripts", { ["api/a.lua"] = ("require %q"):format(name) })
    end
    local machine = { "ffi", "io", "os", "debug", "package", "jit", "string.buffer", "cjson", "busted" }
    for _, name in ipairs(machine) do
      says("module '" .. name .. "' not found", { ["api/a.lua"] = ("require %q"):format(name) })
    end
  end)

  it("refuses a route that is declared twice, naming both places", function()
    says("api/b.lua:3: duplicate route GET /x, first declared at api/a.lua:3",
      { ["api/a.lua"] = API .. ROUTE .. END, ["api/b.lua"] = API .. ROUTE .. END })
  end)

  it("refuses routes that are declared wrongly, with their place", function()
    for spec, why in pairs {
      ['{ summary = "X", reply = { [200] = s.bool }, querry = {} }'] = "unknown key 'querry'",
      ["{ reply = { [200] = s.bool } }"] = "needs a summary", ['{ summary = "X" }'] = "reply",
      ['{ summary = "X", reply = { [200] = s.bool }, errors = { "nope" } }'] = "error code 'nope'",
      ['{ summary = "X", reply = { [200] = s.bool }, auth = "nobody" }'] = "no authenticator named 'nobody'",
      ['{ summary = "X", reply = { [200] = s.bool }, params = { id = s.id } }'] = "the path has no {id}",
      ['{ summary = "X", reply = { [99] = s.bool } }'] = "status 99",
      ['{ summary = "X", reply = { [200] = {} } }'] = "schema",
      ['{ summary = "X", reply = { [200] = s.bool }, limit = { rate = 0, burst = 1 } }'] = "limit needs rate",
      ['{ summary = "X", reply = { [200] = s.bool }, body = {} }'] = "body: must be a schema",
    } do
      local script = API .. 'g:get("/x", ' .. spec .. ", function() end)\n" .. END
      says("api/a.lua:3: ", { ["api/a.lua"] = script })
      says(why, { ["api/a.lua"] = script })
    end
  end)

  it("refuses jobs that name nothing", function()
    says("job sweep: agent.b.nope names no function", { ["agent/b.lua"] = "return {}",
      ["api/a.lua"] = 'require("human.jobs").every("sweep", 60, "agent.b.nope") return {}' })
  end)

  it("refuses a catalogue that the runtime cannot use", function()
    says("api/errors.lua: the runtime needs the code 'internal'", { ["api/errors.lua"] = "return {}" })
    says("api/errors.lua: x needs a status",
      { ["api/errors.lua"] = "return { x = { status = 200, message = '' } }" })
  end)

  it("gives a catalogue that was made before a code came the code of the one behind it", function()
    local file = assert(io.open "scripts/api/errors.lua")
    local shipped = file:read "*a"
    file:close()
    local g = app:load { ["shipped:api/errors.lua"] = shipped,
      ["api/errors.lua"] = "return { internal = { status = 503, message = 'mine' } }" }
    assert.same({ "mine", "Not found" }, { g.errors.internal.message, g.errors.not_found.message })
  end)

  it("keeps the one in service when the next is refused", function()
    local g = app:load { ["api/a.lua"] = API .. ROUTE .. END }
    assert.is_false(pcall(app.load, app, { ["api/a.lua"] = "x = 1" }))
    assert.equal(g, require("human.scripts.generation").current())
    assert.equal(200, app:request({ path = "/x" }).status)
  end)

  it("takes declarations only while it is being built", function()
    local route = 'g:get("/x", { summary = "X", reply = { [200] = s.bool } }, function() api.group {} end)\n'
    app:load { ["api/a.lua"] = API .. route .. END }
    assert.equal(500, app:request({ path = "/x" }).status)
    assert.matches("api.group: only while scripts are loading", app.host.lines[#app.host.lines].line)
  end)
end)
