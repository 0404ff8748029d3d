// One agent: who it is, its policy as a form, what it has used, what happens to it, and a room to try it in.
import { useState } from 'preact/hooks';
import { useAction, useLive, useRest } from '../core/live';
import { go, href } from '../core/route';
import { socket, type Reply } from '../core/socket';
import { number, texts } from '../core/text';
import { Button, Code, Confirm, Empty, Failure, Field, Icon, label, Note, Panel, Select, Tabs } from '../parts/parts';
import { SchemaForm, wrongOf, type Schema, type Values } from '../parts/form';
import { say } from '../parts/toasts';
import { agents as area } from '../text/agents';
import { AgentLog } from './agent_log';
import { AgentRoom } from './agent_room';
import { Doing, type Row } from './agents';
import type { ViewProps } from './views';

type Whole = Reply<'agent', 'getAgent'>;

const words = texts(area);

interface Draft { name: string; description: string; status: string; personalityId: string | null; systemPromptId: string | null; settings: Values }

const draftOf = (agent: Whole): Draft => ({ name: agent.name, description: agent.description, status: agent.status,
  personalityId: agent.personalityId, systemPromptId: agent.systemPromptId, settings: agent.settings });

/** Of the settings, those that differ: what is left out stays. */
const changesOf = (before: Values, after: Values): Values =>
  Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));

async function store(id: string, userId: string, before: Draft, after: Draft): Promise<void> {
  const settings = changesOf(before.settings, after.settings);
  await socket.rest('agent', 'updateAgent', { id, name: after.name, description: after.description, status: after.status as 'active' | 'paused',
    ...(Object.keys(settings).length > 0 && { settings }) }, { actorId: userId });
  if (before.personalityId !== after.personalityId || before.systemPromptId !== after.systemPromptId) {
    await socket.rest('agent', 'updateAgentState', { id, personalityId: after.personalityId, systemPromptId: after.systemPromptId }, { actorId: userId });
  }
}

function Choice({ name, value, list, disabled, onChange }: {
  name: string; value: string | null; list: ReadonlyArray<{ id: string; name: string; userId: string | null }>; disabled: boolean; onChange: (id: string | null) => void;
}) {
  return (
    <Select label={name} value={value ?? ''} disabled={disabled} onChange={(id) => onChange(id || null)}
      list={[['', words('nobody')], ...list.map((one) => [one.id, one.userId === null ? words('shared', { name: label(one.name, 60) }) : label(one.name, 60)] as const)]} />
  );
}

function Policy({ agent, mayChange, reload }: { agent: Whole; mayChange: boolean; reload: () => void }) {
  const as = { actorId: agent.userId };
  const personalities = useRest('agent', 'listPersonalities', { limit: 200 }, as);
  const prompts = useRest('agent', 'listSystemPrompts', { limit: 200 }, as);
  const form = useLive('operations.describe', { surface: 'agent', operation: 'updateAgent' });
  const before = draftOf(agent);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [isDeleting, setDeleting] = useState(false);
  const now = draft ?? before;
  const set = (change: Partial<Draft>) => setDraft({ ...now, ...change });
  const save = useAction(async () => {
    await store(agent.id, agent.userId, before, now);
    setDraft(null);
    reload();
    say(words('saved', { name: label(now.name, 60) }), () => void store(agent.id, agent.userId, now, before).then(reload, reload));
  });
  const remove = useAction(async () => {
    await socket.rest('agent', 'deleteAgent', { id: agent.id }, as);
    say(words('deleted', { name: label(agent.name, 60) }));
    go(href('agents'));
  });
  const schema = (form.data?.input as Schema | undefined)?.properties?.['settings'];
  const wrong = wrongOf(save.error?.details);
  const personality = personalities.data?.find((one) => one.id === now.personalityId);
  const prompt = prompts.data?.find((one) => one.id === now.systemPromptId);
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); void save.run(); }}>
      <Failure error={personalities.error ?? prompts.error ?? form.error} />
      <Panel title={words('who')}>
        <fieldset class="form plain" disabled={!mayChange}>
          <Field label={words('agentName')} value={now.name} maxLength={200} required onInput={(name) => set({ name })} error={wrong['name']} />
          <Field label={words('description')} value={now.description} maxLength={2000} onInput={(description) => set({ description })} error={wrong['description']} />
          <Select label={words('status')} value={now.status} list={[['active', words('active')], ['paused', words('paused')]]} onChange={(status) => set({ status })} />
          <Choice name={words('personality')} value={now.personalityId} list={personalities.data ?? []} disabled={!mayChange} onChange={(personalityId) => set({ personalityId })} />
          <Choice name={words('prompt')} value={now.systemPromptId} list={prompts.data ?? []} disabled={!mayChange} onChange={(systemPromptId) => set({ systemPromptId })} />
        </fieldset>
        {personality?.styleInstructions && <details><summary>{words('style')}</summary><Code value={personality.styleInstructions} /></details>}
        {prompt && <details><summary>{words('template')}</summary><Code value={prompt.template} /></details>}
      </Panel>
      <Panel title={words('policy')}>
        {schema && <SchemaForm schema={schema} path="settings" value={now.settings} wrong={wrong} disabled={!mayChange} onChange={(settings) => set({ settings })} />}
      </Panel>
      <Failure error={save.error} />
      {mayChange ? (
        <div class="row wrap save">
          <Button type="submit" kind="main" icon="check" disabled={save.isBusy || draft === null}>{words('save')}</Button>
          {draft !== null && <span class="soft">{words('changed')}</span>}
          <span class="grow" />
          <Button kind="risky" icon="trash-2" onClick={() => setDeleting(true)}>{words('delete')}</Button>
        </div>
      ) : <Note icon="user">{words('viewer')}</Note>}
      {isDeleting && <Confirm title={words('deleteTitle', { name: label(agent.name, 60) })} text={words('deleteText')} label={words('delete')} action={remove} onClose={() => setDeleting(false)} />}
    </form>
  );
}

/** Of an agent with a budget of its own: how much of it is used. */
function Budget({ id }: { id: string }) {
  const { data } = useLive('usage.budgets', {}, { everyMs: 5000 });
  const own = data?.budgets.find((one) => one.kind === 'agent' && one.id === id);
  if (!own) return null;
  const used = words('budgetOf', { used: number(own.tokens), allowed: number(own.tokensAllowed) });
  return <span class="row"><span class="soft">{words('budget')}</span><meter min={0} max={own.tokensAllowed} value={own.tokens} aria-label={words('budget')}>{used}</meter><span class="num">{used}</span></span>;
}

function Page({ row, route, role, reload }: ViewProps & { row: Row; reload: () => void }) {
  const agent = useRest('agent', 'getAgent', { id: row.id }, { actorId: row.userId });
  const tab = route.query['tab'] ?? 'settings';
  const to = (name: string) => href('agents', row.id, { tab: name });
  return (
    <div class="agent">
      <div class="row wrap">
        <a class="row" href={href('agents')}><Icon name="arrow-left" />{words('back')}</a>
        <h2 class="cut">{label(row.name)}</h2><Doing row={row} /><span class="soft cut">{label(row.user)}</span><code class="faint">{row.id}</code>
        <span class="grow" /><Budget id={row.id} />
      </div>
      <Tabs chosen={tab} list={[{ name: 'settings', text: words('tabSettings'), href: to('settings') }, { name: 'log', text: words('tabLog'), href: to('log') }, { name: 'room', text: words('tabRoom'), href: to('room') }]} />
      <Failure error={agent.error} retry={agent.reload} />
      {tab === 'settings' && agent.data && <Policy agent={agent.data} mayChange={role === 'operator'} reload={() => { agent.reload(); reload(); }} />}
      {tab === 'log' && <AgentLog row={row} run={route.query['run'] ?? null} show={route.query['show'] ?? 'all'} />}
      {tab === 'room' && <AgentRoom row={row} mayPlay={role === 'operator'} run={route.query['run'] ?? null} />}
    </div>
  );
}

export function Agent({ id, ...props }: ViewProps & { id: string }) {
  const { data, error, reload } = useLive('agents.search', { search: id, limit: 1 }, { on: ['agents.happened'], everyMs: 10_000 });
  const row = data?.agents.find((one) => one.id === id);
  if (!data) return <Failure error={error} retry={reload} />;
  return row ? <Page row={row} reload={reload} {...props} /> : <Empty icon="bot" title={words('gone')}><a class="button" href={href('agents')}>{words('back')}</a></Empty>;
}
