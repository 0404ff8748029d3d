// The channels: how each is, who asks to talk, and what came to its webhook, step by step.
import { useState } from 'preact/hooks';
import { useAction, useLive } from '../core/live';
import { href } from '../core/route';
import { socket, type Result } from '../core/socket';
import { bytes, duration, number, texts } from '../core/text';
import { ActionButton, Code, Empty, Failure, Field, Icon, label, Mark, Note, Panel, Time, visible, type Tone } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { channels } from '../text/channels';
import { Choices, Copy, Facts } from './server';
import type { ViewProps } from './views';

const words = texts(channels);
type Channel = Result<'channels.status'>['channels'][number];
type Person = Result<'channels.people'>['people'][number];
type Request = Result<'channels.requests'>['requests'][number];

const TONES: Record<Channel['status'], Tone> = { active: 'good', error: 'bad', unconfigured: 'plain', disabled: 'plain' };
const HEARD = ['channel.changed', 'channel.failed'] as const;
const ms = (seconds: number | undefined) => (seconds ? seconds * 1000 : null);
const nameOf = (one: Person) => label(one.name || one.person, 60);

const useChannels = () => useLive('channels.status', {}, { on: HEARD, everyMs: 10_000 });
const usePeople = (isOff: boolean) => useLive('channels.people', {}, { on: ['channel.changed'], off: isOff });

/** Somebody who has asked: the code, and the two answers. */
function Asks({ one }: { one: Person }) {
  const decide = (allow: boolean) => async () => {
    if (one.code) await socket.call('channels.approve', { code: one.code, allow });
    else await socket.call('channels.allow', { channel: one.channel, account: one.account, person: one.person, allow });
    say(words(allow ? 'letIn' : 'refused', { name: nameOf(one) }), () => void socket.call('channels.allow', { channel: one.channel, account: one.account, person: one.person, allow: null }));
  };
  const yes = useAction(decide(true)), no = useAction(decide(false));
  return (
    <li>
      <span class="grow"><strong>{nameOf(one)}</strong> <span class="soft">{words('asks')} · {label(one.channel)} · <span class="mono">{label(one.person, 40)}</span> · <Time at={one.asked_at} /></span></span>
      {one.code && <code>{one.code}</code>}
      <ActionButton kind="main" icon="check" action={yes} disabled={no.isBusy}>{words('approve')}</ActionButton>
      <ActionButton kind="risky" icon="x" action={no} disabled={yes.isBusy}>{words('refuse')}</ActionButton>
      <Failure error={yes.error ?? no.error} />
    </li>
  );
}

const columns = (): ReadonlyArray<Column<Channel>> => [
  { name: 'channel', label: words('channel'), width: 'minmax(7rem, 1fr)', cell: (one) => <>{label(one.label)}{one.account !== 'main' && <span class="soft"> {label(one.account)}</span>}</> },
  { name: 'state', label: words('state'), width: '9rem', cell: (one) => <Mark tone={TONES[one.status]}>{words(one.status)}</Mark> },
  { name: 'in', label: words('lastIn'), width: '8rem', cell: (one) => <Time at={ms(one.last_in)} /> },
  { name: 'out', label: words('lastOut'), width: '8rem', cell: (one) => <Time at={ms(one.last_out)} /> },
  { name: 'problem', label: words('problem'), width: 'minmax(12rem, 3fr)', cell: (one) => <span class="soft">{one.missing ? words('set', { name: one.missing }) : label(one.error ?? '', 200)}</span> },
];

function All({ isOperator }: { isOperator: boolean }) {
  const { data, error, reload } = useChannels();
  const people = usePeople(!isOperator);
  const asking = people.data?.people.filter((one) => one.state === 'asked') ?? [];
  return (
    <div class="stack">
      <Failure error={error ?? people.error} retry={reload} />
      {asking.length > 0 && <Panel title={`${words('people')}: ${number(asking.length)}`} flush><ul class="rows">{asking.map((one) => <Asks key={`${one.channel} ${one.account} ${one.person}`} one={one} />)}</ul></Panel>}
      {data && <section class="panel" aria-label={words('channel')}><Table label={words('channel')} rows={data.channels} columns={columns()} keyOf={(one) => one.key} href={(one) => href('channels', one.key)} empty={<Empty icon="radio" title={words('unknown')} />} /></section>}
      <p class="faint">{words('help')}</p>
    </div>
  );
}

function Webhook({ one }: { one: Channel }) {
  const [url, setUrl] = useState('');
  const path = `${location.origin}/webhook/${one.name}`;
  const tell = (to: string | undefined) => async () => {
    await socket.call('channels.webhook', { channel: one.name, account: one.account, ...(to && { url: to }) });
    say(words(to ? 'webhookDone' : 'webhookGone'));
  };
  const set = useAction(tell(url.trim())), unset = useAction(tell(undefined));
  return (
    <Panel title={words('webhook')}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); void set.run(); }}>
        <Facts list={[[words('webhookNow'), <span key="path" class="row"><code class="cut">{path}</code><Copy text={path} /></span>]]} />
        <Field label={words('webhookAddress')} help={words('webhookHelp')} value={url} onInput={setUrl} maxLength={2000} placeholder="https://" />
        <div class="row wrap"><ActionButton icon="send" action={set} disabled={url.trim() === ''}>{words('webhookSet')}</ActionButton><ActionButton kind="plain" action={unset}>{words('webhookNone')}</ActionButton></div>
        <Failure error={set.error ?? unset.error} />
      </form>
    </Panel>
  );
}

function Trial({ one }: { one: Channel }) {
  const [chat, setChat] = useState(''), [text, setText] = useState(words('testText'));
  const [done, setDone] = useState<Result<'channels.test'> | null>(null);
  const send = useAction(async () => { setDone(null); setDone(await socket.call('channels.test', { channel: one.name, account: one.account, chat: chat.trim(), text })); });
  return (
    <Panel title={words('test')}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); void send.run(); }}>
        <Field label={words('chat')} help={words('chatHelp')} value={chat} onInput={setChat} maxLength={150} required />
        <Field label={words('text')} value={text} onInput={setText} maxLength={1000} required />
        <div class="row"><ActionButton icon="send" action={send} disabled={!chat.trim() || !text}>{words('send')}</ActionButton></div>
        {done && <Note tone={done.state === 'failed' ? 'bad' : done.state === 'sent' ? 'plain' : 'warn'} icon={done.state === 'sent' ? 'circle-check' : 'clock'}>
          {words(done.state === 'sent' ? 'sent' : done.state === 'failed' ? 'failed' : 'waiting')}{done.why && `: ${visible(done.why)}`}</Note>}
        <Failure error={send.error} />
      </form>
    </Panel>
  );
}

function State({ one, isOperator }: { one: Channel; isOperator: boolean }) {
  const [probed, setProbed] = useState<Result<'channels.probe'> | null>(null);
  const probe = useAction(async () => { setProbed(null); setProbed(await socket.call('channels.probe', { channel: one.name, account: one.account })); });
  return (
    <div class="pages">
      <Panel title={words('now')} action={isOperator && <ActionButton icon="activity" action={probe} disabled={!one.configured}>{words('probe')}</ActionButton>}>
        <div class="stack">
          {probed && <Note tone={probed.ok ? 'plain' : 'bad'} icon={probed.ok ? 'circle-check' : 'circle-alert'}>{probed.ok ? words('probed', { bot: label(probed.bot ?? '') }) : `${words('probeFailed')}: ${visible(probed.why ?? '')}`}</Note>}
          <Failure error={probe.error} />
          <Facts list={[[words('state'), <Mark key="s" tone={TONES[one.status]}>{words(one.status)}</Mark>], [words('problem'), one.error && visible(one.error)],
            [words('missing'), one.missing && <a key="m" href={href('config', null, { q: one.missing })}>{one.missing}</a>],
            [words('account'), label(one.account)], [words('bot'), one.bot && label(one.bot)], [words('mode'), one.mode && label(one.mode)],
            [words('lastIn'), <Time key="i" at={ms(one.last_in)} />], [words('lastOut'), <Time key="o" at={ms(one.last_out)} />]]} />
        </div>
      </Panel>
      {isOperator && one.configured && <Trial one={one} />}
      {isOperator && one.configured && <Webhook one={one} />}
    </div>
  );
}

function Known({ one }: { one: Person }) {
  const undo = useAction(async () => {
    await socket.call('channels.allow', { channel: one.channel, account: one.account, person: one.person, allow: one.state === 'allowed' ? false : true });
    say(words(one.state === 'allowed' ? 'refused' : 'letIn', { name: nameOf(one) }));
  });
  const forget = useAction(async () => {
    await socket.call('channels.allow', { channel: one.channel, account: one.account, person: one.person, allow: null });
    say(words('forgot', { name: nameOf(one) }), () => void socket.call('channels.allow', { channel: one.channel, account: one.account, person: one.person, allow: one.state === 'allowed' }));
  });
  return (
    <li>
      <span class="grow"><strong>{nameOf(one)}</strong> <span class="soft mono">{label(one.person, 60)}</span></span>
      <Mark tone={one.state === 'allowed' ? 'good' : 'bad'}>{words(one.state)}</Mark><span class="soft"><Time at={one.decided_at ?? one.asked_at} /></span>
      <ActionButton kind="plain" action={undo}>{words(one.state === 'allowed' ? 'block' : 'approve')}</ActionButton>
      <ActionButton kind="plain" icon="trash-2" label={`${words('forget')}: ${nameOf(one)}`} action={forget} />
      <Failure error={undo.error ?? forget.error} />
    </li>
  );
}

function People({ one }: { one: Channel }) {
  const { data, error, reload } = usePeople(false);
  const list = data?.people.filter((person) => person.channel === one.name && person.account === one.account) ?? [];
  return (
    <section class="panel" aria-label={words('people')}>
      <Failure error={error} retry={reload} />
      {data && list.length === 0 && <Empty icon="users" title={words('noPeople')}><p>{words('noPeopleHelp')}</p></Empty>}
      <ul class="rows">{list.map((person) => (person.state === 'asked' ? <Asks key={person.person} one={person} /> : <Known key={person.person} one={person} />))}</ul>
    </section>
  );
}

function Seen({ request }: { request: Request }) {
  const isGood = request.status < 300;
  const why = request.steps.filter((step) => !step.ok).at(-1);
  return (
    <li>
      <details>
        <summary>
          <Icon name="chevron-right" /><Mark tone={isGood ? 'good' : 'bad'}>{String(request.status)}</Mark><span class="mono">{request.method}</span>
          <span class="cut grow soft">{why && !isGood ? `${words(why.what)}: ${visible(why.text)}` : request.messages > 0 ? words('messages', { n: number(request.messages) }) : label(request.reply)}</span>
          <span class="faint"><Time at={request.received_at} /></span>
        </summary>
        <div class="inside stack">
          <h3>{words('steps')}</h3>
          <ol class="steps stack">
            {request.steps.map((step, i) => (
              <li key={i} class={step.ok ? 'good' : 'bad'}><Icon name={step.ok ? 'circle-check' : 'circle-x'} />
                <span>{words(step.what)}{step.account && step.account !== 'main' && ` (${label(step.account)})`}{step.text && <span class="soft">: {visible(step.text)}</span>}</span></li>
            ))}
          </ol>
          <Facts list={[[words('reply'), <span key="r"><Mark tone={isGood ? 'good' : 'bad'}>{String(request.status)}</Mark> <span class="mono">{visible(request.reply)}</span></span>],
            [words('from'), <span key="f" class="mono">{request.address}</span>], [words('took'), duration(request.took_ms)]]} />
          <h3>{words('headers')}</h3><Code value={request.headers} />
          {JSON.stringify(request.query) !== '{}' && <><h3>{words('query')}</h3><Code value={request.query} /></>}
          <h3>{words('body')}</h3>
          {request.body ? <Code value={pretty(request.body)} /> : <p class="soft">{words('noBody', { size: bytes(request.body_bytes) })}</p>}
        </div>
      </details>
    </li>
  );
}

function pretty(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;                                 // it was cut
  }
}

function Requests({ one }: { one: Channel }) {
  const { data, error, reload } = useLive('channels.requests', { channel: one.name }, { on: ['channel.changed'] });
  return (
    <section class="panel" aria-label={words('requests')}>
      <Failure error={error} retry={reload} />
      {data?.requests.length === 0 && <Empty icon="plug" title={words('noRequests')}><p>{words('noRequestsHelp', { path: `/webhook/${one.name}` })}</p></Empty>}
      <ul class="folds">{data?.requests.map((request) => <Seen key={request.id} request={request} />)}</ul>
    </section>
  );
}

export default function Channels({ route, role }: ViewProps) {
  const isOperator = role === 'operator';
  const { data, error, reload } = useChannels();
  if (!route.what) return <All isOperator={isOperator} />;
  const one = data?.channels.find((channel) => channel.key === route.what);
  const tab = isOperator ? route.query['tab'] ?? 'state' : 'state';
  const to = (name: string) => href('channels', route.what, { tab: name === 'state' ? undefined : name });
  return (
    <div class="stack">
      <div class="row wrap">
        <a href={href('channels')}>{words('back')}</a><h2 class="grow">{one && label(one.label)}</h2>
        {isOperator && <Choices label={words('sections')} chosen={tab} list={[{ name: 'state', label: words('tabState'), href: to('state') }, { name: 'people', label: words('tabPeople'), href: to('people') }, { name: 'requests', label: words('tabRequests'), href: to('requests') }]} />}
      </div>
      <Failure error={error} retry={reload} />
      {data && !one && <Empty icon="radio" title={words('unknown')} />}
      {one && tab === 'state' && <State one={one} isOperator={isOperator} />}
      {one && tab === 'people' && <People one={one} />}
      {one && tab === 'requests' && <Requests one={one} />}
    </div>
  );
}
