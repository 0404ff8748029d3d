-- spec/lua/exec_spec.lua -- programs for scripts, run by the real broker: what they get, what they cannot do,
-- and that nothing of them is left.

local exec = require "human.exec"
local host = require "human.core.host"
local sched = require "human.core.sched"

-- The number of a process as we see it; in a namespace of its own it has another one for itself.
local SELF = "read n rest < /proc/self/stat; echo $n"

local OWN = io.open("/proc/self/stat"):read "*n"

local function sh(script, options) return assert(exec.run({ "sh", "-c", script }, options)) end

local function is_alive(pid)
  local f = io.open("/proc/" .. assert(tonumber(pid), "no number of a process") .. "/stat")
  if f then f:close() end
  return f ~= nil
end

-- Programs note their numbers in a file `kin`; a script waits until there are so many.
local UNTIL_KIN = "until [ $(wc -l < kin) -ge %d ]; do sleep 0.01; done"

local function all_gone(at_least)
  local n = 0
  for pid in io.lines(host.conf().home .. "/workspace/kin") do
    n = n + 1
    assert.is_false(is_alive(pid), "left over: " .. pid)
  end
  assert.is_true(n >= at_least, n .. " were there")
end

local function line_of(p) return (assert(p:read(20)):gsub("\n$", "")) end

-- Awaits what comes soon, and is no event of ours.
local function eventually(fn)
  local limit = host.clock() + 60
  while not fn() do
    assert.is_true(host.clock() < limit, "it did not come")
    sched.sleep(0.005)
  end
end

describe("A program", function()
  it("gets its arguments as they are, and no shell reads them", function()
    local r = assert(exec.run { "printf", "%s\n", "a b", "$HOME; `id` *", "", "'\"\\" })
    assert.same({ 0, "a b\n$HOME; `id` *\n\n'\"\\\n" }, { r.status, r.stdout })
  end)

  it("may have as many bytes of arguments as fit into one request", function()
    local long = ("x"):rep(100000)
    assert.equal(#long, #assert(exec.run({ "printf", "%s", long })).stdout)
    local r, err = exec.run({ "true", ("x"):rep(200000) })
    assert.same({ nil, "too_large" }, { r, err.code }) -- limit: program arguments
    local many = { "true" }
    for i = 2, 1024 do many[i] = "" end
    assert.equal(0, assert(exec.run(many)).status)
    many[1025] = ""
    for _, call in ipairs { { many }, { { "true" }, { cwd = ("x"):rep(5000) } } } do
      r, err = exec.run(unpack(call))
      assert.same({ nil, "too_large" }, { r, err.code })
    end
  end)

  it("has the environment that it was given, and nothing else", function()
    assert.equal("", exec.run({ "env" }).stdout)
    assert.equal("ONE=1\nTWO=zwei\n", exec.run({ "env" }, { env = { TWO = "zwei", ONE = 1 } }).stdout)
  end)

  it("has only its three descriptors, no signal ignored or blocked, no core dump, and a session of its own", function()
    assert.equal("0\n1\n2\n3\n", exec.run({ "ls", "/proc/self/fd" }).stdout) -- 3 is what ls reads
    local status = exec.run({ "cat", "/proc/self/status" }).stdout
    for _, name in ipairs { "SigBlk", "SigIgn", "SigCgt", "SigPnd" } do
      assert.equal("0000000000000000", status:match(name .. ":\t(%x+)"), name)
    end
    assert.equal("1", status:match "NoNewPrivs:\t(%d)")
    local pid, group, session = sh("read n c s p g x rest < /proc/self/stat; echo $n $g $x").stdout:match "(%d+) (%d+) (%d+)"
    assert.same({ pid, pid }, { group, session })
    assert.equal("0\n022\n", (sh("ulimit -c; umask").stdout:gsub("0022", "022")))
  end)

  it("is found by its full path, or by a name in exec.path, never by its own PATH", function()
    assert.equal(0, exec.run({ "/bin/true" }).status)
    for _, argv in ipairs { { "no-such-program" }, { "/no/such" } } do
      local r, err = exec.run(argv, { env = { PATH = "/tmp" } })
      assert.same({ nil, "not_found" }, { r, err.code })
      assert.truthy(err.message:find(argv[1], 1, true))
    end
    assert.equal("denied", select(2, exec.run { "/etc/passwd" }).code)
    assert.equal("denied", select(2, exec.run { "/usr" }).code)
  end)

  it("tells how it ended", function()
    assert.equal(7, sh("exit 7").status)
    local r = sh "kill -9 $$"
    if not r.signal then r = sh "sh -c 'kill -9 $PPID'; sleep 60" end
    assert.same({ nil, 9, false }, { r.status, r.signal, r.timed_out })
    assert.is_true(r.duration_ms >= 0 and r.duration_ms < 60000)
  end)

  it("reads and writes more than any pipe holds, at the same time", function()
    local bytes = ("0123456789abcdef"):rep(131072)
    local r = assert(exec.run({ "cat" }, { stdin = bytes, output_max = #bytes })) -- limit: program input
    assert.is_true(r.stdout == bytes)
    assert.same({ #bytes, false }, { r.stdout_bytes, r.truncated })
  end)

  it("that leaves its input unread still ends", function()
    assert.equal(0, exec.run({ "true" }, { stdin = ("x"):rep(1048576) }).status)
  end)

  it("that prints 100 MB is counted, and kept to the limit", function() -- limit: program output
    local r = assert(exec.run({ "head", "-c", "100000000", "/dev/zero" }, { output_max = 1000 }))
    assert.same({ 0, 1000, 100000000, true }, { r.status, #r.stdout, r.stdout_bytes, r.truncated })
  end)

  it("that prints more than it may is killed on request", function()
    local r = assert(exec.run({ "yes" }, { output_max = 1000, overflow = "kill" }))
    assert.same({ 9, 1000, true }, { r.signal, #r.stdout, r.truncated })
  end)

  it("works below exec.root, and nowhere else", function()
    sh "mkdir -p below/deeper; ln -sfn / out; ln -sfn below in"
    assert.truthy(exec.run({ "pwd" }, { cwd = "below/deeper" }).stdout:find "/below/deeper\n$")
    assert.equal(0, exec.run({ "pwd" }, { cwd = "in/deeper" }).status)
    for _, cwd in ipairs { "..", "below/../..", "out", "out/tmp", "/tmp", "missing" } do
      local r, err = exec.run({ "pwd" }, { cwd = cwd })
      assert.same({ nil, "failed" }, { r, err.code }, cwd)
      assert.truthy(err.message:find("directory", 1, true))
    end
  end)

  it("works below the present exec.root, even if another has taken its place", function()
    local root = sh("mkdir -p old; pwd").stdout:match "^(.*)\n$"
    os.execute(("rm -rf '%s.away'; mv '%s' '%s.away'"):format(root, root, root))
    assert.equal("", sh("ls").stdout)
    assert.equal(root .. "\n", sh("touch new; pwd").stdout)
    os.execute(("rm -rf '%s.away' '%s'"):format(root, root))
    assert.equal(root .. "\n", sh("pwd").stdout)
  end)

  it("is held to its limits", function() -- limit: program rlimits
    assert.equal(24, sh("while :; do :; done", { limits = { cpu_s = 1 } }).signal) -- SIGXCPU
    assert.equal("33\n", sh("ulimit -n", { limits = { files = 33 } }).stdout)
    assert.not_equal(0, sh("head -c 100000 /dev/zero > big", { limits = { file_bytes = 4096 } }).status)
    local r = sh("x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo survived", { limits = { memory_bytes = 64 * 1048576 } })
    assert.falsy(r.stdout:find "survived" and r.status == 0)
  end)
end)

describe("The end of a program", function()
  it("comes when its time is up: first SIGTERM, then SIGKILL", function() -- limit: program time
    local r = sh("trap 'echo asked; exit 4' TERM; while :; do sleep 0.01; done", { timeout_s = 2 })
    assert.same({ 4, "asked\n", true }, { r.status, r.stdout, r.timed_out })
    r = sh("trap '' TERM; while :; do sleep 0.01; done", { timeout_s = 2, grace_s = 0.1 })
    assert.same({ 9, true }, { r.signal, r.timed_out })
  end)

  it("ends everything that it started: background jobs, new sessions, double forks, deaf ones", function()
    local note = SELF .. " >> kin; "
    sh("rm -f kin; setsid sh -c '(trap \"\" TERM HUP; " .. note .. "sleep 1000; sleep 1000) & " .. note .. "sleep 1000' & "
      .. "(setsid sh -c '" .. note .. "exec sleep 1000' &); " .. note .. UNTIL_KIN:format(4))
    all_gone(4)
  end)

  it("does not wait for processes that inherited its pipes", function()
    local begun = host.clock()
    local r = sh("sleep 1000 & echo left")
    assert.same({ 0, "left\n" }, { r.status, r.stdout })
    assert.is_true(host.clock() - begun < 100)
  end)

  it("is not the end of its output", function()
    local r = sh "exec >&- 2>&-; sleep 0.1; exit 5"
    assert.same({ 5, "" }, { r.status, r.stdout })
  end)

  it("comes with the end of the task that runs it", function()
    local pid
    local task = sched.spawn(function()
      local p = exec.start { "sh", "-c", "trap '' TERM; " .. SELF .. "; sleep 1000; sleep 1000" }
      pid = line_of(p)
      p:wait()
    end)
    eventually(function() return pid end)
    assert.is_true(is_alive(pid))
    sched.kill(task)
    eventually(function() return not is_alive(pid) end)
    sched.spawn(function() pid = line_of(exec.start { "sh", "-c", SELF .. "; exec sleep 1000" }) end)
    eventually(function() return not is_alive(pid) end) -- a task that simply returns
  end)

  it("reaches a family whose members have all left their parents", function()
    sh("rm -f kin; i=0; while [ $i -lt 60 ]; do (setsid sh -c '" .. SELF .. " >> kin; exec sleep 1000' &); i=$((i+1)); done; "
      .. UNTIL_KIN:format(60))
    all_gone(60)
  end)
end)

describe("A program that multiplies", function()
  it("is stopped at the number of processes that it may have", function()
    sh "rm -f kin"
    local bomb = "b() { " .. SELF .. " >> kin; b & b & wait; }; b"
    local r = sh(bomb, { limits = { processes = 40 }, timeout_s = 100 })
    assert.is_false(r.timed_out)
    all_gone(2)
    assert.equal(0, exec.run({ "true" }).status)
  end)
end)

describe("A sandbox", function()
  local secret

  setup(function()
    secret = os.tmpname()
    local f = assert(io.open(secret, "w"))
    f:write "secret"
    f:close()
  end)
  teardown(function() os.remove(secret) end)

  it("keeps a program from reading and writing elsewhere", function()
    for _, box in ipairs { true, { network = false }, "best-effort" } do
      local r = assert(exec.run({ "cat", secret }, { sandbox = box }))
      assert.same({ 1, "" }, { r.status, r.stdout })
      assert.not_equal(0, sh("echo x > " .. secret, { sandbox = box }).status)
      assert.equal(0, sh("echo x > here && cat here && mkdir -p d && rm here", { sandbox = box }).status)
    end
    assert.not_equal(0, exec.run({ "cat", secret }).status)          -- unless somebody says otherwise:
    assert.equal("secret", exec.run({ "cat", secret }, { sandbox = false }).stdout)
    assert.not_equal(0, exec.run({ "cat", "/proc/" .. OWN .. "/environ" }).status)
  end)

  it("opens what it is told to, and no more", function()
    assert.equal("secret", exec.run({ "cat", secret }, { sandbox = { read = { secret } } }).stdout)
    assert.not_equal(0, sh("echo x >> " .. secret, { sandbox = { read = { secret } } }).status)
    assert.equal(0, sh("printf '' >> " .. secret, { sandbox = { write = { secret } } }).status)
    local r, err = exec.run({ "true" }, { sandbox = { read = { "/no/such" } } })
    assert.same({ nil, "failed" }, { r, err.code })
    assert.truthy(err.message:find("/no/such: No such file", 1, true))
  end)

  it("keeps a program from the network on request, and from sockets of this machine always", function()
    local dial = "exec 3<>/dev/tcp/127.0.0.1/" .. host.conf().port .. " && echo reached"
    assert.equal("reached\n", exec.run { "bash", "-c", dial }.stdout)
    local r = exec.run({ "bash", "-c", dial }, { sandbox = { network = false } })
    assert.equal("", r.stdout)
    assert.truthy(r.stderr:find "[Pp]ermission")
  end)

  it("keeps a program from other processes, mounts, namespaces", function()
    for _, argv in ipairs { { "unshare", "-U", "true" }, { "unshare", "-n", "true" }, { "mount", "-t", "tmpfs", "x", "/mnt" } } do
      assert.not_equal(0, exec.run(argv).status, argv[1])
      assert.not_equal(0, exec.run(argv, { sandbox = false }).status, argv[1])
    end
    local other = exec.start { "sleep", "1000" }
    local victim = exec.start({ "sh", "-c", SELF .. "; exec sleep 1000" }, { sandbox = false })
    sh("kill -9 " .. line_of(victim))
    assert.same({ nil, "timeout" }, { victim:read(0.05) })
    victim:kill(true)
    other:kill(true)
    assert.equal(9, victim:wait().signal)
  end)
end)

describe("A program to talk to", function()
  it("takes and gives while it runs", function()
    local p = assert(exec.start { "cat" })
    for i = 1, 20 do
      assert.is_true(p:write("line " .. i .. "\n"))
      assert.same({ "line " .. i .. "\n", "stdout" }, { p:read(20) })
    end
    assert.same({ nil, "timeout" }, { p:read(0.01) })
    p:close_stdin()
    assert.same({ nil, "end" }, { p:read(20) })
    assert.equal(0, p:wait().status)
    assert.same({ nil, "closed" }, { p:write "more" })
  end)

  it("says which of its two outputs it has used", function()
    local p = assert(exec.start { "sh", "-c", "echo warned >&2; read line; echo told $line" })
    assert.same({ "warned\n", "stderr" }, { p:read(20) })
    p:write "it\n"
    assert.same({ "told it\n", "stdout" }, { p:read(20) })
    assert.equal(0, p:wait().status)
  end)

  it("that writes without being read has to wait, and goes on when it is read", function() -- limit: program unread
    local p, total = assert(exec.start { "head", "-c", "20000000", "/dev/zero" }), 0
    eventually(function() return p.last > 0 end)
    sched.sleep(0.2)
    for i = p.first, p.last do total = total + #p[i][1] end
    assert.is_true(total < 600000, "kept " .. total)
    total = 0
    for bytes in function() return (p:read(20)) end do total = total + #bytes end
    assert.same({ 20000000, 0 }, { total, p:wait().status })
  end)

  it("that reads nothing makes its writer wait until it ends", function()
    local p, written = assert(exec.start { "sh", "-c", "echo up; exec sleep 1000" }), nil
    line_of(p)
    sched.spawn(function() written = { p:write(("x"):rep(1000000)) } end)
    sched.sleep(0.05)
    assert.is_nil(written)
    p:kill()
    assert.equal(15, p:wait().signal)
    eventually(function() return written end)
  end)

  it("reports in wait() that it could not start", function()
    local p = assert(exec.start { "no-such-program" })
    assert.same({ nil, "end" }, { p:read(20) })
    assert.equal("not_found", select(2, p:wait()).code)
  end)

  it("ends with the task that started it, also for those who only wait for it", function()
    local p, heard
    sched.spawn(function() p = exec.start { "sleep", "1000" } end)
    sched.spawn(function() heard = { select(2, p:wait()).code, p:read() } end)
    eventually(function() return heard end)
    assert.same({ "canceled", nil, "end" }, heard)
  end)

  it("may run as long as timeout_s says", function()
    local r = assert(exec.start({ "sleep", "1000" }, { timeout_s = 2 })):wait()
    assert.same({ 15, true }, { r.signal, r.timed_out })
  end)
end)

describe("Many programs", function()
  it("run beside each other, as many as exec.processes says, and the others wait", function() -- limit: exec.processes
    sh "rm -rf running; mkdir running"
    local done, most = 0, 0
    for i = 1, 200 do
      sched.spawn(function()
        local r = sh(("mkdir running/%d; ls running | wc -l; sleep 0.02; rmdir running/%d"):format(i, i), { timeout_s = 120 })
        most = math.max(most, tonumber(r.stdout))
        done = done + 1
      end)
    end
    eventually(function() return done == 200 end)
    assert.is_true(most > 1 and most <= host.conf().exec.processes, "at a time: " .. most)
  end)

  it("are refused beyond what one worker may have in progress", function() -- limit: program calls
    local tasks, busy = {}, nil
    for i = 1, 257 do
      tasks[i] = sched.spawn(function()
        local _, err = exec.run({ "sleep", "1000" }, { timeout_s = 300 })
        busy = err
      end)
    end
    assert.equal("busy", busy.code)
    for _, task in ipairs(tasks) do sched.kill(task) end
    assert.equal(0, exec.run({ "true" }, { timeout_s = 120 }).status)
  end)

  it("leave no descriptor behind", function()
    local function count()
      local ls = io.popen("ls /proc/" .. OWN .. "/fd | wc -l")
      local n = ls:read "*n"
      ls:close()
      return n
    end
    exec.run { "true" }
    local before = count()
    for _ = 1, 20 do
      exec.run { "true" }
      exec.run { "no-such-program" }
      exec.run({ "sleep", "1000" }, { timeout_s = 0.001 })
    end
    eventually(function() return count() <= before end)
  end)
end)
