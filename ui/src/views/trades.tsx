// What the operator's actors on the marketplace have under way: transactions and bids, whose turn it is, and what can be
// done. Each step is carried out by the marketplace's own route, as the actor whose trade it is.
import { useState } from 'preact/hooks';
import { useAction, useLive, useRest, type Action } from '../core/live';
import { href, refine } from '../core/route';
import { socket, type Reply, type Result } from '../core/socket';
import { money, number, t, texts } from '../core/text';
import { ActionButton, Button, Code, Confirm, Dialog, Empty, Failure, Field, label, Mark, Money, Panel, Time, type Tone } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { trades } from '../text/trades';
import { Beside, Choices, Facts, Select, Work } from './server';
import type { ViewProps } from './views';

const words = texts(trades);
const HEARD = { on: ['market.changed'] as const, everyMs: 30_000 };
const PAGE = 100;

type Item = Result<'market.work'>['items'][number];
type Trade = Reply<'marketplace', 'transactionsGet'>;
type Bid = Reply<'marketplace', 'bidsList'>['bids'][number];

const cents = (usd: number) => Math.round(usd * 100);
const usd = (amount: number) => money(cents(amount));

const TONES: Readonly<Record<string, Tone>> = {
  accepted: 'good', delivered: 'warn', pending_payment: 'warn', countered: 'warn', disputed: 'bad', failed: 'bad', refunded: 'bad', expired: 'bad',
};
const State = ({ name }: { name: string }) => <Mark tone={TONES[name] ?? 'plain'}>{name.replaceAll('_', ' ')}</Mark>;

/** A step with a text of the reader's: a revision, a dispute, a counter-offer. */
function Ask({ title, fields, send, onClose }: {
  title: string; fields: ReadonlyArray<{ name: string; label: string; lines?: number; least?: number }>;
  send: (values: Record<string, string>) => Promise<unknown>; onClose: () => void;
}) {
  const [values, set] = useState<Record<string, string>>({});
  const action = useAction(async () => { await send(values); say(words('done')); onClose(); });
  const isShort = fields.some((f) => (values[f.name] ?? '').trim().length < (f.least ?? 0));
  return (
    <Dialog title={title} onClose={onClose}
      footer={<><Button onClick={onClose}>{t('cancel')}</Button><ActionButton kind="main" action={action} disabled={isShort}>{words('send')}</ActionButton></>}>
      <div class="stack">
        {fields.map((f, i) => (
          <Field key={f.name} label={f.label} value={values[f.name] ?? ''} onInput={(text) => set({ ...values, [f.name]: text })} autoFocus={i === 0} {...(f.lines && { lines: f.lines })} />
        ))}
        <Failure error={action.error} />
      </div>
    </Dialog>
  );
}

/** A step that is asked about once more. */
function useStep(run: () => Promise<unknown>, done: () => void): Action {
  return useAction(async () => { await run(); say(words('done')); done(); });
}

/** A transaction, and as which of our actors we look at it. */
interface Mine {
  id: string;
  actorId: string;
  isBuyer: boolean;
  actor: string;
}

function TradeSteps({ mine, trade, reload }: { mine: Mine; trade: Trade['transaction']; reload: () => void }) {
  const [asked, ask] = useState<'pay' | 'accept' | 'cancel' | 'revise' | 'dispute' | null>(null);
  const as = { actorId: mine.actorId }, of = { transaction_id: mine.id };
  const close = () => { ask(null); reload(); };
  const pay = useStep(() => socket.rest('marketplace', 'transactionsAssign', of, as), close);
  const accept = useStep(() => socket.rest('marketplace', 'transactionsAccept', of, as), close);
  const cancel = useStep(() => socket.rest('marketplace', 'transactionsCancel', of, as), close);
  const { isBuyer } = mine, is = trade.status;
  return (
    <div class="row wrap">
      {isBuyer && is === 'pending_payment' && <Button kind="main" icon="wallet" onClick={() => ask('pay')}>{words('pay')}</Button>}
      {isBuyer && is === 'delivered' && <Button kind="main" icon="check" onClick={() => ask('accept')}>{words('accept')}</Button>}
      {isBuyer && is === 'delivered' && <Button icon="undo-2" onClick={() => ask('revise')}>{words('revise')}</Button>}
      {isBuyer && is === 'delivered' && <Button kind="risky" icon="gavel" onClick={() => ask('dispute')}>{words('dispute')}</Button>}
      {is === 'pending_payment' && <Button kind="risky" icon="x" onClick={() => ask('cancel')}>{words('cancel')}</Button>}
      {asked === 'pay' && <Confirm title={words('pay')} text={words('payText', { amount: usd(trade.price_usd), name: label(mine.actor, 40) })} label={words('pay')} action={pay} onClose={() => ask(null)} />}
      {asked === 'accept' && <Confirm title={words('accept')} text={words('acceptText', { amount: usd(trade.seller_payout_usd) })} label={words('accept')} action={accept} onClose={() => ask(null)} />}
      {asked === 'cancel' && <Confirm title={words('cancel')} text={words('cancelText')} label={words('cancel')} action={cancel} onClose={() => ask(null)} />}
      {asked === 'revise' && <Ask title={words('revise')} fields={[{ name: 'note', label: words('reviseLabel'), lines: 4, least: 1 }]} onClose={close}
        send={({ note = '' }) => socket.rest('marketplace', 'transactionsRequestRevision', { ...of, note }, as)} />}
      {asked === 'dispute' && <Ask title={words('dispute')} fields={[{ name: 'reason', label: words('disputeLabel'), lines: 4, least: 10 }]} onClose={close}
        send={({ reason = '' }) => socket.rest('marketplace', 'transactionsDispute', { ...of, dispute_reason: reason }, as)} />}
    </div>
  );
}

/** What has happened, in order; what is still to come is left out. */
function Moments({ trade }: { trade: Trade['transaction'] }) {
  const list = [['created', trade.created_at], ['assigned', trade.assigned_at], ['delivered', trade.delivered_at], ['ended', trade.ended_at]] as const;
  return <ol class="moments">{list.map(([name, at]) => at && <li key={name} class="row"><span class="grow">{words(name)}</span><span class="faint"><Time at={at} /></span></li>)}</ol>;
}

function Milestones({ mine, list, mayAct, reload }: { mine: Mine; list: Trade['milestones']; mayAct: boolean; reload: () => void }) {
  const [asked, ask] = useState<Trade['milestones'][number] | null>(null);
  const accept = useStep(() => socket.rest('marketplace', 'milestonesAccept', { transaction_id: mine.id, sequence: asked?.sequence ?? 0 }, { actorId: mine.actorId }), () => { ask(null); reload(); });
  return (
    <Panel title={words('milestones')} flush>
      <ul class="rows">
        {list.map((one) => (
          <li key={one.sequence}>
            <span class="num faint">{one.sequence}</span><span class="cut grow">{label(one.title)}</span><State name={one.status} /><Money cents={cents(one.payout_usd)} />
            {mayAct && mine.isBuyer && one.status === 'delivered' && <Button icon="check" onClick={() => ask(one)}>{words('accept')}</Button>}
            {one.output_data !== null && <Code value={one.output_data} />}
          </li>
        ))}
      </ul>
      {asked && <Confirm title={words('accept')} text={words('acceptText', { amount: usd(asked.payout_usd) })} label={words('accept')} action={accept} onClose={() => ask(null)} />}
    </Panel>
  );
}

function OneTrade({ id, actorId, actor, other, close, mayAct }: { id: string; actorId: string; actor: string; other: string | undefined; close: string; mayAct: boolean }) {
  const { data, error, reload } = useRest('marketplace', 'transactionsGet', { transaction_id: id }, { actorId, ...HEARD });
  const trade = data?.transaction;
  const mine = { id, actorId, actor, isBuyer: trade?.buyer_id === actorId };
  return (
    <Beside title={trade ? label(trade.title) : words('transaction')} close={close} action={trade && <State name={trade.status} />}>
      <Failure error={error} retry={reload} />
      {data && trade && (
        <>
          {mayAct && <TradeSteps mine={mine} trade={trade} reload={reload} />}
          <Facts list={[
            [words('transaction'), <code key="id">{id}</code>],
            [words('whose'), words(mine.isBuyer ? 'buyer' : 'seller', { name: label(actor, 60) })],
            [words('with'), other !== undefined ? label(other, 60) : <code key="w">{mine.isBuyer ? trade.seller_id : trade.buyer_id}</code>],
            [words('amount'), <Money key="p" cents={cents(trade.price_usd)} />],
            [words('fee'), <Money key="f" cents={cents(trade.platform_fee_usd)} />],
            [words('payout'), <span key="o" class="row"><Money cents={cents(trade.seller_payout_usd)} />{trade.payout_status && <Mark>{words(trade.payout_status)}</Mark>}</span>],
            [words('paid'), trade.paid_usd !== null && <Money key="x" cents={cents(trade.paid_usd)} />],
            [words('deadline'), trade.sla_deadline && <span key="d" class="row"><Time at={trade.sla_deadline} />{trade.sla_breached && <Mark tone="bad">{words('late')}</Mark>}</span>],
            [words('review'), trade.review_deadline && <Time key="r" at={trade.review_deadline} />],
          ]} />
          <Moments trade={trade} />
          {data.milestones.length > 0 && <Milestones mine={mine} list={data.milestones} mayAct={mayAct} reload={reload} />}
          {data.checks.length > 0 && (
            <Panel title={words('checks')}>
              {data.checks.map((one) => <div key={`${one.moment} ${one.checked_at}`} class="stack tight">
                <span class="row"><Mark tone={one.passed ? 'good' : 'bad'}>{words(one.passed ? 'passed' : 'failed')}</Mark><span class="faint"><Time at={one.checked_at} /></span></span>
                <Code value={one.results} />
              </div>)}
            </Panel>)}
          {data.output_data !== null && <><h3>{words('output')}</h3><Code value={data.output_data} /></>}
          {data.input_data !== null && <><h3>{words('input')}</h3><Code value={data.input_data} /></>}
        </>
      )}
    </Beside>
  );
}

function BidSteps({ item, bid, reload }: { item: Item; bid: Bid; reload: () => void }) {
  const [asked, ask] = useState<'accept' | 'counter' | null>(null);
  const as = { actorId: item.actorId }, of = { bid_id: bid.id };
  const close = () => { ask(null); reload(); };
  const isOurs = item.waitsOn === 'us', isCounter = bid.status === 'countered';
  const accept = useStep(() => socket.rest('marketplace', isCounter ? 'bidsCounterAccept' : 'bidsAccept', of, as), close);
  const refuse = useStep(() => socket.rest('marketplace', isCounter ? 'bidsCounterReject' : 'bidsReject', of, as), close);
  const withdraw = useStep(() => socket.rest('marketplace', 'bidsWithdraw', of, as), close);
  const amount = usd(isCounter && bid.counter_price_usd !== null ? bid.counter_price_usd : bid.price_usd);
  return (
    <div class="row wrap">
      {isOurs && <Button kind="main" icon="check" onClick={() => ask('accept')}>{words('acceptBid')}</Button>}
      {isOurs && <Button icon="pencil" onClick={() => ask('counter')}>{words('counter')}</Button>}
      {isOurs && <ActionButton kind="risky" icon="x" action={refuse}>{words('reject')}</ActionButton>}
      {item.side === 'bidder' && <ActionButton kind="risky" icon="undo-2" action={withdraw}>{words('withdraw')}</ActionButton>}
      <Failure error={refuse.error ?? withdraw.error} />
      {asked === 'accept' && <Confirm title={words('acceptBid')} text={words('acceptBidText', { amount, name: label(item.with, 40) })} label={words('acceptBid')} action={accept} onClose={() => ask(null)} />}
      {asked === 'counter' && <Ask title={words('counter')} onClose={close}
        fields={[{ name: 'price', label: words('counterPrice'), least: 1 }, { name: 'note', label: words('counterNote'), lines: 3 }]}
        send={({ price = '', note }) => socket.rest('marketplace', 'bidsCounter', { ...of, counter_price_usd: price.trim(), ...(note && { counter_note: note }) }, as)} />}
    </div>
  );
}

function OneBid({ item, close, mayAct }: { item: Item; close: string; mayAct: boolean }) {
  const asked = { limit: 50, ...(item.side === 'owner' && { listing_id: item.listingId }) };
  const { data, error, reload } = useRest('marketplace', 'bidsList', asked, { actorId: item.actorId, ...HEARD });
  const bid = data?.bids.find((one) => one.id === item.id);
  return (
    <Beside title={label(item.title)} close={close} action={bid && <State name={bid.status} />}>
      <Failure error={error} retry={reload} />
      {data && !bid && <p class="soft">{words('gone')}</p>}
      {bid && (
        <>
          {mayAct && (bid.status === 'pending' || bid.status === 'countered') && <BidSteps item={item} bid={bid} reload={reload} />}
          <div class="pair">
            <Panel title={words('bid')}><Facts list={[[words('price'), <Money key="p" cents={cents(bid.price_usd)} />], [words('hours'), words('hoursOf', { n: number(bid.sla_hours) })],
              [words('note'), bid.scope_note && label(bid.scope_note, 500)]]} /></Panel>
            {bid.counter_price_usd !== null && (
              <Panel title={words('counter')}><Facts list={[[words('price'), <Money key="c" cents={cents(bid.counter_price_usd)} />],
                [words('hours'), bid.counter_sla_hours !== null && words('hoursOf', { n: number(bid.counter_sla_hours) })],
                [words('note'), bid.counter_note && label(bid.counter_note, 500)], [words('round'), number(bid.counter_round)]]} /></Panel>)}
          </div>
          <Facts list={[[words('with'), label(item.with, 60)], [words('expires'), <Time key="e" at={bid.expires_at} />]]} />
        </>
      )}
    </Beside>
  );
}

const COLUMNS = (): ReadonlyArray<Column<Item>> => [
  { name: 'title', label: words('title'), width: 'minmax(10rem, 2fr)', cell: (one) => label(one.title) },
  { name: 'side', label: words('whose'), width: 'minmax(8rem, 1fr)', cell: (one) => <span class="soft">{words(one.side, { name: label(one.actor, 30) })}</span> },
  { name: 'with', label: words('with'), width: 'minmax(6rem, 1fr)', cell: (one) => label(one.with, 40) },
  { name: 'state', label: words('state'), width: '8.5rem', cell: (one) => <State name={one.state} /> },
  { name: 'price', label: words('price'), width: '6rem', isNumber: true, cell: (one) => <Money cents={cents(one.priceUsd)} /> },
  { name: 'waits', label: words('waits'), width: 'minmax(11rem, 1.3fr)', cell: (one) => <span class={one.waitsOn === 'us' ? 'strong' : 'soft'}>{one.waitsFor ?? ''}</span> },
  { name: 'due', label: words('due'), width: '6.5rem', cell: (one) => <Time at={one.dueAt} /> },
];

export default function Trades({ route, role }: ViewProps) {
  const { query } = route, isOurs = query['turn'] === 'us';
  const work = useLive('market.work', { limit: PAGE, ...(query['actor'] && { actorId: query['actor'] }) }, HEARD);
  if (work.error?.code === 'CONFLICT') return <Empty icon="store" title={words('unset')}><p>{words('unsetHelp')}</p></Empty>;
  const all = work.data?.items ?? [], list = isOurs ? all.filter((one) => one.waitsOn === 'us') : all;
  const open = all.find((one) => one.id === route.what);
  const close = href('trades', null, { ...query, as: undefined, of: undefined });
  const bar = (
    <>
      <Choices label={words('waits')} chosen={isOurs ? 'us' : 'all'} list={[
        { name: 'all', label: words('all'), href: href('trades', null, { ...query, turn: undefined }) },
        { name: 'us', label: <>{words('ours')} <span class="faint">{number(all.filter((one) => one.waitsOn === 'us').length)}</span></>, href: href('trades', null, { ...query, turn: 'us' }) }]} />
      <Select label={words('whose')} value={query['actor'] ?? ''} onChange={(actor) => refine({ actor: actor || undefined })}
        list={[{ name: '', label: words('everybody') }, ...(work.data?.actors ?? []).map((one) => ({ name: one.id, label: label(one.name, 40) }))]} />
    </>
  );
  const actorId = query['as'] ?? open?.actorId;
  const beside = () => {
    if (!route.what || !work.data) return null;
    if (open?.kind === 'bid') return <OneBid key={open.id} item={open} close={close} mayAct={role === 'operator'} />;
    if (!actorId || query['of'] === 'bid') return <Beside title={words('gone')} close={close}>{null}</Beside>;
    return <OneTrade key={route.what} id={route.what} actorId={actorId} actor={work.data.actors.find((one) => one.id === actorId)?.name ?? actorId} other={open?.with}
      close={close} mayAct={role === 'operator'} />;
  };
  return (
    <Work bar={bar} beside={beside()}>
      <Failure error={work.error} retry={work.reload} />
      {work.data && <Table label={t('view.trades')} rows={list} columns={COLUMNS()} keyOf={(one) => one.id} href={(one) => href('trades', one.id, { ...query, as: one.actorId, of: one.kind })} chosen={route.what}
        empty={<Empty icon="inbox" title={words('none')}><p>{words('noneHelp')}</p></Empty>} />}
    </Work>
  );
}
