-- spec/host/config_define_spec.lua -- settings that scripts define, as an operator meets them: `human config` and
-- `human check` with an operator's script, files, variables and flags.

local BINARY = io.popen("readlink /proc/" .. io.open("/proc/self/stat"):read "*n" .. "/exe"):read "*l"

local function write(path, text)
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
end

local function run(command)
  local p = assert(io.popen(command .. " 2>&1; echo \"exit $?\""))
  local text = p:read "*a"
  p:close()
  return (text:gsub("exit (%d+)\n$", "")), tonumber(text:match "exit (%d+)\n$")
end

describe("a setting that a script defines", function()
  local dir
  before_each(function()
    dir = os.tmpname()
    os.execute(("rm %s; mkdir -p %s/s/agent/shop"):format(dir, dir))
  end)
  after_each(function() os.execute("rm -r " .. dir) end)

  -- `human config` (or another command) with a script that has these lines.
  local function human(lines, file, variables, flags, command)
    write(dir .. "/s/agent/shop/config.lua", 'local config = require "human.config"\n' .. lines .. "\nreturn {}\n")
    write(dir .. "/human.json", file or "{}")
    local text, status = run(("env -i HOME=/tmp HUMAN_OVERRIDES='**' HUMAN_SCRIPTS=%s/s:scripts HUMAN_CONFIG=%s/human.json %s %s %s %s")
      :format(dir, dir, variables or "", BINARY, command or "config", flags or ""))
    return text:gsub(dir:gsub("%p", "%%%0") .. "/human.json", "FILE"), status
  end

  local function value_of(name, text) return text:match("\n" .. name:gsub("%p", "%%%0") .. " += (.-)   %(") end

  local OPEN_S = 'config.define("shop.open_s", { type = "int", default = 60, min = 1, max = 3600, text = "how long" })'

  it("comes from the file, the environment and the command line, the last one strongest", function()
    local file = '{"shop": {"open_s": "2m"}}'
    assert.equal("60", value_of("shop.open_s", (human(OPEN_S))))
    assert.equal("2m (120)", value_of("shop.open_s", (human(OPEN_S, file))))
    assert.equal("30s (30)", value_of("shop.open_s", (human(OPEN_S, file, "HUMAN_SHOP_OPEN_S=30s"))))
    local text = human(OPEN_S, file, "HUMAN_SHOP_OPEN_S=30s", "--set shop.open_s=7")
    assert.truthy(text:find("shop.open_s +=%s7   %(%-%-set%)"), text)
  end)

  it("may be a list, an object, a choice, a truth, a number and a text", function()
    local lines = [[
      config.define("shop.names", { type = "list", text = "x" })
      config.define("shop.servers", { type = "object", text = "x" })
      config.define("shop.kind", { type = "text", enum = { "a", "b" }, text = "x" })
      config.define("shop.on", { type = "bool", text = "x" })
      config.define("shop.rate", { type = "number", text = "x" })
      config.define("shop.open_bytes", { type = "int", default = 7, text = "x" })
      local c = config.shop
      config.define("shop.told", { type = "text", default = ("%s %s %s %s %s"):format(
        c.names[1], c.servers["a.b"] and c.servers["a.b"].list[2], c.kind, tostring(c.on), c.rate), text = "x" })]]
    local text = human(lines, [[{"shop": { // comments
      "names": ["x", /* and */ "y",], "kind": "b", "on": true, "rate": 0.25, "open_bytes": "64k",
      "servers": {"a.b": {"list": [1, {"z": null}], "deep": {"er": "x"}}} }}]])
    assert.equal('["x","y"]', value_of("shop.names", text))
    assert.equal("b", value_of("shop.kind", text))
    assert.equal("true", value_of("shop.on", text))
    assert.equal("0.25", value_of("shop.rate", text))
    assert.equal("64k (65536)", value_of("shop.open_bytes", text))
    assert.truthy(text:find('"deep":{"er":"x"}', 1, true), text)
    assert.truthy(value_of("shop.told", text):find("x table: b true 0.25", 1, true)
      or value_of("shop.told", text):find("b true 0.25", 1, true), text)
    text = human(lines, nil, "HUMAN_SHOP_NAMES='p, q' HUMAN_SHOP_ON=1")
    assert.equal('["p","q"]', value_of("shop.names", text))
    assert.equal("true", value_of("shop.on", text))
  end)

  it("that is wrong refuses the start, and names file, key and what is expected", function()
    for _, case in ipairs {
      { '{\n"shop": {"open_s": 3601}}', "FILE:2: shop.open_s: must be a whole number from 1 to 3600, or like 30s, 5m or 1d" },
      { '{"shop": {"open_s": "5 weeks"}}', "FILE:1: shop.open_s: must be a whole number" },
      { '{"shop": {"open_s": true}}', "FILE:1: shop.open_s: must be a number" },
      { '{"shop": {"open_s": [1]}}', "FILE:1: shop.open_s: must be a number" },
      { '{"shop": {"opens": 1}}', 'FILE:1: unknown setting "shop.opens" (did you mean "shop.open_s"?)' },
      { '{"shop": {"open_s": 1}, "chop": {}}', 'FILE:1: unknown setting "chop"' },
      { '{"shop": {"open_s": 1,\n"open_s": 2}}', "FILE:2: shop.open_s: is set twice, in line 1 as well" },
      { '{"agent": {"max_actions": 65}}', "FILE:1: agent.max_actions: must be a whole number from 1 to 64" },
      { '{"llm": {"provider": "opnai"}}', "FILE:1: llm.provider: must be one of auto, openai, anthropic" },
      { '{"llm": {"model": 4}}', "FILE:1: llm.model: must be a text in quotes" },
      { '{"llm": {"model": "x\255"}}', "FILE:1: llm.model: must be UTF-8" },
    } do
      local text, status = human(OPEN_S, case[1])
      assert.truthy(text:find(case[2], 1, true), text)
      assert.equal(2, status, text)
      assert.not_equal(0, (select(2, human(OPEN_S, case[1], nil, nil, "check"))))
    end
    assert.matches("HUMAN_SHOP_OPEN_S: shop.open_s: must be", (human(OPEN_S, nil, "HUMAN_SHOP_OPEN_S=x")))
    assert.matches('%-%-set: unknown setting "shop.opens"', (human(OPEN_S, nil, nil, "--set shop.opens=1")))
  end)

  it("is told of all mistakes at once", function()
    local text = human(OPEN_S, '{"shop": {"open_s": 0}, "x": 1, "llm": {"max_retries": 11}}')
    assert.equal(3, select(2, text:gsub("FILE:1: ", "")), text)
  end)

  it("is one of 1000 at most", function() -- limit: settings of scripts
    local many = 'for i = 1, %d do config.define("shop.n" .. i, { type = "bool", text = "x" }) end'
    local text, status = human(many:format(1100), nil, nil, nil, "check")
    assert.equal(1, status)
    assert.truthy(text:find("there are 1000 already", 1, true), text)
  end)

  it("may be absent, null, or an empty group", function()
    for _, file in ipairs { "{}", '{"shop": {}}', '{"shop": null}', '{"shop": {"open_s": null}}', '{"database": {}}' } do
      assert.equal("60", value_of("shop.open_s", (human(OPEN_S, file))), file)
    end
  end)

  it("that is defined wrongly refuses the scripts, with the line", function()
    for _, case in ipairs {
      { 'config.define("shop.x", {})', "type must be text, int" },
      { 'config.define("shop.x", { type = "int" })', "text must say what it is" },
      { 'config.define("shop.x", { type = "int", text = "x", defualt = 1 })', "there is no field defualt" },
      { 'config.define("shop.x", { type = "int", text = "x", default = 5, max = 4 })', "shop.x: the default must be a whole number" },
      { 'config.define("Shop.x", { type = "int", text = "x" })', "a name is like" },
      { 'config.define("database.pool", { type = "int", text = "x" })', "database.pool is a setting of the host" },
      { 'config.define("port.x", { type = "int", text = "x" })', "port is a setting itself" },
      { 'config.define("agent", { type = "object", text = "x" })', "agent: there is agent." },
      { OPEN_S .. "\n" .. OPEN_S, "agent/shop/config.lua:2 already" },
      { 'config.define("shop.x", { type = "int", text = "x", secret = true })', "a secret is a text" },
      { 'local x = config.shop', "no such setting: shop" },
    } do
      local text, status = human(case[1], nil, nil, nil, "check")
      assert.equal(1, status)
      assert.truthy(text:find(case[2], 1, true), text)
      assert.truthy(text:find("agent/shop/config.lua:%d"), text)
    end
  end)

  it("that is secret is never shown, nor read by scripts", function()
    local line = 'config.define("shop.token", { type = "text", secret = true, text = "x", env = "SHOP_TOKEN" })\n'
    local text = human(line, '{"shop": {"token": "sk-visible"}}')
    assert.equal("(set, not shown)", value_of("shop.token", text))
    assert.is_nil(text:find "visible")
    assert.equal("(set, not shown)", value_of("shop.token", (human(line, nil, "SHOP_TOKEN=x"))))
    assert.equal("(not set)", value_of("shop.token", (human(line))))
    assert.truthy(human(line .. "local x = config.shop.token", nil, "SHOP_TOKEN=x", nil, "check"):find "no such setting: shop")
  end)

  it("need not be known to a warning about variables", function()
    local text = human(OPEN_S, nil, "HUMAN_SHOP_OPENS=1 HUMAN_AGENT_MAX_ACTION=2")
    assert.truthy(text:find("unknown setting HUMAN_SHOP_OPENS (did you mean HUMAN_SHOP_OPEN_S?) is ignored", 1, true), text)
    assert.truthy(text:find("unknown setting HUMAN_AGENT_MAX_ACTION (did you mean HUMAN_AGENT_MAX_ACTIONS?) is ignored", 1, true))
  end)
end)

describe("the gateway's block", function()
  it("is accepted as the reference prints it, and listens on this machine only", function()
    local path = os.tmpname()
    local block = [[{
"gateway": {
"enabled": true,
"port": 3111,
"host": "::",
"require_pairing": false,
"allow_public_bind": PUBLIC,
"pair_rate_limit_per_minute": 60,
"webhook_hmac_secret": null,
"control_ui_dir": null,
"cors_origins": []
}
}]]
    local function config(public, flags)
      write(path, (block:gsub("PUBLIC", public)))
      return run(("env -i HOME=/tmp HUMAN_CONFIG=%s %s config %s"):format(path, BINARY, flags or ""))
    end
    local text, status = config("false")
    assert.equal(0, status)
    assert.truthy(text:find('\nport += 3111 ') and text:find 'host += "127.0.0.1" ', text)
    assert.truthy(config("true"):find 'host += "::" ')
    text = config("true", "--port 3112 --host ::1")
    assert.truthy(text:find('\nport += 3112 ') and text:find 'host += "::1" ', text)
    write(path, '{"port": 3000, "gateway": {"port": 3001}}')
    text, status = run(("env -i HOME=/tmp HUMAN_CONFIG=%s %s config"):format(path, BINARY))
    assert.truthy(text:find("gateway.port: must not differ from port (3000)", 1, true), text)
    assert.equal(2, status)
    os.remove(path)
  end)
end)
