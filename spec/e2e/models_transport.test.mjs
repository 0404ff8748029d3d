// spec/e2e/models_transport.test.mjs -- how model servers are reached: compressed answers, proxies, keys, refusals
// over real sockets, and the differences between kinds of servers.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { makeAgent, makeUser, newMessage, outline, run, send, connected, NORMAL } from './agent_client.mjs';
import { makeHome, startHost } from './hosts.mjs';
import { compressed, refuse, sse, startServer, stream, WHOLE } from './models_server.mjs';

let home, model;
before(async () => {
  home = makeHome();
  model = await startServer();
});
after(() => model.close());

const start = (env) => startHost({ home, env: { HUMAN_WORKERS: '1', HUMAN_LLM_MODEL: 'm', HUMAN_LLM_MAX_RETRIES: '0', ...env } });

/** A host with an agent: say(text) gives the actions of the run that answers. */
async function agentOn(env) {
  const host = await start(env);
  return { host, ...await agentAt(host), async stop() { this.leave(); await host.stop(); } };
}

async function agentAt(host, settings = {}) {
  const user = await makeUser(host.url), { id } = await makeAgent(host.url, user);
  assert.equal((await user.api('PUT', `/api/agents/${id}`, { settings })).status, 200);
  const socket = await connected(host.url, id, user.key);
  return {
    async say(content) {
      const from = socket.actions.length;
      await send(socket, newMessage(content));
      return run(socket, from);
    },
    leave: () => socket.disconnect(),
  };
}

const said = (actions) => actions.find((a) => a.type === 'send-message')?.content;

describe('a server of OpenAI\'s dialect', () => {
  let agent;
  before(async () => { agent = await agentOn({ HUMAN_LLM_BASE_URL: `${model.url}/v1/`, HUMAN_LLM_KEY: 'k' }); });
  after(() => agent?.stop());

  for (const encoding of ['gzip', 'deflate', 'br']) {
    it(`may compress a stream that nobody asked to be compressed (${encoding})`, async () => {
      model.on = (request, res) => compressed(res, encoding, WHOLE.openai('Packed 💪'));
      assert.equal(said(await agent.say('Hi')), 'Packed 💪');
      assert.ok(!/gzip|br/.test(model.requests.at(-1).headers['accept-encoding'] ?? ''));
    });
  }

  it('may refuse fields one after the other, and is not asked with them again', async () => {
    const refused = ['stream_options', 'tools', 'max_tokens', 'max_completion_tokens'];
    model.on = (request, res) => {
      const field = refused.find((name) => name in request.body);
      if (field) return refuse(res, 422, { detail: [{ loc: ['body', field], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' }] });
      return stream(res, WHOLE.openai('As you like.'));
    };
    model.requests.length = 0;
    assert.equal(said(await agent.say('Hi')), 'As you like.');
    assert.equal(model.requests.length, 5);
    assert.equal(said(await agent.say('Again')), 'As you like.');
    assert.equal(model.requests.length, 6);
  });

  it('ends half an answer with an error, and nothing is posted', async () => {
    for (const reason of ['error', 'insufficient_system_resource', 'abort']) {
      model.on = (request, res) => stream(res, sse({ choices: [{ delta: { content: 'Half an ans' } }] }, { choices: [{ delta: {}, finish_reason: reason }] }, '[DONE]'));
      const actions = await agent.say('Hi');
      assert.deepEqual([said(actions), actions.at(-1).reason, actions.at(-1).code], [undefined, 'error', 'incomplete']);
    }
  });

  it('may stop at the length: what is posted ends with a sentence', async () => {
    model.on = (request, res) => stream(res, sse({ choices: [{ delta: { content: 'Run twice a week. Rest on Sundays. After that you sho' } }] }, { choices: [{ delta: {}, finish_reason: 'length' }] }, '[DONE]'));
    assert.equal(said(await agent.say('Hi')), 'Run twice a week. Rest on Sundays.');
  });

  const cutOff = (text) => sse({ choices: [{ delta: { content: text } }] }, { choices: [{ delta: {}, finish_reason: 'length' }] }, '[DONE]');

  it('may stop at the length: it is asked to go on, once, and what comes is joined without a seam', async () => {
    for (const [rest, ends, whole] of [['After that you should swim.', 'stop', 'Run twice a week. Rest on Sundays. After that you should swim.'],
      ['Rest on Sundays. After that you should swim. And th', 'length', 'Run twice a week. Rest on Sundays. After that you should swim.']]) {
      model.requests.length = 0;
      model.on = (request, res) => stream(res, model.requests.length === 1 ? cutOff('Run twice a week. Rest on Sundays. After that you sho')
        : ends === 'stop' ? WHOLE.openai(rest) : cutOff(rest));
      assert.equal(said(await agent.say('Hi')), whole);
      assert.equal(model.requests.length, 2);
      const [first, second] = model.requests.map((r) => r.body);
      assert.deepEqual(second.messages.slice(0, -2), first.messages);
      assert.deepEqual([second.messages.at(-2).role, second.messages.at(-2).content], ['assistant', 'Run twice a week. Rest on Sundays.']);
      assert.match(second.messages.at(-1).content, /cut off/);
    }
  });

  it('may fail to go on: what it had said is ended at a sentence', async () => {
    model.requests.length = 0;
    model.on = (request, res) => (model.requests.length === 1 ? stream(res, cutOff('Run twice a week. Rest on Sundays. After that you sho')) : refuse(res, 500, { error: 'no' }));
    assert.equal(said(await agent.say('Hi')), 'Run twice a week. Rest on Sundays.');
    assert.equal(model.requests.length, 2);
  });

  it('is not asked to go on where the owner has set the length, or has no budget left', async () => {
    for (const settings of [{ max_tokens: 100 }, { tokens_per_day: 5 }]) {
      const other = await agentAt(agent.host, settings);
      model.requests.length = 0;
      model.on = (request, res) => stream(res, cutOff('Run twice a week. Rest on Sundays. After that you sho'));
      assert.equal(said(await other.say('Hi')), 'Run twice a week. Rest on Sundays.');
      assert.equal(model.requests.length, 1);
      other.leave();
    }
  });

  it('may have less context than we think: older lines are left out, the newest is not', async () => {
    const fits = 1500;
    for (let i = 0; i < 6; i += 1) {
      model.on = (request, res) => stream(res, WHOLE.openai(`Answer ${i}`));
      await agent.say(`${'long '.repeat(800)} ${i}`);
    }
    model.requests.length = 0;
    const sizeOf = (request) => request.body.messages.reduce((sum, m) => sum + m.content.length, 0) / 4;
    model.on = (request, res) => {
      const size = sizeOf(request);
      if (size > fits) return refuse(res, 400, { error: { message: `This model's maximum context length is ${fits} tokens. However, you requested ${size} tokens.` } });
      return stream(res, WHOLE.openai('Now it fits.'));
    };
    assert.equal(said(await agent.say('And the newest?')), 'Now it fits.');
    assert.ok(model.requests.length >= 2);
    // What was left out may be summarised by now, which is one more request.
    const asked = model.requests.filter((request) => /And the newest\?/.test(request.body.messages.at(-1).content));
    assert.ok(sizeOf(asked.at(-1)) <= fits);
  });
});

describe('a model that thinks', () => {
  it('gets more room when its thoughts took all of it', async () => {
    const agent = await agentOn({ HUMAN_LLM_BASE_URL: `${model.url}/v1` });
    const limits = [];
    model.on = (request, res) => {
      limits.push(request.body.max_tokens);
      if (limits.length === 1) return stream(res, sse({ choices: [{ delta: { reasoning_content: 'hm' } }] }, { choices: [{ delta: {}, finish_reason: 'length' }] }));
      return stream(res, WHOLE.openai('Thought through.'));
    };
    assert.equal(said(await agent.say('Hi')), 'Thought through.');
    assert.equal(limits[1], limits[0] * 4);
    await agent.stop();
  });
});

describe('a proxy', () => {
  let proxy, seen;
  before(async () => {
    seen = [];
    proxy = http.createServer((req, res) => {
      seen.push({ url: req.url, auth: req.headers['proxy-authorization'] });
      const to = new URL(req.url);
      req.pipe(http.request({ host: to.hostname, port: to.port, path: to.pathname, method: req.method, headers: req.headers }, (from) => {
        res.writeHead(from.statusCode, from.headers);
        from.pipe(res);
      }));
    });
    proxy.on('connect', (req, socket) => {
      seen.push({ url: req.url, auth: req.headers['proxy-authorization'] });
      const [host, port] = req.url.split(':');
      const to = net.connect(port, host, () => { socket.write('HTTP/1.1 200 Connection established\r\n\r\n'); to.pipe(socket); socket.pipe(to); });
      to.on('error', () => socket.destroy());
      socket.on('error', () => to.destroy());
    });
    await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
  });
  after(() => { proxy.closeAllConnections(); proxy.close(); });

  const env = () => ({ HUMAN_LLM_BASE_URL: `${model.url}/v1` });
  const address = (user = '') => `http://${user}127.0.0.1:${proxy.address().port}`;

  it('is used where llm.proxy names it, with its password', async () => {
    model.on = (request, res) => stream(res, WHOLE.openai('Through the proxy.'));
    const agent = await agentOn({ ...env(), HUMAN_LLM_PROXY: address('me:pass@'), HUMAN_LLM_NO_PROXY: 'example.com' });
    assert.equal(said(await agent.say('Hi')), 'Through the proxy.');
    assert.deepEqual(seen, [{ url: `${model.url}/v1/chat/completions`, auth: `Basic ${Buffer.from('me:pass').toString('base64')}` }]);
    assert.doesNotMatch(agent.host.log(), /me:pass/);
    await agent.stop();
  });

  it('is not used for this machine, nor because the environment names one', async () => {
    for (const more of [{ HUMAN_LLM_PROXY: address() }, { HTTPS_PROXY: address(), HTTP_PROXY: address(), http_proxy: address(), ALL_PROXY: address() }]) {
      seen.length = 0;
      const agent = await agentOn({ ...env(), ...more });
      assert.deepEqual(outline(await agent.say('Hi')), NORMAL);
      assert.deepEqual(seen, []);
      await agent.stop();
    }
  });
});
