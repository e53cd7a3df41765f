/** The metrics of a contract as its charts show them. */
import { chartDays, firstDay } from '../../web/src/contract/tabs/metrics';

test('a day has the share of its attempts that failed, and a day without attempts has none', () => {
  const channels = { licenses: 0, ui: 0, api: 0, schedule: 0, replenish: 0, throttled: 0 };
  const daily = [
    { date: '2027-01-01', attempts: 4, failed: 1, ...channels },
    { date: '2027-01-02', attempts: 0, failed: 0, ...channels },
  ];
  expect(chartDays({ daily }).map(({ error_rate }) => error_rate)).toEqual([0.25, null]);
});

test('a window of days ends before the day that does not count', () => {
  expect(firstDay('2027-02-01', 28)).toBe('2027-01-04');
});
