// spec/e2e/client_world.mjs -- what the specs of both clients share: a line that is cut, a server that refuses, README's blocks.
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { makeHome } from './hosts.mjs';
import { root } from './support.mjs';

const listen = (server) => new Promise((done) => {
  server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`));
});

/** Passes requests on to a host, and cuts the next `cuts` of them once the host has answered; `cutStream()` cuts those that are open. */
export async function startCutter(host) {
  const open = new Set(), line = { cuts: 0, seen: [], cutStreams: () => { for (const socket of open) socket.destroy(); } };
  const server = http.createServer((request, response) => {
    line.seen.push({ method: request.method, url: request.url, headers: request.headers });
    const up = http.request(host.url + request.url, { method: request.method, headers: { ...request.headers, host: `127.0.0.1:${host.port}` } }, (answer) => {
      if (line.cuts > 0) {
        line.cuts -= 1;
        answer.resume().on('end', () => request.socket.destroy()); // all of it was done, and nobody heard
        return;
      }
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      if (/event-stream/.test(answer.headers['content-type'])) {
        open.add(request.socket);
        request.socket.on('close', () => { open.delete(request.socket); up.destroy(); });
      }
    });
    up.on('error', () => request.socket.destroy());
    request.pipe(up);
  });
  line.url = await listen(server);
  line.stop = () => { server.closeAllConnections(); server.close(); };
  return line;
}

/** A server that gives these answers in turn, [status, headers, body], the last one for ever; seen: what it was sent. */
export async function startRefuser(...answers) {
  const refuser = { seen: [] };
  const server = http.createServer((request, response) => {
    refuser.seen.push({ method: request.method, url: request.url, headers: request.headers });
    const [status, headers, body] = answers.length > 1 ? answers.shift() : answers[0];
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)));
  });
  refuser.url = await listen(server);
  refuser.stop = () => { server.closeAllConnections(); server.close(); };
  return refuser;
}

/** A page of another origin, with the JavaScript client below /js/. */
export async function startSite() {
  const server = http.createServer((request, response) => {
    const file = path.join(root, 'clients/js', path.basename(request.url));
    const isScript = request.url.endsWith('.js') && fs.existsSync(file);
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? fs.readFileSync(file) : '<!doctype html><title>a shop</title>');
  });
  const url = await listen(server);
  return { url, stop: () => { server.closeAllConnections(); server.close(); } };
}

/** Blocks of a README in a language, each with the output that is printed below it (undefined: none is). */
export function blocksOf(file, language) {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\`(?:\\n\\n\`\`\`text\\n([^]*?)\`\`\`)?`, 'g'))].map(([, code, output]) => ({ code, output }));
}

/** What `make sdk` makes now, in a directory of its own. */
export function generated() {
  const dir = makeHome();
  execFileSync(process.execPath, [path.join(root, 'clients/generate.mjs'), dir]);
  return dir;
}

/** Runs a program: {code, out, err}. */
export const run = (command, args, options = {}) => new Promise((done) => {
  execFile(command, args, { maxBuffer: 64 << 20, ...options }, (error, out, err) => done({ code: error ? error.code ?? 1 : 0, out, err }));
});
