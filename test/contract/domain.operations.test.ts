/** Each state allows what the table below says, and every operation follows it. */
import { CONTRACT_STATES } from '../../domain/contract/facts';
import type { AmendmentChanges, ContractFacts, ContractState } from '../../domain/contract/facts';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import type { Decision } from '../../domain/contract/decision';
import { CONTRACT_OPERATIONS, operationRefusal, permissionFor, resumptionCode } from '../../domain/contract/operations';
import type { ContractOperation, Permission } from '../../domain/contract/operations';
import { renewalBlock } from '../../domain/contract/renewal';
import { generationRefusal, resumptionRefusal, testGenerationRefusal } from '../../domain/generation/generation';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import {
  FACTS_BY_STATE,
  LIVE_STATES,
  NOON,
  buildAutoRenewingFacts,
  buildComplianceHold,
  buildContext,
  buildFacts,
  buildGenerator,
  buildHold,
  buildInvoice,
  buildRenewalContext,
} from '../harness/contract-facts';
import type { LiveState } from '../harness/contract-facts';

/** domain.md 2.2, as far as its operations exist: rows of modules, pools, contract keys and issued licenses come with them. */
const PAGE = `
| operation | DRAFT | SCHED | ACTIVE | PAST_DUE | GRACE | PAUSED | SUSP | EXPIRED | TERM | DELETED |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| generate, UI | t | n | y | y | n* | n | n | n | n | n |
| auto-replenish | n | n | y | y | n | n | n | n | n | n |
| grab from pool, contract key | n | n | y | y | n | n | n | n | n | n |
| edit name, contacts, webhook, IPs, rate limits | y | y | y | y | y | y | y | y | n | n |
| edit features, generator, expiry, activation limit | y | y | y | y | y | y | n | n | n | n |
| raise quota | y | y | y | n | y | y | n | n | n | n |
| renew | n | n | y | n | y | y | n | y (T13) | n | n |
| rotate key | y | y | y | y | y | y | y | y | n | n |
| reveal key | y | y | y | y | y | y | n | n | n | n |
| delete | y | y | n | n | y | y | y | y | y | n |`;

/** What domain.md says in words: 1.4 (T2, T9, T10, T12, T14, T15, T17), 1.6, 1.7, 2.1, 5.3 and decisions 18. */
const WORDS = `
| resume a job that ended short (5.3) | y | y | y | y | y | y | y | n | n | n |
| edit dates, zone and grace | y | n | n | n | n | n | n | n | n | n |
| amend (T17, 1.7) | n | y | y | y | y | y | less | n | n | n |
| activate (T2) | y | = | = | = | n | n | n | n | n | n |
| status: active (2.1) | y | n | = | = | n | y | n | n | n | n |
| pause (T9) | n | y | y | y | y | y | y | n | n | n |
| resume (T10) | n | y | y | y | y | y | y | n | n | n |
| hold for compliance | n | y | y | y | y | y | y | n | n | n |
| release from compliance (T7) | y | y | y | y | y | y | y | y | n | n |
| renew automatically (T12, 1.6) | n | n | y | n | y | n | n | n | n | n |
| opt out of renewal (1.6) | n | y | y | y | y | y | y | n | n | n |
| terminate (T14) | y | y | y | y | y | y | y | y | = | n |
| reinstate (T15) | n | n | n | n | n | n | n | n | y | n |
| schedule generations | y | y | y | y | y | y | y | n | n | n |`;

const OPERATIONS: Record<string, ContractOperation> = {
  'generate, UI': 'generate',
  'auto-replenish': 'replenish',
  'grab from pool, contract key': 'grab',
  'edit name, contacts, webhook, IPs, rate limits': 'edit_particulars',
  'edit features, generator, expiry, activation limit': 'edit_terms',
  'raise quota': 'raise_quota',
  'rotate key': 'rotate_api_key',
  'reveal key': 'reveal_api_key',
  renew: 'renew',
  delete: 'delete',
  'resume a job that ended short (5.3)': 'resume_job',
  'edit dates, zone and grace': 'edit_dates',
  'schedule generations': 'schedule',
  'amend (T17, 1.7)': 'amend',
  'activate (T2)': 'activate',
  'status: active (2.1)': 'set_active',
  'pause (T9)': 'pause',
  'resume (T10)': 'resume',
  'hold for compliance': 'compliance_hold',
  'release from compliance (T7)': 'compliance_release',
  'renew automatically (T12, 1.6)': 'renew_automatically',
  'opt out of renewal (1.6)': 'opt_out',
  'terminate (T14)': 'terminate',
  'reinstate (T15)': 'reinstate',
};
const STATES: Record<string, ContractState> = {
  SCHED: 'SCHEDULED',
  GRACE: 'EXPIRY_GRACE',
  SUSP: 'SUSPENDED',
  TERM: 'TERMINATED',
};
const PERMISSIONS: Record<string, Permission> = {
  y: 'yes',
  n: 'no',
  t: 'test',
  'n*': 'grace',
  'y (T13)': 'late',
  less: 'lower',
  '=': 'done',
};

interface Cell {
  operation: ContractOperation;
  state: ContractState;
  permission: Permission;
}

const [COLUMNS = [], , ...ROWS] = `${PAGE}${WORDS}`
  .trim()
  .split('\n')
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const CELLS: Cell[] = ROWS.flatMap(([name = '', ...cells]) =>
  cells.map((cell, index) => {
    const column = COLUMNS[index + 1] ?? '';
    const operation = OPERATIONS[name];
    const permission = PERMISSIONS[cell];
    if (operation === undefined || permission === undefined) throw new Error(`the page has no ${name}: ${cell}`);
    return { operation, state: STATES[column] ?? (column as ContractState), permission };
  }),
);

test('the table has every operation and every state', () => {
  expect(CELLS).toHaveLength(CONTRACT_OPERATIONS.length * CONTRACT_STATES.length);
  expect(new Set(CELLS.map(({ operation }) => operation))).toEqual(new Set(CONTRACT_OPERATIONS));
  expect(new Set(CELLS.map(({ state }) => state))).toEqual(new Set(CONTRACT_STATES));
});

test.each(CELLS)('$operation in $state: $permission', ({ operation, state, permission }) => {
  expect(permissionFor(operation, state)).toBe(permission);
});

/** The code with which a state refuses what it does not allow (3.3, decisions 17). */
const REFUSALS: Record<LiveState, string> = {
  DRAFT: 'CONTRACT_INACTIVE',
  SCHEDULED: 'CONTRACT_INACTIVE',
  ACTIVE: 'CONTRACT_ACTIVE',
  PAST_DUE: 'CHANGES_BLOCKED_PAST_DUE',
  EXPIRY_GRACE: 'CONTRACT_INACTIVE',
  PAUSED: 'CONTRACT_INACTIVE',
  SUSPENDED: 'BILLING_SUSPENDED',
  EXPIRED: 'CONTRACT_EXPIRED',
  TERMINATED: 'CONTRACT_TERMINATED',
};

/** Every command there is of an operation. */
const COMMANDS: Partial<Record<ContractOperation, ContractCommand[]>> = {
  edit_particulars: [
    { name: 'edit', input: { name: 'Fence, renamed' } },
    { name: 'edit', input: { customer_id: 'customer-1' } },
    { name: 'edit', input: { metadata: { order: 7 } } },
    { name: 'edit', input: { ip_allowlist: ['192.0.2.7'] } },
    { name: 'edit', input: { grace_allows_generation: true } },
    { name: 'edit', input: { renewal: { notice_days: 14 } } },
    { name: 'edit', input: { dunning: { suspend_days: 20 } } },
    { name: 'edit', input: { dunning_exempt: true } },
    { name: 'edit', input: { rate_limits: { per_minute: 10 } } },
  ],
  edit_terms: [
    { name: 'edit', input: { generator_id: 'generator-2' } },
    { name: 'edit', input: { feature_overrides: { seats: 9 } } },
    { name: 'edit', input: { activation_limit: 'unlimited' } },
    { name: 'edit', input: { expiry: { date: '2029-01-01' } } },
    { name: 'edit', input: { cap_expiry_at_contract_end: true } },
    { name: 'edit', input: { quota: 50 } },
  ],
  raise_quota: [{ name: 'edit', input: { quota: 200 } }],
  renew: [{ name: 'renew', input: { term: 'P1Y' } }],
  delete: [{ name: 'delete', input: { confirm_name: 'Fence 2027' } }],
  edit_dates: [
    { name: 'edit', input: { timezone: 'Europe/Berlin' } },
    { name: 'edit', input: { end_date: '2028-07-01' } },
    { name: 'edit', input: { expiry_grace_days: 3 } },
  ],
  amend: [{ name: 'amend', input: buildAmend({ activation_limit: 7 }) }],
  activate: [{ name: 'activate', input: {} }],
  set_active: [{ name: 'edit', input: { status: 'active' } }],
  pause: [{ name: 'pause', input: {} }],
  resume: [{ name: 'resume', input: {} }],
  compliance_hold: [{ name: 'compliance-hold', input: { note: 'On a list.' } }],
  compliance_release: [{ name: 'compliance-release', input: {} }],
  opt_out: [{ name: 'opt-out', input: { accept_late: true } }],
  terminate: [{ name: 'terminate', input: { reason: 'The customer left.' } }],
  reinstate: [{ name: 'reinstate', input: {} }],
};

function buildAmend(changes: AmendmentChanges) {
  return { amendment_id: 'amendment-1', effective_date: '2027-06-15', changes, note: null };
}

/** The code with which an operation is refused where it has one of its own. */
const OWN_REFUSALS: Partial<Record<ContractOperation, string>> = {
  ...Object.fromEntries(
    (
      [
        'activate',
        'set_active',
        'pause',
        'resume',
        'compliance_hold',
        'compliance_release',
        'opt_out',
        'reinstate',
      ] as const
    ).map((operation) => [operation, 'INVALID_STATE_TRANSITION']),
  ),
  delete: 'CONTRACT_ACTIVE',
  edit_dates: 'IMMUTABLE_FIELD',
};

function refusalCodeFor(operation: ContractOperation, state: LiveState): string {
  if (operation === 'amend' && state === 'DRAFT') return 'AMENDMENT_NOT_POSSIBLE';
  return OWN_REFUSALS[operation] ?? REFUSALS[state];
}

/** The contract in a state, such that nothing but the state stands against the operation. */
function factsFor(operation: ContractOperation, state: LiveState): ContractFacts {
  const facts = FACTS_BY_STATE[state];
  if (operation === 'opt_out')
    return { ...facts, renewal: { ...facts.renewal, mode: 'auto', notice_days: 0, term: 'P1Y' } };
  // Without a hold there is nothing to release.
  if (operation === 'compliance_release') return { ...facts, holds: [...facts.holds, buildComplianceHold()] };
  return facts;
}

function decisionOf(command: ContractCommand, facts: ContractFacts): Decision {
  const id = command.name === 'edit' ? (command.input.generator_id ?? 'generator-1') : 'generator-1';
  return decide(command, facts, buildContext({ generator: buildGenerator({ id }) }));
}

function refusalOf(command: ContractCommand, facts: ContractFacts): Refusal | null {
  const decision = decisionOf(command, facts);
  return isRefusal(decision) ? decision : null;
}

const WALKED = CELLS.flatMap(({ operation, state, permission }) =>
  (COMMANDS[operation] ?? []).map((command) => ({
    operation,
    state,
    permission,
    command,
    asked: JSON.stringify(command.input),
  })),
).filter((cell): cell is typeof cell & { state: LiveState } => cell.state !== 'DELETED');

test.each(WALKED)(
  '$operation by $command.name $asked follows the table in $state',
  ({ operation, state, permission, command }) => {
    const facts = factsFor(operation, state);
    const decision = decisionOf(command, facts);
    const refused = isRefusal(decision) ? decision : null;
    if (permission === 'done') expect(decision).toBe('unchanged');
    else if (permission === 'yes' || permission === 'late') expect(refused).toBeNull();
    else expect(refused?.code).toBe(refusalCodeFor(operation, state));
  },
);

test.each(CONTRACT_OPERATIONS)('%s is refused for a deleted contract, which says so', (operation) => {
  const deleted = buildFacts({ deleted_at: NOON });
  expect(operationRefusal(operation, deleted, NOON)).toMatchObject({
    code: 'CONTRACT_DELETED',
    metadata: { id: deleted.id, last_name: deleted.name, deleted_at: NOON },
  });
});

test.each(LIVE_STATES)('a job that ended short is resumed by the table in %s', (state) => {
  const allowed = permissionFor('resume_job', state) === 'yes';
  expect(resumptionRefusal(FACTS_BY_STATE[state], NOON)?.code).toBe(allowed ? undefined : REFUSALS[state]);
  expect(resumptionCode(state)).toBe(allowed ? null : REFUSALS[state]);
});

test.each(LIVE_STATES)('a contract renews automatically as the table says in %s', (state) => {
  const facts = buildAutoRenewingFacts({ term: 'P1Y' }, { ...FACTS_BY_STATE[state], term_length: 'P1Y' });
  const block = renewalBlock({ ...facts, end_date: facts.end_date ?? '2028-01-01' }, NOON, buildRenewalContext());
  expect(block === null).toBe(permissionFor('renew_automatically', state) === 'yes');
});

test('an amendment can only reduce a suspended contract', () => {
  const less: AmendmentChanges = { renewal: { mode: 'manual' } };
  const more: AmendmentChanges[] = [{ quota_add: 5 }, { activation_limit: 7 }, { customer_id: 'customer-1' }];
  expect(refusalOf({ name: 'amend', input: buildAmend(less) }, FACTS_BY_STATE.SUSPENDED)).toBeNull();
  for (const changes of more)
    expect(refusalOf({ name: 'amend', input: buildAmend(changes) }, FACTS_BY_STATE.SUSPENDED)?.code).toBe(
      'BILLING_SUSPENDED',
    );
});

describe('generation', () => {
  test.each(LIVE_STATES)('keeps to the table in %s', (state) => {
    const permission = permissionFor('generate', state);
    const refused = generationRefusal(FACTS_BY_STATE[state], buildContext());
    expect(refused === null).toBe(permission === 'yes');
    if (refused) {
      expect(refused.code).toBe(REFUSALS[state]);
      expect(refused.reasons).toContain('CONTRACT_INACTIVE');
    }
    const allowing = { ...FACTS_BY_STATE[state], grace_allows_generation: true };
    expect(generationRefusal(allowing, buildContext()) === null).toBe(permission === 'yes' || permission === 'grace');
  });

  test.each(LIVE_STATES)('of test licenses is for drafts, and refused in %s otherwise', (state) => {
    const refused = testGenerationRefusal(FACTS_BY_STATE[state], buildContext());
    expect(refused === null).toBe(permissionFor('generate', state) === 'test');
    if (refused) expect(['INVALID_STATE_TRANSITION', REFUSALS[state]]).toContain(refused.code);
  });

  test('names an inactive contract’s reason and remedy', () => {
    const reasons = LIVE_STATES.map((state) => generationRefusal(FACTS_BY_STATE[state], buildContext()))
      .filter((refusal) => refusal?.code === 'CONTRACT_INACTIVE')
      .map((refusal) => refusal?.metadata);
    expect(reasons).toEqual([
      { inactive_reason: 'CONFIGURING', state: 'DRAFT', remedy: expect.stringContaining('Activate') },
      { inactive_reason: 'NOT_STARTED', state: 'SCHEDULED', remedy: expect.stringContaining('2027-07-01') },
      { inactive_reason: 'EXPIRED_IN_GRACE', state: 'EXPIRY_GRACE', remedy: expect.stringContaining('renew') },
      { inactive_reason: 'PAUSED', state: 'PAUSED', remedy: expect.stringContaining('Resume') },
    ]);
    const held = buildFacts({ holds: [buildComplianceHold()] });
    expect(generationRefusal(held, buildContext())).toMatchObject({
      code: 'CONTRACT_INACTIVE',
      metadata: { inactive_reason: 'COMPLIANCE' },
    });
  });
});

describe('a contract with overdue invoices', () => {
  const owing = { invoices: [buildInvoice({ due_date: '2027-06-10' })] };

  test.each<[string, ContractFacts, ContractOperation[]]>([
    ['past due', buildFacts(owing), ['raise_quota', 'renew']],
    ['paused', buildFacts({ ...owing, holds: [buildHold()] }), ['raise_quota', 'renew']],
    ['in grace', { ...FACTS_BY_STATE.EXPIRY_GRACE, ...owing }, ['raise_quota', 'renew']],
    ['expired', { ...FACTS_BY_STATE.EXPIRED, ...owing }, ['renew']],
  ])('gets nothing that adds value while %s', (_how, facts, operations) => {
    for (const operation of operations)
      expect(operationRefusal(operation, facts, NOON)?.code).toBe('CHANGES_BLOCKED_PAST_DUE');
  });

  test('gets everything when exempt', () => {
    const exempt = buildFacts({ ...owing, dunning_exempt: true });
    expect(operationRefusal('raise_quota', exempt, NOON)).toBeNull();
    expect(operationRefusal('renew', exempt, NOON)).toBeNull();
  });
});
