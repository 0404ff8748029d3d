// spec/e2e/models_server.mjs -- a model server that a spec scripts: model.on(request, response) answers each request,
// with helpers for the four dialects.  model.requests has {url, headers, body} of all.
import http from 'node:http';
import zlib from 'node:zlib';
import * as dialects from './dialects.mjs';

export { sse } from './dialects.mjs';

/** A whole answer of a dialect. */
export const WHOLE = Object.fromEntries(Object.entries(dialects).filter(([, d]) => d.stream).map(([name, d]) => [name, (text) => d.stream({ text })]));

export const stream = (res, text, headers = {}) => {
  res.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  res.end(text);
};

export const refuse = (res, status, body, headers = {}) => {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(typeof body === 'string' ? body : JSON.stringify(body));
};

/** Compressed, each event flushed by itself, as proxies do. */
export function compressed(res, encoding, text) {
  const pack = { gzip: zlib.createGzip, deflate: zlib.createDeflate, br: zlib.createBrotliCompress }[encoding]();
  res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
  pack.pipe(res);
  for (const event of text.split(/(?<=\n\n)/)) { pack.write(event); pack.flush(); }
  pack.end();
}

export async function startServer(on) {
  const model = { requests: [], hungUp: 0, on };
  const server = http.createServer((req, res) => {
    const chunks = [];
    res.on('close', () => { if (!res.writableFinished) model.hungUp += 1; });
    res.on('error', () => {});
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const request = { url: req.url, headers: req.headers, body: text && JSON.parse(text) };
      model.requests.push(request);
      model.on(request, res);
    });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  model.port = server.address().port;
  model.url = `http://127.0.0.1:${model.port}`;
  model.close = () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); });
  return model;
}
