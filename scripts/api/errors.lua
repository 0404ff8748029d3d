-- scripts/api/errors.lua -- the errors that all surfaces share: code -> status and message.
-- Handlers, services and rules name a code; the surface that answers decides what the client sees: here, or in
-- api/AREA/errors.lua, which may redefine a code of this file.  A route lists the codes that it may answer with; the
-- load fails if its surface does not have one of them.

-- code: what clients see instead of the name, which only scripts use.
local function e(status, message, code) return { status = status, message = message, code = code } end

return {
  -- The runtime's own.
  internal               = e(500, "Internal error"),
  not_found              = e(404, "Not found"),
  method_not_allowed     = e(405, "Method not allowed"),
  validation_error       = e(400, "Validation failed"),
  unauthorized           = e(401, "Invalid or missing API key"),
  forbidden              = e(403, "Not permitted"),
  rate_limited           = e(429, "Too many requests"),
  unsupported_media_type = e(415, "Unsupported media type"),
  payload_too_large      = e(413, "Payload too large"),
  insufficient_storage   = e(507, "No room for what was sent"),
  upgrade_required       = e(426, "This address speaks WebSocket"),
  misdirected            = e(421, "This server is not the one that Host names"),
  deadline_exceeded      = e(504, "The request took too long"),
  database_unavailable   = e(503, "The database is not reachable"),
  db_timeout             = e(503, "The database took too long"),
  rule_budget            = e(500, "A rule used more than its budget"),
  too_many_operations    = e(500, "Too many operations in one request"),
  service_unavailable    = e(503, "Service unavailable"),
  route_disabled         = e(503, "This route has failed badly several times and is out of service for now"),
  conflict               = e(409, "Conflict with the present state"),
  transaction_conflict   = e(503, "Too many requests change the same data at once; try again", "conflict"),
  idempotency_in_progress = e(409, "The first request with this Idempotency-Key is still being carried out"),
  idempotency_answer_lost = e(409, "The request was carried out; its answer was too large to keep"),
  idempotency_key_reused = e(422, "This Idempotency-Key was used for another request"),

  -- Refusals of RPC over a WebSocket (human.api, g:rpc).
  parse_error            = e(400, "The message is not valid JSON"),
  invalid_request        = e(400, "The message is not a request"),
  method_not_found       = e(404, "Unknown method"),
  request_canceled       = e(409, "The request was canceled"),

  -- Requests that the host refuses before a script sees them.
  bad_request            = e(400, "The request is not valid HTTP/1.1"),
  request_timeout        = e(408, "The request did not arrive in time"),
  uri_too_long           = e(414, "The request target is longer than 8192 bytes"),
  expectation_failed     = e(417, "Only 100-continue can be expected"),
  websocket_version      = e(426, "Only version 13 of WebSocket is spoken here"),
  headers_too_large      = e(431, "The headers are too many or too large"),
  not_implemented        = e(501, "The method or transfer coding is not known here"),
  overloaded             = e(503, "The server is at its limit; try again later"),
  http_version_not_supported = e(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here"),
}
