/** The days of scheduled reports, and which of them are due. */
import { dueReport, firstReport, reportFileName } from '../../domain/notification/report-schedule';
import type { ReportTerms } from '../../domain/notification/report-schedule';
import type { Run } from '../../domain/schedule/calendar';

const BERLIN = 'Europe/Berlin';
const terms = (frequency: ReportTerms['frequency'], on_day: number, at = '06:00'): ReportTerms => ({
  ...{ frequency, on_day, at, enabled: true },
});

/** The first reports after an instant, each by its day and its instant. */
function reports(given: ReportTerms, after: string, count: number, zone = BERLIN): [string, string][] {
  const found: [string, string][] = [];
  let last_date: string | null = null;
  while (found.length < count) {
    const run: Run = firstReport(given, zone, { after, last_date })!;
    found.push([run.date, run.at]);
    [after, last_date] = [run.at, run.date];
  }
  return found;
}

test('a report of the 31st is due on the last day of each month, at the same local time in summer and winter', () => {
  expect(reports(terms('monthly', 31), '2027-01-31T05:00:00.000Z', 4)).toEqual([
    ['2027-02-28', '2027-02-28T05:00:00.000Z'],
    ['2027-03-31', '2027-03-31T04:00:00.000Z'],
    ['2027-04-30', '2027-04-30T04:00:00.000Z'],
    ['2027-05-31', '2027-05-31T04:00:00.000Z'],
  ]);
});

test('quarterly reports are due in the first month of a quarter, and weekly ones on their day of the week', () => {
  expect(reports(terms('quarterly', 31), '2027-02-10T00:00:00.000Z', 3).map(([date]) => date)).toEqual([
    ...['2027-04-30', '2027-07-31', '2027-10-31'],
  ]);
  expect(reports(terms('weekly', 7), '2027-03-14T12:00:00.000Z', 3).map(([date]) => date)).toEqual([
    ...['2027-03-21', '2027-03-28', '2027-04-04'],
  ]);
});

test('a time that a clock change skips or repeats has one report', () => {
  expect(reports(terms('weekly', 7, '02:30'), '2027-03-27T12:00:00.000Z', 2)).toEqual([
    ['2027-03-28', '2027-03-28T01:00:00.000Z'],
    ['2027-04-04', '2027-04-04T00:30:00.000Z'],
  ]);
  expect(reports(terms('weekly', 7, '02:30'), '2027-10-30T12:00:00.000Z', 2)).toEqual([
    ['2027-10-31', '2027-10-31T00:30:00.000Z'],
    ['2027-11-07', '2027-11-07T01:30:00.000Z'],
  ]);
});

test('of several missed reports the newest is due, and the next one follows it', () => {
  const weekly = terms('weekly', 1);
  const at = (next_date: string, now: string) => dueReport(weekly, BERLIN, { next_date, now });
  expect(at('2027-03-01', '2027-03-23T00:00:00.000Z')).toMatchObject({
    due: { date: '2027-03-22' },
    next: { date: '2027-03-29' },
  });
  expect(at('2027-03-01', '2027-03-01T05:00:00.000Z')).toMatchObject({
    due: { date: '2027-03-01' },
    next: { date: '2027-03-08' },
  });
  expect(at('2027-03-01', '2027-03-01T04:59:59.999Z')).toMatchObject({ due: null, next: { date: '2027-03-01' } });
});

test('a paused schedule has no report', () => {
  const paused = { ...terms('weekly', 1), enabled: false };
  expect(firstReport(paused, BERLIN, { after: '2027-01-01T00:00:00.000Z', last_date: null })).toBeNull();
});

test.each([
  ['Acme 2026', 'report-acme-2026-2026-12-01.csv'],
  ['Größe & Söhne / "Nord"\r\n', 'report-gro-e-sohne-nord-2026-12-01.csv'],
  ['東京', 'report-2026-12-01.csv'],
  ['a'.repeat(200), `report-${'a'.repeat(60)}-2026-12-01.csv`],
])('the file of a report of %j has a plain name', (name, expected) => {
  expect(reportFileName(name, '2026-12-01')).toBe(expected);
});
