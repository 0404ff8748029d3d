-- spec/support/conn_limits.lua -- the limits of connections in this very process (host/net/conn.h), to be changed
-- in place by a spec that puts them back.

local ffi = require "ffi"
local C = require "c_types" ("net/conn.h", "conn_limits", "conn_limit")

return ffi.cast("conn_limits *", C.conn_limit())
