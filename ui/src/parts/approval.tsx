// A call of a tool that waits for a permission, with its exact arguments. A decision names the hash of what was shown, so
// it cannot be about anything else.
import { useLive, useAction } from '../core/live';
import { socket, type Params, type Result } from '../core/socket';
import { t } from '../core/text';
import { href } from '../core/route';
import { ActionButton, Code, Failure, label, Mark, Time, visible, type Tone } from './parts';
import { say } from './toasts';

export type Approval = Result<'exec.approval.list'>['approvals'][number];
type Decision = NonNullable<Params<'exec.approval.resolve'>['decision']>;

const TONES: Record<string, Tone> = { low: 'plain', medium: 'warn', high: 'bad' };
const riskText = (risk: string) => (risk === 'low' || risk === 'medium' || risk === 'high' ? t(`approvals.risk.${risk}`) : visible(risk));

export const useApprovals = () => useLive('exec.approval.list', {}, { on: ['exec.approval.requested', 'exec.approval.resolved'] });

function useDecision(one: Approval, decision: Decision, done: () => void) {
  return useAction(async () => {
    const answer = await socket.call('exec.approval.resolve',
      { id: one.id, decision, ...(one.argumentsHash !== undefined && { argumentsHash: one.argumentsHash }) });
    say(answer.resolved ? t('approvals.done', { tool: one.tool, decision }) : t('approvals.late', { decision: answer.decision }));
    done();
  });
}

function Decisions({ one, done }: { one: Approval; done: () => void }) {
  const once = useDecision(one, 'allow-once', done);
  const always = useDecision(one, 'allow-always', done);
  const prefix = useDecision(one, 'allow-prefix', done);
  const deny = useDecision(one, 'deny', done);
  const all = [once, always, prefix, deny];
  const isBusy = all.some((action) => action.isBusy);
  return (
    <div class="stack">
      {one.allowsAlways && one.alwaysCovers && <p class="soft">{t('approvals.alwaysCovers', { covers: visible(one.alwaysCovers) })}</p>}
      {one.prefixCovers && <p class="soft">{t('approvals.prefixCovers', { covers: visible(one.prefixCovers) })}</p>}
      <div class="row wrap">
        <ActionButton kind="main" icon="check" action={once} disabled={isBusy}>{t('approvals.once')}</ActionButton>
        {one.allowsAlways && <ActionButton action={always} disabled={isBusy}>{t('approvals.always')}</ActionButton>}
        {one.prefixCovers && <ActionButton action={prefix} disabled={isBusy}>{t('approvals.prefix')}</ActionButton>}
        <ActionButton kind="risky" icon="x" action={deny} disabled={isBusy}>{t('approvals.deny')}</ActionButton>
      </div>
      {all.map((action, i) => <Failure key={i} error={action.error} />)}
    </div>
  );
}

export function ApprovalCard({ one, mayDecide, done }: { one: Approval; mayDecide: boolean; done: () => void }) {
  return (
    <article class="panel" aria-label={t('approvals.asks', { tool: label(one.tool) })}>
      <header class="wrap">
        <h2>{t('approvals.asks', { tool: label(one.tool) })}</h2>
        <Mark tone={TONES[one.risk] ?? 'warn'}>{riskText(one.risk)}</Mark>
        <a class="cut" href={href('chat', one.sessionKey)}>{t('approvals.session', { session: label(one.sessionKey, 40) })}</a>
        <span class="soft">{t('approvals.until')} <Time at={one.expiresAtMs} /></span>
      </header>
      <div class="inside stack">
        <Code value={one.request?.command ?? one.arguments} />
        <p><span class="soft">{t('approvals.because')}:</span> {visible(one.why)}</p>
        {mayDecide && <Decisions one={one} done={done} />}
      </div>
    </article>
  );
}
