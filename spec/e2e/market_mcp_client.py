"""spec/e2e/market_mcp_client.py -- the official Python client of MCP lists tools and calls two: prints what it got, as JSON."""
import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main(url, key):
    headers = {"X-API-Key": key, "Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers) as http, Client(streamable_http_client(url, http_client=http)) as client:
        tools = (await client.list_tools()).tools
        called = await client.call_tool("humai__web_scraper", {"url": "https://example.com"})
        failed = await client.call_tool("humai__transactions-get", {"transaction_id": "00000000-0000-4000-8000-000000000000"})
    print(json.dumps({
        "tools": [tool.name for tool in tools], "called": called.structured_content,
        "failed": [failed.is_error, failed.structured_content["code"]],
    }))


asyncio.run(main(*sys.argv[1:]))
