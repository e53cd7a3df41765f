/** Calendar arithmetic: clock changes, month ends and leap days (domain.md 1.8). */
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import {
  addDays,
  addPeriodToInstant,
  addPeriods,
  daysBetween,
  isCalendarPeriod,
  isLocalDate,
  isTimeZone,
  localDateAt,
  startOfDay,
} from '../../domain/base/calendar';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Africa/Cairo',
  'Pacific/Auckland',
  'Asia/Kolkata',
  'America/St_Johns',
  'Pacific/Apia',
];

const zone = fc.constantFrom(...ZONES);
const date = fc
  .date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2060-12-31T00:00:00Z'), noInvalidDate: true })
  .map((instant) => instant.toISOString().slice(0, 10));

describe('the start of a day', () => {
  test.each([
    ['2027-02-01', 'UTC', '2027-02-01T00:00:00.000Z'],
    ['2027-02-01', 'Asia/Kolkata', '2027-01-31T18:30:00.000Z'],
    ['2027-02-01', 'Pacific/Auckland', '2027-01-31T11:00:00.000Z'],
    ['2027-07-01', 'Pacific/Auckland', '2027-06-30T12:00:00.000Z'],
    ['2027-07-01', 'Europe/Berlin', '2027-06-30T22:00:00.000Z'],
    ['2027-03-14', 'America/New_York', '2027-03-14T05:00:00.000Z'],
    ['2027-03-15', 'America/New_York', '2027-03-15T04:00:00.000Z'],
    // A day without a midnight: the clocks go from 00:00 to 01:00.
    ['2024-04-26', 'Africa/Cairo', '2024-04-25T22:00:00.000Z'],
    // A midnight that comes twice would take the earlier one; here the clocks go back from 24:00 to 23:00 of the day before.
    ['2024-11-01', 'Africa/Cairo', '2024-10-31T22:00:00.000Z'],
  ])('%s in %s is %s', (day, inZone, instant) => {
    expect(startOfDay(day, inZone)).toBe(instant);
    // The second answer is remembered.
    expect(startOfDay(day, inZone)).toBe(instant);
  });

  test('is the first instant of that date, in every zone', () => {
    fc.assert(
      fc.property(date, zone, (day, inZone) => {
        const start = startOfDay(day, inZone);
        const before = new Date(Date.parse(start) - 1).toISOString();
        // Apia left out 30 December 2011 altogether: that day starts when the next one does.
        fc.pre(!(inZone === 'Pacific/Apia' && day === '2011-12-30'));
        expect(localDateAt(start, inZone)).toBe(day);
        expect(localDateAt(before, inZone) < day).toBe(true);
      }),
    );
  });
});

describe('periods of dates', () => {
  test.each([
    ['2027-01-31', 'P1M', 1, '2027-02-28'],
    ['2027-01-31', 'P1M', 2, '2027-03-31'],
    ['2028-01-31', 'P1M', 1, '2028-02-29'],
    ['2028-02-29', 'P1Y', 1, '2029-02-28'],
    ['2028-02-29', 'P1Y', 4, '2032-02-29'],
    ['2027-12-31', 'P1D', 1, '2028-01-01'],
    ['2027-01-31', 'P1Y1M', 1, '2028-02-29'],
    ['2027-01-01', 'P2W', 3, '2027-02-12'],
  ])('%s and %s times %i is %s, counted from the anchor', (from, period, times, to) => {
    expect(addPeriods(from, period, times)).toBe(to);
  });

  test('later terms end later, and a term never skips a month', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: 1, max: 48 }), (anchor, times) => {
        const end = addPeriods(anchor, 'P1M', times);
        expect(end > addPeriods(anchor, 'P1M', times - 1)).toBe(true);
        const months = (text: string): number => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
        expect(months(end) - months(anchor)).toBe(times);
        expect(end.slice(8) <= anchor.slice(8)).toBe(true);
      }),
    );
  });

  test('adding days is the inverse of counting days', () => {
    fc.assert(
      fc.property(
        date,
        fc.integer({ min: -5_000, max: 5_000 }),
        (from, days) => daysBetween(from, addDays(from, days)) === days,
      ),
    );
  });

  test('a date plus days equals the result of Temporal, within and beyond four-digit years', () => {
    const any = fc
      .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
      .map((instant) => instant.toISOString().slice(0, 10));
    fc.assert(
      fc.property(any, fc.integer({ min: -400_000, max: 400_000 }), (from, days) => {
        expect(addDays(from, days)).toBe(Temporal.PlainDate.from(from).add({ days }).toString());
      }),
    );
  });

  test.each([
    ['2027-02-30', 1],
    ['2027-1-31', 1],
    ['tomorrow', 1],
    ['2027-02-01', 0.5],
  ])('%s plus %d days is refused', (from, days) => {
    expect(() => addDays(from, days)).toThrow(RangeError);
  });

  test('counting days from or to an invalid date is refused', () => {
    expect(() => daysBetween('2027-02-30', '2027-03-02')).toThrow(RangeError);
    expect(() => daysBetween('2027-02-01', '2027-02-30')).toThrow(RangeError);
  });
});

describe('periods on the wall clock', () => {
  test.each([
    ['2027-03-27T12:00:00.000Z', 'P1D', 'Europe/Berlin', '2027-03-28T11:00:00.000Z'],
    ['2027-10-30T12:00:00.000Z', 'P1D', 'Europe/Berlin', '2027-10-31T13:00:00.000Z'],
    ['2027-03-13T17:00:00.000Z', 'P1D', 'America/New_York', '2027-03-14T16:00:00.000Z'],
    // 02:30 does not exist on 28 March 2027 in Berlin: the clock shows 03:30.
    ['2027-03-27T01:30:00.000Z', 'P1D', 'Europe/Berlin', '2027-03-28T01:30:00.000Z'],
    // 02:30 comes twice on 31 October 2027 in Berlin: the earlier one.
    ['2027-10-30T00:30:00.000Z', 'P1D', 'Europe/Berlin', '2027-10-31T00:30:00.000Z'],
    ['2027-01-31T09:00:00.000Z', 'P1M', 'Asia/Kolkata', '2027-02-28T09:00:00.000Z'],
  ])('%s and %s in %s is %s', (from, period, inZone, to) => {
    expect(addPeriodToInstant(from, period, inZone)).toBe(to);
  });

  test('a period of days ends on the day that many days later', () => {
    const instant = fc
      .date({ min: new Date('2012-01-01T00:00:00Z'), max: new Date('2040-01-01T00:00:00Z'), noInvalidDate: true })
      .map((at) => at.toISOString());
    fc.assert(
      fc.property(instant, fc.integer({ min: 1, max: 800 }), zone, (from, days, inZone) => {
        expect(localDateAt(addPeriodToInstant(from, `P${days}D`, inZone), inZone)).toBe(
          addDays(localDateAt(from, inZone), days),
        );
      }),
    );
  });
});

describe('accepted input', () => {
  test.each(['2027-02-28', '2028-02-29', '0999-12-31'])('%s is a date', (text) => expect(isLocalDate(text)).toBe(true));
  test.each(['2027-02-29', '2027-13-01', '2027-2-1', '20270201', '2027-02-01T00:00:00Z', ''])('%j is no date', (text) =>
    expect(isLocalDate(text)).toBe(false),
  );
  test('dates are the days of the Gregorian calendar', () => {
    const two = (n: number) => String(n).padStart(2, '0');
    for (const year of [1900, 2000, 2027, 2028, 2100])
      for (let month = 0; month <= 13; month++)
        for (let day = 0; day <= 32; day++) {
          const text = `${year}-${two(month)}-${two(day)}`;
          const at = new Date(Date.UTC(year, month - 1, day));
          expect({ text, is_date: isLocalDate(text) }).toEqual({ text, is_date: at.toISOString().startsWith(text) });
        }
  });
  test.each(['P1Y', 'P1M15D', 'P2W', 'P1Y2M3W4D'])('%s is a period', (text) =>
    expect(isCalendarPeriod(text)).toBe(true),
  );
  test.each(['P', 'P0D', 'P-1D', '-P1D', 'PT1H', 'P1DT1H', 'P1.5Y', 'p1y', '1Y', 'P1D1M'])('%j is no period', (text) =>
    expect(isCalendarPeriod(text)).toBe(false),
  );
  test.each(ZONES)('%s is a zone', (text) => expect(isTimeZone(text)).toBe(true));
  test.each(['+02:00', 'Mars/Olympus', '', 'Europe/Berlin ', '-03'])('%j is no zone', (text) =>
    expect(isTimeZone(text)).toBe(false),
  );
});
