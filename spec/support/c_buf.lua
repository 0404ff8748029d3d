-- spec/support/c_buf.lua -- host/core/buf.h's buffer, for specs that pass one to C.

require "c_types" ("core/buf.h", "buf", "buf_free")
return require("ffi").typeof "buf"
