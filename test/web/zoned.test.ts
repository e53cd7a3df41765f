/** Local times of a zone as instants, also around changes to and from summer time. */
import { instantOf, localTime } from '../../web/src/base/zoned';

test.each([
  ['2027-02-01T08:30', 'Europe/Berlin', '2027-02-01T07:30:00.000Z'],
  ['2027-07-01T08:30', 'Europe/Berlin', '2027-07-01T06:30:00.000Z'],
  ['2027-07-01T08:30', 'Pacific/Auckland', '2027-06-30T20:30:00.000Z'],
  ['2027-01-01T00:00', 'Asia/Kathmandu', '2026-12-31T18:15:00.000Z'],
])('%s in %s is %s', (local, zone, instant) => {
  expect(instantOf(local, zone)).toBe(instant);
  expect(localTime(instant, zone)).toBe(local);
});

test('a local time that a change to summer time skips is taken as after it', () => {
  expect(instantOf('2027-03-28T02:30', 'Europe/Berlin')).toBe('2027-03-28T01:30:00.000Z');
});

test('of a local time that occurs twice, the first is taken', () => {
  expect(instantOf('2027-10-31T02:30', 'Europe/Berlin')).toBe('2027-10-31T00:30:00.000Z');
});
