// Why a turn came out as it did: where its time went, what was decided and by which rule, the prompt as it was sent, what was
// called, what it cost. All of it as it was recorded then; what was not recorded is not shown.
import './why.css';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useLive } from '../core/live';
import { href } from '../core/route';
import type { Result } from '../core/socket';
import { bytes, duration, money, number, texts } from '../core/text';
import { why as area } from '../text/why';
import { Code, Empty, Failure, Figure, label, Mark, Note, Time, visible, type Tone } from './parts';

type Described = Result<'runs.describe'>;
type Decision = Result<'agents.decisions'>['decisions'][number];

const words = texts(area);
const ms = (at: string | undefined) => (at === undefined ? undefined : Date.parse(at));
export const tone = (verdict: string): Tone => (/^(deny|error|failed|aborted)/.test(verdict) ? 'bad' : /^(wait|ask|hold)/.test(verdict) ? 'warn' : /^(allow|answer|speak|ok|completed|run)/.test(verdict) ? 'good' : 'plain');

/** JSON as people read it; a text that is no JSON, as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

interface Span { kind: 'waited' | 'model' | 'tool' | 'decided'; name: string; from: number; to: number }

/** A call may have been written down when it began or when it had ended: it ends no later than its run. */
function spansOf({ run, calls, tools, decisions }: Described): { spans: Span[]; from: number; to: number } {
  const from = ms(run.createdAt) ?? Date.parse(run.startedAt);
  const started = Date.parse(run.startedAt);
  const known = ms(run.finishedAt);
  const spans: Span[] = [];
  if (started > from) spans.push({ kind: 'waited', name: words('waited'), from, to: started });
  for (const one of decisions) spans.push({ kind: 'decided', name: one.rule, from: Date.parse(one.at), to: Date.parse(one.at) });
  for (const call of calls) {
    const at = Math.max(from, Math.min(Date.parse(call.at), (known ?? Infinity) - call.durationMs));
    spans.push({ kind: 'model', name: `${words('asked')} ${call.model}`, from: at, to: at + call.durationMs });
  }
  for (const call of tools) {
    const at = ms(call.startedAt);
    if (at !== undefined) spans.push({ kind: 'tool', name: call.name, from: at, to: ms(call.finishedAt) ?? at });
  }
  spans.sort((a, b) => a.from - b.from);
  return { spans, from: Math.min(from, ...spans.map((one) => one.from)), to: Math.max(known ?? started, ...spans.map((one) => one.to)) };
}

function Bar({ span, from, length }: { span: Span; from: number; length: number }) {
  const bar = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    bar.current?.style.setProperty('--from', `${(100 * (span.from - from)) / length}%`);
    bar.current?.style.setProperty('--length', `${(100 * (span.to - span.from)) / length}%`);
  });
  return <span class="lane"><span ref={bar} class={`bar ${span.kind}`} /></span>;
}

function Fall({ found }: { found: Described }) {
  const { spans, from, to } = spansOf(found);
  const length = Math.max(1, to - from);
  return (
    <ol class="fall">
      {spans.map((span, i) => (
        <li key={i}>
          <span class="cut" title={label(span.name)}>{label(span.name)}</span>
          <Bar span={span} from={from} length={length} />
          <span class="num soft">{span.kind === 'decided' ? `+${duration(span.from - from)}` : duration(span.to - span.from)}</span>
        </li>
      ))}
    </ol>
  );
}

export function Decided({ one }: { one: Decision }) {
  return (
    <details>
      <summary><code class="cut grow">{label(one.rule)}</code><Mark tone={tone(one.verdict)}>{label(one.verdict, 40)}</Mark><span class="faint"><Time at={one.at} /></span></summary>
      <div class="stack">
        <p class="soft">{words('bundle', { bundle: one.bundle })}</p>
        <h4>{words('output')}</h4><Code value={pretty(one.output)} />
        <h4>{words(one.isWhole ? 'facts' : 'factsCut')}</h4><Code value={pretty(one.inputs)} />
      </div>
    </details>
  );
}

function Prompt({ one }: { one: Described['prompts'][number] }) {
  const messages = one.messages as Array<{ role?: string; content?: unknown }>;
  const tools = (one.tools as string[]).map((name) => label(name, 40)).join(', ');
  return (
    <details>
      <summary><span class="grow">{words('prompt', { n: one.step })}</span><span class="faint">{bytes(one.bytes)}</span></summary>
      <div class="stack">
        <h4>{words('system')}</h4><Code value={one.system} />
        <h4>{words('messages')}</h4>
        {!one.isWhole && <Note tone="warn">{words('tooLong', { size: bytes(one.bytes) })}</Note>}
        {messages.map((message, i) => <div key={i} class="stack"><Mark>{label(String(message.role ?? ''), 20)}</Mark><Code value={typeof message.content === 'string' && Object.keys(message).length <= 2 ? message.content : message} /></div>)}
        {tools && <p class="soft">{words('tools', { tools })}</p>}
      </div>
    </details>
  );
}

function Figures({ found: { run, calls } }: { found: Described }) {
  const from = ms(run.createdAt) ?? Date.parse(run.startedAt);
  const to = ms(run.finishedAt);
  const end = run.errorCode ?? run.reason ?? run.state;
  const isEstimated = calls.some((call) => call.estimated);
  return (
    <div class="figures">
      <Figure label={words('status')} value={end && to !== undefined ? <Mark tone={run.errorCode ? 'bad' : tone(end)}>{end}</Mark> : <Mark tone="warn">{words('running')}</Mark>} />
      {to !== undefined && <Figure label={words('time')} value={duration(to - from)} />}
      {run.model && <Figure label={words('model')} value={label(run.model, 40)} more={label(run.provider ?? '', 40)} />}
      {run.inputTokens !== undefined && <Figure label={words('tokens')} value={number(run.inputTokens + (run.outputTokens ?? 0))}
        more={`${words('tokensMore', { input: number(run.inputTokens), output: number(run.outputTokens ?? 0) })}${isEstimated ? `, ${words('estimated')}` : ''}`} />}
      <Figure label={words('cost')} value={run.costMicros === undefined ? '–' : money(run.costMicros / 10_000)} more={run.costMicros === undefined && (run.inputTokens ?? 0) > 0 ? words('unpriced') : undefined} />
    </div>
  );
}

export function Why({ runId }: { runId: string }) {
  const { data: found, error, reload } = useLive('runs.describe', { runId }, { on: ['chat', 'agents.happened'] });
  if (!found) return <Failure error={error} retry={reload} />;
  const isSession = found.run.sessionKey !== undefined;
  return (
    <div class="why">
      <Failure error={error} retry={reload} />
      <Figures found={found} />
      <h3>{words('time_')}</h3>
      <Fall found={found} />
      <h3>{words('decisions')}</h3>
      {found.decisions.length === 0 && <p class="soft">{words('noDecisions')}</p>}
      {found.decisions.map((one, i) => <Decided key={i} one={one} />)}
      <h3>{words('prompts')}</h3>
      {found.prompts.length === 0 && <p class="soft">{words(isSession ? 'noPrompt' : 'noPromptAgent')}</p>}
      {found.prompts.map((one) => <Prompt key={one.step} one={one} />)}
      {found.tools.length > 0 && <h3>{words('called')}</h3>}
      {found.tools.map((call, i) => (
        <details key={i}>
          <summary><code class="cut grow">{label(call.name)}</code><Mark tone={call.status === 'done' ? 'good' : /failed|denied|refused/.test(call.status) ? 'bad' : 'plain'}>{call.status}</Mark></summary>
          <div class="stack"><h4>{words('given')}</h4><Code value={pretty(call.arguments)} />{call.result !== undefined && <><h4>{words('result')}</h4><Code value={call.result} /></>}</div>
        </details>
      ))}
      {found.actions.length > 0 && <h3>{words('did')}</h3>}
      {[...found.actions].reverse().map((one) => <p key={one.id} class="row"><Mark>{one.type}</Mark><span class="cut">{visible(JSON.stringify(one.content)).slice(0, 200)}</span></p>)}
      {isSession && found.run.sessionKey && <p><a href={href('chat', found.run.sessionKey)}>{words('chat')}</a></p>}
      {found.calls.length + found.decisions.length + found.tools.length === 0 && <Empty icon="circle-alert" title={words('none')} />}
    </div>
  );
}
