/** The decision about the assignment of one license. */
import fc from 'fast-check';
import { decideAssignment } from '../../domain/license/license-assignment';
import type { AssignableLicense } from '../../domain/license/license-assignment';
import { LICENSE_CHANGES } from '../../domain/license/license-change';
import { licenseStatus } from '../../domain/license/license-facts';
import type { LicenseStatus } from '../../domain/license/license-facts';
import { countDecisions } from '../../domain/license/license-operation';
import { candidatesOf, decideTask } from '../../domain/license/license-task';
import type { LicenseTask } from '../../domain/license/license-task';
import { UNUSED_LICENSE } from '../harness/license-facts';

const NOW = '2027-03-01T00:00:00.000Z';
const EARLIER = '2027-02-01T00:00:00.000Z';
const LATER = '2027-04-01T00:00:00.000Z';

const decide = (facts: Partial<AssignableLicense>, reassign = false) =>
  decideAssignment({ ...UNUSED_LICENSE, is_test: false, ...facts }, { customer_id: 'ada', reassign }, NOW);

const of = (customer_id: string) => ({ customer_id, assigned_at: EARLIER });

test('an available license is assigned, and so is one whose hold is over', () => {
  const assigned = { outcome: 'done', reason: null, other_customer_id: null };
  expect(decide({})).toEqual(assigned);
  expect(decide({ held_until: NOW })).toEqual(assigned);
  expect(decide({ expires_at: LATER })).toEqual(assigned);
});

test.each([
  ['test_license', { is_test: true }],
  ['revoked', { revoked_at: EARLIER }],
  ['suspended', { suspended_at: EARLIER }],
  ['expired', { expires_at: NOW }],
  ['held', { held_until: LATER }],
  ['active', { activated_at: EARLIER }],
])('a license is not available because of %s, also for a reassignment', (reason, facts) => {
  expect(decide(facts)).toEqual({ outcome: 'not_available', reason, other_customer_id: null });
  expect(decide(facts, true)).toMatchObject({ outcome: 'not_available', reason });
});

test.each([{}, { revoked_at: EARLIER }, { suspended_at: EARLIER }, { activated_at: EARLIER }])(
  'a license of the same customer stays as it is: %j',
  (facts) => expect(decide({ ...of('ada'), ...facts }, true).outcome).toBe('unchanged'),
);

test('a license of another customer is a conflict, and is moved only by an explicit wish', () => {
  expect(decide(of('bob'))).toEqual({ outcome: 'conflict', reason: null, other_customer_id: 'bob' });
  expect(decide(of('bob'), true)).toEqual({ outcome: 'done', reason: null, other_customer_id: 'bob' });
  expect(decide({ ...of('bob'), activated_at: EARLIER }, true).outcome).toBe('done');
  expect(decide({ ...of('bob'), revoked_at: EARLIER }, true)).toMatchObject({ reason: 'revoked' });
});

test('a moved license counts as assigned and as reassigned', () => {
  const decisions = [decide({}), decide(of('bob'), true), decide(of('bob')), decide(of('ada')), decide({ is_test: true })];
  expect(countDecisions(decisions)).toEqual({
    done: 2,
    moved: 1,
    unchanged: 1,
    conflict: 1,
    not_available: 1,
  });
});

test('the candidates of an operation for exactly so many licenses include all that it can change', () => {
  const instant = fc.option(fc.constantFrom(EARLIER, LATER));
  const facts = fc.record({
    ...{ held_until: instant, activated_at: instant, suspended_at: instant, revoked_at: instant, expires_at: instant },
    ...{ customer_id: fc.option(fc.constantFrom('ada', 'bob')), is_test: fc.constant(false) },
  });
  const tasks: LicenseTask[] = [
    ...[true, false].map((reassign) => ({ kind: 'assign', customer_id: 'ada', reassign }) as const),
    ...LICENSE_CHANGES.map((kind) => ({ kind, reason: null })),
  ];
  fc.assert(
    fc.property(facts, fc.constantFrom(...tasks), (given, task) => {
      const license = { ...given, assigned_at: given.customer_id === null ? null : EARLIER };
      const { status = [] } = candidatesOf<{ status?: LicenseStatus | readonly LicenseStatus[] }>({}, task, true);
      if (decideTask(task, license, NOW).outcome === 'done') expect(status).toContain(licenseStatus(license, NOW));
    }),
  );
});
