/**
 * `allowed_actions` of a contract equal the outcomes of the actions: true when a command of the action succeeds, otherwise the
 * code that refuses every such command.
 */
import fc from 'fast-check';
import { contractActions } from '../../domain/contract/allowed-actions';
import type { ContractActionName } from '../../domain/contract/allowed-actions';
import { decide } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import type { ContractFacts } from '../../domain/contract/facts';
import { claimRefusal } from '../../domain/contract/quota';
import { stateAt } from '../../domain/contract/contract';
import { localDateAt } from '../../domain/base/calendar';
import { isRefusal } from '../../domain/base/refusal';
import type { Allowed, Refusal } from '../../domain/base/refusal';
import { revealKeyRefusal, rotateKeyRefusal } from '../../domain/contract/api-access';
import { grabRefusal } from '../../domain/contract/operations';
import { scheduleRefusal } from '../../domain/schedule/schedule';
import { generationRefusal, testGenerationRefusal } from '../../domain/generation/generation';
import { PROPERTY_SEED, anyFacts } from '../harness/contract-arbitrary';
import {
  FACTS_BY_STATE,
  LIVE_STATES,
  buildAutoRenewingFacts,
  buildComplianceHold,
  buildContext,
  buildFacts,
  buildGenerator,
  buildHold,
  buildInvoice,
} from '../harness/contract-facts';

/** Commands for each action. At least one of them succeeds if the contract allows the action. */
const COMMANDS: Record<
  Exclude<ContractActionName, 'generate' | 'generate_test' | 'grab' | 'schedule' | 'reveal_api_key' | 'rotate_api_key'>,
  (facts: ContractFacts) => ContractCommand[]
> = {
  edit_particulars: (facts) => [{ name: 'edit', input: { name: `${facts.name}, renamed` } }],
  edit_terms: (facts) => [{ name: 'edit', input: { activation_limit: facts.activation_limit === 7 ? 8 : 7 } }],
  edit_dates: (facts) => [{ name: 'edit', input: { expiry_grace_days: facts.expiry_grace_days + 1 } }],
  raise_quota: (facts) => [{ name: 'edit', input: { quota: facts.quota.total + 1 } }],
  amend: (facts) =>
    [{ renewal: { mode: 'manual' as const } }, { activation_limit: 7 }].map((changes) => ({
      name: 'amend',
      input: {
        amendment_id: 'amendment-9',
        effective_date: localDateAt(facts.settled_until, facts.timezone),
        changes,
        note: null,
      },
    })),
  activate: () => [{ name: 'activate', input: {} }],
  pause: () => [{ name: 'pause', input: {} }],
  resume: () => [
    { name: 'resume', input: {} },
    { name: 'resume', input: { extend_term_on_resume: true } },
  ],
  compliance_hold: () => [{ name: 'compliance-hold', input: { note: 'On a list.' } }],
  compliance_release: () => [{ name: 'compliance-release', input: {} }],
  renew: ({ term_number }) =>
    (['from_expiry', 'from_now'] as const).flatMap((from) =>
      [{}, { term_number: term_number + 1 }].map((given) => ({
        name: 'renew',
        input: { term: 'P1Y', from, ...given },
      })),
    ),
  opt_out: () => [
    { name: 'opt-out', input: {} },
    { name: 'opt-out', input: { accept_late: true } },
  ],
  terminate: () => [{ name: 'terminate', input: { reason: 'The customer left.' } }],
  reinstate: () => [{ name: 'reinstate', input: {} }],
  delete: (facts) => [
    { name: 'delete', input: { confirm_name: facts.name } },
    { name: 'delete', input: { confirm_name: '' } },
  ],
};

/** What the outcome depends on besides the facts. */
interface JobCounts {
  reserved: number;
  open_jobs: number;
  open_holds: number;
}
const NO_JOBS: JobCounts = { reserved: 0, open_jobs: 0, open_holds: 0 };

/** The outcome of each action: true when one of its commands succeeds, else the codes of their refusals. */
function outcomesOf(
  facts: ContractFacts,
  { reserved, open_jobs, open_holds }: JobCounts,
): Record<string, true | string> {
  const now = facts.settled_until;
  const context = buildContext({ now, open_jobs, open_holds, generator: buildGenerator({ id: facts.generator_id }) });
  const answer = (outcomes: unknown[]): true | string => {
    const refusals = outcomes.filter(isRefusal);
    if (refusals.length < outcomes.length) return true;
    return [...new Set(refusals.map(({ code }) => code))].join(' or ');
  };
  const generate: Refusal | null = generationRefusal(facts, context) ?? claimRefusal(facts.quota, reserved, 1);
  return {
    generate: answer([generate]),
    generate_test: answer([testGenerationRefusal(facts, context)]),
    grab: answer([grabRefusal(facts, now)]),
    schedule: answer([scheduleRefusal(facts, now)]),
    reveal_api_key: answer([revealKeyRefusal(facts, now)]),
    rotate_api_key: answer([rotateKeyRefusal(facts, now)]),
    ...Object.fromEntries(
      Object.entries(COMMANDS).map(([action, commandsFor]) => [
        action,
        answer(commandsFor(facts).map((command) => decide(command, facts, context))),
      ]),
    ),
  };
}

function expectAgreement(facts: ContractFacts, jobs: JobCounts = NO_JOBS): void {
  expect({
    state: stateAt(facts, facts.settled_until),
    ...contractActions(facts, jobs, facts.settled_until),
  }).toEqual({
    state: stateAt(facts, facts.settled_until),
    ...outcomesOf(facts, jobs),
  });
}

test.each(LIVE_STATES)('allowed_actions of a contract in %s equal the outcomes of the actions', (state) => {
  expectAgreement(FACTS_BY_STATE[state]);
  expectAgreement({ ...FACTS_BY_STATE[state], grace_allows_generation: true });
  expectAgreement({
    ...FACTS_BY_STATE[state],
    renewal: { ...FACTS_BY_STATE[state].renewal, mode: 'auto', term: 'P1Y' },
  });
  expectAgreement({ ...FACTS_BY_STATE[state], renewal: { ...FACTS_BY_STATE[state].renewal, mode: 'none' } });
});

const owing = { invoices: [buildInvoice({ due_date: '2027-06-10' })] };
const CASES: [string, ContractFacts, Partial<JobCounts>, Partial<Record<ContractActionName, Allowed>>][] = [
  ['whose quota is used up', buildFacts({ quota: { total: 5, claimed: 5 } }), {}, { generate: 'QUOTA_EXCEEDED' }],
  [
    'whose quota is reserved',
    buildFacts({ quota: { total: 5, claimed: 5 } }),
    { reserved: 5, open_jobs: 1 },
    { generate: 'QUOTA_EXCEEDED' },
  ],
  ['with an open hold', FACTS_BY_STATE.PAUSED, { open_holds: 1 }, { delete: 'CONTRACT_HAS_OPEN_HOLD', resume: true }],
  ['with an open job', FACTS_BY_STATE.PAUSED, { open_jobs: 1 }, { delete: 'CONTRACT_HAS_OPEN_JOB', resume: true }],
  [
    'whose licenses would be expired',
    buildFacts({ expiry: { date: '2027-06-01' } }),
    {},
    { generate: 'EXPIRY_IN_PAST', edit_terms: true },
  ],
  [
    'paused with an overdue invoice',
    buildFacts({ ...owing, holds: [buildHold()] }),
    {},
    { raise_quota: 'CHANGES_BLOCKED_PAST_DUE', renew: 'CHANGES_BLOCKED_PAST_DUE', resume: true, edit_terms: true },
  ],
  [
    'terminated with an overdue invoice',
    { ...FACTS_BY_STATE.TERMINATED, ...owing },
    {},
    { reinstate: 'CHANGES_BLOCKED_PAST_DUE' },
  ],
  [
    'terminated for 31 days',
    { ...FACTS_BY_STATE.TERMINATED, terminated_at: '2027-05-15T09:00:00.000Z' },
    {},
    { reinstate: 'INVALID_STATE_TRANSITION' },
  ],
  [
    'held for compliance and terminated',
    { ...FACTS_BY_STATE.TERMINATED, holds: [buildComplianceHold()] },
    {},
    { compliance_release: 'INVALID_STATE_TRANSITION', reinstate: true },
  ],
  ['without an end', buildFacts({ end_date: null }), {}, { renew: 'RENEWAL_NOT_POSSIBLE' }],
  [
    'renewed as often as allowed',
    buildAutoRenewingFacts({ max_renewals: 0 }),
    {},
    { renew: 'RENEWAL_NOT_POSSIBLE', opt_out: true },
  ],
  [
    'over for longer than late renewal allows',
    { ...FACTS_BY_STATE.EXPIRED, end_date: '2027-01-15' },
    {},
    { renew: 'RENEWAL_NOT_POSSIBLE' },
  ],
  [
    'whose next term was granted',
    buildFacts({ term_number: 2, term_start_date: '2028-01-01', end_date: '2029-01-01' }),
    {},
    { renew: true },
  ],
  [
    'drafted for a term that is over',
    { ...FACTS_BY_STATE.DRAFT, start_date: '2027-01-01', end_date: '2027-06-01' },
    {},
    { activate: 'TERM_ALREADY_OVER', generate_test: true, generate: 'CONTRACT_INACTIVE' },
  ],
  ['past its last day of notice', buildAutoRenewingFacts({ notice_days: 300 }), {}, { opt_out: true }],
];

test.each(CASES)(
  'allowed_actions of a contract %s equal the outcomes of the actions',
  (_which, facts, given, expected) => {
    const jobs = { ...NO_JOBS, ...given };
    expectAgreement(facts, jobs);
    expect(contractActions(facts, jobs, facts.settled_until)).toMatchObject(expected);
  },
);

test('the allowed actions of any contract equal the outcomes of running them', () => {
  const ended = fc.constantFrom('running', 'running', 'running', 'terminated', 'draft');
  fc.assert(
    fc.property(anyFacts, ended, fc.nat(3), fc.nat(2), (given, end, open_jobs, left) => {
      const { settled_until: now, quota } = given;
      const facts: ContractFacts = {
        ...given,
        quota: { total: quota.total, claimed: quota.total - left },
        terminated_at: end === 'terminated' ? now : null,
        // A draft whose automatic renewal is impossible cannot be stored.
        ...(end === 'draft' ? { activated_at: null, renewal: { ...given.renewal, mode: 'manual' as const } } : {}),
      };
      expectAgreement(facts, { reserved: 0, open_jobs, open_holds: 0 });
    }),
    { seed: PROPERTY_SEED, numRuns: 300 },
  );
});
