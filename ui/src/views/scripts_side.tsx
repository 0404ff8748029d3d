// What a text of a script says: its problems and examples as it is typed, recorded decisions asked again, and what was in
// force before.
import { useEffect, useState } from 'preact/hooks';
import { useAction, useLive } from '../core/live';
import { socket, type Refusal, type Result } from '../core/socket';
import { duration, number, t, texts } from '../core/text';
import { ActionButton, Button, Code, Confirm, Failure, Icon, label, Mark, Note, Time, visible } from '../parts/parts';
import { say } from '../parts/toasts';
import { scripts } from '../text/scripts';

const words = texts(scripts);
export type Check = Result<'scripts.check'>;
export type Verdict = Result<'scripts.reload'>;
type Report = NonNullable<Result<'scripts.replay'>['report']>;
type Example = Check['examples'][number];
type Bundle = Result<'scripts.history'>['bundles'][number];

interface Checked {
  found: Check | undefined;
  error: Refusal | undefined;
  isBusy: boolean;
}

const at = (problem: Check['problems'][number]) => [problem.path, problem.line].filter((part) => part !== undefined).join(':');

function ExampleLine({ example, show }: { example: Example; show: (line: number) => void }) {
  return (
    <li class={example.same ? 'example' : 'example bad'}>
      <button type="button" class="plain-line" disabled={example.line === undefined} onClick={() => { if (example.line) show(example.line); }}>
        <span class={`sign ${example.same ? 'good' : 'bad'}`}><Icon name={example.same ? 'circle-check' : 'circle-x'} /><span class="unseen">{words(example.same ? 'holds' : 'failed')}</span></span>
        <span class="grow" dir="ltr">
          <code class="cut says">{example.fn}{example.same && <> → {label(example.expected, 80)}</>}</code>
          <code class="asked soft" title={visible(example.given)}>{label(example.given, 200)}</code>
        </span>
      </button>
      {!example.same && (
        <dl class="compare">
          <dt>{words('expected')}</dt><dd><code dir="ltr">{visible(example.expected)}</code></dd>
          <dt>{words('got')}</dt><dd><code dir="ltr">{visible(example.got ?? example.problem ?? '')}</code></dd>
        </dl>)}
    </li>
  );
}

export function Examples({ path, isRule, found, error, isBusy, show }: Checked & { path: string; isRule: boolean; show: (line: number) => void }) {
  const bad = found?.examples.filter((one) => !one.same) ?? [];
  const others = found?.problems.filter((one) => one.path !== path || !bad.some((example) => example.line === one.line)) ?? [];
  const sorted = [...bad, ...(found?.examples.filter((one) => one.same) ?? [])];
  return (
    <div class="stack">
      <p class="row" role="status">
        {isBusy && <Mark icon="refresh-cw">{words('checking')}</Mark>}
        {!isBusy && found?.ok && <Mark tone="good" icon="check">{words('fine')}</Mark>}
        {!isBusy && bad.length > 0 && <Mark tone="bad" icon="circle-x">{words('examplesBad', { n: number(bad.length), all: number(sorted.length) })}</Mark>}
        {!isBusy && bad.length === 0 && sorted.length > 0 && <span class="soft">{words('examplesGood', { n: number(sorted.length) })}</span>}
      </p>
      <Failure error={error} />
      {others.length > 0 && (
        <ul class="stack" aria-label={words('problems')}>
          {others.map((one) => (
            <li key={`${at(one)} ${one.message}`}><Note tone="bad" icon="circle-alert">
              {one.line !== undefined && one.path === path
                ? <button type="button" class="button plain" onClick={() => show(one.line as number)}>{words('line', { n: one.line })}</button> : <code>{at(one)}</code>}
              {' '}{visible(one.message)}
            </Note></li>))}
        </ul>)}
      {found?.warnings.map((text) => <Note key={text} tone="warn" icon="triangle-alert">{visible(text)}</Note>)}
      {sorted.length > 0 && <ul class="examples" aria-label={words('examples')}>{sorted.map((one) => <ExampleLine key={one.number} example={one} show={show} />)}</ul>}
      {found && sorted.length === 0 && <p class="soft">{words(!found.ok ? 'notLoaded' : isRule ? 'noExamplesRule' : 'noExamples')}</p>}
    </div>
  );
}

// Replaying -----------------------------------------------------------------------------------------------

function Changed({ one }: { one: Report['sample'][number] }) {
  const absent = one.read.filter((fact) => fact.value === 'null');
  return (
    <li>
      <details>
        <summary>
          <Icon name="chevron-right" /><span class="faint">#{one.id}</span><Time at={one.at} />
          <span class="cut grow" dir="ltr"><code>{label(one.from, 60)}</code> → <code class={one.to === undefined ? 'bad' : undefined}>{label(one.to ?? words('failed'), 60)}</code></span>
        </summary>
        <div class="stack">
          {one.read.length > 0 && <><h4>{words('because')}</h4>
            <ul class="facts">{one.read.filter((fact) => fact.value !== 'null').map((fact) => <li key={fact.path} dir="ltr"><code>{visible(fact.path)}</code> = <code>{label(fact.value, 160)}</code></li>)}</ul>
            {absent.length > 0 && <p class="faint">{words('absent')} <code dir="ltr">{absent.map((fact) => visible(fact.path)).join(', ')}</code></p>}</>}
          <dl class="compare">
            <dt>{words('said')}</dt><dd><code dir="ltr">{visible(one.was)}</code></dd>
            <dt>{words('now')}</dt><dd><code dir="ltr">{visible(one.now ?? one.problem ?? '')}</code></dd>
          </dl>
          <h4>{words('asked')}</h4><Code value={one.inputs} />
        </div>
      </details>
    </li>
  );
}

function Outcome({ report }: { report: Report }) {
  const figures = [['unchanged', report.unchanged, ''], ['changedN', report.changed, 'warn'], ['failed', report.failed, 'bad'], ['skipped', report.skipped, '']] as const;
  const more = report.taken - report.examined;
  return (
    <div class="stack">
      <p class="row wrap" role="status">
        <strong>{words('replaySum', { n: number(report.examined) })}</strong>
        {figures.map(([name, n, tone]) => (n > 0 || name === 'changedN') && <Mark key={name} tone={n > 0 && tone ? tone : 'plain'}>{number(n)} {words(name)}</Mark>)}
      </p>
      {more > 0 && <p class="soft">{words('replayMore', { n: number(more) })}</p>}
      {report.examined > 0 && report.changed + report.failed === 0 && <p>{words('same')}</p>}
      {report.examined === 0 && <p class="soft">{words('replayNone')}</p>}
      {report.groups.length + report.errors.length > 0 && (
        <table class="groups">
          <caption>{words('groups')}</caption>
          <tbody>
            {report.groups.map((one) => (
              <tr key={`${one.rule} ${one.from} ${one.to}`}><td class="num">{number(one.count)}</td>
                <td dir="ltr"><code>{label(one.from, 60)}</code> → <code>{label(one.to, 60)}</code><span class="faint cut">{one.rule}</span></td></tr>))}
            {report.errors.map((one) => (
              <tr key={`${one.rule} ${one.message}`}><td class="num">{number(one.count)}</td>
                <td><span class="bad">{visible(one.message)}</span><span class="faint cut" dir="ltr">{one.rule}</span></td></tr>))}
          </tbody>
        </table>)}
      {report.sample.length > 0 && <ul class="sample-list">{report.sample.map((one) => <Changed key={one.id} one={one} />)}</ul>}
    </div>
  );
}

interface Replayed {
  text: string;
  result: Result<'scripts.replay'>;
}

const kept = new Map<string, Replayed>();      // what was replayed last of each script

export function Replay({ path, text, isRule, mayEdit }: { path: string; text: string; isRule: boolean; mayEdit: boolean }) {
  const [shown, set] = useState(kept.get(path));
  useEffect(() => set(kept.get(path)), [path]);
  const run = useAction(async () => {
    const result = await socket.call('scripts.replay', { path, text });
    kept.set(path, { text, result });
    set({ text, result });
  });
  if (!isRule) return <p class="soft">{words('replayNotRule')}</p>;
  return (
    <div class="stack">
      <p class="soft">{words('replayHelp')}</p>
      <p><ActionButton icon="play" action={run} disabled={!mayEdit}>{words(run.isBusy ? 'replaying' : 'replayRun')}</ActionButton></p>
      <Failure error={run.error} />
      {shown && shown.text !== text && <p class="soft">{words('old')}</p>}
      {shown?.result.problem && <Note tone="bad" icon="circle-alert"><code>{at(shown.result.problem)}</code> {visible(shown.result.problem.message)}</Note>}
      {shown && !shown.result.problem && (shown.result.report ? <Outcome report={shown.result.report} /> : <p class="soft">{words('replayNone')}</p>)}
    </div>
  );
}

// History -------------------------------------------------------------------------------------------------

const WHAT = { added: 'added', changed: 'changedN', removed: 'removedWord' } as const;

function Before({ one, isFirst, mayEdit, roll }: { one: Bundle; isFirst: boolean; mayEdit: boolean; roll: () => void }) {
  return (
    <li class="bundle">
      <div class="row wrap">
        <code>{one.bundle}</code><Time at={one.at} />
        {one.is_current ? <Mark tone="good">{words('current')}</Mark>
          : <Button icon="rotate-ccw" disabled={!mayEdit} label={`${words('rollBack')} ${one.bundle}`} onClick={roll} />}
      </div>
      <span class="soft">{one.actor === null ? words('elsewhere') : label(one.actor, 60)}
        {one.changes.length === 0 && ` · ${words(one.own === 0 ? 'nothingOwn' : isFirst ? 'firstSeen' : 'noChange')}`}</span>
      {one.changes.length > 0 && <ul>{one.changes.map((change) => <li key={change.path} class="row"><span class="soft">{words(WHAT[change.what])}</span><code class="cut" dir="ltr">{change.path}</code></li>)}</ul>}
    </li>
  );
}

export function History({ mayEdit, show }: { mayEdit: boolean; show: (verdict: Verdict) => void }) {
  const { data, error, reload } = useLive('scripts.history', { limit: 50 }, { on: ['scripts.changed'], everyMs: 60_000 });
  const [asked, ask] = useState<Bundle | null>(null);
  const roll = useAction(async () => {
    if (!asked) return;
    const verdict = await socket.call('scripts.rollback', { id: asked.id });
    ask(null);
    show(verdict);
    if (verdict.ok) say(words('rolledBack'));
    reload();
  });
  return (
    <div class="stack">
      <Failure error={error} retry={reload} />
      <h3>{words('bundles')}</h3>
      <ul class="bundles">{data?.bundles.map((one, i) => <Before key={one.id} one={one} isFirst={i === data.bundles.length - 1} mayEdit={mayEdit} roll={() => ask(one)} />)}</ul>
      <h3>{words('log')}</h3>
      {data?.changes.length === 0 && <p class="soft">{words('noLog')}</p>}
      <ul class="log-list">
        {data?.changes.map((one) => (
          <li key={one.id}>
            <div class="row"><Time at={one.at} /><span class="cut grow">{words(`action.${one.action}`)} {one.path !== null && <code dir="ltr">{one.path}</code>}</span>
              {one.state !== 'done' && <Mark tone="bad">{words(one.state === 'failed' ? 'stateFailed' : 'stateBegun')}</Mark>}</div>
            <span class="faint">{words('by', { who: label(one.actor, 60), where: one.address })}</span>
            {one.problem !== null && <Code value={one.problem} />}
          </li>))}
      </ul>
      {asked && <Confirm title={words('rollBackTitle', { bundle: asked.bundle })} text={words('rollBackText')} label={words('rollBack')} action={roll} onClose={() => ask(null)} />}
    </div>
  );
}

/** What each worker said of a reload. */
export function Votes({ verdict, close }: { verdict: Verdict; close: () => void }) {
  const said = { yes: 'voteYes', no: 'voteNo', ended: 'voteEnded' } as const;
  return (
    <section class={`verdict ${verdict.ok ? 'good' : 'bad'}`} role={verdict.ok ? 'status' : 'alert'} aria-label={words('reload')}>
      <div class="row">
        <Icon name={verdict.ok ? 'circle-check' : 'circle-alert'} /><strong class="grow">{words(verdict.ok ? 'reloaded' : 'refused')}</strong>
        <Button kind="plain" icon="x" label={t('close')} onClick={close} />
      </div>
      <div class="row wrap">
        {verdict.votes.map((one) => <Mark key={one.worker} tone={one.vote === 'yes' ? 'good' : 'bad'}>{words('worker', { n: one.worker })}: {words(said[one.vote], { time: duration(Math.round(one.ms)) })}</Mark>)}
      </div>
      {!verdict.ok && verdict.votes.length === 0 && <p>{words('noVotes')}</p>}
      <pre dir="ltr">{visible(verdict.text)}</pre>
    </section>
  );
}

