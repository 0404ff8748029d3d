-- spec/support/conn_limits.lua -- the limits of connections in this very process (host/net/conn.h), to be changed
-- in place by a spec that puts them back.

local ffi = require "ffi"

local DECLARATIONS = [[
typedef struct {
  size_t head_bytes, body_bytes, queue_bytes, ws_message_bytes;
  uint64_t head_ms, body_ms, idle_ms;
  size_t arriving_bytes;
} spec_conn_limits;
spec_conn_limits *conn_limit(void);
]]
if not pcall(ffi.typeof, "spec_conn_limits") then ffi.cdef(DECLARATIONS) end

return ffi.C.conn_limit()
