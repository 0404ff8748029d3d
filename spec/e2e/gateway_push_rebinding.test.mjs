// spec/e2e/gateway_push_rebinding.test.mjs -- a push endpoint whose name leads to a public address first, and to one of our
// own network when it is called: the address is judged when the connection is opened, so nobody inside hears of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { open } from './gateway.mjs';
import { makeHome, startHost } from './hosts.mjs';
import { until } from './support.mjs';

// A resolver for the name push.example, which is asked for in a file each time.
const RESOLVER = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
  char line[64] = "";
  if (!name || strcmp(name, "push.example")) return real(name, service, hints, found);
  FILE *file = fopen(getenv("SPEC_ANSWER"), "r");
  if (!file) return EAI_FAIL;
  if (!fgets(line, sizeof line, file)) line[0] = 0;
  fclose(file);
  file = fopen(getenv("SPEC_ASKED"), "a");
  if (file) { fprintf(file, "%s\\n", line); fclose(file); }
  return real(line, service, hints, found);
}
`;
const PUBLIC = '127.0.0.2', INSIDE = '127.0.0.1';  // egress.allow makes the first one as good as public
const home = makeHome(), answer = path.join(home, 'answer'), asked = path.join(home, 'asked'), library = path.join(home, 'resolver.so');
const calls = { [PUBLIC]: 0, [INSIDE]: 0 };
let host, c, port, servers;

const listen = (address, at) => new Promise((done) => {
  const server = net.createServer((socket) => { calls[address] += 1; socket.destroy(); });
  server.listen(at, address, () => done(server));
});
const lead = (to) => fs.writeFileSync(answer, to);
const questions = () => { try { return fs.readFileSync(asked, 'utf8').trim().split('\n'); } catch { return []; } };
const start = async () => {
  host = await startHost({ home, env: { HUMAN_WORKERS: '1', HUMAN_LLM_PROVIDER: 'offline', HUMAN_EGRESS_ALLOW: `${PUBLIC}/32`, LD_PRELOAD: library, SPEC_ANSWER: answer, SPEC_ASKED: asked,
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0` } });
  c = await open(host);
};
const stop = async () => { c?.ws.close(); await host?.stop(); };
const registrations = async () => (await c.call('push.list', {})).payload.registrations;

before(async () => {
  const source = path.join(home, 'resolver.c');
  fs.writeFileSync(source, RESOLVER);
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  for (const file of [library, home]) fs.chmodSync(file, 0o755);
  fs.writeFileSync(asked, '');
  fs.chmodSync(asked, 0o666);
  servers = [await listen(PUBLIC, 0)];
  port = servers[0].address().port;
  servers.push(await listen(INSIDE, port));
  lead(PUBLIC);
  await start();
});
after(async () => {
  await stop();
  for (const server of servers ?? []) server.close();
});

it('is called where it may be, and not inside once its name leads there', async () => {
  const { payload, error } = await c.call('push.register', { provider: 'webhook', token: `https://push.example:${port}/hook` });
  assert.ok(payload?.registered, JSON.stringify(error));
  await c.call('chat.send', { message: 'Hello', sessionKey: 'push' });
  await until(() => calls[PUBLIC] > 0, 30_000, 'the public address is called');
  await stop();                                    // and with it what it has kept of names
  lead(INSIDE);
  await start();
  await c.call('chat.send', { message: 'Hello again', sessionKey: 'push' });
  await until(() => questions().includes(INSIDE), 60_000, 'its name leads inside');
  await until(async () => /denied|not allowed|public/i.test((await registrations())[0].error ?? ''), 30_000, async () => `it is refused: ${JSON.stringify(await registrations())}`);
  assert.equal(calls[INSIDE], 0);
});
