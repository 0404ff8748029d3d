-- spec/lua/lint_rooms_spec.lua -- the lint of the rooms of host/ can fail, and names the two files when it does.

-- What the lint says of a tree of these files, {["core/a.c"] = text}: its lines, without the directory.
local function lint(files)
  local dir = io.popen("mktemp -d"):read "*l"
  local names = {}
  for name, text in pairs(files) do
    os.execute(("mkdir -p %s/$(dirname %s)"):format(dir, name))
    local f = assert(io.open(dir .. "/" .. name, "w"))
    f:write(text)
    f:close()
    names[#names + 1] = name
  end
  table.sort(names)
  local p = io.popen(("luajit spec/lint_rooms.lua %s %s 2>&1"):format(dir, table.concat(names, " ")))
  local said = {}
  for line in p:lines() do said[#said + 1] = line:gsub("^" .. dir:gsub("%p", "%%%0") .. "/", "") end
  p:close()
  os.execute("rm -rf " .. dir)
  return said
end

-- One finding, which says all of these.
local function refuses(files, ...)
  local said = lint(files)
  assert.equal(1, #said, table.concat(said, "\n"))
  for _, words in ipairs { ... } do assert.truthy(said[1]:find(words, 1, true), said[1]) end
end

local GOOD = {
  ["main.c"] = '#include "cli/command.h"\nint main(void) { return command_run(); }\n',
  ["host_api.h"] = "int host_now(void);\n",
  ["core/buf.h"] = "int buf_add(int n) __attribute__((pure)); /* int buf_gone(void); */\n"
    .. "static inline int buf_is(void) { return 1; }\ntypedef int (*buf_fn)(int n);\nextern int buf_count;\n",
  ["core/buf.c"] = '#include "core/buf.h"\n#include "host_api.h"\n#define BUF(x) \\\n  int x(void) {\n'
    .. 'static int own(int n) {\n  if (n) { return \'"\'; }\n  return strlen("/* { int no(void);");\n}\n'
    .. "int buf_count;\nint buf_add(int n) { return own(n); }\nint host_now(void) { return 1; }\n",
  ["net/conn.h"] = '#include "core/buf.h"\nint conn_open(void);\n',
  ["net/conn.c"] = '#include "net/conn.h"\n#include <uv.h>\nint library_call(void);\n'
    .. "int conn_open(void) { return library_call(); }\n",
  ["pg/pool.h"] = "int pool_init(void);\n",
  ["pg/pool.c"] = '#include "pg/pool.h"\nint pool_init(void) { return 0; }\n',
  ["cli/command.h"] = "int command_run(void);\n",
  ["cli/command.c"] = '#include "cli/command.h"\n#include "net/conn.h"\n#include "pg/pool.h"\n'
    .. "int command_run(void) { return 0; }\n",
  ["cli/native.c"] = "#include <lua.h>\nstatic int x(void) { return 0; }\n",
}

local function but(changes)
  local files = {}
  for name, text in pairs(GOOD) do files[name] = text end
  for name, text in pairs(changes) do files[name] = (files[name] or "") .. text end
  return files
end

describe("the lint of rooms", function()
  it("lets pass a tree that looks down only", function() assert.same({}, lint(GOOD)) end)

  it("names the two files when a lower room includes a higher one", function()
    refuses(but { ["core/buf.c"] = '#include "net/conn.h"\n' }, "core/buf.c:", "must not include net/conn.h")
  end)

  it("refuses what rooms of one rank know of each other", function()
    refuses(but { ["net/conn.c"] = '#include "pg/pool.h"\n' }, "net/conn.c:", "must not include pg/pool.h")
  end)

  it("refuses a header that closes a circle", function()
    refuses(but { ["net/conn.h"] = '#include "cli/command.h"\n' }, "net/conn.h:3:", "must not include cli/command.h")
  end)

  it("refuses an include by another path than that from host/", function()
    refuses(but { ["core/buf.c"] = '#include "buf.h"\n' }, "core/buf.c:", "there is no", "buf.h")
  end)

  it("refuses a file in a room that it does not know", function()
    refuses(but { ["misc/x.c"] = "static int x;\n" }, "misc/x.c:1:", "misc is no room")
  end)

  it("refuses an export that the header of its file does not declare", function()
    refuses(but { ["core/buf.c"] = "char *buf_more(void) {\n  return 0;\n}\n" }, "core/buf.c:12:",
      "buf_more is exported", "core/buf.h")
  end)

  it("refuses a prototype in somebody else's header", function()
    refuses(but { ["core/buf.h"] = "int conn_open(void);\n" }, "core/buf.h:5:", "conn_open", "core/buf.c does not define it")
  end)

  it("refuses a prototype in a source file, but for a library's", function()
    refuses(but { ["net/conn.c"] = "int buf_add(int n);\n" }, "net/conn.c:5:", "buf_add is declared in a .c file")
  end)

  it("refuses the Lua headers where nobody speaks Lua", function()
    refuses(but { ["pg/pool.c"] = "#include <lauxlib.h>\n" }, "pg/pool.c:", "Lua headers")
  end)
end)
