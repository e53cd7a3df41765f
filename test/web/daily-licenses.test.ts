/** The chart of a customer adds up the days of its contracts. */
import { byDay } from '../../web/src/catalogue/daily-licenses';

const day = (date: string, api: number, ui = 0) => ({
  date,
  api,
  ui,
  schedule: 1,
  replenish: 0,
  licenses: 0,
  attempts: 0,
  failed: 0,
  throttled: 0,
});

test('days of contracts in several zones are added up by their date, in the order of the dates', () => {
  const east = { daily: [day('2027-01-02', 1), day('2027-01-03', 2)] };
  const west = { daily: [day('2027-01-01', 4), day('2027-01-02', 8, 5)] };
  expect(byDay([east, west])).toEqual([
    { date: '2027-01-01', ui: 0, api: 4, schedule: 1, replenish: 0 },
    { date: '2027-01-02', ui: 5, api: 9, schedule: 2, replenish: 0 },
    { date: '2027-01-03', ui: 0, api: 2, schedule: 1, replenish: 0 },
  ]);
});
