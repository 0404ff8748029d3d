#!/usr/bin/env python3
"""spec/recount/recount.py -- the ledger again, from the answers of the API alone.

Usage: recount.py ANSWERS LEDGER

ANSWERS has a line of JSON for each answer that clients got: {"actor", "method", "path", "body", "status", "answer"}.
From them alone this works out what every actor has, what is held for every transaction and what the platform has earned.
It is compared, to the thousandth, with what actors were told at the end (/credits-balance), and with LEDGER, the text of
`human ledger export`.  Prints what differs; the exit status is 1 if anything does.
"""
import json
import re
import sys
from collections import defaultdict
from decimal import Decimal

ENDED_BACK = {"canceled", "canceled_refunded", "refunded"}
POSTING = re.compile(r"^    (\S+)\s+(-?[0-9.]+) (USD|RC)$")


def cents(usd):
    whole = Decimal(str(usd)) * 100
    assert whole == whole.to_integral_value(), f"{usd} is not whole cents"
    return int(whole)


def share(amount, basis_points):
    """Half a cent up."""
    return (amount * basis_points + 5000) // 10000


class Deal:
    """A transaction, as its parties saw it last."""

    def __init__(self, whole):
        t = whole["transaction"]
        self.id, self.state, self.parent = t["transaction_id"], t["status"], t["parent_transaction_id"]
        self.buyer, self.seller, self.depth = t["buyer_id"], t["seller_id"], t["chain_depth"]
        self.price, self.fee = cents(t["price_usd"]), cents(t["platform_fee_usd"])
        self.created, self.paid_when, self.payout_status = t["created_at"], t["paid_when"], t["payout_status"]
        self.paid = None if t["paid_usd"] is None else cents(t["paid_usd"])
        self.is_assigned = t["assigned_at"] is not None
        self.steps = whole["milestones"]
        self.parts, self.pct, self.held, self.due = [], None, 0, 0

    def tree(self):
        out = [self]
        for part in self.parts:
            out += part.tree()
        return sorted(out, key=lambda d: (d.depth, d.created, d.id))

    def kept(self):
        return sum(d.held + d.due for d in self.tree())


class Books:
    def __init__(self):
        self.wallet_w, self.wallet_m = defaultdict(int), defaultdict(int)      # thousandths of a credit
        self.fees, self.move_fees, self.refunded, self.moved = 0, 0, 0, 0       # cents
        self.deals, self.told, self.wrong = {}, {}, []

    def say(self, text):
        self.wrong.append(text)

    def same(self, what, is_, should):
        if is_ != should:
            self.say(f"{what}: {is_}, and recounted it is {should}")

    # ---- what clients were told -------------------------------------------------------------------------------

    def read(self, lines):
        splits, seen = {}, set()
        for line in lines:
            one = json.loads(line)
            path, body, answer = one["path"].split("?")[0], one.get("body") or {}, one["answer"]
            if one["status"] >= 300:
                continue
            if path == "/agents-quick-start":
                self.wallet_m[answer["actor_id"]] += answer["rc_balance"] * 1000
            elif path == "/credits-deposit" and answer["payment_id"] not in seen:
                seen.add(answer["payment_id"])
                fee, amount = cents(answer["fee_usd"]), cents(answer["amount_usd"])
                self.wallet_w[one["actor"]] += (amount - fee) * 1000
                self.move_fees += fee
                self.moved += amount
            elif path == "/credits-withdraw" and answer["withdrawal_id"] not in seen:
                seen.add(answer["withdrawal_id"])
                self.wallet_w[one["actor"]] -= answer["amount"] * 1000
                self.move_fees += cents(answer["fee_usd"])
                self.moved -= answer["amount"] - cents(answer["fee_usd"])
            elif path == "/transactions-get":
                self.deals[answer["transaction"]["transaction_id"]] = Deal(answer)
            elif path == "/disputes-create":
                splits[answer["dispute_id"]] = [body["transaction_id"], None]
            elif path == "/disputes-resolve" and body["resolution"] == "split":
                splits[body["dispute_id"]][1] = body["buyer_pct"]
            elif path == "/credits-balance":
                self.told[one["actor"]] = answer
        for transaction_id, pct in splits.values():
            if pct is not None and transaction_id in self.deals:
                self.deals[transaction_id].pct = pct

    # ---- what became of the money ---------------------------------------------------------------------------------

    def pay(self, deal, amount):
        """Pays what has been earned, less the fee, in proportion to what is kept of the price."""
        fee = min(amount, (2 * deal.fee * deal.kept() + deal.price) // (2 * deal.price))
        return amount - fee, fee

    def earn(self, seller, payout, fee):
        self.wallet_w[seller] += payout * 1000
        self.fees += fee

    def release(self, root):
        due = [(d, *self.pay(d, d.held if d is root else d.due)) for d in root.tree()]
        for deal, payout, fee in due:
            self.earn(deal.seller, payout, fee)
            if deal is not root and deal.payout_status is not None and deal.payout_status != "returned":
                self.same(f"{deal.id}: paid_usd", deal.paid, payout)
            deal.held = deal.due = 0

    def take_back(self, deal, basis_points):
        """A share of what it and its parts hold: sums are rounded, not parts."""
        total = back = 0
        for one in deal.tree():
            has = one.held if one is deal else one.due
            total += has
            now = share(total, basis_points)
            if one is deal:
                one.held -= now - back
            else:
                one.due -= now - back
            back = now
        return back

    def milestones(self, deal):
        paid_share = fees = payouts = 0
        for step in deal.steps:
            if step["status"] == "accepted":
                self.earn(deal.seller, cents(step["payout_usd"]), cents(step["platform_fee_usd"]))
                paid_share += cents(step["payout_usd"]) + cents(step["platform_fee_usd"])
            fees += cents(step["platform_fee_usd"])
            payouts += cents(step["payout_usd"])
        self.same(f"{deal.id}: fees and payouts of its milestones", fees + payouts, deal.price)
        deal.held = deal.price - paid_share

    def settle(self, deal):
        """What comes of a transaction; returns what goes back to whoever pays for it."""
        self.same(f"{deal.id}: its fee", deal.fee, share(deal.price, 1000))
        self.same(f"{deal.id}: paid_when", deal.paid_when, "parent_released" if deal.parent else "accepted")
        if deal.state == "pending_payment" or not deal.is_assigned:
            return 0
        deal.held = deal.price - sum(part.price for part in deal.parts)
        for part in deal.parts:
            deal.held += self.settle(part)
        if deal.steps:
            self.milestones(deal)
            back = deal.held if deal.state in ENDED_BACK else 0
            deal.held -= back
            if deal.state == "accepted":
                self.same(f"{deal.id}: what its milestones leave", deal.held, 0)
            return back
        back = 0
        if deal.state in ENDED_BACK:
            back = sum(d.held + d.due for d in deal.tree())
            for one in deal.tree():
                one.held = one.due = 0
        elif deal.state == "split_resolved":
            back = self.take_back(deal, int(Decimal(str(deal.pct)) * 100))
        if deal.state in ("accepted", "split_resolved"):
            if deal.parent:
                deal.due, deal.held = deal.due + deal.held, 0
            else:
                self.release(deal)
        return back

    def recount(self):
        for deal in self.deals.values():
            if deal.parent:
                self.deals[deal.parent].parts.append(deal)
        for deal in self.deals.values():
            if not deal.parent:
                self.refunded += self.settle(deal)

    def kinds(self):
        """How many there were of what is hard to divide."""
        deals, wholes = self.deals.values(), [d for d in self.deals.values() if d.parts]
        return {
            "split_wholes_with_parts": sum(1 for d in wholes if d.state == "split_resolved"),
            "ended_back_wholes_with_parts": sum(1 for d in wholes if d.state in ENDED_BACK),
            "in_milestones": sum(1 for d in deals if d.steps),
            "paid_milestones": sum(1 for d in deals for step in d.steps if step["status"] == "accepted"),
            "refunded_milestones": sum(1 for d in deals for step in d.steps if step["status"] == "refunded"),
        }

    # ---- what the server says -----------------------------------------------------------------------------------------

    def compare(self, ledger):
        posted = defaultdict(Decimal)
        for line in ledger:
            match = POSTING.match(line.rstrip("\n"))
            if match:
                posted[match[1]] += Decimal(match[2])
        for actor, told in self.told.items():
            for pool, has in (("W", self.wallet_w[actor]), ("M", self.wallet_m[actor])):
                name = "withdrawable" if pool == "W" else "marketplace"
                self.same(f"{actor}: {name} credits told", Decimal(str(told[f"rc_balance_{name}"])), Decimal(has) / 1000)
                self.same(f"{actor}: {name} credits in the ledger", -posted[f"credits:wallet_{pool}:{actor}"], Decimal(has) / 1000)
        held = {d.id: d for d in self.deals.values()}
        for account, amount in posted.items():
            kind = re.match(r"liabilities:(escrow|due):(.+)$", account)
            if kind and amount and kind[2] not in held:
                self.say(f"{account} holds {-amount}, and nobody was told of it")
        charged = sum(d.price for d in self.deals.values() if d.is_assigned and not d.parent)
        for deal in self.deals.values():
            self.same(f"{deal.id} ({deal.state}): due", -posted[f"liabilities:due:{deal.id}"], Decimal(deal.due) / 100)
            in_ledger = -posted[f"liabilities:escrow:{deal.id}"]
            if deal.state in ("assigned", "delivered", "revision_requested", "disputed") and not in_ledger:
                charged -= 0 if deal.parent else deal.price
                continue                         # its card is authorised, not charged yet
            self.same(f"{deal.id} ({deal.state}): held", in_ledger, Decimal(deal.held) / 100)
        self.same("fees of transactions", -posted["revenues:fees_tasks"], Decimal(self.fees) / 100)
        cash = Decimal(charged - self.refunded + self.moved) / 100
        self.same("what cards were charged, less what went back and was paid out", posted["assets:processor"], cash)
        self.same("fees of deposits and withdrawals", -posted["revenues:fees_moves"], Decimal(self.move_fees) / 100)


def main(answers, ledger):
    books = Books()
    with open(answers, encoding="utf-8") as lines:
        books.read(lines)
    books.recount()
    with open(ledger, encoding="utf-8") as lines:
        books.compare(lines)
    for text in books.wrong[:50]:
        print(text)
    paid = sum(books.wallet_w.values())
    print(json.dumps({"deals": len(books.deals), "parts": sum(1 for d in books.deals.values() if d.parent),
                      "actors": len(books.told), "withdrawable": paid / 1000, "fees_cents": books.fees,
                      "kinds": books.kinds(), "wrong": len(books.wrong)}))
    return 1 if books.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
