// spec/e2e/agent_model.mjs -- a language model that answers what a spec tells it to, when it tells it to.
// It speaks OpenAI's streaming dialect.  `model.answer` is called for each request: it gets the texts of
// the messages and gives {text, tools: [[name, arguments]], ms or wait (a promise: before it answers), status, half (a text that breaks off)}.
import http from 'node:http';
import { openai, sse } from './dialects.mjs';

const stream = ({ text = '', tools = [] }) => openai.stream({ text, usage: [100, 10],
  calls: tools.map(([name, args], index) => ({ id: `call_${index}`, name, arguments: args })) });

export async function startModel() {
  const model = { requests: [], headers: [], hungUp: 0, answer: () => ({ text: 'Fine.' }) };
  const server = http.createServer((req, res) => {
    const chunks = [];
    let done = false;
    res.on('close', () => { if (!done) model.hungUp += 1; });
    req.on('data', (c) => chunks.push(c));
    req.on('end', async () => {
      const body = JSON.parse(Buffer.concat(chunks));
      model.requests.push(body);
      model.headers.push(req.headers);
      const reply = model.answer(body.messages.map((m) => m.content ?? ''), body);
      await reply.wait;
      if (reply.ms) await new Promise((r) => { setTimeout(r, reply.ms).unref(); });
      done = true;
      if (res.destroyed) return;
      if (reply.status) {
        res.writeHead(reply.status, { 'content-type': 'application/json' });
        res.end('{"error":{"message":"told to"}}');
        return;
      }
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      if (reply.half) { // as much of an answer, and the connection is gone
        res.write(sse({ choices: [{ delta: { content: reply.half } }] }), () => res.destroy());
        return;
      }
      res.end(stream(reply));
    });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  model.url = `http://127.0.0.1:${server.address().port}/v1`;
  model.env = { HUMAN_LLM_BASE_URL: model.url, HUMAN_LLM_MODEL: 'spec-model', HUMAN_LLM_MAX_RETRIES: '0' };
  model.close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return model;
}
