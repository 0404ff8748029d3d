-- spec/host/conf_spec.lua -- settings as an operator meets them: `human config` with files, variables
-- and flags.  The binary under test is the one that runs this spec.

local BINARY = io.popen("readlink /proc/" .. io.open("/proc/self/stat"):read "*n" .. "/exe"):read "*l"

-- Runs `human config` with nothing but `variables`; output and errors together.
local function config(file, variables, flags)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(file or "{}")
  f:close()
  local p = assert(io.popen(("env -i HOME=/tmp HUMAN_CONFIG=%s %s %s config %s 2>&1"):format(
    path, variables or "", BINARY, flags or "")))
  local text = p:read "*a"
  p:close()
  os.remove(path)
  return (text:gsub(path:gsub("%p", "%%%0"), "FILE"))
end

local function value_of(name, text)
  return text:match("\n?" .. name:gsub("%p", "%%%0") .. " += (.-)   %(")
end

describe("settings", function()
  it("come from the file, the environment and the command line, the last one strongest", function()
    local file = '{ // comment\n "port": 3100, "agent_port": 0, "database": { "pool": 3, }, /* c */ }'
    local text = config(file, "HUMAN_PORT=3200 HUMAN_DATABASE_POOL=4", "--port 3300")
    assert.equal("3300", value_of("port", text))
    assert.equal("4", value_of("database.pool", text))
    assert.equal("0", value_of("agent_port", text))
    assert.truthy(text:find("(--port)", 1, true))
    assert.truthy(text:find("(HUMAN_DATABASE_POOL)", 1, true))
    assert.truthy(text:find("(FILE:2)", 1, true))
  end)

  it("never show a secret", function()
    local text = config('{"secrets": {"openai": "sk-visible"}}', "DATABASE_URL=postgres://u:visible@h/d")
    assert.is_nil(text:find("visible", 1, true))
    assert.equal("(set, not shown)", value_of("database.url", text))
    assert.equal("(not set)", value_of("secrets.gemini", text))
  end)

  it("may be files that systemd hands over, which the environment overrules", function()
    local dir = os.tmpname()
    os.execute(("rm %s; mkdir %s; echo t0 >%s/human_admin; printf k >%s/openai"):format(dir, dir, dir, dir))
    local text = config(nil, "CREDENTIALS_DIRECTORY=" .. dir .. " OPENAI_API_KEY=other")
    os.execute("rm -r " .. dir)
    assert.truthy(text:find("api.admin_token +=[^\n]+%(credential human_admin%)"), text)
    assert.truthy(text:find("secrets.openai +=[^\n]+%(OPENAI_API_KEY%)"), text)
    assert.equal("(not set)", value_of("secrets.gemini", text))
  end)

  local refused = {
    { '{\n"database": {"pool": 65}}', nil, nil,
      "FILE:2: database.pool: must be a whole number from 1 to 64" },
    { '{"database": {"pool": 1.5}}', nil, nil, "from 1 to 64" },
    { '{"databse": {"pool": 2}}', nil, nil,
      'FILE:1: unknown setting "databse.pool" (did you mean "database.pool"?)' },
    { '{"port": "3000"}', nil, nil, "FILE:1: port: must be a number" },
    { '{"jit": 1}', nil, nil, "FILE:1: jit: must be true or false" },
    { '{"host": 1}', nil, nil, "FILE:1: host: must be a text in quotes" },
    { '{"log": {"level": "loud"}}', nil, nil, "log.level: must be one of error, warn, info, debug" },
    { '{"workers": 17}', nil, nil, 'workers: must be "auto" or a whole number from 1 to 16' },
    { '{"port": 3000', nil, nil, "FILE:1: expected , or } after a setting" },
    { '{"host": "a\n"}', nil, nil, 'FILE:1: this text does not end on its line' },
    { '{\n/* ', nil, nil, "FILE:2: this comment does not end" },
    { '{"host": "\\ud800"}', nil, nil, "FILE:1: this escape in a text is not valid JSON" },
    { ("{\"a\":"):rep(9) .. "1", nil, nil, "nested too deep" },
    { "[]", nil, nil, "a settings file is one { .. }" },
    { "{} x", nil, nil, "something follows the closing }" },
    { nil, "HUMAN_PORTS=1", nil, "unknown setting HUMAN_PORTS (did you mean HUMAN_PORT?)" },
    { nil, "HUMAN_PORT=x", nil, "HUMAN_PORT: port: must be a whole number from 1 to 65535" },
    { nil, nil, "--port 0", "--port: port: must be a whole number from 1 to 65535" },
    { nil, nil, "--agent-port 3000", "agent_port: must differ from port (3000)" },
    { nil, nil, "--set llm.modle=x", '--set: unknown setting "llm.modle" (did you mean "llm.model"?)' },
    { nil, nil, "--fly", "unknown flag: --fly" },
  }
  for _, case in ipairs(refused) do
    it("are refused with: " .. case[4], function()
      local text = config(case[1], case[2], case[3])
      assert.truthy(text:find(case[4], 1, true), text)
      assert.is_nil(value_of("port", text))
    end)
  end

  it("are all described in etc/human.json, with the defaults that hold", function()
    local file = assert(io.open "etc/human.json"):read "*a"
    local text = config((file:gsub('// ("[%w_]+":)', "%1")))
    local described = 0
    for line in text:gmatch "[^\n]+" do
      assert.truthy(line:find("(FILE:", 1, true), line)
      described = described + 1
    end
    assert.is_true(described > 40)
    assert.equal((config(nil):gsub("   %b()", "")), (text:gsub("   %b()", "")))
  end)
end)
