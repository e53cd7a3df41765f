/** When people get mail about a limit that is exceeded (domain.md 4.5). */
import fc from 'fast-check';
import { millisLater, millisOf } from '../../domain/base/instant';
import {
  GROWN_AFTER_MS,
  QUIET_AFTER_MS,
  REMINDERS_MAX,
  REMINDER_MS,
  judgeLimit,
  nextLookAt,
} from '../../domain/notification/limit-episode';
import type { LimitEpisode, LimitLook } from '../../domain/notification/limit-episode';
import { NOON } from '../harness/contract-facts';

const HOUR_MS = 3_600_000;
const hours = (count: number) => millisLater(NOON, count * HOUR_MS);

/** A quota of 1,000 that is used up, `at` so many hours after noon, with a refused request of `largest` licenses just before. */
function look(at: number, largest: number | null, changes: Partial<LimitLook> = {}): LimitLook {
  const now = hours(at);
  const refused = largest === null ? null : { first_at: now, at: now, largest };
  return { now, limit_value: 1_000, raised_at: null, used: 1_000, refused, is_over: false, ...changes };
}

/** Looks one after another. Returns what each says: its notice, the reason of its close, or neither. */
function say(...looks: LimitLook[]): string[] {
  let episode: LimitEpisode | null = null;
  return looks.map((one) => {
    const { open, closed, notice } = judgeLimit(episode, one);
    episode = open;
    return [closed?.reason, notice && `${notice.number} ${notice.occasion}`].filter(Boolean).join(', ') || '-';
  });
}

test('28 days of continuing demand have five notices, and later days none', () => {
  const daily = Array.from({ length: 60 }, (_, day) => look(24 * day, 50));
  const said = say(...daily);
  expect(said.flatMap((text, day) => (text === '-' ? [] : [[day, text]]))).toEqual([
    [0, '1 opened'],
    [7, '2 reminder'],
    [14, '3 reminder'],
    [21, '4 reminder'],
    [28, '5 reminder'],
  ]);
});

test('demand that grows is noticed after 24 hours, and begins a new week to the next reminder', () => {
  expect(say(look(0, 50), look(1, 50), look(2, 80), look(23, 60), look(24, null), look(25, 90), look(48, 90))).toEqual([
    ...['1 opened', '-', '-', '-', '2 grown', '-', '3 grown'],
  ]);
  const weeks = [0, 24, 7 * 24, 7 * 24 + 23, 8 * 24].map((at, index) => look(at, index === 0 ? 50 : 60));
  const quiet_days = [2, 3, 4, 5, 6].map((day) => look(24 * day, 60));
  const [first, second, ...later] = weeks as [LimitLook, LimitLook, ...LimitLook[]];
  expect(say(first, second, ...quiet_days, ...later)).toEqual([
    ...['1 opened', '2 grown', '-', '-', '-', '-', '-', '-', '-', '3 reminder'],
  ]);
});

test('an episode closes when its demand fits or ends, and a later refusal opens another', () => {
  const raised = { limit_value: 1_060, raised_at: hours(1) };
  expect(say(look(0, 50), look(2, null, { limit_value: 1_020, raised_at: hours(1) }), look(3, null, raised))).toEqual([
    ...['1 opened', '-', 'limit_raised'],
  ]);
  expect(say(look(0, 50), look(2, null, raised), look(3, 70, raised))).toEqual([
    ...['1 opened', 'limit_raised', '1 opened'],
  ]);
  expect(say(look(0, 50), look(1, null, { used: 900 }), look(24, null), look(25, 1))).toEqual([
    ...['1 opened', 'released', '-', '1 opened'],
  ]);
  expect(say(look(0, 50), look(23, null), look(24, null), look(50, 50))).toEqual([
    ...['1 opened', '-', 'quiet', '1 opened'],
  ]);
  expect(say(look(0, 50), look(1, 50, { is_over: true }), look(2, 50, { is_over: true }))).toEqual([
    ...['1 opened', 'contract_ended', '-'],
  ]);
});

test('what was refused before a limit rose does not keep it exceeded, and what is refused afterwards opens an episode at once', () => {
  const raised = { limit_value: 1_100, used: 1_100, raised_at: hours(1) };
  const before = { ...look(2, 50, raised), refused: { first_at: hours(0.5), at: hours(0.5), largest: 50 } };
  expect(say(look(0, 50), before)).toEqual(['1 opened', 'limit_raised']);
  expect(say(look(0, 50), look(2, 50, raised))).toEqual(['1 opened', 'limit_raised, 1 opened']);
});

test('a limit that is reached or has risen before the first look has no notice', () => {
  expect(say(look(0, null), look(1, 50, { limit_value: 1_050 }))).toEqual(['-', '-']);
});

test('whatever happens, notices are counted, far enough apart, and only written while the limit is exceeded', () => {
  const step = fc.record({
    minutes: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 10 * 24 * 60 })),
    largest: fc.option(fc.integer({ min: 1, max: 500 })),
    used: fc.integer({ min: 0, max: 1_200 }),
    raise: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 300 })),
    is_over: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.constant(true)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now = NOON;
      let episode: LimitEpisode | null = null;
      let [limit_value, raised_at] = [1_000, null as string | null];
      let last: { number: number; at: string; demand: number; reminders: number } | null = null;
      for (const { minutes, largest, used: wanted, raise, is_over } of steps) {
        now = millisLater(now, minutes * 60_000);
        if (raise > 0) [limit_value, raised_at] = [limit_value + raise, now];
        const used = Math.min(wanted, limit_value);
        const refused = largest === null ? null : { first_at: now, at: now, largest };
        const seen = { now, limit_value, raised_at, used, refused, is_over };
        const judged = judgeLimit(episode, seen);
        // The same look again says nothing more.
        const again = judgeLimit(judged.open, { ...seen, refused: null });
        expect([again.notice, again.closed, again.open]).toEqual([null, null, judged.open]);
        if (judged.open !== null) expect(nextLookAt(judged.open, now) > now).toBe(true);
        if (judged.closed !== null) last = null;
        if (judged.notice !== null) {
          const { number, occasion } = judged.notice;
          const { demand, reminders, largest_request, last_refused_at } = judged.open!;
          expect(used + largest_request).toBeGreaterThan(limit_value);
          expect(is_over).toBe(false);
          expect(millisOf(now) - millisOf(last_refused_at)).toBeLessThan(QUIET_AFTER_MS);
          expect(number).toBe((last?.number ?? 0) + 1);
          expect(occasion === 'opened').toBe(last === null);
          expect(reminders).toBeLessThanOrEqual(REMINDERS_MAX);
          if (occasion === 'grown') {
            expect(demand).toBeGreaterThan(last!.demand);
            expect(millisOf(now) - millisOf(last!.at)).toBeGreaterThanOrEqual(GROWN_AFTER_MS);
          }
          if (occasion === 'reminder') expect(reminders).toBe(last!.reminders + 1);
          last = { number, at: now, demand, reminders };
        }
        expect(judged.open === null || judged.open.notices === last?.number).toBe(true);
        episode = judged.open;
      }
    }),
  );
});

test('reminders that were missed are left out, and the next one is due a week after one of them was', () => {
  const late = look(24 * 16, 50);
  const { open } = judgeLimit(judgeLimit(null, look(0, 50)).open, late);
  expect(open).toMatchObject({ notices: 2, reminders: 1, remind_at: millisLater(NOON, 3 * REMINDER_MS) });
});

test('an episode begins with the first refusal, and shows what exceeded the limit when it is closed', () => {
  const first = { ...look(1, null), refused: { first_at: hours(0.5), at: hours(0.9), largest: 50 } };
  const { open } = judgeLimit(null, first);
  expect(open).toMatchObject({ opened_at: hours(0.5), last_refused_at: hours(0.9) });
  const raised = { limit_value: 1_100, used: 1_040, raised_at: hours(1.5) };
  const refused = { first_at: hours(1.2), at: hours(1.3), largest: 60 };
  const { closed } = judgeLimit(open, { ...look(2, null, raised), refused });
  expect(closed?.episode).toMatchObject({ limit_value: 1_000, used: 1_000, demand: 1_060, opened_at: hours(0.5) });
});

test('an episode does not begin before the limit rose that it exceeds', () => {
  const raised = { limit_value: 1_010, raised_at: hours(1) };
  const seen = { ...look(2, null, raised), refused: { first_at: hours(0.5), at: hours(1.5), largest: 50 } };
  expect(judgeLimit(null, seen).open).toMatchObject({ opened_at: hours(1) });
});
