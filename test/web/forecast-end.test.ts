/** The timeline of a contract looks ahead beyond the end of its term, as far as the interface allows. */
import { forecastEnd } from '../../web/src/contract/tabs/forecast-end';

test.each([
  ['without an end: one year', '2026-11-28T12:00:00Z', 'UTC', null, '2027-11-28'],
  ['with an end within a year: one year', '2026-11-28T12:00:00Z', 'UTC', '2027-02-01', '2027-11-28'],
  ['with an end after a year: the day after it', '2026-11-28T12:00:00Z', 'UTC', '2028-12-31', '2029-01-01'],
  ['in the zone of the contract', '2026-11-28T12:00:00Z', 'Pacific/Auckland', null, '2027-11-29'],
  ['with an end after ten years: less than ten years', '2028-02-29T12:00:00Z', 'UTC', '2050-01-01', '2038-02-27'],
])('%s', (_, now, timezone, endDate, expected) => {
  expect(forecastEnd(now, timezone, endDate)).toBe(expected);
});
