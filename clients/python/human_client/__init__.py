# clients/python/human_client/__init__.py -- clients of human's APIs: the marketplace's and the agent API's.
from ._client import CallOptions, HumanError, StreamEvent, StreamOptions, new_key
from ._webhooks import WebhookError, verify_webhook
from .agent import Agent, AsyncAgent
from .marketplace import AsyncMarketplace, Marketplace

__all__ = [
    "Agent",
    "AsyncAgent",
    "AsyncMarketplace",
    "CallOptions",
    "HumanError",
    "Marketplace",
    "StreamEvent",
    "StreamOptions",
    "WebhookError",
    "new_key",
    "verify_webhook",
]
