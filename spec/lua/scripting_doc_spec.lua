-- spec/lua/scripting_doc_spec.lua -- docs/scripting.md lists what scripts see, all of it and nothing else.

local doc = dofile "etc/scripting_doc.lua"
local fake_host = require "fake_host"

local function read(path)
  local f = assert(io.open(path))
  local text = f:read "*a"
  f:close()
  return text
end

-- The words in backquotes of the paragraph that begins with `label`.
local function listed(page, label)
  local words = {}
  local paragraph = assert(page:match("\n" .. label .. ": (.-)\n\n"), label)
  for word in paragraph:gmatch "`([%w_.]+)`" do words[#words + 1] = word end
  table.sort(words)
  return words
end

local function names(env)
  local list = {}
  local behind = require("human.scripts.sandbox").behind
  for name, value in pairs(behind(env)) do
    if name == "os" then
      for member in pairs(behind(value)) do list[#list + 1] = "os." .. member end
    else
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

describe("docs/scripting.md", function()
  local app, sandbox, page

  setup(function()
    app = fake_host.start()
    sandbox = require "human.scripts.sandbox"
    page = read "docs/scripting.md"
  end)
  teardown(function() app:stop() end)

  it("has the reference that the comments make (make docs writes it)", function()
    assert.is_true(doc.page(sandbox.hidden) == page)
  end)

  it("can be written without the host", function()
    local p = io.popen '"$(command -v luajit luajit2 | head -n 1)" etc/scripting_doc.lua'
    local written = p:read "*a"
    p:close()
    assert.is_true(written == page)
  end)

  it("describes every module that scripts may require", function()
    local described = {}
    for i, name in ipairs(doc.modules) do described[i] = "human." .. name end
    local public = {}
    for path in io.popen("ls host/lua/*.lua"):lines() do
      local name = "human." .. path:match "([%w_]+)%.lua$"
      if sandbox.trusted(name) then public[#public + 1] = name end
    end
    table.sort(described)
    assert.same(public, described)
  end)

  for _, name in ipairs(doc.modules) do
    it("describes all that scripts see of human." .. name, function()
      local mod = require("human." .. name)
      if name == "config" or type(mod) ~= "table" then return end -- settings, and the function fetch
      local hidden, described, seen = sandbox.hidden["human." .. name] or {}, {}, {}
      for _, e in ipairs(doc.exports(read("host/lua/" .. name .. ".lua"), "M.")) do
        if not hidden[e.name] then
          described[e.name] = true
          assert.is_true(e.comment ~= "", name .. "." .. e.name .. " needs a comment")
        end
      end
      for key in pairs(mod) do
        if not hidden[key] then seen[key] = true end
      end
      assert.same(seen, described)
    end)
  end

  for _, object in ipairs(doc.objects) do
    it("describes the methods of " .. object[1], function()
      local methods = doc.methods(object)
      assert.is_true(#methods > 0)
      for _, e in ipairs(methods) do assert.is_true(e.comment ~= "", e.name .. " needs a comment") end
    end)
  end

  it("lists the globals of scripts and of rules", function()
    local function none() end
    assert.same(names(sandbox.new(none)), listed(page, "Scripts"))
    assert.same(names(sandbox.rules(none, require("human.scripts.rules").verdicts)), listed(page, "Rules"))
  end)

  it("lists the members of ctx", function()
    local members = { "actor" }
    for name in read("host/lua/http/ctx.lua"):gmatch "\nfunction lazy%.([%w_]+)" do members[#members + 1] = name end
    table.sort(members)
    assert.same(members, listed(page, "Members"))
  end)

  it("names every key of a route's declaration", function()
    local route = read "host/lua/http/route.lua"
    local text = page:match "\nKeys of the second argument.-\n\n"
    local count = 0
    for words in route:gmatch 'COMMON[ =.]+"(.-)"' do
      for key in words:gmatch "%S+" do
        count = count + 1
        assert.truthy(text:find("`" .. key .. "`", 1, true), key)
      end
    end
    assert.is_true(count > 20)
  end)

  it("does not let scripts see what is the runtime's alone", function()
    local jobs = sandbox.trusted "human.jobs"
    assert.is_nil(jobs.stop)
    assert.is_function(jobs.every)
    for name, hidden in pairs(sandbox.hidden) do
      for key in pairs(hidden) do assert.is_not_nil(require(name)[key], name .. "." .. key) end
    end
  end)
end)
