/** The difference that two people choose from when both edited one resource. */
import { conflictFields, initialChoices, mergeFields } from '../../web/src/base/conflict-fields';

const before = { name: 'Acme', quota: 200, metadata: { order: 1, region: 'EU' }, term: null };

test('only fields in which we differ are asked for, and only those that both changed are contested', () => {
  const mine = { ...before, name: 'Acme Q2', quota: 300 };
  const theirs = { ...before, quota: 400, term: 'P1Y', metadata: { region: 'EU', order: 1 } };
  expect(conflictFields(before, mine, theirs)).toEqual([
    { name: 'name', before: 'Acme', mine: 'Acme Q2', theirs: 'Acme', contested: false },
    { name: 'quota', before: 200, mine: 300, theirs: 400, contested: true },
    { name: 'term', before: null, mine: null, theirs: 'P1Y', contested: false },
  ]);
});

test('without a choice, the value of the one who changed a field goes on', () => {
  const mine = { ...before, name: 'Acme Q2', quota: 300 };
  const theirs = { ...before, quota: 400, term: 'P1Y' };
  const choices = initialChoices(conflictFields(before, mine, theirs));
  expect(choices).toEqual({ name: 'mine', quota: 'mine', term: 'theirs' });
  expect(mergeFields(mine, theirs, choices)).toEqual({ ...before, name: 'Acme Q2', quota: 300, term: 'P1Y' });
  expect(mergeFields(mine, theirs, { ...choices, quota: 'theirs' })).toMatchObject({ quota: 400 });
});
