// Conversations with the agent, as they happen.
import './chat.css';
import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { useAction, useEvent, useLink, useLive } from '../core/live';
import { go, href, refine } from '../core/route';
import { socket } from '../core/socket';
import { Talk, type Entry, type File, type ToolCall } from '../core/talk';
import { bytes, money, number, percent, t } from '../core/text';
import { ActionButton, Button, Code, Dialog, Empty, Failure, Icon, label, Mark, Note, Time } from '../parts/parts';
import { Markdown } from '../parts/markdown';
import { useMedia } from '../core/media';
import { ApprovalCard, useApprovals } from '../parts/approval';
import { Why } from '../parts/why';
import type { ViewProps } from './views';

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const NEAR_PX = 80;

function Conversations({ now }: { now: string }) {
  const { data, error, reload } = useLive('sessions.list', { limit: 100 }, { on: ['chat', 'sessions.changed'] });
  const [name, setName] = useState('');
  const sessions = data?.sessions ?? [];
  const shown = sessions.some((one) => one.key === now) ? sessions : [{ key: now, title: now, last_message: '', running: false }, ...sessions];
  const list = (
    <>
      <form class="row" onSubmit={(event) => { event.preventDefault(); if (name.trim()) go(href('chat', name.trim())); setName(''); }}>
        <input class="input" aria-label={t('chat.newName')} placeholder={t('chat.new')} maxLength={200} value={name}
          onInput={(event) => setName(event.currentTarget.value)} />
        <Button type="submit" icon="plus" label={t('chat.open')} />
      </form>
      <Failure error={error} retry={reload} />
      <ul>
        {shown.map((one) => (
          <li key={one.key}>
            <a href={href('chat', one.key)} aria-current={one.key === now ? 'page' : undefined}>
              <span class="row"><span class="name cut grow">{label(one.title || one.key)}</span>{one.running && <Icon name="circle-dot" />}</span>
              {one.last_message && <span class="soft cut">{label(one.last_message)}</span>}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
  const isSmall = useMedia('(max-width: 48rem)');
  return (
    <nav aria-label={t('chat.list')}>
      {isSmall ? <details key={now}><summary class="cut">{label(now)}</summary><div class="stack">{list}</div></details> : list}
    </nav>
  );
}

function Tool({ call }: { call: ToolCall }) {
  const share = call.progress?.total ? percent(call.progress.n / call.progress.total) : call.progress?.text;
  return (
    <details>
      <summary>
        <Icon name="wrench" /><code class="name cut">{label(call.name)}</code>
        <Mark tone={call.hasFailed ? 'bad' : call.status === 'done' ? 'good' : 'plain'}>{call.status}</Mark>{share}
      </summary>
      <div class="stack">
        <h3>{t('chat.given')}</h3><Code value={call.given} />
        <h3>{t('chat.result')}</h3>{call.result === undefined ? <p class="soft">{t('chat.noResult')}</p> : <Code value={call.result} />}
      </div>
    </details>
  );
}

function Sent({ file }: { file: File }) {
  const address = `ui/files/${encodeURIComponent(file.id)}`;
  return (
    <div class="stack">
      {file.text && <p>{file.text}</p>}
      {PICTURES.includes(file.type)
        ? <a href={address} target="_blank" rel="noopener"><img src={address} alt={label(file.name)} loading="lazy" /></a>
        : <a class="row" href={address} download={file.name}><Icon name="download" />{label(file.name)} ({bytes(file.size)})</a>}
    </div>
  );
}

const Line = memo(function Line({ entry }: { entry: Entry }) {
  if (entry.kind === 'tool') return <li class="entry tool"><Tool call={entry.call} /></li>;
  if (entry.kind === 'file') return <li class="entry"><Sent file={entry.file} /></li>;
  const isUser = entry.kind === 'user';
  const used = entry.usage;
  return (
    <li class={`entry ${entry.kind}`}>
      <span class="about">
        <span>{t(isUser ? 'chat.you' : 'chat.agent')}</span><Time at={entry.at} />
        {entry.kind === 'agent' && !entry.isOpen && entry.run && <button type="button" class="why-link" onClick={() => refine({ why: entry.run })}>{t('chat.why')}</button>}
        {used && <span>{t('chat.cost', { cost: used.cost_micros == null ? '–' : money(used.cost_micros / 10_000), tokens: number(used.input_tokens + used.output_tokens) })}</span>}
      </span>
      <div class="text">{isUser ? entry.text : <Markdown text={entry.text} />}</div>
      {entry.end && <span><Mark tone={entry.end === 'failed' ? 'bad' : 'warn'}>{t(`chat.${entry.end}`)}</Mark></span>}
    </li>
  );
});

function Log({ talk, version }: { talk: Talk; version: number }) {
  const box = useRef<HTMLDivElement>(null);
  const isNear = useRef(true);
  const older = useAction(() => talk.older());
  useLayoutEffect(() => {
    const el = box.current;
    if (el && isNear.current) el.scrollTop = el.scrollHeight;
  }, [version]);
  const look = () => {
    const el = box.current;
    if (el) isNear.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_PX;
  };
  return (
    <div ref={box} class="log" role="log" aria-label={t('chat.list')} aria-busy={talk.running.size > 0} tabIndex={0} onScroll={look}>
      {talk.hasOlder && <p class="empty"><ActionButton action={older} icon="arrow-up">{t('chat.older')}</ActionButton></p>}
      <Failure error={older.error} />
      {talk.summary && <details><summary>{t('chat.summary')}</summary><div><Markdown text={talk.summary} /></div></details>}
      {talk.entries.length === 0 && <Empty icon="message-square" title={t('chat.empty')}><p>{t('chat.emptyHelp')}</p></Empty>}
      <ol>
        {talk.entries.map((entry) => <Line key={entry.id} entry={entry} />)}
        {talk.running.size > 0 && <li class="faint" role="status">{t('chat.thinks')}</li>}
      </ol>
    </div>
  );
}

function Compose({ talk }: { talk: Talk }) {
  const [text, setText] = useState('');
  const stop = useAction(() => socket.call('chat.abort', { sessionKey: talk.key }));
  const send = useAction(async () => {
    const message = text;
    setText('');
    try {
      await socket.call('chat.send', { message, sessionKey: talk.key, idempotencyKey: crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}` });
    } catch (e) {
      setText((now) => now || message);
      throw e;
    }
  });
  const submit = () => { if (text.trim()) void send.run(); };
  return (
    <>
      <div class="stack"><Failure error={send.error ?? stop.error} /></div>
      <form class="compose" onSubmit={(event) => { event.preventDefault(); submit(); }}>
        <textarea class="input" rows={2} aria-label={t('chat.message')} placeholder={t('chat.hint')} maxLength={100_000} value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            submit();
          }} />
        {talk.running.size > 0 && <ActionButton icon="square" label={t('chat.stop')} action={stop} />}
        <Button type="submit" kind="main" icon="send" label={t('chat.send')} disabled={!text.trim()} />
      </form>
    </>
  );
}

function useTalk(key: string) {
  const [version, turn] = useReducer((n: number) => n + 1, 0);
  const [talk, setTalk] = useState<Talk | null>(null);
  const link = useLink();
  const read = useAction(async () => { await talk?.read(); });
  useEffect(() => {
    const mine = new Talk(key, () => turn(undefined as never));
    setTalk(mine);
    return () => mine.close();
  }, [key]);
  useEffect(() => { if (talk && link === 'open') void read.run(); }, [talk, link]);
  useEvent('sessions.changed', (e) => { if (e.key === key && e.reason === 'reset') void read.run(); });
  return { talk, version, read };
}

export default function Chat({ route, role }: ViewProps) {
  const key = route.what ?? 'default';
  const { talk, version, read } = useTalk(key);
  const approvals = useApprovals();
  const mine = approvals.data?.approvals.filter((one) => one.sessionKey === key) ?? [];
  return (
    <div class="chat">
      <Conversations now={key} />
      <section class="talk" aria-labelledby="conversation">
        <header class="row"><h2 id="conversation" class="cut grow">{label(key)}</h2></header>
        {talk && <Log talk={talk} version={version} />}
        <div class="stack">
          <Failure error={read.error} retry={() => void read.run()} />
          {mine.map((one) => <ApprovalCard key={one.id} one={one} mayDecide={role === 'operator'} done={approvals.reload} />)}
        </div>
        {talk && role === 'operator' ? <Compose talk={talk} /> : <Note icon="user">{t('chat.viewer')}</Note>}
      </section>
      {route.query['why'] && <Dialog key={route.query['why']} title={t('chat.whyTitle')} wide onClose={() => refine({ why: undefined })}><Why runId={route.query['why']} /></Dialog>}
    </div>
  );
}
