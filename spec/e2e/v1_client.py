# spec/e2e/v1_client.py -- PyPI openai at a server: {url} on standard input, what it saw on standard output.
import json
import sys

import openai

client = openai.OpenAI(api_key="unused", base_url=json.load(sys.stdin)["url"] + "/v1", max_retries=0)
ask = {"model": "human", "messages": [{"role": "user", "content": "Hello"}]}
whole = client.chat.completions.create(**ask)
chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
response = client.responses.create(model="human", input="Hello")
with client.responses.stream(model="human", input="Hello") as stream:
    pieces = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
try:
    client.models.retrieve("gpt-99")
    refused = None
except openai.APIStatusError as e:
    refused = [type(e).__name__, e.code]
print(json.dumps({
    "whole": whole.choices[0].message.content,
    "pieces": "".join(c.choices[0].delta.content or "" for c in chunks if c.choices),
    "usage": chunks[-1].usage.total_tokens,
    "response": response.output_text,
    "response_pieces": pieces,
    "refused": refused,
    "models": any(m.id == "human" for m in client.models.list()),
}))
