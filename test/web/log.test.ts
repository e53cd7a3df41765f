/** The entries of the audit as the logs show them, and the fields that bound a list in time. */
import { toInstant, toLocalText } from '../../web/src/base/local-instant';
import { differences, valueText } from '../../web/src/log/differences';
import { subjectPage } from '../../web/src/log/subject-page';

test('an entry shows the fields whose values differ, nested ones by their path', () => {
  const before = { name: 'Acme', quota: 200, limits: { per_day: 5, per_hour: 1 }, events: ['*'] };
  const after = { name: 'Acme', quota: 300, limits: { per_day: null, per_hour: 1 }, events: ['*'], note: 'x' };
  expect(differences(before, after)).toEqual([
    { field: 'quota', before: 200, after: 300 },
    { field: 'limits.per_day', before: 5, after: null },
    { field: 'note', before: undefined, after: 'x' },
  ]);
  expect(differences(null, { quota: 1 })).toEqual([{ field: 'quota', before: undefined, after: 1 }]);
  expect(differences(before, null).every(({ after: now }) => now === undefined)).toBe(true);
});

test('texts stand without quotation marks, and a missing value is a dash', () => {
  expect([valueText('a "b"'), valueText(null), valueText(0), valueText(['*'])]).toEqual(['a "b"', '–', '0', '["*"]']);
});

test('a subject leads to its page, and what has none is no link', () => {
  expect(subjectPage({ type: 'webhook_delivery', id: 'a/b' })).toBe('/deliveries/a%2Fb');
  expect(subjectPage({ type: 'hold', id: 'x' })).toBeUndefined();
});

test('an instant becomes the local text of its field and comes back', () => {
  const instant = '2027-02-01T08:30:00.000Z';
  expect(toInstant(toLocalText(instant))).toBe(instant);
  expect([toInstant(''), toInstant('tomorrow'), toLocalText('yesterday')]).toEqual(['', '', '']);
});
