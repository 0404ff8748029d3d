-- spec/lua/fetch_spec.lua -- outbound HTTP with the real scheduler and a scripted event queue.

local cjson = require "cjson"

local DONE, CHUNK, TIMER = 2, 3, 10
local HEAD, BODY = 1, 2
local NAMES = { "human.core.host", "human.core.timer", "human.core.sched", "human.core.events", "human.observe.trace",
  "human.core.send_body", "human.fetch" }

local function fake_host()
  local f = { queue = {}, specs = {}, cancelled = {}, resumed = 0, logged = {}, t = 0, tasks = 0 }
  f.E = { GONE = -1, CANCELED = -3, TIMEOUT = -4, INVAL = -5, NET = -7, LIMIT = -8, DENIED = -9, OPS = -11, SEALED = -12 }
  f.EV, f.CHUNK = { DONE = DONE, CHUNK = CHUNK, TIMER = TIMER }, { HEAD = HEAD, BODY = BODY }
  function f.next()
    local e = table.remove(f.queue, 1)
    if e then return e[1], e[2], e[3], 0, e[4] or "" end
  end
  function f.clock() return f.t end
  f.now = f.clock
  function f.mark() end
  function f.struck() return 0 end
  function f.timer() end
  function f.task_new() f.tasks = f.tasks + 1 return f.tasks end
  function f.task_end() end
  function f.unpack(blob) return cjson.decode(blob) end
  function f.error_name(code) return "E" .. code end
  function f.random(n) return ("\171"):rep(n) end
  function f.log(_, line) f.logged[#f.logged + 1] = line end
  function f.fetch(_, spec) f.specs[#f.specs + 1] = spec return f.refuse or 500 + #f.specs end
  function f.fetch_why() return f.why or "" end
  function f.fetch_resume() f.resumed = f.resumed + 1 return 0 end
  function f.cancel(op)
    f.cancelled[#f.cancelled + 1] = op
    f.queue[#f.queue + 1] = { DONE, f.E.CANCELED, op }
    return 0
  end
  return f
end

describe("human.fetch", function()
  local host, sched, timer, fetch, saved

  before_each(function()
    saved = {}
    for _, name in ipairs(NAMES) do saved[name], package.loaded[name] = package.loaded[name], nil end
    host = fake_host()
    package.loaded["human.core.host"] = host
    sched, timer, fetch = require "human.core.sched", require "human.core.timer", require "human.fetch"
    sched.on_event(TIMER, timer.run)
  end)

  after_each(function()
    for _, name in ipairs(NAMES) do package.loaded[name] = saved[name] end
  end)

  local function push(...) host.queue[#host.queue + 1] = { ... } end

  -- Runs fetch(request) in a task, then lets `events` happen.  Returns what it returned, and the task.
  local function run(request, events)
    local got = {}
    local task = sched.spawn(function() got.result, got.err = fetch(request) end)
    if events then events(task) end
    sched.dispatch(1)
    return got.result, got.err, task
  end

  local function head(op, status)
    push(CHUNK, HEAD, op, '{"status":' .. status .. ',"headers":{"content-type":"text/plain"}}')
  end

  it("gives the whole response", function()
    local result = run({ url = "http://h/x", body = "b", headers = { b = 2, a = "1" }, timeout_s = 5 }, function()
      push(DONE, 200, 501, '{"status":200,"headers":{"x":"y"},"body":"hi"}')
    end)
    assert.same({ status = 200, headers = { x = "y" }, body = "hi" }, result)
    assert.same({ url = "http://h/x", method = "POST", body = "b", headers = { { "a", "1" }, { "b", "2" },
        { "traceparent", "00-" .. ("ab"):rep(16) .. "-" .. ("ab"):rep(8) .. "-03" } },
      timeout_s = 5, connect_timeout_s = 5, stream = false, max_bytes = 8388608, guard = false }, host.specs[1])
  end)

  -- limit: fetch form
  it("gives texts and files in their order, and a form the type of its own", function()
    local send_body = require "human.core.send_body"
    local root, upload = {}, { filename = "u.png", content_type = "image/png" }
    send_body.add_root(root, "/home/w", "workspace")
    send_body.add_file(upload, "/home/spool", "1-2", "u.png")
    local function sent(request)
      request.url = "http://h"
      run(request)
      return table.remove(host.specs)
    end
    local spec = sent { method = "PUT", body = { root = root, name = "a/b.txt" } }
    assert.same({ "PUT", nil, { { "/home/w", "a/b.txt", "workspace/a/b.txt" } } }, { spec.method, spec.body, spec.parts })
    spec = sent { form = { { name = "a", value = "1" }, { name = 'q"\r\n', file = upload }, { name = "b", file = { root = root, name = "a/b.txt" } } } }
    local mark = "--human-" .. ("ab"):rep(16)
    assert.same({ mark .. '\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' .. mark
      .. '\r\nContent-Disposition: form-data; name="q%22%0D%0A"; filename="u.png"\r\nContent-Type: image/png\r\n\r\n',
      { "/home/spool", "1-2", "u.png" },
      "\r\n" .. mark .. '\r\nContent-Disposition: form-data; name="b"; filename="b.txt"\r\nContent-Type: application/octet-stream\r\n\r\n',
      { "/home/w", "a/b.txt", "workspace/a/b.txt" }, "\r\n" .. mark .. "--\r\n" }, spec.parts)
    assert.same({ "Content-Type", "multipart/form-data; boundary=" .. mark:sub(3) }, spec.headers[1])
    local parts = {}
    for i = 1, 101 do parts[i] = { name = "x", value = "y" } end
    for _, request in ipairs { { form = parts }, { form = {} }, { form = { { value = "1" } } }, { form = { { name = "a", value = 5 } } },
      { form = { { name = "a", file = "no file" } } }, { form = { "a" } }, { body = "a", form = { { name = "a" } } }, { body = { root = {}, name = "a" } },
      { form = { { name = "a", type = "a\r\nb" } } }, { form = { { name = "a" } }, headers = { ["content-Type"] = "text/plain" } } } do
      request.url = "http://h"
      local ok, err = true, nil
      sched.spawn(function() ok, err = pcall(fetch, request) end)
      assert.is_false(ok)
      assert.matches("spec/lua/fetch_spec.lua:%d+: fetch: ", err)
    end
    assert.equal(0, #host.specs)
  end)

  it("names what went wrong, and where", function()
    for code, name in pairs { [-4] = "timeout", [-7] = "network", [-8] = "too_large", [-9] = "denied", [-2] = "network", [-1] = "file" } do
      host.specs = {}
      local result, err = run({ url = "https://h:1/x?key=1" }, function() push(DONE, code, 501, "why not") end)
      assert.is_nil(result)
      assert.same({ code = name, message = "https://h:1: why not" }, err)
    end
    host.refuse = -2
    assert.same({ code = "network", message = "http://h: E-2" }, select(2, run { url = "http://h" }))
    assert.equal("network", select(2, run { url = "http://h", on_chunk = error }).code)
  end)

  it("refuses what is no request, and to wait inside a transaction", function()
    local task = sched.spawn(function() end)
    assert.has_error(function() fetch { url = "http://h" } end)
    for _, request in ipairs { {}, { url = "ftp://h" }, { url = "http://h", timeout_s = 0 }, { url = "http://h", max_bytes = "1" } } do
      local ok = true
      sched.spawn(function() ok = pcall(fetch, request) end)
      assert.is_false(ok)
    end
    sched.spawn(function()
      sched.current().tx = {}
      task.err = select(2, pcall(fetch, { url = "http://h" }))
    end)
    assert.matches("transaction", task.err)
    assert.equal(0, #host.specs)
  end)

  it("streams the body of a success in order, and resumes a transfer that is read", function()
    local chunks = {}
    local result = run({ url = "http://h", on_chunk = function(c, h) chunks[#chunks + 1] = c .. h.status end }, function()
      head(501, 200)
      push(CHUNK, BODY, 501, "a")
      push(CHUNK, BODY, 501, "b")
      push(DONE, 200, 501)
    end)
    assert.same({ "a200", "b200" }, chunks)
    assert.same({ status = 200, headers = { ["content-type"] = "text/plain" }, body = "" }, result)
    assert.is_true(host.resumed > 0)
  end)

  it("lets on_chunk wait, and loses nothing meanwhile", function()
    local chunks = {}
    local got, _, task = run({ url = "http://h", on_chunk = function(c)
      sched.sleep(1)
      chunks[#chunks + 1] = c
    end }, function()
      head(501, 200)
      for _, c in ipairs { "a", "b", "c" } do push(CHUNK, BODY, 501, c) end
      push(DONE, 200, 501)
    end)
    assert.is_nil(got)
    for _ = 1, 3 do
      host.t = host.t + 1.1
      push(TIMER, 0, 0)
      sched.dispatch(1)
    end
    assert.same({ "a", "b", "c" }, chunks)
    assert.is_true(task.ended)
    assert.equal(0, sched.live())
  end)

  it("keeps the body of a refusal for whoever explains it", function()
    local result = run({ url = "http://h", on_chunk = error }, function()
      head(501, 429)
      push(CHUNK, BODY, 501, "slow ")
      push(CHUNK, BODY, 501, "down")
      push(DONE, 429, 501)
    end)
    assert.same({ 429, "slow down" }, { result.status, result.body })
  end)

  it("reports a transfer that breaks in the middle", function()
    local result, err = run({ url = "http://h", on_chunk = function() end }, function()
      head(501, 200)
      push(CHUNK, BODY, 501, "a")
      push(DONE, -7, 501, "reset")
    end)
    assert.is_nil(result)
    assert.equal("network", err.code)
  end)

  it("closes the connection when its task is cancelled", function()
    local _, _, task = run({ url = "http://h", on_chunk = function() end }, function() head(501, 200) end)
    sched.kill(task)
    for _ = 1, 3 do sched.dispatch(1) end
    assert.same({ 501 }, host.cancelled)
    assert.same({ true, 0, {} }, { task.ended, sched.live(), host.logged })
  end)

  it("closes the connection when on_chunk fails, and passes the error on", function()
    local err
    sched.spawn(function()
      err = select(2, pcall(fetch, { url = "http://h", on_chunk = function() error("mine", 0) end }))
    end)
    head(501, 200)
    push(CHUNK, BODY, 501, "a")
    for _ = 1, 3 do sched.dispatch(1) end
    assert.equal("mine", err)
    assert.same({ 501 }, host.cancelled)
    assert.equal(0, sched.live())
  end)

  it("waits a moment for the end when no more is wanted, then leaves", function()
    local result = run({ url = "http://h", on_chunk = function() return false end }, function()
      head(501, 200)
      push(CHUNK, BODY, 501, "a")
      push(CHUNK, BODY, 501, "b")
      push(DONE, 200, 501)
    end)
    assert.equal(200, result.status)
    assert.same({ 0, {} }, { sched.live(), host.cancelled })

    local _, _, task = run({ url = "http://h", on_chunk = function() return false end }, function()
      head(502, 200)
      push(CHUNK, BODY, 502, "a")
    end)
    for _ = 1, 8 do
      host.t = host.t + 0.03
      push(TIMER, 0, 0)
      sched.dispatch(1)
    end
    assert.is_true(task.ended)
    assert.same({ 502 }, host.cancelled)
    assert.equal(0, sched.live())
  end)
end)
