# spec/e2e/schemathesis_hooks.py -- what an OpenAPI document cannot say about an Idempotency-Key: a key that was used
# for one request may not be used for another (422), so each generated request gets a key of its own.  Keys that the
# document forbids stay as they were generated.
import uuid

import schemathesis

HEADER = "idempotency-key"


def is_key(value):
    return isinstance(value, str) and 1 <= len(value) <= 255 and all("!" <= c <= "~" for c in value)


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in list((case.headers or {}).items()):
        if name.lower() == HEADER and is_key(value):
            case.headers[name] = str(uuid.uuid4())
