-- spec/support/activator.lua -- does what systemd does for a service with a socket unit, for tests:
-- opens listening sockets on loopback, passes them as in sd_listen_fds(3), restarts the service whenever
-- it ends, and keeps the sockets open meanwhile.  Runs on any LuaJIT.
--
-- luajit activator.lua NAME WHERE[,WHERE..] RUNS COMMAND..    WHERE: a port or the path of a Unix socket;
-- NAME: the name of the sockets.
-- Prints "started PID" and "ended STATUS" for each of RUNS runs.

local ffi = require "ffi"

ffi.cdef [[
struct in4 { uint16_t family, port; uint32_t addr; char zero[8]; };
struct un { uint16_t family; char path[108]; };
int socket(int domain, int type, int protocol);
int bind(int fd, const void *a, unsigned n);
int listen(int fd, int backlog);
int setsockopt(int fd, int level, int name, const void *v, unsigned n);
int dup2(int from, int to);
int fork(void);
int getpid(void);
int waitpid(int pid, int *status, int options);
int setenv(const char *name, const char *value, int overwrite);
int execvp(const char *file, char *const argv[]);
void _exit(int status);
char *strerror(int e);
]]

local C = ffi.C
local AF_INET, AF_UNIX, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, BACKLOG = 2, 1, 1, 1, 2, 4096
local FIRST_FD = 3

local function must(result, what)
  if result >= 0 then return result end
  error(what .. ": " .. ffi.string(C.strerror(ffi.errno())), 0)
end

local function address(word)
  local port = tonumber(word)
  if not port then return ffi.new("struct un", { AF_UNIX, word }) end
  local swapped = bit.bor(bit.lshift(bit.band(port, 255), 8), bit.rshift(port, 8))
  return ffi.new("struct in4", { AF_INET, swapped, 0x0100007f })
end

local function listening(word, wanted)
  local at = address(word)
  local fd = must(C.socket(at.family, SOCK_STREAM, 0), "socket")
  must(C.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ffi.new("int[1]", 1), 4), "setsockopt")
  must(C.bind(fd, at, ffi.sizeof(at)), "bind")
  must(C.listen(fd, BACKLOG), "listen")
  if fd ~= wanted then must(C.dup2(fd, wanted), "dup2") end
end

local function run(name, count, argv)
  local pid = must(C.fork(), "fork")
  if pid > 0 then return pid end
  C.setenv("LISTEN_PID", tostring(C.getpid()), 1)
  C.setenv("LISTEN_FDS", tostring(count), 1)
  C.setenv("LISTEN_FDNAMES", (name .. ":"):rep(count):sub(1, -2), 1)
  C.execvp(argv[0], ffi.cast("char *const *", argv))
  C._exit(127)
end

local name, runs, count = arg[1], tonumber(arg[3]), 0
local argv = ffi.new("const char *[?]", #arg - 2)
for i = 4, #arg do argv[i - 4] = arg[i] end
io.stdout:setvbuf "line"
for word in arg[2]:gmatch "[^,]+" do
  listening(word, FIRST_FD + count)
  count = count + 1
end
for _ = 1, runs do
  local pid, status = run(name, count, argv), ffi.new "int[1]"
  print("started " .. pid)
  must(C.waitpid(pid, status, 0), "waitpid")
  print("ended " .. status[0])
end
