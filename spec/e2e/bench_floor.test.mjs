// spec/e2e/bench_floor.test.mjs -- the script that pgbench runs beside ours is of the statements that ours has sent.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { floorScript, requestsOf } from '../../bench/floor_script.mjs';

let clock = 0;
const said = (conn, flight, sql, params = [], columns = [], rows = []) => ({ conn, flight, sql, params, columns, rows, sent: ++clock });

// An operation of an actor: what it asks for, what it is told, and an id of its own.
const operation = (actor, thing, own, until) => [
  said(1, 1, 'BEGIN'), said(1, 1, 'select 1 from actors where id = $1::uuid for update', [actor]),
  said(1, 2, 'insert into things (actor, own) values ($1, $2) returning id', [actor, own], ['id'], [[thing]]),
  said(1, 3, 'insert into notes (about) values ($1::json)', [JSON.stringify({ until, thing: Number(thing), kind: "it's: new" })]),
  said(1, 3, 'COMMIT'),
];
const [ALICE, BOB] = ['00000000-0000-4000-8000-100000000001', '00000000-0000-4000-8000-100000000002'];
const input = [{ values: [ALICE, BOB], is: "'00000000-0000-4000-8000-' || :actor" }];

describe('the floor of an operation', () => {
  it('is its statements, in its transaction and its pipelines, with what differs as variables', () => {
    const made = floorScript(operation(ALICE, '17', 'c0mx0lbhrd000tykyyaq8m9gg', '2026-11-28T15:53:56.960Z'),
      operation(BOB, '18', 'c0mx0lbjrd000tykqqaq8m9hh', '2026-11-28T15:53:59.001Z'), input, ['\\set actor 1']);
    assert.deepEqual(made.script.split('\n'), [
      '\\set actor 1', '\\set made0 random(100000000000, 999999999999)',
      '\\startpipeline', 'BEGIN;', "select 1 from actors where id = ('00000000-0000-4000-8000-' || :actor)::uuid for update;", '\\endpipeline',
      "insert into things (actor, own) values (('00000000-0000-4000-8000-' || :actor), (E'c0mx0lbhrd000' || :made0)) returning id \\gset r2_",
      '\\startpipeline', `insert into notes (about) values ((E'{"kind":"it''s: new","thing":' || :r2_id || E',"until":"2026-11-28T15:53:56.960Z"}')::json);`,
      'COMMIT;', '\\endpipeline', '',
    ]);
    assert.deepEqual([made.statements, made.commits, made.alone, made.trips], [5, 1, 0, 3]);
  });

  it('is refused when the two have not sent the same', () => {
    const [one, two] = [operation(ALICE, '1', 'c0mx0lbhrd000tykyyaq8m9gg', 'x'), operation(BOB, '2', 'c0mx0lbjrd000tykqqaq8m9hh', 'x')];
    assert.throws(() => floorScript(one, two.filter((_, i) => i !== 2), input, []), /different statements \(5, 4\)/);
    assert.throws(() => floorScript([], [], input, []), /different statements \(0, 0\)/);
  });

  it('leaves out what the host does by itself meanwhile', () => {
    const from = clock + 1, mine = operation(ALICE, '1', 'c0mx0lbhrd000tykyyaq8m9gg', 'x');
    const queue = [said(2, 1, 'BEGIN'), said(2, 1, 'delete from host_queue where id = $1', [ALICE]), said(2, 2, 'COMMIT')];
    const other = said(3, 1, 'select 1 from actors where id = $1', [BOB]);
    assert.deepEqual(requestsOf([...queue, other, ...mine], from, clock, [ALICE]), mine);
  });
});
