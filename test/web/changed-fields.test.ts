/** What the activity log of a contract shows of an audit event. */
import { changedFields } from '../../web/src/contract/tabs/changed-fields';

test('an audit event shows the fields that differ, and those that were added or removed', () => {
  const before = { name: 'Q1', quota: 200, state: 'ACTIVE', revision: 3, note: 'old' };
  const after = { name: 'Q2', quota: 500, state: 'ACTIVE', revision: 4, features: { sso: true } };
  expect(changedFields(before, after)).toEqual([
    { name: 'name', from: 'Q1', to: 'Q2' },
    { name: 'quota', from: '200', to: '500' },
    { name: 'note', from: 'old', to: undefined },
    { name: 'features', from: undefined, to: '{"sso":true}' },
  ]);
  expect(changedFields(null, null)).toEqual([]);
});
