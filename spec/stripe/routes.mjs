// spec/stripe/routes.mjs -- the emulator's objects and what its routes do with them.

const DAY_S = 86_400, WINDOW_S = 7 * DAY_S;
const CARDS = { pm_card_visa: null, pm_card_mastercard: null, pm_card_chargeDeclined: 'generic_decline',
  pm_card_chargeDeclinedInsufficientFunds: 'insufficient_funds', pm_card_captureFails: null, pm_card_authenticationRequired: 'authentication' };

/** Ends a request with an error in Stripe's shape. */
export function fail(status, answer) {
  throw Object.assign(new Error(answer.message), { status, answer });
}

const invalid = (message, code, param) => fail(400, { type: 'invalid_request_error', message, ...(code && { code }), ...(param && { param }) });
const feeOf = (amount) => Math.round(amount * 0.029) + 30;

export function makeRoutes(stripe) {
  const store = Object.fromEntries(['payment_intents', 'charges', 'refunds', 'customers', 'payment_methods', 'accounts', 'transfers',
    'payouts', 'reversals', 'balance_transactions', 'disputes'].map((name) => [name, new Map()]));
  stripe.objects = store;
  const banks = new Map(), funds = new Map();     // of accounts: how a payout ends, and what is there
  let balance = 0;

  const keep = (where, object) => (store[where].set(object.id, object), object);
  const make = (where, prefix, object, fields) => keep(where, { id: stripe.id(prefix), object, created: stripe.now(), livemode: false, ...fields });
  const find = (where, id) => store[where].get(id)
    ?? fail(404, { type: 'invalid_request_error', code: 'resource_missing', message: `No such ${where}: '${id}'`, param: 'id' });
  const whole = (params, name, least = 1) => {
    if (!/^\d+$/.test(params[name] ?? '') || Number(params[name]) < least) invalid(`Invalid integer: ${params[name]}`, 'parameter_invalid_integer', name);
    return Number(params[name]);
  };
  const known = (params, ...names) => {
    for (const name of Object.keys(params)) if (![...names, 'expand'].includes(name)) invalid(`Received unknown parameter: ${name}`, 'parameter_unknown', name);
  };
  const move = (amount, fee, source, type) => {
    balance += amount - fee;
    return make('balance_transactions', 'txn', 'balance_transaction', { amount, fee, net: amount - fee, currency: 'usd', source, type, status: 'available' });
  };
  const shown = (intent, params) => {
    const expand = [].concat(params?.expand ?? []).map((path) => path.replace(/^data\./, ''));
    const copy = structuredClone(intent);
    if (expand.some((path) => path.startsWith('latest_charge')) && copy.latest_charge) {
      copy.latest_charge = structuredClone(store.charges.get(copy.latest_charge));
      const at = copy.latest_charge.balance_transaction;
      if (at && expand.includes('latest_charge.balance_transaction')) copy.latest_charge.balance_transaction = store.balance_transactions.get(at);
    }
    return copy;
  };
  const COMPARE = { gt: (a, b) => a > b, gte: (a, b) => a >= b, lt: (a, b) => a < b, lte: (a, b) => a <= b };
  // A page of what was made one after another, the newest first.  ending_before goes towards the newer ones, from that object on.
  const list = (url, made, params, ...filters) => {
    known(params, 'limit', 'starting_after', 'ending_before', 'created', ...filters);
    const limit = params.limit === undefined ? 10 : whole(params, 'limit');
    if (limit > 100) invalid('This value must be less than or equal to 100', 'parameter_invalid_integer', 'limit');
    if (params.starting_after && params.ending_before) invalid('Received both starting_after and ending_before parameters. Please pass in only one.');
    const range = typeof params.created === 'object' ? Object.entries(params.created) : params.created ? [['gte', params.created], ['lte', params.created]] : [];
    const fits = (o) => range.every(([how, at]) => (COMPARE[how] ?? invalid(`Invalid created: ${how}`, 'parameter_unknown', 'created'))(o.created, Number(at)));
    const place = (name) => {
      const at = made.findIndex((o) => o.id === params[name]);
      return at >= 0 ? at : invalid(`No such object: '${params[name]}'`, 'resource_missing', name);
    };
    const below = params.starting_after ? made.slice(0, place('starting_after')) : made;
    const left = (params.ending_before ? made.slice(place('ending_before') + 1) : below).filter(fits);
    const page = params.ending_before ? left.slice(0, limit) : left.slice(-limit);
    return { object: 'list', url, has_more: left.length > limit, data: page.reverse().map((o) => (o.object === 'payment_intent' ? shown(o, params) : o)) };
  };

  // ---- payment intents ----------------------------------------------------------------------------------------
  function decline(intent, charge, code, decline_code) {
    charge.status = 'failed';
    intent.status = 'requires_payment_method';
    intent.payment_method = null;
    intent.last_payment_error = { type: 'card_error', code, decline_code, charge: charge.id, message: 'Your card was declined.' };
    stripe.emit('payment_intent.payment_failed', intent);
    fail(402, { ...intent.last_payment_error, payment_intent: structuredClone(intent) });
  }

  function authorise(intent) {
    intent.status = 'requires_capture';
    intent.amount_capturable = intent.amount;
    intent.last_payment_error = null;
    stripe.emit('payment_intent.amount_capturable_updated', intent);
  }

  function confirm(intent, card, offSession) {
    if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
      fail(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: `This PaymentIntent's payment_method could not be updated because it has a status of ${intent.status}.`, payment_intent: structuredClone(intent) });
    }
    const method = store.payment_methods.get(card), kind = method?.kind ?? card;
    if (!(kind in CARDS)) fail(404, { type: 'invalid_request_error', code: 'resource_missing', message: `No such PaymentMethod: '${card}'`, param: 'payment_method' });
    if (method?.customer && method.customer !== intent.customer) invalid('The payment method belongs to another customer', 'payment_method_customer_mismatch');
    intent.payment_method = card;
    const charge = make('charges', 'ch', 'charge', { amount: intent.amount, amount_captured: 0, amount_refunded: 0, captured: false, status: 'succeeded', kind,
      payment_intent: intent.id, balance_transaction: null, transfer_group: intent.transfer_group,
      payment_method_details: { type: 'card', card: { capture_before: stripe.now() + WINDOW_S } } });
    intent.latest_charge = charge.id;
    if (CARDS[kind] === 'authentication' && offSession) decline(intent, charge, 'authentication_required', 'authentication_required');
    if (CARDS[kind] === 'authentication' && intent.status !== 'requires_action') {
      intent.status = 'requires_action';
      intent.next_action = { type: 'use_stripe_sdk' };
      stripe.emit('payment_intent.requires_action', intent);
      return intent;
    }
    if (CARDS[kind] && CARDS[kind] !== 'authentication') decline(intent, charge, 'card_declined', CARDS[kind]);
    intent.next_action = null;
    authorise(intent);
    return intent;
  }

  function unexpected(intent, doing) {
    fail(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: `This PaymentIntent could not be ${doing} because it has a status of ${intent.status}.`, payment_intent: structuredClone(intent) });
  }

  function cancel(intent, reason) {
    if (['succeeded', 'canceled', 'processing'].includes(intent.status)) unexpected(intent, 'canceled');
    Object.assign(intent, { status: 'canceled', cancellation_reason: reason ?? null, canceled_at: stripe.now(), amount_capturable: 0 });
    stripe.emit('payment_intent.canceled', intent);
    return intent;
  }

  const routes = [
    ['POST', 'payment_intents', (p) => {
      known(p, 'amount', 'currency', 'capture_method', 'customer', 'payment_method_types', 'transfer_group', 'metadata');
      if (whole(p, 'amount') < 50) invalid('Amount must be at least $0.50 usd', 'amount_too_small', 'amount');
      const intent = make('payment_intents', 'pi', 'payment_intent', { amount: Number(p.amount), currency: p.currency, capture_method: p.capture_method ?? 'automatic',
        customer: p.customer ? find('customers', p.customer).id : null, status: 'requires_payment_method', amount_capturable: 0, amount_received: 0, latest_charge: null,
        last_payment_error: null, next_action: null, cancellation_reason: null, payment_method: null, transfer_group: p.transfer_group ?? null, metadata: p.metadata ?? {} });
      intent.client_secret = `${intent.id}_secret_${stripe.id('s').slice(2)}`;
      stripe.emit('payment_intent.created', intent);
      return shown(intent, p);
    }],
    ['GET', 'payment_intents', (p) => list('/v1/payment_intents', [...store.payment_intents.values()].filter((i) => !p.customer || i.customer === p.customer), p, 'customer')],
    ['GET', 'payment_intents/:id', (p, id) => shown(find('payment_intents', id), p)],
    ['POST', 'payment_intents/:id/confirm', (p, id) => {
      known(p, 'payment_method', 'off_session');
      return shown(confirm(find('payment_intents', id), p.payment_method, p.off_session === 'true'), p);
    }],
    ['POST', 'payment_intents/:id/capture', (p, id) => {
      known(p, 'amount_to_capture');
      const intent = find('payment_intents', id);
      if (intent.status !== 'requires_capture') unexpected(intent, 'captured');
      const charge = store.charges.get(intent.latest_charge), amount = whole(p, 'amount_to_capture');
      if (charge.kind === 'pm_card_captureFails') fail(402, { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline', message: 'Your card was declined.' });
      if (amount > intent.amount_capturable) invalid('amount_to_capture is too large', 'amount_too_large');
      const at = move(amount, feeOf(amount), charge.id, 'charge');
      Object.assign(charge, { captured: true, amount_captured: amount, balance_transaction: at.id });
      Object.assign(intent, { status: 'succeeded', amount_received: amount, amount_capturable: 0 });
      stripe.emit('charge.captured', charge);
      stripe.emit('payment_intent.succeeded', intent);
      return shown(intent, p);
    }],
    ['POST', 'payment_intents/:id/cancel', (p, id) => {
      known(p, 'cancellation_reason');
      return shown(cancel(find('payment_intents', id), p.cancellation_reason), p);
    }],
    ['POST', 'refunds', (p) => {
      known(p, 'payment_intent', 'amount', 'reason', 'metadata');
      const intent = find('payment_intents', p.payment_intent), charge = store.charges.get(intent.latest_charge), amount = whole(p, 'amount');
      if (intent.status !== 'succeeded') invalid('This PaymentIntent does not have a successful charge to refund.', 'charge_not_refundable');
      if (amount > charge.amount_captured - charge.amount_refunded) invalid('Refund amount is greater than unrefunded amount on charge', 'charge_already_refunded');
      charge.amount_refunded += amount;
      const refund = make('refunds', 're', 'refund', { amount, currency: 'usd', charge: charge.id, payment_intent: intent.id, reason: p.reason ?? null,
        status: stripe.refundsAre ?? 'succeeded', metadata: p.metadata ?? {} });
      move(-amount, 0, refund.id, 'refund');
      stripe.emit('refund.created', refund);
      stripe.emit('charge.refunded', charge);
      return refund;
    }],
    ['GET', 'refunds', (p) => list('/v1/refunds', [...store.refunds.values()].filter((r) => !p.payment_intent || r.payment_intent === p.payment_intent), p, 'payment_intent')],
    ['GET', 'refunds/:id', (p, id) => find('refunds', id)],
    ['POST', 'customers', (p) => make('customers', 'cus', 'customer', { metadata: p.metadata ?? {}, email: p.email ?? null })],
    ['POST', 'payment_methods/:id/attach', (p, id) => {
      known(p, 'customer');
      const customer = find('customers', p.customer).id;
      if (store.payment_methods.has(id)) return Object.assign(store.payment_methods.get(id), { customer });
      if (!(id in CARDS)) find('payment_methods', id);
      return make('payment_methods', 'pm', 'payment_method', { type: 'card', kind: id, customer });
    }],
    ['POST', 'accounts', (p) => {
      known(p, 'type', 'country', 'email', 'capabilities', 'metadata');
      if (p.country?.length !== 2) invalid('Country is unknown', 'country_unsupported', 'country');
      const account = make('accounts', 'acct', 'account', { type: p.type, country: p.country, details_submitted: false, charges_enabled: false,
        payouts_enabled: false, capabilities: { transfers: 'inactive' }, requirements: { currently_due: ['external_account'] }, metadata: p.metadata ?? {} });
      funds.set(account.id, 0);
      return account;
    }],
    ['GET', 'accounts', (p) => list('/v1/accounts', [...store.accounts.values()], p)],
    ['GET', 'accounts/:id', (p, id) => find('accounts', id)],
    ['POST', 'account_links', (p) => {
      known(p, 'account', 'refresh_url', 'return_url', 'type');
      for (const name of ['refresh_url', 'return_url', 'type']) if (!p[name]) invalid(`Missing required param: ${name}.`, 'parameter_missing', name);
      return { object: 'account_link', created: stripe.now(), expires_at: stripe.now() + 300, url: `https://connect.stripe.com/setup/e/${find('accounts', p.account).id}/${stripe.id('l')}` };
    }],
    ['POST', 'transfers', (p) => {
      known(p, 'amount', 'currency', 'destination', 'transfer_group', 'metadata');
      const amount = whole(p, 'amount'), account = find('accounts', p.destination);
      if (account.capabilities.transfers !== 'active') invalid('Your destination account needs to have the transfers capability', 'insufficient_capabilities_for_transfer');
      if (amount > balance) invalid('You have insufficient available funds in your Stripe account.', 'balance_insufficient');
      const transfer = make('transfers', 'tr', 'transfer', { amount, amount_reversed: 0, currency: 'usd', destination: account.id, reversed: false, transfer_group: p.transfer_group ?? null, metadata: p.metadata ?? {} });
      move(-amount, 0, transfer.id, 'transfer');
      funds.set(account.id, funds.get(account.id) + amount);
      stripe.emit('transfer.created', transfer);
      return transfer;
    }],
    ['GET', 'transfers', (p) => list('/v1/transfers', [...store.transfers.values()].filter((t) => !p.transfer_group || t.transfer_group === p.transfer_group), p, 'transfer_group')],
    ['POST', 'transfers/:id/reversals', (p, id) => {
      known(p, 'amount', 'metadata');
      const transfer = find('transfers', id), amount = whole(p, 'amount');
      if (amount > transfer.amount - transfer.amount_reversed) invalid('Reversal amount is greater than unreversed amount', 'transfer_already_reversed');
      if (amount > funds.get(transfer.destination)) invalid('Insufficient funds in the connected account', 'balance_insufficient');
      transfer.amount_reversed += amount;
      transfer.reversed = transfer.amount_reversed === transfer.amount;
      funds.set(transfer.destination, funds.get(transfer.destination) - amount);
      const reversal = make('reversals', 'trr', 'transfer_reversal', { amount, transfer: id, currency: 'usd', metadata: p.metadata ?? {} });
      move(amount, 0, reversal.id, 'transfer_refund');
      stripe.emit('transfer.reversed', transfer);
      return reversal;
    }],
    ['GET', 'transfers/:id/reversals', (p, id) => list(`/v1/transfers/${id}/reversals`, [...store.reversals.values()].filter((r) => r.transfer === id), p)],
    ['POST', 'payouts', (p, _, account) => {
      known(p, 'amount', 'currency', 'method', 'metadata');
      if (!account) invalid('This is the payout of a connected account', 'account_invalid');
      const amount = whole(p, 'amount');
      if (amount > funds.get(find('accounts', account).id)) invalid('Insufficient funds', 'balance_insufficient');
      funds.set(account, funds.get(account) - amount);
      return make('payouts', 'po', 'payout', { amount, currency: 'usd', method: p.method ?? 'standard', status: 'pending', account, failure_code: null, metadata: p.metadata ?? {} });
    }],
    ['GET', 'payouts', (p, _, account) => list('/v1/payouts', [...store.payouts.values()].filter((o) => o.account === account), p)],
    ['GET', 'payouts/:id', (p, id, account) => {
      const payout = find('payouts', id);
      return payout.account === account ? payout : find('payouts', `${id} of another account`);
    }],
    ['GET', 'disputes/:id', (p, id) => find('disputes', id)],
    ['GET', 'balance', () => ({ object: 'balance', livemode: false, available: [{ amount: balance, currency: 'usd' }], pending: [{ amount: 0, currency: 'usd' }] })],
    ['GET', 'balance_transactions', (p) => list('/v1/balance_transactions', [...store.balance_transactions.values()].filter((o) => !p.type || o.type === p.type), p, 'type')],
    // Those of connected accounts are on the lists of these.
    ['GET', 'events', (p, _, account) => {
      if (p.type && p.types) invalid('You may only specify one of these parameters: type, types.');
      if (p.types?.length > 20) invalid('types has more than 20 elements', undefined, 'types');
      const month = stripe.now() - 30 * DAY_S, types = p.types ?? (p.type && [p.type]);
      return list('/v1/events', stripe.events.filter((e) => e.created > month && (e.account ?? undefined) === account && (!types || types.includes(e.type))), p, 'type', 'types');
    }],
  ].map(([method, path, run]) => ({ method, run, pattern: new RegExp(`^/v1/${path.replace(':id', '([\\w]+)')}$`) }));

  return {
    answer(request) {
      for (const { method, pattern, run } of routes) {
        const found = method === request.method && pattern.exec(request.path);
        if (found) return structuredClone(run(request.params, found[1], request.account));
      }
      fail(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${request.method}: ${request.path})` });
    },
    expire() {
      for (const intent of store.payment_intents.values()) {
        const charge = intent.status === 'requires_capture' && store.charges.get(intent.latest_charge);
        if (!charge || charge.payment_method_details.card.capture_before > stripe.now()) continue;
        stripe.emit('charge.expired', charge);
        cancel(intent, 'automatic');
      }
    },
    world: {
      /** What a page does with the client's secret: pays. */
      pay(secret, card = 'pm_card_visa') {
        const intent = [...store.payment_intents.values()].find((i) => i.client_secret === secret) ?? invalid('No such payment_intent');
        try {
          return confirm(intent, card, false).status;
        } catch (error) {
          return error.answer.decline_code ?? error.answer.code;
        }
      },
      /** The owner of an account has set it up; bank: how payouts to it end, 'paid' or a failure's code. */
      setUp(id, bank = 'paid') {
        const account = find('accounts', id);
        Object.assign(account, { details_submitted: true, payouts_enabled: true, capabilities: { transfers: 'active' }, requirements: { currently_due: [] } });
        banks.set(id, bank);
        stripe.emit('account.updated', account, id);
      },
      /** Days later: payouts that are pending (only to this account, if one is named) have arrived, or have not. */
      bankDay(account) {
        for (const payout of store.payouts.values()) {
          if (payout.status !== 'pending' || (account && payout.account !== account)) continue;
          const bank = banks.get(payout.account);
          payout.status = bank === 'paid' ? 'paid' : 'failed';
          if (bank !== 'paid') {
            payout.failure_code = bank;
            funds.set(payout.account, funds.get(payout.account) + payout.amount);
          }
          stripe.emit(`payout.${payout.status}`, payout, payout.account);
        }
      },
      /** The operator adds money out of his own pocket; a negative amount: takes it back. */
      topUp: (amount) => move(amount, 0, null, amount < 0 ? 'topup_reversal' : 'topup'),
      /** The platform's own money goes to its bank; a negative amount: and comes back. */
      payOut: (amount) => move(-amount, 0, stripe.id('po'), amount < 0 ? 'payout_failure' : 'payout'),
      /** Somebody moves money at the dashboard. */
      moveThere: (amount) => move(amount, 0, null, 'adjustment'),
      /** A bank sends back what has arrived. */
      sendBack(id) {
        const payout = find('payouts', id);
        Object.assign(payout, { status: 'failed', failure_code: 'account_closed' });
        stripe.emit('payout.failed', payout, payout.account);
      },
      /** A buyer's bank takes a charge back, and Stripe a fee. */
      dispute(intent) {
        const of = store.payment_intents.get(intent), amount = of?.status === 'succeeded' ? of.amount_received : 0;
        const dispute = make('disputes', 'dp', 'dispute', { payment_intent: intent, amount, currency: 'usd', status: 'needs_response', balance_transactions: [] });
        if (amount) dispute.balance_transactions.push(move(-amount, 1500, dispute.id, 'adjustment'));
        stripe.emit('charge.dispute.created', dispute);
        if (amount) stripe.emit('charge.dispute.funds_withdrawn', dispute);
        return dispute.id;
      },
      /** The bank has decided: 'won' gives the amount back, 'lost' does not. */
      decide(id, status) {
        const dispute = find('disputes', id);
        dispute.status = status;
        if (status === 'won') {
          dispute.balance_transactions.push(move(dispute.amount, 0, id, 'adjustment'));
          stripe.emit('charge.dispute.funds_reinstated', dispute);
        }
        stripe.emit('charge.dispute.closed', dispute);
      },
      /** Somebody cancels, or captures, at the dashboard. */
      cancelThere: (id) => cancel(find('payment_intents', id), 'requested_by_customer'),
      refundArrives(id, status = 'succeeded') {
        const refund = find('refunds', id);
        refund.status = status;
        if (status === 'failed') {
          refund.failure_reason = 'lost_or_stolen_card';
          move(refund.amount, 0, refund.id, 'refund_failure');
        }
        stripe.emit(status === 'failed' ? 'refund.failed' : 'refund.updated', refund);
      },
      balance: () => balance,
    },
  };
}
