/**
 * An advance in few steps has the same outcome as one that stops at every instant: the same changes at the same instants with
 * the same states, for independent contracts, unpaid invoices, a billing system without an answer, and co-terms.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { createBillingActivities } from '../../activities/billing/billing';
import { createContractActivities } from '../../activities/contract/contract';
import { saveAmendments } from '../../db/contract/amendment';
import { insertContract } from '../../transactions/contract/insert-contract';
import { saveInvoices } from '../../db/billing/invoice';
import { findTestClock } from '../../db/system/test-clock';
import { listAwaitedContracts, stepTestClock } from '../../transactions/system/advance-test-clock';
import { BillingUnreachable } from '../../domain/billing/billing-event';
import type { BillingPort, InvoiceStatus } from '../../domain/billing/billing-event';
import { localDateAt } from '../../domain/base/calendar';
import { isLive, stateAt } from '../../domain/contract/contract';
import type { ContractFacts } from '../../domain/contract/facts';
import { earlierOf, instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { addCatalogue } from '../harness/catalogue';
import { DAY_MS, PROPERTY_SEED, anyFacts } from '../harness/contract-arbitrary';
import { buildInvoice, TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import { expectInvariants } from '../harness/invariants';
import { buildTestClock, acceptAdvance } from '../harness/test-clocks';

/** Lives of three contracts each; `RUNS=60 npx jest test/system/model.test-clock.test.ts` takes minutes. */
const RUNS = Number(process.env['RUNS'] ?? 3);
const ADVANCE_DAYS = 400;
/** On a machine that does much else. */
const TIMEOUT_MS = 120_000 + RUNS * 30_000;
/** More steps than any life takes. */
const STEPS_MAX = 10_000;

let database: TestDatabase;
let sql: TestDatabase['sql'];
let activities: ReturnType<typeof createBillingActivities> & ReturnType<typeof createContractActivities>;
let catalogue: { product_id: string; generator_id: string };
let customer_id: string;

/** The billing system. It uses the clock of the contract, so an answer shows when it was queried. */
interface KnownInvoice {
  contract_id: string;
  clock_id: string;
  status: InvoiceStatus;
  due: string;
  occurred_at: Instant;
  paid_at: Instant | null;
  silent: [from: Instant, to: Instant];
}
const known = new Map<string, KnownInvoice>();

const port: BillingPort = {
  source: 'standard',
  fetches: true,
  async fetchInvoice({ invoice_id }) {
    const invoice = known.get(invoice_id);
    if (!invoice) return { found: false };
    const { contract_id, due, paid_at, silent } = invoice;
    const now = (await findTestClock(sql, invoice.clock_id))?.now ?? '';
    if (now >= silent[0] && now < silent[1]) throw new BillingUnreachable('as the test asked');
    const paid = paid_at !== null && paid_at <= now;
    const status = paid ? ('PAID' as const) : invoice.status;
    const occurred_at = paid ? paid_at : invoice.occurred_at;
    return { found: true, contract_id, observation: { status, due, occurred_at, version: null } };
  },
  identify: async () => ({ invoice_id: null, contract_id: null, names_contract: false }),
};

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  const { nudger } = createRecordingNudger();
  const dependencies = { db: sql, nudger, billingPorts: new Map([['standard', port]] as const) };
  activities = { ...createBillingActivities(dependencies), ...createContractActivities(dependencies) };
  catalogue = await addCatalogue({ sql }, { environment: 'staging' });
  const now = new Date().toISOString();
  const [customer] = await sql<[{ id: string }]>`
    INSERT INTO customers ${sql({ email: 'a@example.com', name: 'A', created_at: now, updated_at: now })} RETURNING id`;
  customer_id = customer.id;
});
afterAll(async () => {
  await expectInvariants(sql);
  await database.drop();
});

interface Billed {
  paid_after_days: number | null;
  silent_from_days: number;
  silent_days: number;
}

interface Life {
  contracts: ContractFacts[];
  /** Whether the second takes over the end of the first. */
  coterms: boolean;
  billed: Billed;
}

function renewsByItself(facts: ContractFacts): boolean {
  const { renewal, term_length } = facts;
  const renews = renewal.mode === 'auto' && renewal.opt_out_at === null && renewal.max_renewals === null;
  return renews && term_length !== null && isOpen(facts);
}

function isOpen(facts: ContractFacts): boolean {
  return isLive(stateAt(facts, facts.settled_until));
}

/** The contract with an invoice that falls due when it was last looked at. */
function owing(facts: ContractFacts): ContractFacts {
  const due_date = localDateAt(facts.settled_until, facts.timezone);
  const invoice = buildInvoice({ invoice_id: 'unpaid', due_date, occurred_at: facts.settled_until });
  return { ...facts, dunning_exempt: false, invoices: [invoice] };
}

const someLife: fc.Arbitrary<Life> = fc.record({
  contracts: fc.tuple(anyFacts.filter(isOpen).map(owing), anyFacts, anyFacts.filter(renewsByItself)),
  coterms: fc.boolean(),
  billed: fc.record({
    // Often between a suspension and the end: an answer shows when it was queried.
    paid_after_days: fc.constantFrom(null, 40, 90),
    silent_from_days: fc.integer({ min: 0, max: 120 }),
    silent_days: fc.constantFrom(0, 0, 1, 30),
  }),
});

const daysAfter = (at: Instant, days: number): Instant => instantFromMillis(millisOf(at) + days * DAY_MS);

/** Writes the contracts of a life on a clock of their own and has them settle where it stands. */
async function written(
  { contracts, coterms, billed }: Life,
  now: Instant,
): Promise<{ clock_id: string; ids: string[] }> {
  const clock_id = await buildTestClock(sql, now);
  const ids = contracts.map(() => randomUUID());
  for (const [index, given] of contracts.entries()) {
    const id = ids[index] as string;
    const coterm_with = coterms && index === 1 ? (ids[0] as string) : null;
    const facts: ContractFacts = {
      ...given,
      settled_until: earlierOf(given.settled_until, now),
      ...catalogue,
      id,
      customer_id,
      environment: 'staging',
      test_clock_id: clock_id,
      quota: { total: 100, claimed: 0 },
      renewal: { ...given.renewal, coterm_with },
      holds: [],
      // What is over keeps nothing waiting.
      amendments: isLive(stateAt(given, given.settled_until))
        ? given.amendments.map((one) => ({ ...one, id: randomUUID(), stored: false }))
        : [],
      invoices: given.invoices.map((one) => ({ ...one, invoice_id: `${one.invoice_id}-${id}` })),
    };
    for (const { invoice_id, status, due_date: due, occurred_at } of facts.invoices) {
      const { paid_after_days, silent_from_days, silent_days } = billed;
      const paid_at = paid_after_days === null ? null : daysAfter(now, paid_after_days);
      const silent_from = daysAfter(now, silent_from_days);
      const silent: [Instant, Instant] = [silent_from, daysAfter(silent_from, silent_days)];
      known.set(invoice_id, { contract_id: id, clock_id, status, due, occurred_at, paid_at, silent });
    }
    await sql.begin(async (tx) => {
      const at = facts.settled_until;
      await insertContract(
        tx,
        { facts, at, action: 'contract.created', revised: true },
        { actor: TEST_ACTOR, request_id: null },
        null,
      );
      await saveInvoices(tx, id, [], facts.invoices);
      await saveAmendments(tx, id, [], facts.amendments);
      for (const { id: _id, ...hold } of given.holds)
        await tx`INSERT INTO contract_holds ${tx({ ...hold, contract_id: id })}`;
    });
  }
  for (const id of ids) await settle(id);
  return { clock_id, ids };
}

/** What the workflow of a contract does when its clock has moved. */
async function settle(contract_id: string): Promise<void> {
  const now = new Date().toISOString();
  let view = await activities.settleContract({ contract_id, now });
  for (let step = 0; view.verification?.due === true; step++) {
    if (step === STEPS_MAX) throw new Error(`the contract ${contract_id} does not settle`);
    view = await activities.verifyBilling({ contract_id, now });
    if (view.verification?.due !== true) view = await activities.settleContract({ contract_id, now });
  }
}

/** An advance as the product makes it; answers its steps. */
async function advanceInFewSteps(clock_id: string, to: Instant): Promise<number> {
  await acceptAdvance(sql, clock_id, to);
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const step = await sql.begin((tx) => stepTestClock(tx, clock_id));
    if (step?.status === 'ready') return steps;
    for (const { id } of await listAwaitedContracts(sql, clock_id)) await settle(id);
  }
  throw new Error('the clock does not arrive');
}

/** An advance that stops at every instant at which anything is due; answers its steps. */
async function advanceStepByStep(clock_id: string, to: Instant): Promise<number> {
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const due = await sql<{ id: string; at: Instant }[]>`
      SELECT id, least(next_boundary_at, verify_at) AS at FROM contracts
      WHERE test_clock_id = ${clock_id} AND least(next_boundary_at, verify_at) <= ${to} ORDER BY at, id`;
    const [first] = due;
    await sql`UPDATE test_clocks SET now = greatest(now, ${first?.at ?? to}) WHERE id = ${clock_id}`;
    if (first === undefined) return steps;
    const { now } = (await findTestClock(sql, clock_id)) as { now: Instant };
    for (const { id, at } of due) if (at <= now) await settle(id);
  }
  throw new Error('the clock does not arrive');
}

/** The history of a contract: its audit, its terms and its quota. */
async function storyOf(id: string): Promise<unknown> {
  const audit = await sql<{ action: string; after: { state: string; superseded?: boolean } }[]>`
    SELECT action, at, reason, after, revision FROM audit_events WHERE contract_id = ${id} ORDER BY id`;
  const changes = audit.map(({ after, ...row }) => ({
    ...row,
    state: after.state,
    superseded: after.superseded ?? false,
  }));
  const renewals = await sql`
    SELECT term_number, start_date, end_date, at FROM contract_renewals WHERE contract_id = ${id} ORDER BY term_number`;
  const [contract] = await sql`
    SELECT state, may_generate, next_boundary_at, next_boundary_kind, verify_at, end_date, past_due_since, renewal_blocked, quota.total
    FROM contracts JOIN contract_quotas quota ON contract_id = id WHERE id = ${id}`;
  return { changes, renewals: [...renewals], contract };
}

test(
  'few steps and every step give the same history of each contract',
  async () => {
    const taken = { few: 0, every: 0 };
    await fc.assert(
      fc.asyncProperty(someLife, async (life) => {
        const now = (life.contracts[0] as ContractFacts).settled_until;
        const to = daysAfter(now, ADVANCE_DAYS);
        const [few, every] = [await written(life, now), await written(life, now)];
        taken.few += await advanceInFewSteps(few.clock_id, to);
        taken.every += await advanceStepByStep(every.clock_id, to);
        for (const [index, id] of few.ids.entries())
          expect(await storyOf(id)).toEqual(await storyOf(every.ids[index] as string));
      }),
      { numRuns: RUNS, seed: PROPERTY_SEED, endOnFailure: true },
    );
    const counted = await sql<{ action: string; count: number }[]>`
      SELECT action, count(*)::int FROM audit_events GROUP BY action`;
    const count = (action: string): number => counted.find((row) => row.action === action)?.count ?? 0;
    // The lives say something: there are suspensions among them, and many instants are passed in one step.
    expect(count('contract.suspended')).toBeGreaterThan(0);
    expect(taken.few).toBeLessThan(taken.every);
  },
  TIMEOUT_MS,
);
