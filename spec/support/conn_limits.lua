-- spec/support/conn_limits.lua -- the limits of connections in this process (host/net/conn.h), for specs that change
-- them in place and restore them.

local ffi = require "ffi"
local C = require "c_types" ("net/conn.h", "conn_limits", "conn_limit")

return ffi.cast("conn_limits *", C.conn_limit())
