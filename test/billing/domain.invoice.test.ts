/**
 * What is known of an invoice is the greatest of all observations of it, so that their order, delay and repetition do not
 * matter (domain.md 1.5.2, 1.5.4, 1.5.6).
 */
import fc from 'fast-check';
import { INVOICE_STATUSES } from '../../domain/billing/billing-event';
import type { InvoiceStatus } from '../../domain/billing/billing-event';
import { invoiceAfter, isUnpaid, dunningStartDate } from '../../domain/billing/invoice';
import type { Invoice, ObservedInvoice } from '../../domain/billing/invoice';
import { PROPERTY_SEED, ZONES, anyDate, midnightOrAnyInstant } from '../harness/contract-arbitrary';
import { buildSeenInvoice } from '../harness/contract-facts';

/** Runs of a property: about a second. */
const RUNS = 1_000;
const ZONE = 'Europe/Berlin';

/** What is known after several looks, in the order given. */
function after(looks: ObservedInvoice[], zone = ZONE): Invoice {
  const known = looks.reduce<Invoice | undefined>((invoice, seen) => invoiceAfter(invoice, seen, zone), undefined);
  if (!known) throw new Error('there was no observation');
  return known;
}

/** The status after looks of the same invoice at days of June, in any order. */
function statusAfter(...looks: [InvoiceStatus, day: number, version?: number][]): string {
  const seen = looks.map(([status, day, version]) =>
    buildSeenInvoice({
      status,
      occurred_at: `2027-06-${String(day).padStart(2, '0')}T10:00:00.000Z`,
      version: version ?? null,
    }),
  );
  const [forwards, backwards] = [after(seen), after([...seen].reverse())];
  expect(backwards).toEqual(forwards);
  return forwards.status;
}

/** Instants that are often the same. */
const anyCloseInstant = fc.oneof(
  midnightOrAnyInstant,
  fc.constantFrom('2027-06-10T00:00:00.000Z', '2027-06-12T00:00:00.000Z'),
);

const anyLookup: fc.Arbitrary<ObservedInvoice> = fc
  .record({
    status: fc.constantFrom(...INVOICE_STATUSES),
    due: fc.oneof(anyDate, midnightOrAnyInstant),
    occurred_at: anyCloseInstant,
    version: fc.constantFrom(1, 2, 3),
    fetched_at: anyCloseInstant,
  })
  .map(buildSeenInvoice);

/** Looks of a source that counts versions, of one that can be asked, and of one that is neither. */
const someLooks = fc
  .constantFrom<Partial<ObservedInvoice>>({ fetched_at: null }, { version: null }, { version: null, fetched_at: null })
  .chain((fixed) =>
    fc.array(
      anyLookup.map((look) => ({ ...look, ...fixed })),
      { minLength: 1, maxLength: 8 },
    ),
  );

test('any permutation and repetition of the same observations ends in the same invoice', () => {
  fc.assert(
    fc.property(
      someLooks.chain((looks) =>
        fc.record({
          looks: fc.constant(looks),
          zone: fc.constantFrom(...ZONES),
          again: fc.array(fc.constantFrom(...looks), { maxLength: 6 }),
        }),
      ),
      fc.infiniteStream(fc.nat()),
      ({ looks, zone, again }, chance) => {
        const shuffled = [...looks, ...again]
          .map((look) => ({ look, place: chance.next().value ?? 0 }))
          .sort((a, b) => a.place - b.place)
          .map(({ look }) => look);
        expect(after(shuffled, zone)).toEqual(after(looks, zone));
      },
    ),
    { numRuns: RUNS, seed: PROPERTY_SEED },
  );
});

test('an observation that is not newer returns the same invoice object', () => {
  fc.assert(
    fc.property(someLooks, (looks) => {
      const known = after(looks);
      for (const look of looks) expect(invoiceAfter(known, look, ZONE)).toBe(known);
    }),
    { numRuns: RUNS / 4, seed: PROPERTY_SEED },
  );
});

describe('without versions', () => {
  test.each<[string, [InvoiceStatus, number][], InvoiceStatus]>([
    [
      'a failed payment reported after a later success',
      [
        ['PAID', 12],
        ['FAILED', 11],
      ],
      'PAID',
    ],
    [
      'a failed payment that happened after the success',
      [
        ['PAID', 12],
        ['FAILED', 13],
      ],
      'PAID',
    ],
    [
      'a reminder of an invoice written off',
      [
        ['WRITTEN_OFF', 12],
        ['OPEN', 13],
      ],
      'WRITTEN_OFF',
    ],
    [
      'a void invoice',
      [
        ['OPEN', 1],
        ['VOID', 2],
      ],
      'VOID',
    ],
    [
      'the later of two failures',
      [
        ['OPEN', 1],
        ['FAILED', 2],
      ],
      'FAILED',
    ],
    [
      'a partial payment, which is reported as open',
      [
        ['FAILED', 2],
        ['OPEN', 3],
      ],
      'OPEN',
    ],
    [
      'a dispute of what was paid',
      [
        ['PAID', 12],
        ['DISPUTED', 20],
      ],
      'DISPUTED',
    ],
    [
      'a dispute reported before a later payment',
      [
        ['DISPUTED', 12],
        ['PAID', 20],
      ],
      'PAID',
    ],
    [
      'a dispute of the same instant as the payment',
      [
        ['DISPUTED', 12],
        ['PAID', 12],
      ],
      'PAID',
    ],
    [
      'a dispute, with a later report as open',
      [
        ['DISPUTED', 12],
        ['OPEN', 20],
      ],
      'DISPUTED',
    ],
  ])('%s gives the expected invoice', (_what, looks, status) => {
    expect(statusAfter(...looks)).toBe(status);
  });
});

describe('with versions', () => {
  test('the highest version wins, with any status and however late it is reported', () => {
    expect(statusAfter(['PAID', 12, 3], ['FAILED', 20, 2])).toBe('PAID');
    expect(statusAfter(['PAID', 12, 3], ['OPEN', 10, 4])).toBe('OPEN');
    expect(statusAfter(['DISPUTED', 12, 5], ['PAID', 20, 4])).toBe('DISPUTED');
    // A version says nothing about what has none.
    expect(statusAfter(['OPEN', 12, 1], ['PAID', 13])).toBe('PAID');
  });
});

test('the latest answer of the billing system outranks events', () => {
  const reported = buildSeenInvoice({ status: 'PAID', occurred_at: '2027-06-20T00:00:00.000Z' });
  const fetched = (status: InvoiceStatus, fetched_at: string): ObservedInvoice =>
    buildSeenInvoice({ status, fetched_at });
  const [earlier, later] = [fetched('PAID', '2027-06-20T00:00:00.000Z'), fetched('OPEN', '2027-06-21T00:00:00.000Z')];
  expect(after([reported, later]).status).toBe('OPEN');
  expect(after([later, reported]).status).toBe('OPEN');
  expect(after([later, earlier])).toMatchObject({ status: 'OPEN', fetched_at: '2027-06-21T00:00:00.000Z' });
});

test('an answer without a version outranks an earlier event with a version, and not a later one', () => {
  const open = buildSeenInvoice({ status: 'OPEN', occurred_at: '2027-06-10T00:00:00.000Z', version: 7 });
  const answered = buildSeenInvoice({ status: 'PAID', fetched_at: '2027-06-12T00:00:00.000Z', version: null });
  const disputed = buildSeenInvoice({ status: 'DISPUTED', occurred_at: '2027-06-14T00:00:00.000Z', version: 8 });
  expect(after([open, answered]).status).toBe('PAID');
  expect(after([answered, open]).status).toBe('PAID');
  expect(after([open, answered, disputed]).status).toBe('DISPUTED');
  expect(after([answered, disputed, open]).status).toBe('DISPUTED');
});

test('an event counts again when its system can no longer be queried', () => {
  const answered = buildSeenInvoice({ status: 'OPEN', fetched_at: '2027-06-12T00:00:00.000Z' });
  expect(after([answered, buildSeenInvoice({ status: 'PAID', occurred_at: '2027-06-13T00:00:00.000Z' })]).status).toBe(
    'PAID',
  );
});

describe('the first day of the dunning schedule', () => {
  test('is the due date, converted to the contract’s zone from an instant', () => {
    expect(dunningStartDate(after([buildSeenInvoice({ due: '2027-06-15' })]))).toBe('2027-06-15');
    const late = buildSeenInvoice({ due: '2027-06-15T23:00:00.000Z' });
    expect(dunningStartDate(after([late], 'UTC'))).toBe('2027-06-15');
    expect(dunningStartDate(after([late], 'Europe/Berlin'))).toBe('2027-06-16');
    expect(dunningStartDate(after([late], 'America/New_York'))).toBe('2027-06-15');
  });

  test('is the day of the observation when there is no due date', () => {
    expect(after([buildSeenInvoice({ due: null, occurred_at: '2027-06-01T23:30:00.000Z' })]).due_date).toBe(
      '2027-06-02',
    );
  });

  test('is the day of the dispute for a disputed invoice, and its due date again after the dispute', () => {
    const occurred_at = '2027-06-20T23:00:00.000Z';
    const disputed = buildSeenInvoice({ status: 'DISPUTED', due: '2027-01-15', occurred_at, version: 1 });
    expect(dunningStartDate(after([disputed]))).toBe('2027-06-21');
    const open = { ...disputed, status: 'OPEN' as const, version: 2 };
    expect(dunningStartDate(after([disputed, open]))).toBe('2027-01-15');
  });
});

test('open, failed and disputed invoices are unpaid, the others are not', () => {
  expect(INVOICE_STATUSES.filter((status) => isUnpaid({ status }))).toEqual(['OPEN', 'FAILED', 'DISPUTED']);
});
