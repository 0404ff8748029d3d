-- spec/host/files_spec.lua -- human.files: what is below a root, and that nothing leads out of it.

local ffi = require "ffi"
local files = require "human.files"
local host = require "human.core.host"
local sched = require "human.core.sched"
local wire = require "wire"

local C = require "c_types" ("core/beneath.c", "beneath_walks", "beneath_ok")
local HOME = host.conf().home
local ROOT = HOME .. "/workspace"

local function sh(command, ...)
  local p = io.popen("{ " .. command:format(...) .. "; } 2>&1")
  local text = p:read "*a"
  p:close()
  return text
end

local function names(list)
  local out = {}
  for i, entry in ipairs(list) do out[i] = entry.name .. " " .. entry.kind .. " " .. entry.size end
  return out
end

describe("human.files", function()
  local root
  before_each(function()
    sh("rm -rf '%s' '%s/uploads' '%s/outside'; mkdir '%s/outside'; echo secret > '%s/outside/f'", ROOT, HOME, HOME, HOME, HOME)
    root = files.root "workspace"
  end)
  teardown(function() sh("rm -rf '%s' '%s/uploads' '%s/outside'", ROOT, HOME, HOME) end)

  local function fails(code, text, ok, why, got)
    assert.is_nil(ok)
    assert.equal(text, why)
    assert.equal(code, got)
  end

  it("writes, reads, lists, moves and removes", function()
    fails("not_found", "workspace/a.txt is not there", root:read "a.txt")
    assert.same({ true }, { root:write("a.txt", "one\0two") })
    assert.equal("one\0two", root:read "a.txt")
    assert.is_true(root:write("a.txt", ""))
    assert.equal("", root:read "a.txt")
    assert.is_true(root:mkdir "deep/er")
    assert.is_true(root:mkdir "deep/er")
    assert.is_true(root:write("deep/er/b.bin", ("x"):rep(300000)))
    assert.same({ "a.txt file 0", "deep directory 0" }, names(root:list()))
    assert.same({ "b.bin file 300000" }, names(root:list "deep/er"))
    local facts = root:stat "deep/er/b.bin"
    assert.equal("file", facts.kind)
    assert.is_true(math.abs(facts.changed_at - host.time()) < 10)
    assert.equal("directory", root:stat().kind)
    assert.is_true(root:move("deep/er/b.bin", "b.bin"))
    assert.is_true(root:move("deep", "shallow"))
    assert.same({ "a.txt file 0", "b.bin file 300000", "shallow directory 0" }, names(root:list()))
    assert.is_true(root:move("b.bin", "b.bin", { root = files.root "uploads" }))
    assert.equal(300000, files.root("uploads"):stat("b.bin").size)
    assert.is_true(root:remove "a.txt")
    assert.is_true(root:remove("shallow", { all = true }))
    assert.same({}, root:list())
  end)

  it("says what went wrong, with the name", function()
    root:mkdir "d/e"
    root:write("f", "1")
    fails("is_directory", "workspace/d is a directory", root:read "d")
    fails("is_directory", "workspace/d is a directory", root:write("d", "x"))
    fails("not_directory", "workspace/f/x is no directory, or a part of its path is none", root:read "f/x")
    fails("not_directory", "workspace/f is no directory, or a part of its path is none", root:list "f")
    fails("not_found", "workspace/none/x is not there", root:write("none/x", "1"))
    fails("not_empty", "workspace/d is not empty", root:remove "d")
    fails("exists", "workspace/f is there already", root:write("f", "2", { new = true }))
    fails("exists", "workspace/f or d is there already", root:move("f", "d"))
    fails("exists", "workspace/f is there already", root:mkdir "f")
    fails("not_found", "workspace/x or y is not there", root:move("x", "y"))
    assert.is_true(root:move("f", "g"))
    root:write("h", "new")
    assert.is_true(root:move("h", "g", { replace = true }))
    assert.equal("new", root:read "g")
    for _, name in ipairs { "", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", "a\\b", "a\0b", "a\nb", "\255",
                            ("x"):rep(256), ("x/"):rep(33) .. "x", ("xx/"):rep(31) .. ("y"):rep(1000) } do -- limit: file names below a root
      fails("bad_name", "workspace/" .. name .. " is no name for a file here", root:read(name))
      assert.is_nil((root:write(name, "x")))
    end
    assert.error_matches(function() files.root "etc" end, "there is no root 'etc'")
    assert.error_matches(function() root.read("f") end, "call it with a colon")
    assert.error_matches(function() root:read(1) end, "the name must be a string")
    assert.error_matches(function() root.path = "/" end, "read%-only")
  end)

  -- So many MB, 8 at a time: scripts, once they are loaded, may not repeat a text more often.
  local function long(mb, more)
    local list, eight = {}, ("x"):rep(8 * 1048576)
    for i = 1, mb / 8 do list[i] = eight end
    list[#list + 1] = more
    collectgarbage()
    return table.concat(list)
  end

  it("is bounded", function() -- limit: file size, limit: directory list
    root:write("f", ("x"):rep(11))
    fails("too_large", "workspace/f is too large", root:read("f", { max = 10 }))
    assert.equal(11, #root:read("f", { max = 11 }))
    assert.error_matches(function() root:read("f", { max = 65 * 1048576 }) end, "max must be a number from 0 to")
    fails("too_large", "workspace/f is too large", root:write("f", long(64, "x")))
    sh("cd '%s' && mkdir many && cd many && seq 10000 | xargs touch", ROOT)
    assert.equal(10000, #root:list "many")
    root:write("many/one-more", "")
    fails("too_large", "workspace/many is too large", root:list "many")
  end)

  it("refuses to write when too much waits to be written", function() -- limit: unwritten files
    local left, me, codes, big = 5, sched.current(), {}, long(40)
    root:mkdir "d"
    for i = 1, 5 do
      sched.spawn_as({ on_finish = function()
        left = left - 1
        if left == 0 then sched.wake(me) end
      end }, function()
        local ok, _, code = root:write("d/" .. i, big)
        codes[#codes + 1] = ok and "written" or code
      end)
    end
    if left > 0 then sched.suspend() end
    table.sort(codes)
    assert.same({ "busy", "busy", "written", "written", "written" }, codes)
  end)

  for _, walks in ipairs { 0, 1 } do
    it("follows no link" .. (walks == 1 and ", also without openat2" or ""), function()
      C.beneath_walks = walks
      finally(function() C.beneath_walks = 0 end)
      root:mkdir "d"
      root:write("d/inner", "inner")
      sh("cd '%s' && ln -s d link && ln -s ../outside out && ln -s ../outside/f f && ln -s /etc/passwd p && ln -s d/inner i", ROOT)
      for _, name in ipairs { "link/inner", "out/f", "f", "p", "i" } do
        local ok, _, code = root:read(name)
        assert.is_nil(ok, name)
        assert.is_truthy(code == "link" or code == "not_directory", name .. " " .. tostring(code))
      end
      for _, name in ipairs { "out/new", "link/new" } do
        assert.is_nil((root:write(name, "x")))
        assert.is_nil((root:mkdir(name)))
        assert.is_nil((root:move("d/inner", name)))
        assert.is_nil((root:remove(name)))
      end
      assert.is_nil((root:list "out"))
      assert.equal("link", root:stat("out").kind)
      assert.is_true(root:write("f", "replaces the link"))
      assert.is_true(root:remove "out")
      assert.is_true(root:remove("link", { all = true }))
      assert.equal("secret\n", sh("cat '%s/outside/f'", HOME))
      assert.equal("inner", root:read "d/inner")
      assert.equal("f\n", sh("ls '%s/outside'", HOME))
    end)

    it("is not raced by a directory that becomes a link" .. (walks == 1 and ", also without openat2" or ""), function()
      C.beneath_walks = walks
      finally(function() C.beneath_walks = 0 end)
      root:mkdir "race"
      root:write("race/f", "inside")
      local pid = sh([[cd '%s' && sh -c 'while [ -d ../outside ] && [ ! -e stop ]; do
        mv race real && ln -s ../outside race && rm race && mv real race; done' >/dev/null 2>&1 & echo $!]], ROOT)
      local seen = {}
      for i = 1, 1500 do
        local text, _, code = root:read "race/f"
        seen[text or code] = true
        if i % 3 == 0 then root:write("race/new" .. i % 7, "x") end
        if i % 50 == 0 then root:remove("race/new" .. i % 7, { all = true }) end
      end
      root:write("stop", "")
      wire.eventually(function() return sh("kill -0 %d || echo gone", tonumber(pid)):find "gone" end)
      assert.is_nil(seen["secret\n"])
      assert.is_true(seen.inside)
      assert.equal("f\n", sh("ls '%s/outside'", HOME))
    end)
  end

  it("leaves the old file, or the new one, and nothing beside it when writing fails", function()
    root:write("f", "old")
    sh("mkdir '%s/small'", ROOT)
    local _, _, code = root:write("small", "x")
    assert.equal("is_directory", code)
    assert.same({ "f file 3", "small directory 0" }, names(root:list()))
    assert.equal("f\nsmall\n", sh("ls -A '%s'", ROOT))
  end)

  it("shows nothing that is half done, and removes it when whoever was at it has long been gone", function()
    root:write("f", "1")
    sh("cd '%s' && mkdir .human-00000000000000aa.tmp && touch .human-00000000000000aa.tmp/x .human-00000000000000bb.tmp", ROOT)
    sh("cd '%s' && touch .human-00000000000000cc.tmp && touch -d '2 hours ago' .human-00000000000000[ab]?.tmp", ROOT)
    assert.same({ "f file 1" }, names(root:list()))
    assert.equal(".human-00000000000000cc.tmp\nf\n", sh("ls -A '%s'", ROOT))
  end)

  it("does not wait for the other end of a pipe", function()
    root:mkdir "d"
    sh("mkfifo '%s/d/pipe'", ROOT)
    local text, why = root:read "d/pipe"
    assert.is_nil(text)
    assert.truthy(why)
    assert.equal("other", root:stat("d/pipe").kind)
  end)

  it("ends with the task that waits, and what was begun is done", function()
    local task = sched.spawn(function() root:write("later", ("x"):rep(1000)) end)
    sched.kill(task)
    wire.eventually(function() return root:stat "later" end)
    assert.equal(1000, #root:read "later")
  end)

  it("unpacks archives of real programs, whole or not at all", function()
    sh("cd '%s' && mkdir -p t/a/b && echo one > t/a/1 && head -c 100000 /dev/zero > t/a/b/2 && ln -s /etc t/link", HOME)
    finally(function() sh("rm -rf '%s/t' '%s/x.tar' '%s/x.tgz' '%s/x.zip' '%s/l.tar'", HOME, HOME, HOME, HOME, HOME) end)
    sh("cd '%s/t' && tar cf ../x.tar a && tar czf ../x.tgz a && zip -qr ../x.zip a && tar cf ../l.tar a link", HOME)
    root:mkdir "u"
    for _, kind in ipairs { "tar", "tgz", "zip" } do
      local bytes = sh("cat '%s/x.%s'", HOME, kind)
      assert.equal(4, files.unpack(bytes, root, "u/" .. kind))
      assert.equal("one\n", root:read("u/" .. kind .. "/a/1"))
      assert.equal(100000, root:stat("u/" .. kind .. "/a/b/2").size)
      fails("exists", "workspace/u/" .. kind .. " is there already", files.unpack(bytes, root, "u/" .. kind))
    end
    root:write("x.zip", sh("cat '%s/x.zip'", HOME))
    assert.equal(4, files.unpack({ root = root, name = "x.zip" }, root, "from-file"))
    for _, case in ipairs { { sh("cat '%s/l.tar'", HOME) }, { sh("cat '%s/x.tgz'", HOME), { max_bytes = 50000 } }, { "nonsense" },
                            { sh("cat '%s/x.zip'", HOME), { max_entries = 3 } }, { sh("cat '%s/x.tgz'", HOME):sub(1, 150) },
                            { sh("cat '%s/x.tgz'", HOME), { max_ratio = 2, free_bytes = 100 } } } do -- limit: unpacked archive
      local ok, why, code = files.unpack(case[1], root, "no", case[2])
      assert.is_nil(ok)
      assert.equal("bad_archive", code, why)
      assert.matches("^the archive ", why)
    end
    assert.is_nil(root:stat "no")
    assert.error_matches(function() files.unpack("x", root, "y", { max = 1 }) end, "there is no limit 'max'")
  end)

  it("hands over what is in an archive, all of it or the part that is asked for", function()
    sh("cd '%s' && mkdir -p e/a/b e/c && echo one > e/a/1 && echo two > e/a/b/2 && ln -s /etc e/c/link", HOME)
    finally(function() sh("rm -rf '%s/e' '%s/e.tgz'", HOME, HOME) end)
    sh("cd '%s' && tar czf e.tgz e", HOME)
    local bytes = sh("cat '%s/e.tgz'", HOME)
    fails("bad_archive", "the archive is not a tar that is taken: 'e/c/link' is a symbolic link, which is not taken",
      files.entries(bytes))
    local list = files.entries(bytes, nil, function(name) return name:match "^e/a/(.+)$" end)
    table.sort(list, function(a, b) return a.name < b.name end)
    assert.same({ { name = "1", bytes = "one\n" }, { name = "b/2", bytes = "two\n" } }, list)
    assert.equal("bad_archive", select(3, files.entries(bytes, { max_entries = 1 })))
  end)

  it("reads any directory that is named, below it and not through links, and changes none", function()
    sh("cd '%s' && mkdir -p d/a && echo one > d/a/1 && ln -s /etc/passwd d/link", HOME)
    finally(function() sh("rm -rf '%s/d'", HOME) end)
    local dir = files.directory(HOME .. "/d")
    assert.equal("one\n", dir:read "a/1")
    assert.same({ "a", "link" }, { dir:list()[1].name, dir:list()[2].name })
    for _, name in ipairs { "link", "../x", "/etc/passwd" } do assert.is_nil((dir:read(name))) end
    assert.error_matches(function() dir:write("x", "y") end, "may only be read")
    assert.error_matches(function() files.directory "relative" end, "must be absolute")
  end)

  it("unpacks as many entries as an archive may have in a task that may wait only a few times", function()
    sh("mkdir '%s/m' && cd '%s/m' && seq 1000 | xargs touch && zip -q ../m.zip *", HOME, HOME)
    finally(function() sh("rm -rf '%s/m' '%s/m.zip'", HOME, HOME) end)
    local bytes, got = sh("cat '%s/m.zip'", HOME), {}
    local function unpacked() got = { files.unpack(bytes, root, "m") } end
    sched.spawn_as({ label = 0, max_awaits = 10, on_finish = function(_, err) got.ended, got.error = true, err end }, unpacked)
    wire.eventually(function() return got.ended end)
    assert.same({ 1000, ended = true }, got)
  end)

  it("takes names that are text, and no others", function()
    for name, ok in pairs { ["a/b"] = true, ["é"] = true, ["a b"] = true, ["..a"] = true, ["a/.b"] = true, ["a/."] = false, ["\127"] = false } do
      assert.equal(ok, C.beneath_ok(name, #name), name)
    end
    assert.is_false(C.beneath_ok(ffi.cast("const char *", ""), 0))
  end)
end)
