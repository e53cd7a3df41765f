/**
 * What each state allows is what the page says, and every operation there is keeps to it.
 */
import { CONTRACT_STATES } from '../../domain/contract/facts';
import type { ContractFacts, ContractState } from '../../domain/contract/facts';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import { CONTRACT_OPERATIONS, operationRefusal, permissionFor } from '../../domain/contract/operations';
import type { ContractOperation, Permission } from '../../domain/contract/operations';
import { generationRefusal, testGenerationRefusal } from '../../domain/generation/generation';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import {
  FACTS_IN,
  LIVE_STATES,
  NOON,
  buildComplianceHold,
  buildContext,
  buildFacts,
  buildGenerator,
  buildHold,
  buildInvoice,
} from '../harness/contract-facts';
import type { LiveState } from '../harness/contract-facts';

/** domain.md 2.2, as it stands there. */
const PAGE = `
| operation | DRAFT | SCHED | ACTIVE | PAST_DUE | GRACE | PAUSED | SUSP | EXPIRED | TERM | DELETED |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| generate, UI | t | n | y | y | n* | n | n | n | n | n |
| generate, contract key | t | n | y | y | n* | n | n | n | n | 401 |
| auto-replenish | n | n | y | y | n | n | n | n | n | n |
| grab from pool, contract key | n | n | y | y | n | n | n | n | n | 401 |
| assign existing license, admin | - | n | y | y | y | y | y | y | y | y |
| validate issued license | - | - | y | y | y | y | y | y | y | y |
| activate issued license on a new device | - | - | y | y | y | y | y** | y | y | y |
| use module (ModuleKey) | n | n | y | y | y | n*** | n | n | n | n |
| read quota and jobs, contract key | y | y | y | y | y | y | y | y | 401 | 401 |
| edit name, contacts, webhook, IPs, rate limits | y | y | y | y | y | y | y | y | n | n |
| edit features, generator, expiry, activation limit | y | y | y | y | y | y | n | n | n | n |
| raise quota | y | y | y | n | y | y | n | n | n | n |
| renew | n | n | y | n | y | y | n | y (T13) | n | n |
| rotate or reveal key | y | y | y | y | y | y | rotate only | rotate only | n | n |
| delete | y | y | n | n | y | y | y | y | y | n |`;

const OPERATIONS: Record<string, ContractOperation> = {
  'generate, UI': 'generate_by_admin',
  'generate, contract key': 'generate_by_key',
  'auto-replenish': 'replenish',
  'grab from pool, contract key': 'grab_from_pool',
  'assign existing license, admin': 'assign_license',
  'validate issued license': 'validate_license',
  'activate issued license on a new device': 'activate_license',
  'use module (ModuleKey)': 'use_module',
  'read quota and jobs, contract key': 'read_usage_by_key',
  'edit name, contacts, webhook, IPs, rate limits': 'edit_particulars',
  'edit features, generator, expiry, activation limit': 'edit_terms',
  'raise quota': 'raise_quota',
  renew: 'renew',
  'rotate or reveal key': 'rotate_or_reveal_key',
  delete: 'delete',
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
  'y**': 'suspension',
  'n***': 'pause',
  'y (T13)': 'late',
  'rotate only': 'rotate',
  '401': 'unauthenticated',
  '-': 'none',
};

interface Cell {
  operation: ContractOperation;
  state: ContractState;
  permission: Permission;
}

const [COLUMNS = [], , ...ROWS] = PAGE.trim()
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

test('the page speaks of every operation and every state', () => {
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
    { name: 'edit', input: { grace_allows_generation: true } },
    { name: 'edit', input: { renewal: { notice_days: 14 } } },
    { name: 'edit', input: { dunning: { suspend_days: 20 } } },
    { name: 'edit', input: { dunning_exempt: true } },
  ],
  edit_terms: [
    { name: 'edit', input: { generator_id: 'generator-2' } },
    { name: 'edit', input: { feature_overrides: { seats: 9 } } },
    { name: 'edit', input: { activation_limit: 'unlimited' } },
    { name: 'edit', input: { expiry: { date: '2029-01-01' } } },
    { name: 'edit', input: { quota: 50 } },
  ],
  raise_quota: [{ name: 'edit', input: { quota: 200 } }],
  renew: [{ name: 'renew', input: { term: 'P1Y' } }],
  delete: [{ name: 'delete', input: { confirm_name: 'Fence 2027' } }],
};

function refusalOf(command: ContractCommand, facts: ContractFacts): Refusal | null {
  const id = command.name === 'edit' ? (command.input.generator_id ?? 'generator-1') : 'generator-1';
  const decision = decide(command, facts, buildContext({ generator: buildGenerator({ id }) }));
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
  '$operation by $command.name $asked keeps to the table in $state',
  ({ operation, state, permission, command }) => {
    const refused = refusalOf(command, FACTS_IN[state]);
    if (permission === 'yes' || permission === 'late') expect(refused).toBeNull();
    else expect(refused?.code).toBe(operation === 'delete' ? 'CONTRACT_ACTIVE' : REFUSALS[state]);
  },
);

describe('generation', () => {
  test.each(LIVE_STATES)('keeps to the table in %s', (state) => {
    const permission = permissionFor('generate_by_admin', state);
    const refused = generationRefusal(FACTS_IN[state], buildContext());
    expect(refused === null).toBe(permission === 'yes');
    if (refused) {
      expect(refused.code).toBe(REFUSALS[state]);
      expect(refused.reasons).toContain('CONTRACT_INACTIVE');
    }
    const allowing = { ...FACTS_IN[state], grace_allows_generation: true };
    expect(generationRefusal(allowing, buildContext()) === null).toBe(permission === 'yes' || permission === 'grace');
  });

  test.each(LIVE_STATES)('of test licenses is for drafts, and refused in %s otherwise', (state) => {
    const refused = testGenerationRefusal(FACTS_IN[state], buildContext());
    expect(refused === null).toBe(permissionFor('generate_by_admin', state) === 'test');
    if (refused) expect(['INVALID_STATE_TRANSITION', REFUSALS[state]]).toContain(refused.code);
  });

  test('tells an inactive contract’s reason, and what would help', () => {
    const reasons = LIVE_STATES.map((state) => generationRefusal(FACTS_IN[state], buildContext()))
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

describe('whoever owes money', () => {
  const owing = { invoices: [buildInvoice({ due_date: '2027-06-10' })] };

  test.each<[string, ContractFacts, ContractOperation[]]>([
    ['past due', buildFacts(owing), ['raise_quota', 'renew']],
    ['paused', buildFacts({ ...owing, holds: [buildHold()] }), ['raise_quota', 'renew']],
    ['in grace', { ...FACTS_IN.EXPIRY_GRACE, ...owing }, ['raise_quota', 'renew']],
    ['expired', { ...FACTS_IN.EXPIRED, ...owing }, ['renew']],
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
