// bench/peers/node_version.cjs PORT FILE -- a Node server as `pm2 reload` expects one: it says the version that
// FILE had when it was started, and on SIGINT it takes no more connections and ends when the last is closed.
const fs = require('node:fs');
const http = require('node:http');

const [port, file] = process.argv.slice(2);
const text = fs.readFileSync(file, 'utf8').trim();
const server = http.createServer((_, res) => {
  res.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}).listen(Number(port), '127.0.0.1');
process.on('SIGINT', () => server.close(() => process.exit(0)));
