-- spec/support/c_buf.lua -- host/core/buf.h's buffer for the specs that hand one to C.
-- Declared once for all of them: two declarations of buf_free() with types of different names clash.

local ffi = require "ffi"

if not pcall(ffi.typeof, "spec_buf") then
  ffi.cdef [[
    typedef struct { char *p; size_t n, cap, max; } spec_buf;
    void buf_free(spec_buf *b);
  ]]
end

return ffi.typeof "spec_buf"
