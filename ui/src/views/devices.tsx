// Who may come in: where the server listens and what that means, the devices that are paired, and a code for the next.
import { useEffect, useState } from 'preact/hooks';
import { useAction, useEvent, useLive } from '../core/live';
import { socket, type Result } from '../core/socket';
import { exact, texts } from '../core/text';
import { ActionButton, Button, Confirm, Dialog, Empty, Failure, label, Mark, Note, Panel, Time, visible, type Tone } from '../parts/parts';
import { say } from '../parts/toasts';
import { devices } from '../text/devices';
import { Copy, Facts } from './server';

const words = texts(devices);
type Device = Result<'device.pair.list'>['paired'][number];
type Finding = Result<'device.exposure'>['findings'][number];

const TONES: Record<Finding['level'], Tone> = { ok: 'good', warn: 'warn', fail: 'bad' };
const yesNo = (is: boolean) => words(is ? 'yes' : 'no');
const roleText = (role: string) => (role === 'operator' || role === 'viewer' || role === 'node' ? words(role) : label(role));

function Exposure() {
  const { data, error, reload } = useLive('device.exposure', {}, { on: ['config.changed'] });
  return (
    <Panel title={words('exposure')}>
      <div class="stack">
        <Failure error={error} retry={reload} />
        {data && (
          <>
            <ul class="stack">
              {data.findings.map((one) => (
                <li key={one.name} class="stack tight">
                  <span class="row wrap"><Mark tone={TONES[one.level]}>{words(one.level)}</Mark><strong>{one.name === 'control' || one.name === 'management' ? words(one.name) : visible(one.name)}</strong></span>
                  <p>{visible(one.text)}</p>
                  {one.fix && <p class="soft">{words('fix')}: {visible(one.fix)}</p>}
                </li>
              ))}
            </ul>
            <Facts list={[[words('listens'), <code key="l">{`${data.host}:${data.port}`}</code>], [words('agentPort'), data.agent_port > 0 && String(data.agent_port)], [words('reach'), words(data.is_public ? 'world' : 'machine')],
              [words('tls'), yesNo(data.has_tls)], [words('token'), yesNo(data.has_token)], [words('pairing'), yesNo(data.require_pairing)], [words('origins'), visible(data.cors_origins.join(', '))], [words('proxies'), visible(data.trusted_proxies)]]} />
          </>
        )}
      </div>
    </Panel>
  );
}

function Paired({ one }: { one: Device }) {
  const [isAsked, ask] = useState(false);
  const revoke = useAction(async () => { await socket.call('device.pair.revoke', { id: one.id }); ask(false); say(words('revoked', { name: label(one.label, 40) })); });
  return (
    <li>
      <span class="grow"><strong>{label(one.label, 60)}</strong> <span class="soft">{roleText(one.role)}</span></span>
      <span class="soft">{words('paired')} <Time at={one.created_at} /></span>
      <span class="soft">{words('used')} {one.last_used_at ? <Time at={one.last_used_at} /> : words('never')}</span>
      <Button kind="risky" icon="trash-2" onClick={() => ask(true)}>{words('revoke')}</Button>
      {isAsked && <Confirm title={words('revokeTitle', { name: label(one.label, 40) })} text={words('revokeText')} label={words('revoke')} action={revoke} onClose={() => ask(false)} />}
    </li>
  );
}

function Pair({ close }: { close: () => void }) {
  const [code, setCode] = useState<Result<'device.pair.code'> | null>(null);
  const draw = useAction(async () => setCode(await socket.call('device.pair.code')));
  useEffect(() => { void draw.run(); }, []);
  useEvent('device.pair.resolved', ({ decision }) => { if (decision === 'approved') { say(words('done')); close(); } });
  const link = code && `${location.origin}${location.pathname}#token=${code.code}`;
  return (
    <Dialog title={words('pairTitle')} onClose={close} footer={<><ActionButton icon="refresh-cw" action={draw}>{words('anew')}</ActionButton></>}>
      <div class="stack">
        <Failure error={draw.error} />
        {code && link && (
          <>
            <p class="row"><span class="big" aria-label={words('code')}>{code.code}</span><Copy text={code.code} /></p>
            <p>{words('pairHelp', { until: exact(Date.parse(code.expires_at)) })}</p>
            <Facts list={[[words('link'), <span key="l" class="row"><code class="cut">{link}</code><Copy text={link} label={words('link')} /></span>]]} />
            <Note tone="warn" icon="triangle-alert">{words('hidden')}</Note>
          </>
        )}
      </div>
    </Dialog>
  );
}

export default function Devices() {
  const { data, error, reload } = useLive('device.pair.list', {}, { on: ['device.pair.resolved'] });
  const [isPairing, pair] = useState(false);
  const button = <Button kind="main" icon="plus" onClick={() => pair(true)}>{words('pair')}</Button>;
  return (
    <div class="pages">
      <Panel title={words('devices')} flush action={data && data.paired.length > 0 && button}>
        <Failure error={error} retry={reload} />
        {data?.paired.length === 0 && <Empty icon="smartphone" title={words('none')}><p>{words('noneHelp')}</p>{button}</Empty>}
        <ul class="rows">{data?.paired.map((one) => <Paired key={one.id} one={one} />)}</ul>
      </Panel>
      <Exposure />
      {isPairing && <Pair close={() => pair(false)} />}
    </div>
  );
}
