/** The calendar of a schedule: its days are counted from an anchor, and its instants are those of the wall clock. */
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { calendarRefusal, nextRun, runsOn } from '../../domain/schedule/calendar';
import type { ScheduleCalendar } from '../../domain/schedule/calendar';

const MONTHLY: ScheduleCalendar = { every: 'P1M', on_day: null, at: '09:00', from: '2027-01-31', until: null };
const BERLIN = 'Europe/Berlin';

/** The days of the first runs after an instant. */
function days(changes: Partial<ScheduleCalendar>, most: number, after = '2020-01-01T00:00:00.000Z'): string[] {
  const calendar = { ...MONTHLY, ...changes };
  const first = nextRun(calendar, BERLIN, { after });
  return first === null ? [] : runsOn(calendar, BERLIN, first.date, { most }).map(({ date }) => date);
}

const instant = (changes: Partial<ScheduleCalendar>, zone = BERLIN) =>
  nextRun({ ...MONTHLY, ...changes }, zone, { after: '2000-01-01T00:00:00.000Z' })?.at;

test.each<[string, Partial<ScheduleCalendar>, string[]]>([
  ['counted from the last day of a month', {}, ['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30']],
  ['on day 31 from February', { from: '2027-02-10', on_day: 31 }, ['2027-02-28', '2027-03-31', '2027-04-30']],
  ['on a day before that of from', { on_day: 1 }, ['2027-02-01', '2027-03-01']],
  ['each quarter', { every: 'P3M', from: '2027-11-30' }, ['2027-11-30', '2028-02-29', '2028-05-30']],
  [
    'each year from 29 February',
    { every: 'P1Y', from: '2028-02-29' },
    ['2028-02-29', '2029-02-28', '2030-02-28', '2031-02-28', '2032-02-29'],
  ],
  ['each second week on Friday', { every: 'P2W', from: '2027-01-31', on_day: 5 }, ['2027-02-05', '2027-02-19']],
  ['every ten days', { every: 'P10D' }, ['2027-01-31', '2027-02-10', '2027-02-20']],
  ['of months and days', { every: 'P1M1D' }, ['2027-01-31', '2027-03-01', '2027-04-02']],
  ['until a last day that is included', { until: '2027-02-28' }, ['2027-01-31', '2027-02-28']],
])('runs %s', (_what, calendar, expected) => {
  expect(days(calendar, expected.length + (calendar.until ? 1 : 0))).toEqual(expected);
});

test.each<[string, Partial<ScheduleCalendar>, string, string]>([
  ['of the wall clock in winter', { from: '2027-01-31' }, BERLIN, '2027-01-31T08:00:00.000Z'],
  ['of the wall clock in summer', { from: '2027-07-31' }, BERLIN, '2027-07-31T07:00:00.000Z'],
  [
    'of the clock change when it skips the time',
    { from: '2027-03-28', at: '02:30' },
    BERLIN,
    '2027-03-28T01:00:00.000Z',
  ],
  ['of the first time when it occurs twice', { from: '2027-10-31', at: '02:30' }, BERLIN, '2027-10-31T00:30:00.000Z'],
  [
    'of the first valid instant of a day without a midnight',
    { from: '2024-04-26', at: '00:00' },
    'Africa/Cairo',
    '2024-04-25T22:00:00.000Z',
  ],
  ['of the end of a day that a zone skips', { from: '2011-12-30' }, 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
])('a run is at the instant %s', (_what, calendar, zone, expected) => {
  expect(instant(calendar, zone)).toBe(expected);
});

test('a schedule runs once on a day, also when its time of day is moved to a later one', () => {
  const later = { ...MONTHLY, at: '15:00' };
  expect(nextRun(later, BERLIN, { after: '2027-01-31T08:00:00.000Z' })?.date).toBe('2027-01-31');
  expect(nextRun(later, BERLIN, { after: '2027-01-31T08:00:00.000Z', last_date: '2027-01-31' })?.date).toBe(
    '2027-02-28',
  );
});

test.each<[string, Partial<ScheduleCalendar>]>([
  ['on_day', { every: 'P10D', on_day: 3 }],
  ['on_day', { every: 'P1M1W', on_day: 3 }],
  ['on_day', { every: 'P1W', on_day: 8 }],
  ['until', { until: '2027-01-30' }],
  ['every', { every: 'P11Y' }],
])('a calendar with a wrong %s is refused: %j', (path, calendar) => {
  expect(calendarRefusal({ ...MONTHLY, ...calendar })).toMatchObject({ code: 'VALIDATION_FAILED', metadata: { path } });
});

/** The run of a number, computed by the polyfill alone: the anchor plus so many periods, with its own rule for skipped times. */
function expectedRun({ every, on_day, from, at }: ScheduleCalendar, zone: string, index: number) {
  const duration = Temporal.Duration.from(every);
  const start = Temporal.PlainDate.from(from);
  let date: Temporal.PlainDate;
  if (on_day !== null && duration.months + duration.years > 0) {
    // The earliest month with such a day, and then whole months from it, each with as much of the day as it has.
    const month = start.toPlainYearMonth();
    const first =
      Temporal.PlainDate.compare(month.toPlainDate({ day: on_day }), start) >= 0 ? month : month.add({ months: 1 });
    date = first.add({ months: index * (12 * duration.years + duration.months) }).toPlainDate({ day: on_day });
  } else {
    let anchor = start;
    while (on_day !== null && anchor.dayOfWeek !== on_day) anchor = anchor.add({ days: 1 });
    const { years, months, weeks, days } = duration;
    date = anchor.add({ years: years * index, months: months * index, weeks: weeks * index, days: days * index });
  }
  // The first minute of the local day and time that exists: the start of the day for a skipped day.
  const wall = date.toPlainDateTime(at);
  let instant = wall.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (!instant.toPlainDateTime().equals(wall)) {
    const late = wall.toZonedDateTime(zone, { disambiguation: 'later' });
    while (instant.offsetNanoseconds !== late.offsetNanoseconds) instant = instant.add({ minutes: 1 });
  }
  return { date: date.toString(), at: new Date(instant.epochMilliseconds).toISOString() };
}

const padded = (value: number) => String(value).padStart(2, '0');
const calendars = fc
  .record({
    period: fc.oneof(
      fc.record({
        unit: fc.constant('M'),
        length: fc.integer({ min: 1, max: 24 }),
        on_day: fc.option(fc.integer({ min: 1, max: 31 })),
      }),
      fc.record({
        unit: fc.constant('Y'),
        length: fc.integer({ min: 1, max: 10 }),
        on_day: fc.option(fc.integer({ min: 1, max: 31 })),
      }),
      fc.record({
        unit: fc.constant('W'),
        length: fc.integer({ min: 1, max: 60 }),
        on_day: fc.option(fc.integer({ min: 1, max: 7 })),
      }),
      fc.record({ unit: fc.constant('D'), length: fc.integer({ min: 1, max: 500 }), on_day: fc.constant(null) }),
    ),
    from: fc.date({ min: new Date('1990-01-01'), max: new Date('2040-12-31'), noInvalidDate: true }),
    minute: fc.integer({ min: 0, max: 1_439 }),
  })
  .map(({ period: { unit, length, on_day }, from, minute }): ScheduleCalendar => ({
    every: `P${length}${unit}`,
    on_day: on_day ?? null,
    at: `${padded(Math.floor(minute / 60))}:${padded(minute % 60)}`,
    from: from.toISOString().slice(0, 10),
    until: null,
  }));
const zones = fc.constantFrom(
  'UTC',
  BERLIN,
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'America/Sao_Paulo',
  'Pacific/Chatham',
);

test('the runs are those that the calendar types of Temporal give, one after another and from any instant', () => {
  fc.assert(
    fc.property(calendars, zones, fc.integer({ min: 0, max: 40 }), (calendar, zone, index) => {
      expect(calendarRefusal(calendar)).toBeNull();
      const first = expectedRun(calendar, zone, index);
      const second = expectedRun(calendar, zone, index + 1);
      expect(runsOn(calendar, zone, first.date, { most: 2 })).toEqual([first, second]);
      expect(first.date < second.date && first.at < second.at).toBe(true);
      const just_before = new Date(Date.parse(second.at) - 1).toISOString();
      expect(nextRun(calendar, zone, { after: just_before })).toEqual(second);
      expect(nextRun(calendar, zone, { after: first.at })).toEqual(second);
    }),
    { numRuns: 400 },
  );
});
