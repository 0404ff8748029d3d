// spec/e2e/pair.mjs -- two hosts of two workers on one database, which serve one tree of scripts that can be edited.
import fs from 'node:fs';
import path from 'node:path';
import { BINARY, databaseUrl, makeHome, startHost } from './hosts.mjs';
import { reloadSurely } from './modes.mjs';
import { root } from './support.mjs';

/**
 * Starts them with a copy of `scripts` (relative to the repository).  env: settings of both; pools: database.pool of each.
 * Returns {one, two, home (of the database), write(file, text), reload()}.
 */
export async function startPair(scripts, { env = {}, pools = ['6', '2'] } = {}) {
  const home = makeHome(), tree = path.join(home, 'tree');
  fs.cpSync(path.join(root, scripts), tree, { recursive: true });
  const settings = { HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '5000', HUMAN_SCRIPTS: `${tree}:${root}/scripts`, ...env };
  const one = await startHost({ home, env: { ...settings, HUMAN_DATABASE_POOL: pools[0] } });
  const two = await startHost({ env: { ...settings, HUMAN_DATABASE_POOL: pools[1], DATABASE_URL: databaseUrl(home) } });
  return {
    one, two, home,
    /** A file of the tree, all at once. */
    write(file, text) {
      const next = path.join(home, 'next.lua');
      fs.writeFileSync(next, text);
      fs.mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
      fs.renameSync(next, path.join(tree, file));
    },
    /** The tree as it is now, on all workers of both. */
    reload: () => Promise.all([one, two].map((host) => reloadSurely(BINARY, host.home))),
  };
}
