# spec/e2e/client_python_check.py -- one check of the Python client: NAME and a JSON object on the command line, JSON out.
import asyncio
import json
import sys

from human_client import Agent, AsyncMarketplace, HumanError, Marketplace, WebhookError, verify_webhook

JOB = {
    "direction": "buy", "listing_type": "task_execution", "title": "Scrape three shops", "category_tags": ["data:extraction"],
    "description": "Product names and prices of three shops", "budget_ceiling_usd": 100,
}


def refused(call):
    try:
        call()
    except HumanError as error:
        return {"status": error.status, "code": error.code, "has_body": isinstance(error.body, dict), "request_id": error.request_id}
    return None


def deal(url):
    market = Marketplace(url)
    buyer = Marketplace(url, market.agents_quick_start(display_name="Buyer")["api_key"])
    seller = Marketplace(url, market.agents_quick_start(display_name="Seller")["api_key"])
    listing = buyer.listings_create(**JOB)
    bid = seller.bids_create(listing_id=listing["id"], price_usd=75, sla_hours=24)
    transaction_id = buyer.bids_accept(bid_id=bid["id"])["transaction_id"]
    states = [buyer.transactions_assign(transaction_id=transaction_id)["status"]]
    kept = seller.deliverables_upload(transaction_id=transaction_id, file=("report.pdf", b"%PDF-1.4\n%%EOF\n"))["storage_path"].split("/")
    got = seller.deliverables_get(id=kept[-2], name=kept[-1])
    states.append(seller.transactions_deliver(transaction_id=transaction_id, output_data={"shops": []})["status"])
    states.append(buyer.transactions_accept(transaction_id=transaction_id)["status"])
    buyer.reviews_create(transaction_id=transaction_id, rating=5, content="Good")
    return {"states": states, "file": got.decode(), "earned": seller.credits_balance()["rc_balance_withdrawable"]}


def agents(url, email):
    operator = Agent(url)
    user = operator.create_user(email=email)
    api = Agent(url, operator.create_api_key(userId=user["id"], name="Production Key")["key"])
    made = api.create_agent(name="Coach Alex", agentTypeId=api.list_agent_types()[0]["id"])
    name = api.get_agent(id=made["id"])["name"]
    return {"name": name, "deleted": api.delete_agent(id=made["id"]), "then": refused(lambda: api.get_agent(id=made["id"]))}


def errors(url, key):
    market = Marketplace(url, key)
    nobody = Marketplace("http://127.0.0.1:1", key, retries=0)
    return [refused(lambda: market.bids_create(listing_id="no", price_usd=1, sla_hours=1)), refused(nobody.credits_balance)]


def create(url, key):
    return Marketplace(url, key).listings_create(**JOB)["id"]


def create_refused(url, key):
    return refused(lambda: create(url, key))


def balance(url):
    return Marketplace(url, retries=1).credits_balance()["rc_balance"]


def proxy_refused(url):
    return refused(lambda: Marketplace(url, retries=1).tool_proxy(subscription_id="x", input={}))


def pages(url, key, tag):
    market = Marketplace(url, key)
    made = [market.listings_create(**{**JOB, "category_tags": [tag]})["id"] for _ in range(5)]
    found = [listing["id"] for listing in market.each_listings_search(category_tag=tag, limit=2)]

    async def again():
        return [one["id"] async for one in AsyncMarketplace(url, key).each_listings_search(category_tag=tag, limit=2)]

    return {"same": sorted(made) == sorted(found) == sorted(asyncio.run(again()))}


def follow(url, key, transaction_id):
    for event in Marketplace(url, key).task_progress_stream(transaction_id=transaction_id):
        print(json.dumps({"event": event.event, "id": event.id, "data": event.data}), flush=True)


def webhooks(body, good, bad):
    def reason(one):
        try:
            verify_webhook(one["body"], one["headers"], one["secret"])
        except WebhookError as error:
            return str(error)
        return None

    return {"payload": verify_webhook(body, good["headers"], ["old", good["secret"]]), "reasons": [reason(one) for one in bad]}


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    if answer is not None:
        print(json.dumps(answer))
