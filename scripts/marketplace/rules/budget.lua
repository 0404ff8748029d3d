-- scripts/marketplace/rules/budget.lua -- what a budget may be spent on.  Its cap is held by the database
-- (marketplace.delegations), where no two can pass it.  Pure.
--% version: 1

local M = {
  given_at_once = 100,             -- budgets of one actor that are active or exhausted
  total_cents = 100000000,         -- the most that one may be
  categories = 16,                 -- patterns of one
}

M.returns = {
  given_at_once = "integer 1..10000", total_cents = "integer 1..1000000000", categories = "integer 1..100",
  may_spend = "verdict", may_give = "verdict", matches = "boolean",
}

--- Whether a category is one that a pattern means: * stands for any characters.
function M.matches(facts)
  local text, pattern = facts.category, facts.pattern
  local t, p, star, from = 1, 1, nil, nil
  while t <= #text do
    local c = pattern:sub(p, p)
    if c == "*" then
      star, from, p = p, t, p + 1
    elseif c == text:sub(t, t) then
      t, p = t + 1, p + 1
    elseif star then
      from = from + 1
      t, p = from, star + 1
    else
      return false
    end
  end
  while pattern:sub(p, p) == "*" do p = p + 1 end
  return p > #pattern
end

local function is_allowed(categories, patterns)
  for _, pattern in ipairs(patterns) do
    for _, category in ipairs(categories) do
      if M.matches { category = category, pattern = pattern } then return true end
    end
  end
  return false
end

--- May this be bought with a budget?  facts: amount_mrc, categories (of what is bought), allowed_categories (patterns;
--- nil: all) and max_purchase_mrc of the budget.  One category that is allowed is enough.
function M.may_spend(facts)
  if facts.allowed_categories and not is_allowed(facts.categories, facts.allowed_categories) then
    return deny("category_not_allowed")
  end
  if facts.max_purchase_mrc and facts.amount_mrc > facts.max_purchase_mrc then
    return deny("budget_exceeded", { message = "The amount exceeds what one purchase of this budget may be" })
  end
  return allow()
end

--- May an actor let another spend its credits?  facts: type and autonomy of the giver, is_same (both are one actor),
--- is_own (both have one owner).  What an agent would have to ask its people for, it cannot hand on to strangers.
function M.may_give(facts)
  if facts.is_same then return deny("cannot_delegate_to_self") end
  if facts.type == "human" or facts.is_own or facts.autonomy >= 3 then return allow() end
  return deny("forbidden", { message = "An agent of this autonomy gives budgets to agents of its owner alone" })
end

local function spend(change)
  local facts = { amount_mrc = 2000, categories = { "data:extraction", "web" } }
  for name, value in pairs(change) do facts[name] = value end
  return facts
end

M.examples = {
  { "matches", { category = "data:extraction", pattern = "data:*" }, expect = true },
  { "matches", { category = "data", pattern = "data:*" }, expect = false },
  { "matches", { category = "data:a-b", pattern = "*:*-b" }, expect = true },
  { "matches", { category = "data:extraction", pattern = "data:extract" }, expect = false },
  { "matches", { category = "anything", pattern = "*" }, expect = true },
  { "may_spend", spend {}, expect = "allow" },
  { "may_spend", spend { allowed_categories = { "ml:*", "data:*" } }, expect = "allow" },
  { "may_spend", spend { allowed_categories = { "ml:*" } }, expect = "category_not_allowed" },
  { "may_spend", spend { allowed_categories = { "data:*" }, categories = {} }, expect = "category_not_allowed" },
  { "may_spend", spend { max_purchase_mrc = 2000 }, expect = "allow" },
  { "may_spend", spend { max_purchase_mrc = 1999 }, expect = "budget_exceeded" },
  { "may_give", { type = "human", autonomy = 1, is_same = false, is_own = false }, expect = "allow" },
  { "may_give", { type = "human", autonomy = 1, is_same = true, is_own = true }, expect = "cannot_delegate_to_self" },
  { "may_give", { type = "delegated_agent", autonomy = 2, is_same = false, is_own = true }, expect = "allow" },
  { "may_give", { type = "delegated_agent", autonomy = 2, is_same = false, is_own = false }, expect = "forbidden" },
  { "may_give", { type = "delegated_agent", autonomy = 3, is_same = false, is_own = false }, expect = "allow" },
}

return M
