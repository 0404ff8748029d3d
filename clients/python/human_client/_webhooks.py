# clients/python/human_client/_webhooks.py -- is a webhook the server's?  Signatures as of standardwebhooks.com.
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any, Mapping

TOLERANCE_S = 300
SIGNATURES_MAX = 16


class WebhookError(ValueError):
    """Not a webhook of ours."""


def _key(secret: str) -> bytes:
    """Base64 after "whsec_" where it is that, else the secret's text."""
    text = secret.removeprefix("whsec_")
    if len(text) <= 88:
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if 24 <= len(key) <= 64:
            return key
    return secret.encode()


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | list[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> Any:
    """The payload of a webhook, once its signature and its time are right; raises WebhookError otherwise.

    body: as it came, not decoded; secret: that of the registration, several while it is being replaced.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = named.get("webhook-id"), named.get("webhook-timestamp")
    signatures = named.get("webhook-signature")
    if not message_id or not timestamp or not signatures:
        raise WebhookError("a header is missing")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookError("the time is malformed")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance_s:
        raise WebhookError("it is too old, or the clocks differ")
    raw = body.encode() if isinstance(body, str) else body
    signed = f"{message_id}.{timestamp}.".encode() + raw
    wanted = [
        b"v1," + base64.b64encode(hmac.new(_key(one), signed, hashlib.sha256).digest())
        for one in ([secret] if isinstance(secret, str) else secret)
    ]
    given = [text.encode() for text in signatures.split(" ")[:SIGNATURES_MAX]]
    if not any([hmac.compare_digest(text, each) for text in given for each in wanted]):
        raise WebhookError("the signature is not that of the secret")
    return json.loads(raw)
