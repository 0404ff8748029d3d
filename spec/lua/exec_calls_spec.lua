-- spec/lua/exec_calls_spec.lua -- calls of human.exec: what is refused, what the log says of them, who has none.

local exec = require "human.exec"
local log = require "human.log"

describe("human.exec", function()
  it("says what is wrong with a call", function()
    local function message(...) return select(2, pcall(exec.run, ...)) end
    for _, case in ipairs {
      { { "ls -l" }, "argv must be a list" }, { { {} }, "name a program" }, { { { "ls", 1 } }, "argv%[2%]" },
      { { { "./x" } }, "absolute path" }, { { { "a\0b" } }, "NUL" }, { { { "ls" }, { shell = true } }, "no 'shell'" },
      { { { "ls" }, { env = { ["A=B"] = "1" } } }, "env" }, { { { "ls" }, { limits = { gpu = 1 } } }, "no 'gpu'" },
      { { { "ls" }, { sandbox = { net = false } } }, "no 'net'" }, { { { "ls" }, { timeout_s = 0 } }, "timeout_s" },
      { { { "ls" }, { sandbox = "none" } }, "sandbox" }, { { { "ls" }, { overflow = "x" } }, "overflow" },
    } do
      local argv, options = unpack(case[1])
      assert.truthy(tostring(message(argv, options)):find(case[2]), case[2] .. ": " .. tostring(message(argv, options)))
    end
  end)

  it("logs which program, and nothing of its environment, arguments or input", function()
    local said, real = {}, log.debug
    log.debug = function(text, fields) said[#said + 1] = text .. require("cjson").encode(fields) end
    exec.run({ "sh", "-c", "echo hush1" }, { env = { TOKEN = "hush2" }, stdin = "hush3" })
    log.debug = real
    local text = table.concat(said)
    assert.truthy(text:find('"sh"', 1, true))
    assert.falsy(text:find "hush" or text:find "TOKEN")
  end)

  it("is not for rules", function()
    local generation_rules = require "human.scripts.sandbox"
    assert.is_table((generation_rules.trusted "human.exec"))
    local env = generation_rules.rules(function(name) error("a rule may require rules only: " .. name, 0) end, {})
    assert.is_false((pcall(function() return env.exec end)))
  end)
end)
