// clients/generate.mjs -- makes the clients' generated files from `human openapi`: `make sdk`.
// With a directory as its argument it writes them there, for the spec that says when they are stale.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { python } from './python.mjs';
import { typescript } from './typescript.mjs';

const here = path.dirname(fileURLToPath(import.meta.url)), root = path.dirname(here);
const SURFACES = ['agent', 'marketplace'];
const MARK = 'made by `make sdk` from the OpenAPI document; do not edit.';

function documentOf(surface) {
  const env = { ...process.env, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts') };
  const binary = process.env.E2E_BINARY ?? path.join(root, 'build/human');
  return JSON.parse(execFileSync(binary, ['openapi', surface], { env, maxBuffer: 64 << 20 }));
}

const target = process.argv[2] ?? here;
for (const surface of SURFACES) {
  const doc = documentOf(surface);
  const files = { ...typescript(surface, doc.info.title, doc, MARK), ...python(surface, doc.info.title, doc, MARK) };
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    fs.writeFileSync(path.join(target, name), text);
  }
}
