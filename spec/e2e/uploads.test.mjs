// spec/e2e/uploads.test.mjs -- files that the host writes to disk as they arrive, by common clients and by bytes
// that none would send.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { open, responses } from './raw.mjs';
import { root, sleep, startHuman, until } from './support.mjs';

const run = promisify(execFile), MB = 1048576, BODY_MS = 2000;
const python = path.join(root, 'build/venv/bin/python');
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

const homeOf = (server) => /HUMAN_HOME=([^\0]*)/.exec(fs.readFileSync(`/proc/${server.child.pid}/environ`, 'latin1'))[1];
const spooled = (server) => {
  const dir = path.join(homeOf(server), 'spool');
  return fs.existsSync(dir) ? fs.readdirSync(dir) : [];
};
const workerOf = (server) => fs.readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, 'utf8')
  .trim().split(' ').find((pid) => /human\0gateway/.test(fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1')));

/** One request of raw bytes, and the first answer to it. */
async function raw(server, text, { close = false } = {}) {
  const c = await open(server.port);
  c.write(text);
  if (close) c.socket.end();
  const [answer] = await c.wait(() => { const list = responses(c.data()); return list.length && list; });
  c.socket.destroy();
  return { ...answer, json: answer.body ? JSON.parse(answer.body) : null };
}

const head = (at, lines, length) => `POST ${at} HTTP/1.1\r\nHost: x\r\n${lines}${length === undefined ? '' : `Content-Length: ${length}\r\n`}\r\n`;
const form = (body, boundary = 'B') => head('/up/form/1', `Content-Type: multipart/form-data; boundary=${boundary}\r\n`, Buffer.byteLength(body)) + body;
const part = (name, value, more = '') => `--B\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

describe('an upload', () => {
  let server;
  before(async () => {
    server = await startHuman({ scripts: ['spec/e2e/scripts/uploads'], env: { HUMAN_LIMITS_BODY_TIMEOUT_MS: '60000' } });
  });
  after(() => server.stop());
  const nothingLeft = () => until(() => spooled(server).length === 0, 5000, () => `left in the spool: ${spooled(server)}`);

  it('is a file with its size and hash, from curl, and gone when it is answered', async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'up-')), 'data');
    const data = crypto.randomBytes(3 * MB + 17);
    fs.writeFileSync(file, data);
    for (const more of [[], ['-H', 'Transfer-Encoding: chunked'], ['-H', 'Expect:'], ['--http1.0']]) {
      const { stdout } = await run('curl', ['-s', ...more, '-H', 'Content-Type: image/png', '--data-binary', `@${file}`, `${server.url}/up/whole`]);
      assert.deepEqual(JSON.parse(stdout), { content_type: 'image/png', size: data.length, sha256: sha256(data) });
    }
    const { stdout } = await run('curl', ['-s', '-F', 'title=t', '-F', `photo=@${file};type=image/png`, `${server.url}/up/form/1`]);
    assert.deepEqual(JSON.parse(stdout).photo, { filename: 'data', content_type: 'image/png', size: data.length, sha256: sha256(data) });
    await nothingLeft();
  });

  it('comes with fields, lists and several files, from fetch', async () => {
    const body = new FormData();
    body.append('title', 'grün & "x"');
    body.append('count', '7');
    for (const tag of ['a', 'b']) body.append('tags', tag);
    body.append('photo', new Blob([Buffer.alloc(300000, 'p\r\n--')]), 'C:\\dir\\grün "1"\r\n.png');
    for (const name of ['one', 'two']) body.append('docs', new Blob([name], { type: 'text/plain' }), name);
    const got = await (await fetch(`${server.url}/up/form/1`, { method: 'POST', body })).json();
    assert.equal(got.title, 'grün & "x"');
    assert.equal(got.count, 7);
    assert.deepEqual(got.tags, ['a', 'b']);
    assert.deepEqual(got.photo, { filename: 'grün "1".png', content_type: 'application/octet-stream', size: 300000,
                                  sha256: sha256(Buffer.alloc(300000, 'p\r\n--')) });
    assert.deepEqual(got.docs.map((doc) => [doc.filename, doc.content_type, doc.sha256]),
      [['one', 'text/plain', sha256('one')], ['two', 'text/plain', sha256('two')]]);
    await nothingLeft();
  });

  it('comes from requests of Python', async () => {
    const { stdout } = await run(python, [path.join(root, 'spec/e2e/uploads_client.py'), server.url]);
    assert.equal(stdout.trim(), '"ok"');
  });

  it('is one of several types of body, and a route says which it takes', async () => {
    const json = await fetch(`${server.url}/up/form/1`, { method: 'POST', body: '{"title":"j"}', headers: { 'Content-Type': 'application/json' } });
    assert.deepEqual(await json.json(), { title: 'j' });
    const other = await fetch(`${server.url}/up/form/1`, { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/plain' } });
    assert.equal(other.status, 415);
    assert.match((await other.json()).error, /application\/json or multipart\/form-data/);
  });

  it('is one of so many at a time', async () => { // limit: uploads at once
    await nothingLeft();
    const waiting = [];
    for (let i = 0; i < 64; i++) {
      waiting.push(await open(server.port));
      waiting[i].write(head('/up/whole', 'Expect: 100-continue\r\n', 5));
      await waiting[i].wait((c) => c.data().includes('100 Continue'));
    }
    assert.equal((await raw(server, head('/up/whole', '', 5) + 'hello')).status, 503);
    for (const c of waiting) c.write('hello');
    for (const c of waiting) {
      await c.wait(() => c.data().includes(sha256('hello')));
      c.socket.destroy();
    }
    await nothingLeft();
  });

  it('may be empty, and a field for a file that was not chosen is absent', async () => {
    const empty = await fetch(`${server.url}/up/form/1`, { method: 'POST', body: (() => {
      const body = new FormData();
      body.append('title', 't');
      body.append('photo', new Blob([]), 'none.txt');
      return body;
    })() });
    assert.deepEqual((await empty.json()).photo, { filename: 'none.txt', content_type: 'application/octet-stream', size: 0, sha256: sha256('') });
    const none = await raw(server, form(`${part('title', 't')}${part('photo', '', '; filename=""')}--B--\r\n`));
    assert.deepEqual(none.json, { title: 't' });
  });

  it('is not read from who may not send it', async () => {
    const waits = await raw(server, head('/up/secret', 'Expect: 100-continue\r\n', 5 * MB));
    assert.equal(waits.status, 401);
    assert.equal(waits.headers.connection, 'close');
    const denied = await fetch(`${server.url}/up/secret`, { method: 'POST', body: Buffer.alloc(MB) });
    assert.equal(denied.status, 401);
    const ok = await fetch(`${server.url}/up/secret`, { method: 'POST', body: Buffer.alloc(MB), headers: { 'X-API-Key': 'good' } });
    assert.equal((await ok.json()).size, MB);
  });

  it('is refused to clients that go on sending', async () => { // limit: refused body
    for (let i = 0; i < 10; i++) {
      for (const [at, status] of [['secret', 401], ['small', 413]]) {
        const answer = await fetch(`${server.url}/up/${at}`, { method: 'POST', body: Buffer.alloc(20 * MB) });
        assert.equal(answer.status, status);
      }
    }
  });

  it('is refused where it is too large, as a whole or in a part', async () => { // limit: upload
    const said = await raw(server, head('/up/small', 'Expect: 100-continue\r\n', MB + 1));
    assert.equal(said.status, 413);
    const chunked = await raw(server, `${head('/up/small', 'Transfer-Encoding: chunked\r\n')}${(MB + 1).toString(16)}\r\n`);
    assert.equal(chunked.status, 413);
    const body = new FormData();
    body.append('title', 't');
    body.append('docs', new Blob([Buffer.alloc(MB + 1)]), 'd');
    const file = await fetch(`${server.url}/up/form/1`, { method: 'POST', body });
    assert.equal(file.status, 413);
    const fields = await raw(server, form(`${part('title', 'x'.repeat(MB + 1))}--B--\r\n`)); // limit: form text
    assert.equal(fields.status, 413);
    await nothingLeft();
  });

  const malformed = { // limit: form part
    'that ends before its last boundary': [part('title', 't'), /last boundary/],
    'with another boundary': ['--C\r\n\r\n--C--\r\n', /boundary/],
    'with a boundary that goes on': [`${part('title', 't')}--BB\r\n`, /boundary/],
    'with a part without a name': ['--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n', /no name/],
    'with a part without a header': ['--B\r\n\r\nx\r\n--B--\r\n', /no name/],
    'with two names': [part('title', 't', '; name="u"') + '--B--\r\n', /Content-Disposition/],
    'with two dispositions': ['--B\r\nContent-Disposition: form-data; name="title"\r\nContent-Disposition: form-data; name="u"\r\n\r\nx\r\n--B--\r\n', /two/],
    'with a transfer encoding': ['--B\r\nContent-Disposition: form-data; name="title"\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n--B--\r\n', /Transfer-Encoding/],
    'with line ends of one byte': [part('title', 't').replaceAll('\r\n', '\n') + '--B--\n', /boundary|header/],
    'with a header that is too large': [part('title', 't', `; filename="${'x'.repeat(1025)}"`) + '--B--\r\n', /too long/],
    'with headers that are too large': [`--B\r\nX: ${'x'.repeat(5000)}\r\n\r\n`, /too large/],
    'with too many headers': [`--B\r\n${'X: y\r\n'.repeat(17)}\r\n`, /too many/],
    'with too many parts': [part('tags', 'x').repeat(101) + '--B--\r\n', /too many parts/], // limit: form parts
    'with a file that nobody asked for': [part('title', 't', '; filename="x"') + '--B--\r\n', /"title"/],
    'with much in front of it': [`${'x'.repeat(5000)}\r\n--B--\r\n`, /begin/],
    'with much behind it': [`${part('title', 't')}--B--${'x'.repeat(5000)}`, /follows/],
    'with text that is not UTF-8': [part('title', '\\xff').replace('\\xff', '\xff'), /UTF-8|boundary/],
  };
  for (const [name, [body, why]] of Object.entries(malformed)) {
    it(`is refused as a form ${name}`, async () => {
      const bytes = Buffer.from(body, 'latin1');
      const c = Buffer.concat([Buffer.from(head('/up/form/1', 'Content-Type: multipart/form-data; boundary=B\r\n', bytes.length)), bytes]);
      const answer = await raw(server, c);
      assert.equal(answer.status, 400);
      assert.match(answer.json.error, why);
    });
  }

  it('is refused with words in UTF-8, whatever its client calls a file', async () => {
    for (const name of ['\xff\xfe', `a${'\xc3\xa9'.repeat(60)}`]) {
      const body = Buffer.from(part('title', 't') + part(name, 'x', '; filename="y"') + '--B--\r\n', 'latin1');
      const answer = await fetch(`${server.url}/up/form/1`, { method: 'POST', body, headers: { 'Content-Type': 'multipart/form-data; boundary=B' } });
      assert.equal(answer.status, 400);
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await answer.arrayBuffer());
      assert.match(JSON.parse(text).error, /not expected/);
    }
  });

  it('has no type when what its client says of that is no text', async () => {
    const body = part('title', 't') + part('photo', 'x', '; filename="y"\r\nContent-Type: \xff/\xfe') + '--B--\r\n';
    const text = head('/up/form/1', 'Content-Type: multipart/form-data; boundary=B\r\n', body.length) + body;
    const answers = [await raw(server, Buffer.from(text, 'latin1')),
      await raw(server, Buffer.from(`${head('/up/whole', 'Content-Type: \xff/\xfe\r\n', 1)}x`, 'latin1'))];
    assert.deepEqual(answers.map(({ json }) => (json.photo ?? json).content_type), Array(2).fill('application/octet-stream'));
  });

  it('comes to a path as it is written', async () => {
    const answer = await raw(server, head('/%75p/whole', '', 5) + 'hello');
    assert.equal(answer.status, 400);
    assert.match(answer.json.error, /encoded/);
    assert.equal((await raw(server, head(`http://x/up/whole?a=%75`, '', 5) + 'hello')).json.sha256, sha256('hello'));
  });

  it('goes on where scripts are replaced', async () => {
    const c = await open(server.port);
    c.write(head('/up/whole', '', 2 * MB) + 'x'.repeat(MB));
    await until(() => spooled(server).length > 0, 5000, 'the file is there');
    const env = { ...process.env, HUMAN_HOME: homeOf(server) };
    await run(path.join(root, 'build/human'), ['reload'], { env });
    c.write('x'.repeat(MB));
    const [answer] = await c.wait(() => { const list = responses(c.data()); return list.length && list; });
    assert.equal(JSON.parse(answer.body).sha256, sha256('x'.repeat(2 * MB)));
    c.socket.destroy();
  });

  it('has one boundary of a sane kind', async () => {
    for (const boundary of ['', 'x'.repeat(71), 'B; boundary=C', '"a\tb"', '"B "']) {
      assert.equal((await raw(server, form(`${part('title', 't')}--B--\r\n`, boundary))).status, 400, boundary);
    }
    const odd = await raw(server, form(part('title', 't').replace('--B', "--=_'()+,-./:=? x") + "--=_'()+,-./:=? x--\r\n", '"=_\'()+,-./:=? x"'));
    assert.deepEqual(odd.json, { title: 't' });
  });

  it('ends in time, however slowly it comes, and may take long where it comes steadily', async () => {
    const impatient = await startHuman({ scripts: ['spec/e2e/scripts/uploads'], env: { HUMAN_LIMITS_BODY_TIMEOUT_MS: String(BODY_MS) } });
    await Promise.all([drips(impatient), flows(impatient)]).finally(() => impatient.stop());
  });

  async function drips(server) {
    const c = await open(server.port);
    c.write(head('/up/whole', '', 100 * MB));
    const drip = setInterval(() => c.write('x'), 50);
    const [answer] = await c.wait(() => { const list = responses(c.data()); return list.length && list; });
    clearInterval(drip);
    assert.equal(answer.status, 408);
    c.socket.destroy();
    await until(() => spooled(server).length < 2, 5000, 'its file is gone');
  }

  async function flows(server) {
    const c = await open(server.port), size = 3 * MB;
    c.write(head('/up/whole', '', size));
    for (let sent = 0; sent < size; sent += MB / 4) {
      c.write(Buffer.alloc(MB / 4));
      await sleep(BODY_MS / 6); // the pace is the subject: twice as long as is allowed for 1 MB
    }
    const [answer] = await c.wait(() => { const list = responses(c.data()); return list.length && list; });
    assert.equal(JSON.parse(answer.body).size, size);
    c.socket.destroy();
  }

  it('goes when its client vanishes', async () => {
    const c = await open(server.port);
    c.write(head('/up/whole', '', 100 * MB) + 'x'.repeat(MB));
    await until(() => spooled(server).length === 1, 5000, 'the file is there');
    c.socket.destroy();
    await nothingLeft();
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  });

  it('is followed by the next request on its connection', async () => {
    const c = await open(server.port);
    const one = head('/up/whole', '', 5) + 'hello', two = head('/up/whole', 'Transfer-Encoding: chunked\r\n') + '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n';
    c.write(one + two + one + 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    const answers = await c.wait(() => { const list = responses(c.data()); return list.length === 4 && list; });
    for (const answer of answers.slice(0, 3)) assert.equal(JSON.parse(answer.body).sha256, sha256('hello'));
    assert.equal(answers[3].status, 200);
    c.socket.destroy();
  });

  it('is answered although its client has sent all that it will', async () => {
    const answer = await raw(server, head('/up/whole', '', 300000) + 'y'.repeat(300000), { close: true });
    assert.equal(answer.json.sha256, sha256('y'.repeat(300000)));
  });

  it('stays where it is moved to, below a directory and nowhere else', async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'kept-'));
    const keep = async (to) => (await fetch(`${server.url}/up/keep?root=${dir}&to=${encodeURIComponent(to)}`, { method: 'POST', body: 'kept' })).json();
    assert.deepEqual(await keep('a/b/c.txt'), { ok: true, path: `${dir}/a/b/c.txt` });
    assert.equal(fs.readFileSync(`${dir}/a/b/c.txt`, 'utf8'), 'kept');
    assert.equal((await keep('a/b/c.txt')).ok, false);
    fs.symlinkSync('/tmp', `${dir}/out`);
    for (const to of ['../x', '/etc/x', 'a/../../x', 'a//x', '.', 'a/', 'out/x', `${'x'.repeat(256)}`]) {
      assert.equal((await keep(to)).ok, false, to);
    }
    const shm = fs.mkdtempSync('/dev/shm/kept-'); // another file system
    const there = await (await fetch(`${server.url}/up/keep?root=${shm}&to=x`, { method: 'POST', body: 'far' })).json();
    assert.deepEqual(there, { ok: true, path: `${shm}/x` });
    assert.deepEqual(fs.readdirSync(shm), ['x']);
    assert.equal(fs.readFileSync(`${shm}/x`, 'utf8'), 'far');
    fs.rmSync(shm, { recursive: true });
    fs.rmSync(dir, { recursive: true });
    await nothingLeft();
  });

  it('of 200 MB takes no memory and holds nobody up', async () => {
    const pid = workerOf(server), agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
    const probe = () => new Promise((done, fail) => {
      const begun = performance.now();
      http.get(`${server.url}/health`, { agent }, (r) => r.resume().on('end', () => done(performance.now() - begun))).on('error', fail);
    });
    for (let i = 0; i < 200; i++) await probe();
    const before = rss(), times = [], begun = performance.now();
    const child = spawn('sh', ['-c', `head -c ${200 * MB} /dev/zero | curl -s -T - -X POST ${server.url}/up/whole`]);
    let out = '', most = 0, done = false;
    child.stdout.on('data', (text) => { out += text; });
    child.on('close', () => { done = true; });
    while (!done) {
      times.push(await probe());
      most = Math.max(most, rss());
    }
    assert.equal(JSON.parse(out).size, 200 * MB);
    const allowed = /asan/.test(process.env.E2E_BINARY ?? '') ? 400_000 : 8192; // the sanitizer keeps what was freed
    assert.ok(most - before < allowed, `memory grew by ${most - before} KB`);
    const took = performance.now() - begun, longest = Math.max(...times); // of an upload that holds others up, one waits for most of it
    assert.ok(longest < took / 2, `of ${times.length} others one waited ${longest} ms; the upload took ${took} ms`);
    agent.destroy();
  });

  it('goes with the next start when its worker was killed', async () => {
    const pid = workerOf(server);
    const c = await open(server.port);
    c.write(head('/up/hold', '', 5) + 'hello');
    await until(() => spooled(server).length === 1, 5000, 'the file is there');
    process.kill(Number(pid), 'SIGKILL');
    await nothingLeft();
    c.socket.destroy();
  });

  it('is taken as ever when it comes while the scripts of a new worker are being loaded', async () => {
    const pid = workerOf(server);
    process.kill(Number(pid), 'SIGKILL');
    await until(() => workerOf(server) !== pid, 5000, 'the worker is gone');
    const answer = await fetch(`${server.url}/up/whole`, { method: 'POST', body: 'hello' });
    assert.deepEqual([answer.status, (await answer.json()).sha256], [200, sha256('hello')]);
  });
});

describe('the room for uploads', () => {
  for (const [name, env] of [
    ['has an end', { HUMAN_LIMITS_UPLOAD_SPOOL_BYTES: String(MB) }], // limit: limits.upload_spool_bytes
    ['leaves some of the disk to others', { HUMAN_LIMITS_UPLOAD_FREE_BYTES: '1000000000000000' }], // limit: limits.upload_free_bytes
  ]) {
    it(name, async () => {
      const server = await startHuman({ scripts: ['spec/e2e/scripts/uploads'], env });
      try {
        for (const lines of ['Content-Length: 3000000\r\n', 'Transfer-Encoding: chunked\r\n']) {
          const body = lines.startsWith('T') ? `2DC6C0\r\n${'x'.repeat(3000000)}\r\n0\r\n\r\n` : 'x'.repeat(3000000);
          const answer = await raw(server, `POST /up/whole HTTP/1.1\r\nHost: x\r\n${lines}\r\n${body}`);
          assert.equal(answer.status, 507);
          assert.equal(answer.json.code, 'insufficient_storage');
        }
        await until(() => spooled(server).length === 0, 5000, 'nothing is left');
      } finally {
        await server.stop();
      }
    });
  }
});
