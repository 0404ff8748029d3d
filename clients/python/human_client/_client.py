# clients/python/human_client/_client.py -- calls, retries, streams and lists, for the classes that are generated.
from __future__ import annotations

import asyncio
import http.client
import json
import random
import secrets
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, AsyncIterator, Iterator, Mapping, TypedDict

FIRST_WAIT_S = 0.25
STREAM_WAIT_S = 3.0
LINE_MAX = 1 << 20
PAGE = 50

File = bytes | tuple[str, bytes]
"""A file to send: its bytes, or its name and its bytes."""


class CallOptions(TypedDict, total=False):
    key: str
    idempotency_key: str
    headers: dict[str, str]
    timeout_s: float
    retries: int


class StreamOptions(TypedDict, total=False):
    key: str
    last_event_id: str
    headers: dict[str, str]
    timeout_s: float
    retries: int


@dataclass(frozen=True)
class StreamEvent:
    event: str
    data: Any
    id: str | None = None


@dataclass(frozen=True)
class Operation:
    method: str
    url: str
    path: list[str] | tuple[str, ...] = ()
    query: list[str] | tuple[str, ...] = ()
    body: str | None = None
    whole: bool = False
    answer: str = "json"
    repeatable: bool = False
    admin: bool = False
    items: str | None = None


class HumanError(Exception):
    """What the server refused: status and code say what; or what kept it from answering: status 0."""

    def __init__(
        self,
        message: str,
        status: int = 0,
        code: str = "connection_failed",
        body: Any = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.body = body
        self.request_id = request_id
        self.retry_after_s = retry_after_s


def new_key() -> str:
    """A new Idempotency-Key."""
    return secrets.token_hex(16)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key must not follow to where an answer points."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _backoff(attempt: int) -> float:
    return float(FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1))


def _retry_after(headers: Any) -> float | None:
    text = headers.get("retry-after")
    if text is None:
        return None
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _refusal(status: int, headers: Any, raw: bytes) -> HumanError:
    text = raw.decode("utf-8", "replace")
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = text
    facts = body if isinstance(body, dict) else {}
    code = facts.get("code")
    message = str(facts.get("message") or facts.get("error") or f"HTTP {status}")
    return HumanError(
        message,
        status,
        code if isinstance(code, str) else f"http_{status}",
        body,
        headers.get("x-request-id"),
        _retry_after(headers),
    )


def _form(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    out = bytearray()
    for name, value in fields.items():
        if value is None:
            continue
        out += f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"'.encode()
        if isinstance(value, (bytes, tuple)):
            file_name, data = value if isinstance(value, tuple) else ("file", value)
            safe = file_name.replace("\\", "_").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            out += f'; filename="{safe}"\r\ncontent-type: application/octet-stream\r\n\r\n'.encode() + data
        else:
            out += f"\r\n\r\n{value}".encode()
        out += b"\r\n"
    out += f"--{boundary}--\r\n".encode()
    return bytes(out), f"multipart/form-data; boundary={boundary}"


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _pause(error: HumanError, safe: bool, attempt: int) -> float | None:
    """How long to wait before a refused request is sent again; None: never."""
    if error.code == "idempotency_in_progress":
        return error.retry_after_s if error.retry_after_s is not None else _backoff(attempt)
    if error.status == 429 or (error.status == 503 and safe):
        return error.retry_after_s  # what says no time is no passing matter
    return None


class _Events:
    """The events of an open stream; keeps the last id and the pause that the server wants."""

    def __init__(self, last: str | None) -> None:
        self.last = last
        self.again = STREAM_WAIT_S

    def read(self, answer: http.client.HTTPResponse) -> Iterator[StreamEvent]:
        event, data = "", list[str]()
        while True:
            line = answer.readline(LINE_MAX + 1)
            if not line:
                return
            if len(line) > LINE_MAX:
                raise HumanError("a line of the stream is too long", code="bad_stream")
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if not text:
                if data:
                    yield StreamEvent(event or "message", _parsed("\n".join(data)), self.last)
                event, data = "", []
                continue
            name, _, value = text.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "event":
                event = value
            elif name == "data":
                data.append(value)
            elif name == "id" and "\0" not in value:
                self.last = value
            elif name == "retry" and value.isdigit():
                self.again = int(value) / 1000


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_END = object()


async def _later(items: Iterator[Any]) -> AsyncIterator[Any]:
    while True:
        item = await asyncio.to_thread(next, items, _END)
        if item is _END:
            return
        yield item


class Client:
    """Calls of one server with one key; safe for several threads."""

    def __init__(
        self,
        url: str = "http://localhost:3000",
        key: str | None = None,
        *,
        admin_token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30,
        retries: int = 3,
        max_wait_s: float = 20,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.admin_token = admin_token
        self.headers = dict(headers or {})
        self.timeout_s = timeout_s
        self.retries = retries
        self.max_wait_s = max_wait_s
        self._opener = urllib.request.build_opener(_NoRedirects(), urllib.request.HTTPSHandler(context=context))

    def _request(
        self, operation: Operation, given: Mapping[str, Any], options: Mapping[str, Any], extra: dict[str, str]
    ) -> urllib.request.Request:
        path = operation.url
        for name in operation.path:
            path = path.replace("{" + name + "}", urllib.parse.quote(_text(given[name]), safe=""))
        query = {name: _text(given[name]) for name in operation.query if given.get(name) is not None}
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"accept": "text/event-stream" if operation.answer == "events" else "application/json"}
        if operation.answer == "bytes":
            headers["accept"] = "*/*"
        key = options.get("key", self.key)
        if key:
            headers["x-api-key"] = key
        if operation.admin and self.admin_token:
            headers["authorization"] = "Bearer " + self.admin_token
        data: bytes | None = None
        if operation.body:
            outside = {*operation.path, *operation.query}
            body: Any = given.get("body") if operation.whole else {k: v for k, v in given.items() if k not in outside}
            if operation.body == "json":
                data, headers["content-type"] = json.dumps(body).encode(), "application/json"
            elif operation.body == "form":
                data, headers["content-type"] = _form(body)
            else:
                data = body
        headers.update(self.headers)
        headers.update(options.get("headers", {}))
        headers.update(extra)
        return urllib.request.Request(url, data=data, headers=headers, method=operation.method)

    def _open(
        self, operation: Operation, given: Mapping[str, Any], options: Mapping[str, Any], extra: dict[str, str]
    ) -> Any:
        request = self._request(operation, given, options, extra)
        try:
            return self._opener.open(request, timeout=options.get("timeout_s", self.timeout_s))
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.headers, error.read()) from None
        except TimeoutError as error:
            raise HumanError("no answer in time", code="timeout") from error
        except (OSError, http.client.HTTPException) as error:
            raise HumanError(f"the connection failed: {error}") from error

    def _once(
        self, operation: Operation, given: Mapping[str, Any], options: Mapping[str, Any], extra: dict[str, str]
    ) -> Any:
        with self._open(operation, given, options, extra) as answer:
            try:
                raw: bytes = answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise HumanError(f"the connection failed: {error}") from error
        if operation.answer == "none" or answer.status == 204:
            return None
        if operation.answer == "bytes":
            return raw
        text = raw.decode()
        return text if operation.answer == "text" else json.loads(text)

    def _call(self, operation: Operation, given: Mapping[str, Any], options: CallOptions | None) -> Any:
        settings: Mapping[str, Any] = options or {}
        key = settings.get("idempotency_key") or (new_key() if operation.repeatable else None)
        safe = operation.method in ("GET", "PUT") or key is not None
        extra = {"idempotency-key": key} if key else {}
        attempt = 0
        while True:
            try:
                return self._once(operation, given, settings, extra)
            except HumanError as error:
                pause = _pause(error, safe, attempt)
                if error.status == 0:
                    pause = _backoff(attempt) if safe else None
                if pause is None or pause > self.max_wait_s or attempt >= settings.get("retries", self.retries):
                    raise
            time.sleep(pause)
            attempt += 1

    async def _call_async(self, operation: Operation, given: Mapping[str, Any], options: CallOptions | None) -> Any:
        return await asyncio.to_thread(self._call, operation, given, options)

    def _stream(
        self, operation: Operation, given: Mapping[str, Any], options: StreamOptions | None
    ) -> Iterator[StreamEvent]:
        settings: Mapping[str, Any] = options or {}
        events = _Events(settings.get("last_event_id"))
        failed = 0
        while True:
            try:
                extra = {"last-event-id": events.last} if events.last is not None else {}
                with self._open(operation, given, settings, extra) as answer:
                    if answer.status == 204:
                        return
                    for event in events.read(answer):
                        failed = 0
                        yield event
                        if event.event == "end":
                            return
                if operation.method != "GET":
                    return
            except (HumanError, OSError, http.client.HTTPException) as error:
                failed += 1
                refused = isinstance(error, HumanError) and error.status != 0 and _pause(error, True, failed) is None
                if operation.method != "GET" or refused or failed > settings.get("retries", self.retries):
                    raise
            time.sleep(events.again)

    def _stream_async(
        self, operation: Operation, given: Mapping[str, Any], options: StreamOptions | None
    ) -> AsyncIterator[StreamEvent]:
        return _later(self._stream(operation, given, options))

    def _each(self, operation: Operation, given: Mapping[str, Any], options: CallOptions | None) -> Iterator[Any]:
        limit = given.get("limit", PAGE)
        offset = 0
        while True:
            page = self._call(operation, {**given, "limit": limit, "offset": offset}, options)
            items = page[operation.items or ""]
            yield from items
            if len(items) < limit:
                return
            offset += limit

    def _each_async(
        self, operation: Operation, given: Mapping[str, Any], options: CallOptions | None
    ) -> AsyncIterator[Any]:
        return _later(self._each(operation, given, options))
