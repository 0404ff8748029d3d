// spec/e2e/proxies.test.mjs -- a host behind real proxies: nginx on the same machine, below a path, with and without
// trust, and over the PROXY protocol.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { after, before, describe, it } from 'node:test';
import { io } from 'socket.io-client';
import { makeUser, unique } from './agent_client.mjs';
import { BINARY, startHost } from './hosts.mjs';
import { documented, startNginx } from './nginx.mjs';
import { tempDir } from './operator.mjs';
import { makeAuthority } from './secure.mjs';
import { freePort, next, until } from './support.mjs';

/** One request as a client of `port` that calls it `host`: {status, headers, body}. */
function ask(port, path, { method = 'GET', host = 'api.example', headers = {}, body, from, secure } = {}) {
  return new Promise((resolve, reject) => {
    const all = { host, ...(body && { 'content-type': 'application/json' }), ...headers };
    const options = { port, host: '127.0.0.1', localAddress: from, method, path, headers: all, agent: false, rejectUnauthorized: false };
    const req = (secure ? https : http).request(options, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (t) => { text += t; });
      res.on('end', () => {
        let json = null;
        try { json = JSON.parse(text); } catch { /* no JSON */ }
        resolve({ status: res.statusCode, headers: res.headers, text, json });
      });
    });
    req.on('error', reject).end(body && JSON.stringify(body));
  });
}

const create = (port, path, more) => ask(port, path, { method: 'POST', body: { email: `${unique('p')}@example.com` }, ...more });

/** The address that the log has for a request; ids are of our making. */
async function logged(host, port, path, more = {}) {
  const id = unique('id');
  await ask(port, path, { ...more, headers: { ...more.headers, 'x-request-id': id } });
  const line = await until(() => host.log().split('\n').find((l) => l.includes(id)), 5000, 'the request is logged');
  return JSON.parse(line).ip;
}

const SPOOFED = {
  'X-Forwarded-For': '127.0.0.1', 'X-Real-IP': '127.0.0.1', Forwarded: 'for=127.0.0.1;host=localhost;proto=http',
  'X-Forwarded-Host': 'localhost', 'X-Forwarded-Proto': 'ftp', 'X-Forwarded-Port': '1', 'X-Forwarded-Prefix': '/evil',
};

describe('behind an nginx on the same machine that nobody told us of', () => {
  let host, nginx, port;
  before(async () => {
    port = await freePort();
    host = await startHost({ env: { HUMAN_HTTP_HOSTS: '' } });
    const pass = `proxy_pass http://127.0.0.1:${host.port};`;
    nginx = await startNginx({ ports: [port], http: `server { listen 127.0.0.1:${port};
      location / { ${pass} proxy_set_header X-Forwarded-For $remote_addr; }
      location /api/users { ${pass} }
      location /told/ { proxy_pass http://127.0.0.1:${host.port}/; proxy_set_header X-Forwarded-For 203.0.113.9; }
      location /named/ { proxy_pass http://127.0.0.1:${host.port}/; proxy_set_header Host $host; }
      location /modern/ { proxy_pass http://127.0.0.1:${host.port}/; proxy_http_version 1.1; proxy_set_header X-Real-IP $remote_addr; }
    }` });
  });
  after(async () => { await nginx?.stop(); await host?.stop(); });

  it('strangers manage nothing, however much or little the proxy says', async () => {
    for (const path of ['/told/api/users', '/modern/api/users', '/api/users']) {
      const answer = await create(port, path);
      assert.equal(answer.status, 401, path);
      assert.match(answer.json.message, /passed on|HTTP\/1\.0/);
      assert.match(answer.json.message, /set the secret `admin`/);
    }
    assert.equal((await create(port, '/told/api/users', { headers: SPOOFED })).status, 401);
    assert.equal((await create(port, '/named/api/users')).status, 421);
  });

  it('headers change no address', async () => {
    assert.equal(await logged(host, port, '/told/ready'), '127.0.0.1');
    assert.equal(await logged(host, host.port, '/ready', { host: 'localhost', headers: SPOOFED }), '127.0.0.1');
    assert.equal((await ask(port, '/told/openapi.json')).json.servers[0].url, '/');
  });

  it('a client of this machine manages as ever', async () => {
    assert.equal((await create(host.port, '/api/users', { host: `localhost:${host.port}` })).status, 201);
  });
});

describe('behind the nginx of docs/operating.md', () => {
  let host, nginx, port, headPort, user;
  before(async () => {
    [port, headPort] = [await freePort(), await freePort()];
    host = await startHost({ env: { HUMAN_HTTP_HOSTS: 'api.example', HUMAN_HTTP_TRUSTED_PROXIES: '127.0.0.1', HUMAN_API_ADMIN_TOKEN: 'boss' } });
    user = await makeUser(host.url);
    const location = documented()[0].replace('127.0.0.1:3000', `127.0.0.1:${host.port}`);
    nginx = await startNginx({ ports: [port, headPort], http: `
      server { listen 127.0.0.1:${port}; ${location} }
      server { listen 127.0.0.1:${headPort}; set_real_ip_from 127.0.0.1; real_ip_header X-Client; ${location} }` });
  });
  after(async () => { await nginx?.stop(); await host?.stop(); });

  // The second server believes X-Client, so that clients of anywhere can be had.
  const stranger = (headers = {}) => ({ headers: { 'X-Client': '203.0.113.9', ...headers } });

  it('a stranger manages nothing without the secret, whatever it claims', async () => {
    for (const claims of [{}, SPOOFED, { Origin: 'http://api.example' }, { Forwarded: 'for=127.0.0.1' }]) {
      const answer = await create(headPort, '/human/api/users', stranger(claims));
      assert.equal(answer.status, 401);
      assert.match(answer.json.message, /the client 203\.0\.113\.9 is not on this machine/);
    }
    assert.equal((await create(headPort, '/human/api/users', stranger({ Authorization: 'Bearer boss' }))).status, 201);
  });

  it('a client of this machine manages through it, and a page of another origin does not', async () => {
    assert.equal((await create(port, '/human/api/users')).status, 201);
    assert.equal((await create(port, '/human/api/users', { headers: { Origin: 'http://api.example' } })).status, 201);
    assert.equal((await create(port, '/human/api/users', { headers: { Origin: 'https://evil.example' } })).status, 401);
    assert.equal((await create(port, '/human/api/users', { host: 'evil.example' })).status, 421);
  });

  it('the log has the address of the client', async () => {
    assert.equal(await logged(host, headPort, '/human/ready', stranger()), '203.0.113.9');
    assert.equal(await logged(host, headPort, '/human/ready', stranger(SPOOFED)), '203.0.113.9');
    assert.equal(await logged(host, headPort, '/human/nowhere', stranger()), '203.0.113.9');
    assert.equal(await logged(host, headPort, '/human/ready', stranger({ 'X-Client': '2001:db8::9' })), '2001:db8::9');
    assert.equal(await logged(host, headPort, '/human/socket.io/?EIO=4&transport=polling', stranger()), '203.0.113.9');
  });

  it('documents and links say where the client finds us', async () => {
    const name = `api.example:${port}`;
    const document = await ask(port, '/human/openapi.json', { host: name, headers: SPOOFED });
    assert.deepEqual(document.json.servers, [{ url: `http://${name}/human` }]);
    const sockets = (await ask(port, '/human/asyncapi.json', { host: name })).json.servers.server1;
    assert.deepEqual([sockets.pathname, sockets.variables.host.default], ['/human/socket.io/', name]);
    for (let i = 0; i < 2; i += 1) await user.api('POST', '/api/personalities', { name: unique('p') });
    const list = await ask(port, '/human/api/personalities?limit=1', { host: name, headers: { 'x-api-key': user.key } });
    const next_ = /^<(\/human\/api\/personalities\?[^>]+)>; rel="next"$/.exec(list.headers.link)[1];
    assert.equal((await ask(port, next_, { host: name, headers: { 'x-api-key': user.key } })).status, 200);
    assert.equal((await ask(host.port, '/openapi.json', { host: 'localhost', headers: SPOOFED, from: '127.0.0.2' })).json.servers[0].url, '/');
  });

  it('Socket.IO speaks on all transports below the path', async () => {
    const agents = (await user.api('GET', '/api/agent-types')).body;
    const agent = (await user.api('POST', '/api/agents', { name: 'P', agentTypeId: agents[0].id })).body;
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      const socket = io(`http://127.0.0.1:${port}`, { path: '/human/socket.io/', transports, forceNew: true, reconnection: false,
        auth: { agentId: agent.id, apiKey: user.key }, extraHeaders: { host: 'api.example' } });
      await next(socket, 'connect');
      socket.close();
    }
  });
});

describe('behind an nginx that passes on connections', () => {
  for (const secure of [false, true]) {
    describe(secure ? 'with TLS' : 'without TLS', () => {
      let host, nginx, port, request;
      before(async () => {
        const [hostPort] = [await freePort(), port = await freePort()];
        const stream = documented()[1].replace('3443', `127.0.0.1:${port}`).replace('127.0.0.1:3000', `127.0.0.1:${hostPort}`);
        nginx = await startNginx({ ports: [port], stream });
        const { cert, key } = makeAuthority(tempDir()).issue('localhost', { hosts: ['localhost', '127.0.0.1'] });
        request = (path, more) => ask(port, path, { host: 'localhost', secure, ...more });
        host = await startHost({ port: hostPort, ready: () => request('/ready').then((r) => r.status === 200, () => false),
          env: { HUMAN_HTTP_TRUSTED_PROXIES: '127.0.0.1', HUMAN_HTTP_PROXY_PROTOCOL: 'on', ...(secure && { HUMAN_TLS_CERTIFICATE: cert, HUMAN_TLS_KEY: key }) } });
      });
      after(async () => { await nginx?.stop(); await host?.stop(); });

      it('the client is the one that nginx sees', async () => {
        const id = unique('id');
        assert.equal((await request('/ready', { from: '127.0.0.7', headers: { 'x-request-id': id } })).status, 200);
        const line = await until(() => host.log().split('\n').find((l) => l.includes(id)), 5000, 'the request is logged');
        assert.equal(JSON.parse(line).ip, '127.0.0.7');
      });

      it('a client of this machine manages, and one that adds headers does not', async () => {
        const body = () => ({ email: `${unique('p')}@example.com` });
        assert.equal((await request('/api/users', { method: 'POST', from: '127.0.0.7', body: body() })).status, 201);
        assert.equal((await request('/api/users', { method: 'POST', from: '127.0.0.7', body: body(), headers: SPOOFED })).status, 401);
      });

      it('the command line reaches its server all the same', async () => {
        const run = (...words) => new Promise((resolve) => {
          execFile(BINARY, words, { env: { ...process.env, HUMAN_HOME: host.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: host.scripts,
            HUMAN_OVERRIDES: '**' }, timeout: 60_000 }, (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
        });
        const ping = await run('ping');
        assert.equal(ping.code, 0, ping.out + ping.err);
        const said = await run('agent', '-m', 'I struggle to stay motivated for cardio');
        assert.equal(said.code, 0, said.out + said.err);
      });
    });
  }
});
