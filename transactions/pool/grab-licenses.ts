/**
 * Takes licenses from a pool for an order (domain.md 5.4): all that it asks for or none, and once for each order.
 *
 * One statement serves a grab, possibly together with others, and finds out whether its order was served before. If the contract gives
 * nothing, one read without a lock finds the common refusals. Only if nothing refuses there, the contract is locked and settled, and the
 * statement is tried again.
 */
import { beginLocked } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { violates } from '../../db/base/errors';
import { findCustomerByEmail } from '../../db/catalogue/customer';
import { factsOf, findContract } from '../../db/contract/contract';
import type { Grab } from '../../db/pool/grab';
import { findHoldsOfOrders, listHeldLicenses } from '../../db/pool/hold';
import { findExpiring, findOffer } from '../../db/pool/level';
import type { HoldWithClock, Order } from '../../db/pool/hold';
import { findRateCounts } from '../../db/generation/rate';
import { laterOf, millisLater } from '../../domain/base/instant';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { NO_NUDGE, mergeNudges } from '../../domain/contract/nudge';
import { deletedRefusal, grabRefusal } from '../../domain/contract/operations';
import { admissionRefusal } from '../../domain/generation/rate';
import { holdStateAt, shortPoolRefusal } from '../../domain/pool/hold';
import { createMergedReads } from '../base/merged-reads';
import { newId } from '../base/new-id';
import { findOrCreateCustomer } from '../catalogue/customer';
import { checkContract } from '../contract/check-contract';
import { createAdmissions } from '../generation/admit-requests';
import type { GrabLicenses, GrabOutcome, GrabRequest, GrabbedHold } from './grab-request';
import { createMergedGrabs } from './merge-grabs';

/** The most rounds before a grab fails. Each round ends with its licenses, a refusal, or a settled contract. */
const ROUNDS_MAX = 5;

/** The constraints that refuse a reference to a merged customer. */
const CUSTOMER_CONSTRAINTS = ['pool_holds_customer_id_fkey', 'license_facts_customer_id_fkey'];

/** Orders that one statement looks up. */
const ORDERS_OF_STATEMENT_MAX = 100;

/** Creates the function that takes licenses from pools. */
export function createGrabs(db: Database): GrabLicenses {
  const serve = createMergedGrabs(db);
  const admit = createAdmissions(db);
  const findHold = createMergedReads<Order, HoldWithClock | undefined>(ORDERS_OF_STATEMENT_MAX, (orders) =>
    findHoldsOfOrders(db, orders),
  );
  /** Grabs that are being served, by contract and order. */
  const serving = new Map<string, Promise<GrabOutcome>>();

  return async function grabLicenses(request) {
    const arrived_ms = performance.now();
    const key = `${request.contract_id} ${request.order_ref}`;
    // Equal orders of one process come one after another, so that the later ones find the licenses of the first.
    for (let first = serving.get(key); first !== undefined; first = serving.get(key))
      await first.catch(() => undefined);
    const outcome = grab(atTime(request, arrived_ms));
    serving.set(key, outcome);
    try {
      return await outcome;
    } finally {
      serving.delete(key);
    }
  };

  async function grab(request: GrabRequest): Promise<GrabOutcome> {
    // A repeated order neither counts as a request nor creates a customer. For other requests, the statement finds it.
    const replayed = request.rated || request.customer_email !== null ? await replay(request) : undefined;
    if (replayed) {
      await request.credential?.confirm();
      return {
        result: replayed,
        nudge: NO_NUDGE,
        rate: request.rated ? await findRateCounts(db, request.contract_id) : null,
      };
    }
    if (!request.rated) return { ...(await decide(request)), rate: null };
    await request.credential?.confirm();
    const admission = await admit({ contract_id: request.contract_id, count: 0, idempotency: null });
    const limited = admissionRefusal(admission, 0);
    const outcome = limited ? { result: limited, nudge: NO_NUDGE } : await decide(request);
    return { ...outcome, rate: admission.counts };
  }

  async function decide(received: GrabRequest): Promise<Omit<GrabOutcome, 'rate'>> {
    const arrived_ms = performance.now();
    const { contract_id } = received;
    let nudge = NO_NUDGE;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const customer_id = await customerOf(db, received);
      if (isRefusal(customer_id)) return { result: customer_id, nudge };
      const request = atTime(received, arrived_ms);
      const result = await serveOrReplay(request, customer_id);
      if (result === 'customer_merged') continue;
      if (result !== 'closed') {
        const replenishes = !isRefusal(result) && result.replenishes;
        return { result, nudge: replenishes ? { ...nudge, pool_ids: [contract_id] } : nudge };
      }
      await request.credential?.confirm();
      const refusal = await refusalWithoutLock(db, request);
      if (refusal) return { result: refusal, nudge };
      const settled = await beginLocked(db, [{ table: 'contracts', id: contract_id }], (tx) =>
        checkContract(tx, { ...request, id: contract_id }, (facts, { now }) => grabRefusal(facts, now)),
      );
      if (isRefusal(settled)) return { result: settled, nudge };
      nudge = mergeNudges(nudge, settled.nudge);
      if (settled.refusal) return { result: settled.refusal, nudge };
    }
    throw new Error(`the grab from contract ${contract_id} was neither served nor refused in ${ROUNDS_MAX} rounds`);
  }

  async function serveOrReplay(
    request: GrabRequest,
    customer_id: string | null,
  ): Promise<GrabbedHold | Refusal | 'closed' | 'customer_merged'> {
    const grabbed = grabOf(request, customer_id);
    const { contract_id, now, order_ref } = request;
    const outcome = await serve({ contract_id, grab: grabbed, now, arrived_ms: performance.now() }).catch(
      customerMerged,
    );
    if (outcome === 'customer_merged') return outcome;
    if (typeof outcome === 'string' || isRefusal(outcome)) {
      const replayed = await replay(request);
      if (replayed === undefined && outcome === 'repeated')
        throw new Error(`the hold of order ${order_ref} is missing`);
      if (replayed !== undefined) await request.credential?.confirm();
      if (replayed !== undefined || outcome === 'closed') return replayed ?? 'closed';
      return explainShortage(db, contract_id, outcome as Refusal);
    }
    const { at, held_until, licenses, replenishes } = outcome;
    const hold = {
      ...{ id: grabbed.hold_id, contract_id, order_ref, customer_id, held_until, created_at: at, clock_now: at },
      license_ids: licenses.map(({ id }) => id),
      state: held_until === null ? ('assigned' as const) : ('held' as const),
      ended_at: held_until === null ? at : null,
    };
    return { hold, licenses, replayed: false, replenishes };
  }

  /**
   * The hold that the order has already, or a refusal: when it was another request, or when the order has no licenses any more, and only a
   * new one can get some. Licenses that no longer belong to the order are not shown: others may have them now.
   */
  async function replay(request: GrabRequest): Promise<GrabbedHold | Refusal | undefined> {
    const { contract_id, order_ref, fingerprint, now } = request;
    const hold = await findHold({ contract_id, order_ref });
    if (!hold) return undefined;
    if (hold.fingerprint !== fingerprint) return refuse('ORDER_REF_REUSED', { order_ref, hold_id: hold.id });
    const at = hold.clock_now ?? now;
    if (holdStateAt(hold, at) === 'expired')
      return refuse('HOLD_EXPIRED', { order_ref, hold_id: hold.id, held_until: hold.held_until });
    const licenses = await listHeldLicenses(db, hold.id, at);
    if (licenses.length === 0)
      return refuse('ORDER_CLOSED', { order_ref, hold_id: hold.id, state: hold.state, ended_at: hold.ended_at });
    return { hold, licenses, replayed: true, replenishes: false };
  }
}

/** The customer was looked up before it was merged into another one, whom its address finds now. */
function customerMerged(error: unknown): 'customer_merged' {
  if (CUSTOMER_CONSTRAINTS.some((constraint) => violates(error, constraint))) return 'customer_merged';
  throw error;
}

/** The request with its current time; `arrived_ms` is its arrival on the monotonic clock. */
function atTime(request: GrabRequest, arrived_ms: number): GrabRequest {
  return { ...request, now: millisLater(request.now, performance.now() - arrived_ms) };
}

function grabOf(request: GrabRequest, customer_id: string | null): Grab {
  const { order_ref, count, hold_minutes, fingerprint, actor, request_id, credential, now } = request;
  const caller_key = credential && credential.key;
  return {
    hold_id: newId(now),
    order_ref,
    count,
    customer_id,
    hold_minutes,
    fingerprint,
    actor,
    request_id,
    caller_key,
  };
}

/**
 * The customer of a request. One that does not exist is created, unless the request is certain to be refused: by the contract, or because
 * the pool has too few licenses.
 */
async function customerOf(db: Database, request: GrabRequest): Promise<string | null | Refusal> {
  const { customer_email: email, actor, now, request_id, credential } = request;
  if (email === null) return null;
  const known = await findCustomerByEmail(db, email);
  if (known && known.erased_at === null) return known.id;
  await credential?.confirm();
  const refusal = (await refusalWithoutLock(db, request)) ?? (await shortageWithoutLock(db, request));
  if (refusal) return refusal;
  const found = await db.begin((tx) => findOrCreateCustomer(tx, { email, name: email }, { actor, now, request_id }));
  return isRefusal(found) ? found : found.customer.id;
}

/** The refusal of a request for more licenses than the pool has, also if none of them is locked and no hold is over. */
async function shortageWithoutLock(db: Database, { contract_id, count }: GrabRequest): Promise<Refusal | null> {
  const offer = await findOffer(db, contract_id, count);
  if (offer === undefined || offer.has_overdue_hold || offer.available >= count) return null;
  return explainShortage(db, contract_id, shortPoolRefusal(count, offer.available));
}

/** Adds the licenses to the refusal that the pool has but does not give out, because they expire too early. */
async function explainShortage(db: Database, contract_id: string, refusal: Refusal): Promise<Refusal> {
  const found = await findExpiring(db, contract_id);
  return found === undefined || found.expiring === 0
    ? refusal
    : refuse(refusal.code, { ...refusal.metadata, ...found });
}

/** The refusal that is certain without a lock, because nothing of the contract is due. */
async function refusalWithoutLock(db: Database, { contract_id, now }: GrabRequest): Promise<Refusal | null> {
  const contract = await findContract(db, contract_id);
  if (!contract) return notFound('contract', contract_id);
  if (contract.deleted_at !== null) return deletedRefusal(contract);
  const facts = factsOf(contract);
  const at = laterOf(contract.clock_now ?? now, facts.settled_until);
  if (contract.next_boundary_at !== null && contract.next_boundary_at <= at) return null;
  return grabRefusal(facts, at);
}
