-- spec/e2e/scripts/rpc/api/control/errors.lua -- two codes of its own, and words of its own for two of the shared ones.
return {
  session_not_found = { status = 404, message = "There is no such session" },
  too_dear = { status = 402, message = "That costs too much", rpc = { -32077, "TOO_DEAR" } },
  method_not_found = { status = 404, message = "unknown method" },
  unauthorized = { status = 401, message = "unauthorized" },
}
