// Jobs: what the agent does by the clock, when next, and what came of it.
import { useEffect, useState } from 'preact/hooks';
import { useAction, useLive } from '../core/live';
import { go, href } from '../core/route';
import { socket, type Params, type Result } from '../core/socket';
import { duration, exact, number, t, texts } from '../core/text';
import { ActionButton, Button, Code, Confirm, Dialog, Empty, Failure, Field, Icon, label, Mark, Note, Time, visible, type Tone } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { automations } from '../text/automations';
import { Beside, Choices, Facts, NothingLikeThis, Search, Work } from './server';
import type { ViewProps } from './views';

const words = texts(automations);
type Job = Result<'cron.list'>['jobs'][number];
type Run = Result<'cron.runs'>['runs'][number];
type When = Params<'cron.preview'>;

const HEARD = ['cron.changed', 'cron.job'] as const;
const TONES: Record<Run['status'], Tone> = { queued: 'plain', running: 'warn', completed: 'good', failed: 'bad', skipped: 'plain', interrupted: 'bad', aborted: 'plain' };
const isStatus = (text: string): text is Run['status'] => Object.hasOwn(TONES, text);
const at = (seconds: number) => (seconds > 0 ? seconds * 1000 : null);

function Status({ job }: { job: Job }) {
  if (job.running) return <Mark tone="warn" icon="play">{words('running')}</Mark>;
  if (job.paused) return <Mark icon="pause">{words('paused')}</Mark>;
  return isStatus(job.last_status) ? <Mark tone={TONES[job.last_status]}>{words(job.last_status)}</Mark> : <Mark>{words('on')}</Mark>;
}

const columns = (): ReadonlyArray<Column<Job>> => [
  { name: 'name', label: words('name'), width: 'minmax(8rem, 1fr)', cell: (job) => label(job.name) },
  { name: 'when', label: words('when'), width: 'minmax(7rem, 10rem)', cell: (job) => <code>{label(job.expression)}</code> },
  { name: 'next', label: words('next'), width: '7rem', cell: (job) => <Time at={at(job.next_run)} /> },
  { name: 'last', label: words('last'), width: '7rem', cell: (job) => <Time at={at(job.last_run)} /> },
  { name: 'state', label: words('state'), width: '8rem', cell: (job) => <Status job={job} /> },
  { name: 'what', label: words('what'), width: 'minmax(10rem, 2fr)', cell: (job) => <span class="soft">{label(job.prompt ?? job.command)}</span> },
];

/** The next five times that a schedule says, asked of the server while it is being written. */
function Times({ when }: { when: When }) {
  const key = JSON.stringify(when);
  const [settled, settle] = useState(when);
  useEffect(() => {
    const timer = setTimeout(() => settle(when), 250);
    return () => clearTimeout(timer);
  }, [key]);
  const isEmpty = !settled.schedule && !settled.expression;
  const { data, error } = useLive('cron.preview', settled, { off: isEmpty });
  if (isEmpty) return null;
  if (error) return <p class="wrong" role="alert">{error.message}</p>;
  return (
    <div aria-live="polite">
      <h3>{words('nextTimes')}</h3>
      {data?.times.length === 0 && <p class="soft">{words('noTimes')}</p>}
      <ol class="stack tight">{data?.times.map((ms) => <li key={ms} class="row"><span class="mono">{exact(ms)}</span><span class="faint"><Time at={ms} /></span></li>)}</ol>
    </div>
  );
}

function Add({ close }: { close: () => void }) {
  const [name, setName] = useState(''), [when, setWhen] = useState('0 8 * * MON-FRI'), [body, setBody] = useState('');
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone), [isShell, setShell] = useState(false);
  const clock = { expression: when.trim(), ...(zone.trim() && when.trim().split(/\s+/).length === 5 && { timezone: zone.trim() }) };
  const make = useAction(async () => {
    const { id, note } = await socket.call('cron.add', { ...(name.trim() && { name: name.trim() }), ...clock, ...(isShell ? { command: body, type: 'shell' } : { prompt: body }) });
    say(note ?? words('made', { id }));
    go(href('automations', String(id)));
  });
  return (
    <Dialog title={words('addTitle')} onClose={close}
      footer={<><Button onClick={close}>{t('cancel')}</Button><ActionButton kind="main" icon="check" action={make} disabled={!when.trim() || !body.trim()}>{words('make')}</ActionButton></>}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); void make.run(); }}>
        <Field label={words('name')} help={words('nameHelp')} value={name} onInput={setName} maxLength={100} autoFocus />
        <Field label={words('when')} help={words('whenHelp')} value={when} onInput={setWhen} maxLength={200} required />
        <Field label={words('zone')} help={words('zoneHelp')} value={zone} onInput={setZone} maxLength={64} />
        <Times when={clock} />
        <div class="row wrap" role="group" aria-label={words('what')}>
          {[false, true].map((one) => <label key={String(one)} class="row"><input type="radio" name="kind" checked={isShell === one} onChange={() => setShell(one)} />{words(one ? 'shell' : 'agent')}</label>)}
        </div>
        <Field label={words(isShell ? 'command' : 'prompt')} {...(isShell && { help: words('commandHelp') })} value={body} onInput={setBody} lines={3} maxLength={20_000} required />
        <Failure error={make.error} />
      </form>
    </Dialog>
  );
}

function Ran({ job, run }: { job: Job; run: Run }) {
  const [all, setAll] = useState<string | null>(null);
  const read = useAction(async () => setAll((await socket.call('cron.runs', { id: job.id, runId: run.id })).runs[0]?.output ?? ''));
  const output = all ?? run.output;
  return (
    <li>
      <details>
        <summary><Icon name="chevron-right" /><Mark tone={TONES[run.status]}>{words(run.status)}</Mark><span class="cut grow soft">{label(run.error ?? run.reason ?? run.output)}</span>
          {run.duration_ms !== undefined && <span class="faint">{duration(run.duration_ms)}</span>}<span class="faint"><Time at={at(run.started_at || run.due_at)} /></span></summary>
        <div class="inside stack">
          <Facts list={[[words('cause'), words(run.cause)], [words('at'), exact((run.started_at || run.due_at) * 1000)], [words('delivery'), run.delivery && `${run.delivery}${run.delivery_error ? `: ${visible(run.delivery_error)}` : ''}`]]} />
          {run.error && <Note tone="bad" icon="circle-alert">{visible(run.error)}</Note>}
          {output ? <Code value={output} /> : <p class="soft">{words('noOutput')}</p>}
          {run.truncated && all === null && <ActionButton kind="plain" action={read}>{words('whole')}</ActionButton>}
          <Failure error={read.error} />
        </div>
      </details>
    </li>
  );
}

function Deeds({ job, close }: { job: Job; close: string }) {
  const [isAsked, ask] = useState(false);
  const run = useAction(async () => say(words((await socket.call('cron.run', { id: job.id })).started ? 'begun' : 'runsAlready')));
  const turn = (enabled: boolean) => async () => {
    await socket.call('cron.update', { id: job.id, enabled });
    say(words(enabled ? 'resumedNow' : 'pausedNow', { name: label(job.name, 40) }), () => void socket.call('cron.update', { id: job.id, enabled: !enabled }));
  };
  const pause = useAction(turn(job.paused));
  const remove = useAction(async () => { await socket.call('cron.remove', { id: job.id }); say(words('removed', { name: label(job.name, 40) })); ask(false); go(close); });
  return (
    <>
      <div class="row wrap">
        <ActionButton kind="main" icon="play" action={run} disabled={job.running}>{words('run')}</ActionButton>
        <ActionButton icon={job.paused ? 'play' : 'pause'} action={pause}>{words(job.paused ? 'resume' : 'pause')}</ActionButton>
        <Button kind="risky" icon="trash-2" onClick={() => ask(true)}>{words('remove')}</Button>
      </div>
      <Failure error={run.error ?? pause.error} />
      {isAsked && <Confirm title={words('removeTitle', { name: label(job.name, 40) })} text={words('removeText')} label={words('remove')} action={remove} onClose={() => ask(false)} />}
    </>
  );
}

function whereTo(job: Job): string {
  const { mode, channel, to } = job.delivery;
  return mode === 'none' ? words('nowhere') : visible([channel, to].filter(Boolean).join(': '));
}

function One({ job, close, isOperator }: { job: Job; close: string; isOperator: boolean }) {
  const runs = useLive('cron.runs', { id: job.id, limit: 50 }, { on: HEARD });
  return (
    <Beside title={label(job.name)} close={close} action={<Status job={job} />}>
      {isOperator && <Deeds job={job} close={close} />}
      <Code value={job.prompt ?? job.command} />
      <Facts list={[[words('when'), <span key="w"><code>{visible(job.expression)}</code> {job.timezone}{job.one_shot && ` · ${words('once')}`}</span>], [words('delivery'), whereTo(job)],
        [words('session'), job.type === 'agent' && <a key="s" href={href('chat', job.session)}>{label(job.session, 60)}</a>], [words('made_by'), label(job.made_by)],
        [words('errors'), job.state.consecutiveErrors > 0 && number(job.state.consecutiveErrors)]]} />
      {!job.paused && <Times when={{ schedule: job.schedule }} />}
      <h3>{words('runs')}</h3>
      <Failure error={runs.error} retry={runs.reload} />
      {runs.data?.runs.length === 0 && <p class="soft">{words('noRuns')}</p>}
      <ul class="folds">{runs.data?.runs.map((run) => <Ran key={run.id} job={job} run={run} />)}</ul>
    </Beside>
  );
}

export default function Automations({ route, role }: ViewProps) {
  const { query } = route;
  const { data, error, reload } = useLive('cron.list', {}, { on: HEARD });
  const status = useLive('cron.status', {}, { on: ['cron.changed', 'config.changed'] });
  const find = (query['q'] ?? '').trim().toLowerCase(), which = query['show'] ?? 'all';
  const jobs = data?.jobs.filter((job) => `${job.name} ${job.expression} ${job.command}`.toLowerCase().includes(find)
    && (which === 'all' || (which === 'paused') === job.paused)) ?? [];
  const close = href('automations', null, { ...query, new: undefined });
  const job = data?.jobs.find((one) => String(one.id) === route.what);
  const add = <a class="button main" href={href('automations', null, { new: '1' })}><Icon name="plus" />{words('add')}</a>;
  const bar = (
    <>
      <Search value={query['q']} />
      <Choices label={words('state')} chosen={which} list={(['all', 'on', 'paused'] as const).map((name) => ({ name, label: words(name), href: href('automations', null, { ...query, show: name === 'all' ? undefined : name }) }))} />
      <span class="grow" />{role === 'operator' && add}
    </>
  );
  return (
    <Work bar={bar} beside={route.what && data && (job ? <One key={job.id} job={job} close={close} isOperator={role === 'operator'} /> : <Beside title={words('gone')} close={close}>{null}</Beside>)}>
      <Failure error={error} retry={reload} />
      {status.data?.enabled === false && <Note tone="warn" icon="triangle-alert">{words('off')}</Note>}
      {data && <Table label={t('view.automations')} rows={jobs} columns={columns()} keyOf={(one) => String(one.id)} href={(one) => href('automations', String(one.id), query)} chosen={route.what}
        empty={data.jobs.length > 0 ? <NothingLikeThis /> : <Empty icon="calendar-clock" title={words('none')}><p>{words('noneHelp')}</p>{role === 'operator' && add}</Empty>} />}
      {query['new'] && role === 'operator' && <Add close={() => { if (location.hash.includes('new=1')) go(close); }} />}
    </Work>
  );
}
