/**
 * Random sequences of commands on a pool and its licenses run against the product on real Postgres and against a small
 * model. Both always give the same answers and agree on each license, hold and count, and no sequence breaks an invariant.
 *
 * `FUZZ_RUNS=200 npx jest test/pool/model.pool.test.ts` runs more sequences, `FUZZ_SEED=<n>` others. A failure prints the
 * seed and the commands.
 */
import fc from 'fast-check';
import { runCommand } from '../../transactions/contract/run-command';
import { settleByTime } from '../../transactions/contract/settle-contract';
import { findOrCreateCustomer } from '../../transactions/catalogue/customer';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { assignLicenses } from '../../transactions/license/assign-licenses';
import { changeLicense } from '../../transactions/license/change-license';
import { carryOutDeviceUse } from '../../transactions/license/use-device';
import { assignHold, releaseHold } from '../../transactions/pool/change-hold';
import { endOverdueHolds } from '../../transactions/pool/end-overdue-holds';
import { createGrabs } from '../../transactions/pool/grab-licenses';
import { returnLicense } from '../../transactions/pool/return-license';
import type { ContractCommand } from '../../domain/contract/command';
import { DEVICE_ACTIONS } from '../../domain/license/device';
import type { DeviceAction } from '../../domain/license/device';
import { LICENSE_CHANGES } from '../../domain/license/license-change';
import type { LicenseChange } from '../../domain/license/license-change';
import { licenseStatus } from '../../domain/license/license-facts';
import { validate } from '../../domain/license/validation';
import { holdStateAt } from '../../domain/pool/hold';
import type { HoldFacts } from '../../domain/pool/hold';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { findShownContract } from '../../db/contract/contract';
import type { Sql } from '../../db/base/database';
import { findAskedLicenses } from '../../db/license/validation';
import { setTestClock } from '../../db/system/test-clock';
import { buildRequest } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { DAY_MS, PoolModel } from '../harness/pool-model';
import type { ModelGrab, ModelLicense } from '../harness/pool-model';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';

/** The number of sequences, and of commands in each: about 460 commands. */
const SEQUENCES = Number(process.env['FUZZ_RUNS'] ?? 9);
const COMMANDS_MAX = 80;
/** With this seed, nine sequences reach every outcome in `REACHED`. */
const SEED_OF_EVERY_RUN = 20_263_526;
const SEED = Number(process.env['FUZZ_SEED'] ?? SEED_OF_EVERY_RUN);
const TEST_TIMEOUT_MS = 1_200_000;

const STARTS_AT = '2027-01-01T00:00:00.000Z';
const ENDS_AT = '2027-04-01T00:00:00.000Z';
const QUOTA = 12;
const CUSTOMERS = ['ada@example.com', 'bo@example.com'];
const DEVICES = ['a', 'b'];
const ACTIVATION_LIMIT = 1;
const MINUTE_MS = 60_000;

interface License {
  id: string;
  key: string;
}

interface Real {
  sql: TestDatabase['sql'];
  contract_id: string;
  clock_id: string;
  /** In the order of the model's. */
  licenses: License[];
  hold_ids: Map<string, string>;
  generate: ReturnType<typeof createLicenseRequests>;
  grab: ReturnType<typeof createGrabs>;
}

/** One command: what the model makes of it, what the product makes of it, and that both came to the same. */
abstract class Command implements fc.AsyncCommand<PoolModel, Real> {
  check(_model: Readonly<PoolModel>): boolean {
    return true;
  }
  /** What the command meets, for the list of what the sequences reached. */
  situation(_model: PoolModel): string {
    return '';
  }
  abstract apply(model: PoolModel): unknown;
  abstract perform(real: Real, now: string): Promise<unknown>;

  async run(model: PoolModel, real: Real): Promise<void> {
    const situation = this.situation(model);
    const expected = this.apply(model);
    const now = instantFromMillis(model.now);
    expect(await this.perform(real, now)).toEqual(expected);
    outcomes.add(`${this.constructor.name} ${situation}${typeof expected === 'string' ? expected : 'done'}`);
    expect(await seen(real, now)).toEqual(shown(model));
    await expectInvariants(real.sql);
  }
}

/** The outcomes of all commands of the run. */
const outcomes = new Set<string>();

function shown(model: PoolModel): unknown {
  return {
    state: model.state,
    pool: model.counts(),
    licenses: model.licenses.map((license) => [
      ...[model.status(license), license.customer, license.expires_at, model.activeDevices(license)],
    ]),
    holds: [...model.holds].map(([order_ref, hold]) => [order_ref, model.holdState(hold)]),
  };
}

async function seen({ sql, contract_id, licenses }: Real, now: string): Promise<unknown> {
  const asked = licenses.map(({ key }) => ({ key, device_id: null, now }));
  const [contract, found, holds] = await Promise.all([
    findShownContract(sql, contract_id),
    findAskedLicenses(sql, asked),
    sql<(HoldFacts & { order_ref: string })[]>`
      SELECT order_ref, state, held_until, customer_id FROM pool_holds WHERE contract_id = ${contract_id} ORDER BY id`,
  ]);
  return {
    state: contract?.state,
    pool: contract?.pool,
    licenses: found.map((license) => {
      if (!license) throw new Error('a license is gone');
      const { customer_id, expires_at, other_devices } = license;
      const customer = customer_id === null ? null : (emails.get(customer_id) ?? customer_id);
      return [licenseStatus(license, now), customer, expires_at && millisOf(expires_at), other_devices];
    }),
    holds: holds.map((hold) => [hold.order_ref, holdStateAt(hold, now)]),
  };
}

/** The addresses of the customers by their ids. */
const emails = new Map<string, string>();

const actAt = (now: string) => ({ actor: TEST_ACTOR, now, request_id: null });
const reaches = () => true;

/** A transaction that is rolled back after a refusal, as the API does; returns its code. */
async function codeOf<T>(sql: Real['sql'], run: (tx: Sql) => Promise<T | Refusal>): Promise<T | string> {
  let refused: Refusal | undefined;
  const outcome = await sql
    .begin(async (tx) => {
      const done = await run(tx);
      if (!isRefusal(done)) return done;
      refused = done;
      throw new Error(done.code);
    })
    .catch((error: unknown) => {
      if (refused === undefined) throw error;
      return refused.code;
    });
  return outcome as T | string;
}

class Pass extends Command {
  constructor(readonly ms: number) {
    super();
  }
  apply(model: PoolModel): string {
    model.pass(this.ms);
    return 'passed';
  }
  async perform({ sql, clock_id, contract_id }: Real, now: string): Promise<string> {
    await setTestClock(sql, clock_id, { now, status: 'ready', advancing_to: null });
    const settled = await sql.begin((tx) => settleByTime(tx, { id: contract_id, now }));
    return isRefusal(settled) ? settled.code : 'passed';
  }
  override toString = (): string => `pass ${this.ms / MINUTE_MS} minutes`;
}

class Generate extends Command {
  constructor(readonly count: number) {
    super();
  }
  apply(model: PoolModel): string {
    return model.generate(this.count);
  }
  async perform({ sql, generate, contract_id, licenses }: Real, now: string): Promise<string> {
    const { result } = await generate(buildRequest(contract_id, this.count, { now }));
    if (isRefusal(result)) return result.code;
    const made = await sql<License[]>`
      SELECT id, key FROM licenses WHERE id >> 24 = ${result.job.serial} ORDER BY id`;
    licenses.push(...made);
    return 'generated';
  }
  override toString = (): string => `generate ${this.count}`;
}

/** An order: the numbers and the statuses of its licenses, or a refusal. */
class Grab extends Command {
  constructor(readonly grab: ModelGrab) {
    super();
  }
  override situation(model: PoolModel): string {
    const known = model.holds.get(this.grab.order_ref);
    if (known) {
      const misses = model.holdState(known) === 'assigned' && model.licensesOf(known).length < known.licenses.length;
      return `again ${model.holdState(known)}${misses ? ', without some' : ''}: `;
    }
    return model.differs_in_expiry ? 'of different licenses: ' : '';
  }
  apply(model: PoolModel): unknown {
    const hold = model.grab(this.grab);
    if (typeof hold === 'string') return hold;
    const licenses = model.licensesOf(hold).map((license) => [model.licenses.indexOf(license), model.status(license)]);
    return { state: model.holdState(hold), licenses: licenses.sort() };
  }
  async perform({ grab, contract_id, licenses, hold_ids }: Real, now: string): Promise<unknown> {
    const { order_ref, count, customer, hold_minutes: given } = this.grab;
    const { result } = await grab({
      ...{ contract_id, order_ref, count, customer_email: customer, ...actAt(now) },
      hold_minutes: given ?? (customer === null ? 15 : null),
      ...{ fingerprint: JSON.stringify(this.grab), rated: false, credential: null },
    });
    if (isRefusal(result)) return result.code;
    hold_ids.set(order_ref, result.hold.id);
    const shown = result.licenses.map(({ id, status }) => [licenses.findIndex((license) => license.id === id), status]);
    return { state: holdStateAt(result.hold, now), licenses: shown.sort() };
  }
  override toString = (): string => `grab ${JSON.stringify(this.grab)}`;
}

/** A command on a hold, chosen by a number. */
abstract class HoldCommand extends Command {
  private order_ref = '';

  constructor(readonly pick: number) {
    super();
  }
  override check(model: Readonly<PoolModel>): boolean {
    return model.holds.size > 0;
  }
  holdIn(model: PoolModel) {
    const orders = [...model.holds];
    // The last ones are more often open.
    const [order_ref, hold] = orders.at(-1 - (this.pick % orders.length)) as (typeof orders)[number];
    this.order_ref = order_ref;
    return hold;
  }
  override situation(model: PoolModel): string {
    return this.holdIn(model).until === model.now ? 'at its end: ' : '';
  }
  idIn({ hold_ids }: Real): string {
    return hold_ids.get(this.order_ref) as string;
  }
}

class AssignHold extends HoldCommand {
  constructor(
    pick: number,
    readonly customer: string | null,
  ) {
    super(pick);
  }
  apply(model: PoolModel): string {
    return model.assignHold(this.holdIn(model), this.customer);
  }
  async perform(real: Real, now: string): Promise<string> {
    const done = await codeOf(real.sql, (tx) =>
      assignHold(tx, this.idIn(real), this.customer, { ...actAt(now), reaches }),
    );
    return typeof done === 'string' ? done : holdStateAt(done.hold, now);
  }
  override toString = (): string => `assign hold ${this.pick} to ${this.customer ?? 'its customer'}`;
}

class ReleaseHold extends HoldCommand {
  apply(model: PoolModel): string {
    return model.releaseHold(this.holdIn(model));
  }
  async perform(real: Real, now: string): Promise<string> {
    const done = await codeOf(real.sql, (tx) => releaseHold(tx, this.idIn(real), { ...actAt(now), reaches }));
    return typeof done === 'string' ? done : holdStateAt(done.hold, now);
  }
  override toString = (): string => `release hold ${this.pick}`;
}

/** The sweep puts licenses back into the pool. */
class Sweep extends Command {
  apply(model: PoolModel): string {
    model.putBack();
    return 'swept';
  }
  async perform({ sql, contract_id }: Real, now: string): Promise<string> {
    await endOverdueHolds(sql, { contract_id, now });
    return 'swept';
  }
  override toString = (): string => 'put licenses of holds that are over back';
}

/** A command on licenses, chosen by numbers. */
abstract class LicenseCommand extends Command {
  private numbers: number[] = [];

  constructor(readonly picks: readonly number[]) {
    super();
  }
  override check(model: Readonly<PoolModel>): boolean {
    return model.licenses.length > 0;
  }
  get named(): string {
    return this.picks.join(', ');
  }
  licensesIn({ licenses }: PoolModel): ModelLicense[] {
    const candidates = this.candidatesOf(licenses);
    this.numbers = [...new Set(this.picks.map((pick) => candidates[pick % candidates.length] as number))];
    return this.numbers.map((number) => licenses[number] as ModelLicense);
  }
  /** The numbers of the licenses among which it chooses. */
  candidatesOf(licenses: readonly ModelLicense[]): number[] {
    return [...licenses.keys()];
  }
  licenseIn(model: PoolModel): ModelLicense {
    return this.licensesIn(model)[0] as ModelLicense;
  }
  ofReal({ licenses }: Real): License[] {
    return this.numbers.map((number) => licenses[number] as License);
  }
}

class Return extends LicenseCommand {
  override situation(model: PoolModel): string {
    const { activated_at, customer } = this.licenseIn(model);
    if (customer === null) return '';
    const { expiry } = model.options;
    return `of a customer${activated_at === null && expiry?.basis === 'assignment' ? ', with its own expiry' : ''}: `;
  }
  apply(model: PoolModel): string {
    return model.returnLicense(this.licenseIn(model));
  }
  async perform(real: Real, now: string): Promise<string> {
    const [license] = this.ofReal(real) as [License];
    const act = { ...actAt(now), reason: null, reaches };
    return (await codeOf(real.sql, (tx) => returnLicense(tx, license.id, act))) ?? 'returned';
  }
  override toString = (): string => `return license ${this.named}`;
}

class Change extends LicenseCommand {
  constructor(
    pick: number,
    readonly change: LicenseChange,
  ) {
    super([pick]);
  }
  override situation(model: PoolModel): string {
    return `${this.change} ${model.status(this.licenseIn(model))}: `;
  }
  apply(model: PoolModel): string {
    return model.change(this.licenseIn(model), this.change);
  }
  async perform(real: Real, now: string): Promise<string> {
    const [license] = this.ofReal(real) as [License];
    const act = { ...actAt(now), reason: null };
    return (await codeOf(real.sql, (tx) => changeLicense(tx, license.id, this.change, act))) ?? 'done';
  }
  override toString = (): string => `${this.change} license ${this.named}`;
}

class Assign extends LicenseCommand {
  constructor(
    picks: readonly number[],
    readonly customer: string,
    readonly reassign: boolean,
  ) {
    super(picks);
  }
  override situation(model: PoolModel): string {
    return `${model.status(this.licenseIn(model))}: `;
  }
  apply(model: PoolModel): string[] {
    return model.assign(this.licensesIn(model), this.customer, this.reassign).sort();
  }
  async perform(real: Real, now: string): Promise<string | string[]> {
    const selection = { ids: this.ofReal(real).map(({ id }) => id) };
    const request = { selection, customer: { email: this.customer, name: null }, reassign: this.reassign };
    const done = await codeOf(real.sql, (tx) => assignLicenses(tx, request, actAt(now)));
    if (typeof done === 'string') return done;
    if (done.execution !== 'inline') throw new Error('a few licenses are assigned by a job');
    return done.result.licenses.map(({ outcome }) => ASSIGNMENT_OUTCOMES[outcome]).sort();
  }
  override toString = (): string =>
    `assign licenses ${this.named} to ${this.customer}${this.reassign ? ', also of others' : ''}`;
}

/** The outcomes of operations in bulk, as 5.5 names them. */
const ASSIGNMENT_OUTCOMES = {
  done: 'assigned',
  unchanged: 'already_assigned_same',
  conflict: 'conflict',
  not_available: 'not_available',
};

/** What a program does with a license, more often with one of a customer. */
abstract class ProgramCommand extends LicenseCommand {
  constructor(
    pick: number,
    readonly of_customer: boolean,
  ) {
    super([pick]);
  }
  override candidatesOf(licenses: readonly ModelLicense[]): number[] {
    const all = super.candidatesOf(licenses);
    const of_customers = all.filter((number) => (licenses[number] as ModelLicense).customer !== null);
    return this.of_customer && of_customers.length > 0 ? of_customers : all;
  }
  override get named(): string {
    return `${super.named}${this.of_customer ? ' of customers' : ''}`;
  }
}

class Use extends ProgramCommand {
  constructor(
    pick: number,
    of_customer: boolean,
    readonly action: DeviceAction,
    readonly device: string,
  ) {
    super(pick, of_customer);
  }
  override situation(model: PoolModel): string {
    return `${this.action} ${model.status(this.licenseIn(model))}: `;
  }
  apply(model: PoolModel): string {
    return model.use(this.licenseIn(model), this.action, this.device);
  }
  async perform(real: Real, now: string): Promise<string> {
    const [{ key }] = this.ofReal(real) as [License];
    const use = { action: this.action, key, device_id: this.device, device_name: null, now };
    const done = await carryOutDeviceUse(real.sql, use);
    if (done === undefined) return 'NOT_FOUND';
    return isRefusal(done) ? done.code : 'done';
  }
  override toString = (): string => `${this.action} license ${this.named} on ${this.device}`;
}

class Validate extends ProgramCommand {
  constructor(
    pick: number,
    of_customer: boolean,
    readonly device: string | null,
  ) {
    super(pick, of_customer);
  }
  apply(model: PoolModel): string {
    return model.validate(this.licenseIn(model), this.device);
  }
  async perform(real: Real, now: string): Promise<string> {
    const [{ key }] = this.ofReal(real) as [License];
    const [asked] = await findAskedLicenses(real.sql, [{ key, device_id: this.device, now }]);
    return validate(asked, this.device === null ? {} : { device_id: this.device }, now).code;
  }
  override toString = (): string => `validate license ${this.named}${this.device === null ? '' : ` on ${this.device}`}`;
}

class Pause extends Command {
  constructor(readonly days: number | null) {
    super();
  }
  apply(model: PoolModel): string {
    return model.pause(this.days);
  }
  async perform(real: Real, now: string): Promise<string> {
    const resume_at = this.days === null ? null : instantFromMillis(millisOf(now) + this.days * DAY_MS);
    return runOn(real, now, { name: 'pause', input: { resume_at } });
  }
  override toString = (): string => `pause for ${this.days ?? 'ever'} days`;
}

class Resume extends Command {
  apply(model: PoolModel): string {
    return model.resume();
  }
  async perform(real: Real, now: string): Promise<string> {
    return runOn(real, now, { name: 'resume', input: {} });
  }
  override toString = (): string => 'resume';
}

async function runOn({ sql, contract_id }: Real, now: string, command: ContractCommand): Promise<string> {
  const outcome = await sql.begin((tx) => runCommand(tx, { id: contract_id, ...actAt(now) }, command));
  if (isRefusal(outcome)) return outcome.code;
  if (outcome.refusal) return outcome.refusal.code;
  return outcome.changed ? 'changed' : 'unchanged';
}

/** Few, so that much happens to each. */
const anyLicense = fc.nat(5);
const anyCustomer = fc.constantFrom(...CUSTOMERS);
const anyDevice = fc.constantFrom(...DEVICES);
/** The content of an order follows from its number, so that orders are repeated; some are repeated with another content. */
const anyGrab = fc.tuple(fc.nat(23), fc.constantFrom(0, 0, 0, 1)).map(
  ([number, more]) =>
    new Grab({
      order_ref: `SO-${number}`,
      count: 1 + (number % 2) + more,
      customer: [null, null, ...CUSTOMERS][number % 4] ?? null,
      hold_minutes: [null, 15, 30][number % 3] ?? null,
    }),
);
const anyChange = fc
  .tuple(fc.nat(QUOTA - 1), fc.constantFrom('suspend' as const, 'reinstate' as const, ...LICENSE_CHANGES))
  .map(([license, change]) => new Change(license, change));
const mostly = fc.constantFrom(true, true, false);
const anyUse = fc
  .tuple(fc.nat(3), mostly, fc.constantFrom('activate' as const, ...DEVICE_ACTIONS), anyDevice)
  .map(([license, of_customer, action, device]) => new Use(license, of_customer, action, device));
// Whole minutes, so that holds, leases and periods also end exactly at the time of a command.
const anyMinutes = fc.oneof(
  fc.integer({ min: 1, max: 60 }),
  fc.constantFrom(15, 15, 30, 1440, 31 * 1440),
  fc.integer({ min: 60, max: 4 * 1440 }),
);
const anyCommand: fc.Arbitrary<Command>[] = [
  fc.integer({ min: 1, max: 4 }).map((count) => new Generate(count)),
  fc.integer({ min: 1, max: 4 }).map((count) => new Generate(count)),
  anyGrab,
  anyGrab,
  anyGrab,
  fc.tuple(fc.nat(3), fc.option(anyCustomer)).map(([hold, customer]) => new AssignHold(hold, customer)),
  fc.nat(3).map((hold) => new ReleaseHold(hold)),
  fc.constant(new Sweep()),
  fc.tuple(anyLicense).map((picks) => new Return(picks)),
  fc.tuple(anyLicense).map((picks) => new Return(picks)),
  anyChange,
  anyChange,
  fc
    .tuple(fc.array(anyLicense, { minLength: 1, maxLength: 4 }), anyCustomer, fc.boolean())
    .map(([licenses, customer, reassign]) => new Assign(licenses, customer, reassign)),
  anyUse,
  anyUse,
  anyUse,
  fc
    .tuple(anyLicense, mostly, fc.option(anyDevice))
    .map(([license, of_customer, device]) => new Validate(license, of_customer, device)),
  fc.option(fc.integer({ min: 1, max: 5 })).map((days) => new Pause(days)),
  fc.constant(new Resume()),
  fc.constant(new Resume()),
  anyMinutes.map((minutes) => new Pass(minutes * MINUTE_MS)),
  anyMinutes.map((minutes) => new Pass(minutes * MINUTE_MS)),
];

const anyRule = fc.record({
  expiry: fc.constantFrom(
    null,
    { basis: 'generation' as const, days: 5 },
    { basis: 'generation' as const, days: 30 },
    { basis: 'assignment' as const, days: 3 },
    { basis: 'first_activation' as const, days: 2 },
  ),
  lease_minutes: fc.constantFrom(null, 30),
});

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const email of CUSTOMERS) {
    const made = await database.sql.begin((tx) => findOrCreateCustomer(tx, { email, name: email }, actAt(STARTS_AT)));
    if (isRefusal(made)) throw new Error(made.detail);
    emails.set(made.customer.id, email);
  }
});
afterAll(() => database.drop());

test(
  'any order of orders, holds, assignments, returns, devices, suspensions and time gives each license to one at a time',
  async () => {
    const { sql } = database;
    const commands = fc.commands(anyCommand, { maxCommands: COMMANDS_MAX, size: 'max' });
    await fc.assert(
      fc.asyncProperty(anyRule, commands, async ({ expiry, lease_minutes }, given) => {
        // Licenses that are valid for long are given out for five days.
        const min_remaining_days = expiry?.days === 30 ? 25 : 0;
        const clock_id = await buildTestClock(sql, STARTS_AT);
        const contract_id = await buildContractOnClock(sql, clock_id, {
          ...{ type: 'pool', quota: QUOTA, timezone: 'UTC', activation_limit: ACTIVATION_LIMIT },
          ...{ start_date: STARTS_AT.slice(0, 10), end_date: ENDS_AT.slice(0, 10) },
          expiry: expiry && { basis: expiry.basis, duration: `P${expiry.days}D` },
          device_lease_minutes: lease_minutes,
          min_remaining_validity: min_remaining_days === 0 ? null : `P${min_remaining_days}D`,
        });
        const real: Real = {
          ...{ sql, contract_id, clock_id, licenses: [], hold_ids: new Map() },
          ...{ generate: createLicenseRequests(sql), grab: createGrabs(sql) },
        };
        const model = new PoolModel({
          ...{ now: millisOf(STARTS_AT), ends_at: millisOf(ENDS_AT), quota: QUOTA },
          ...{ expiry, activation_limit: ACTIVATION_LIMIT, lease_minutes, min_remaining_days },
        });
        await fc.asyncModelRun(() => ({ model, real }), given);
      }),
      { numRuns: SEQUENCES, seed: SEED, endOnFailure: true },
    );
    // The sequences must reach the refusals too, or they prove little.
    if (SEED === SEED_OF_EVERY_RUN) expect([...outcomes]).toEqual(expect.arrayContaining(REACHED));
  },
  TEST_TIMEOUT_MS,
);

const REACHED = [
  ...['Generate generated', 'Generate CONTRACT_INACTIVE', 'Generate QUOTA_EXCEEDED'],
  ...[
    'Grab done',
    'Grab of different licenses: done',
    'Grab POOL_EMPTY',
    'Grab POOL_INSUFFICIENT',
    'Grab CONTRACT_INACTIVE',
  ],
  ...['AssignHold assigned', 'AssignHold HOLD_EXPIRED', 'AssignHold HOLD_NOT_OPEN', 'AssignHold LICENSE_NOT_AVAILABLE'],
  ...['ReleaseHold released', 'ReleaseHold HOLD_NOT_OPEN'],
  ...['Grab again held: ORDER_REF_REUSED', 'Grab again released: ORDER_CLOSED', 'Grab again assigned: done'],
  ...['Grab again expired: HOLD_EXPIRED'],
  ...['Return returned', 'Return of a customer, with its own expiry: returned'],
  ...['Return of a customer: LICENSE_ALREADY_ACTIVATED', 'Return LICENSE_NOT_ASSIGNED'],
  ...['Change suspend available: done', 'Change revoke available: done', 'Change reinstate suspended: done'],
  ...['Change suspend held: done'],
  ...['Assign available: done', 'Assign assigned: done', 'Assign held: done', 'Assign active: done'],
  ...['Use activate available: LICENSE_NOT_ASSIGNED', 'Use activate held: LICENSE_NOT_ASSIGNED'],
  ...['Use activate assigned: done', 'Use activate active: TOO_MANY_DEVICES', 'Use heartbeat active: done'],
  ...['Use heartbeat available: LICENSE_NOT_ASSIGNED', 'Use heartbeat assigned: DEVICE_NOT_ACTIVATED'],
  ...['Use activate expired: LICENSE_EXPIRED', 'Use activate suspended: LICENSE_SUSPENDED'],
  ...['Validate VALID', 'Validate EXPIRED', 'Validate NOT_ACTIVATED', 'Validate NOT_ASSIGNED'],
];
