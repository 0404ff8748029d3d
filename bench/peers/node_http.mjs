// bench/peers/node_http.mjs -- the JSON route on Node's http: parse, check by hand, answer.
import http from 'node:http';
import { priced, refusal, wrong } from './item.mjs';

const answer = (res, status, value) => {
  const text = JSON.stringify(value);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
};

http.createServer((req, res) => {
  const chunks = [];
  req.on('data', (c) => chunks.push(c));
  req.on('end', () => {
    let body;
    try { body = JSON.parse(Buffer.concat(chunks).toString('utf8')); } catch { /* not an object either */ }
    const path = wrong(body);
    if (path !== undefined) return answer(res, 400, refusal('Bad Request', path));
    answer(res, 200, priced(body));
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
