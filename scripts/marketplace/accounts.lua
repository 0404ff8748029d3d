-- scripts/marketplace/accounts.lua -- the chart of accounts.  The platform's own have one row each, whose id is the
-- code; those of owners are opened when they are first needed.  side: "debit" or "credit", where the balance stands.

local M = {}

local function a(code, ledger, side, title) return { code = code, ledger = ledger, side = side, title = title } end

M.PLATFORM = {
  processor      = a(1000, "usd", "debit", "money at the payment processor"),
  authorised     = a(1010, "usd", "debit", "authorised, not captured: pending transfers only"),
  backing        = a(2200, "usd", "credit", "cash owed for withdrawable credits"),
  refunds        = a(2300, "usd", "credit", "refunds that the processor has not paid yet"),
  founders       = a(2400, "usd", "credit", "the founders' share of fees"),
  fees_tasks     = a(3000, "usd", "credit", "fees of transactions"),
  fees_tools     = a(3010, "usd", "credit", "fees of tools"),
  fees_moves     = a(3020, "usd", "credit", "fees of deposits and withdrawals"),
  processor_fees = a(4000, "usd", "debit", "what the processor keeps"),
  losses         = a(4010, "usd", "debit", "losses"),
  promotion      = a(4020, "usd", "debit", "promotion"),
  issued_promo   = a(5000, "rc", "debit", "credits issued for nothing"),
  issued_cash    = a(5010, "rc", "debit", "credits issued for cash"),
  platform_M     = a(6300, "rc", "credit", "the platform's marketplace credits"),
  platform_W     = a(6310, "rc", "credit", "the platform's withdrawable credits"),
  task_reserve   = a(6400, "rc", "credit", "reserved for credit tasks"),
  expired        = a(6500, "rc", "credit", "expired credits"),
}

M.OWNED = {
  escrow     = a(2000, "usd", "credit", "held for a transaction"),
  due        = a(2050, "usd", "credit", "earned by a part, held until the whole is released"),
  payable    = a(2100, "usd", "credit", "owed to a seller"),
  wallet_M   = a(6000, "rc", "credit", "marketplace credits of an actor"),
  wallet_W   = a(6010, "rc", "credit", "withdrawable credits of an actor"),
  in_flight  = a(6200, "rc", "credit", "withdrawals under way"),
}

return M
