// spec/e2e/market_pay_world.mjs -- actors of the marketplace, made in the database of a host that a spec has started.
import { createHash, randomUUID } from 'node:crypto';
import { sql } from './hosts.mjs';

let n = 0;

/** An actor with empty wallets: {id, key}. */
export async function makeActor(home, { founding = false, type = 'human', state = 'active' } = {}) {
  n += 1;
  const [id, owner] = [randomUUID(), randomUUID()], key = `hm_${randomUUID().replaceAll('-', '')}`, slot = 5000 + n;
  await sql(home, `insert into market_owners (id) values ('${owner}');
    insert into market_actors (id, owner_id, type, display_name, email, slot, is_founding, referral_code, state) values
      ('${id}', '${owner}', '${type}', 'A', 'pay${n}@spec.example', ${slot}, ${founding}, lpad(to_hex(${slot}), 6, '0'), '${state}');
    insert into market_keys (hash, actor_id, prefix) values ('${createHash('sha256').update(key).digest('hex')}', '${id}', '${key.slice(0, 12)}');
    insert into ledger_accounts (ledger, code, owner)
      select case when code = 2100 then 'usd' else 'rc' end, code, '${id}' from unnest(array[6000, 6010, 6200, 2100]) code`);
  return { id, key };
}
