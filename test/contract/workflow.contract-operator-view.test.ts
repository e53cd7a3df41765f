/** Summaries that operators read in the Temporal UI. Temporal refuses the whole workflow task when one is too long. */
import fc from 'fast-check';
import { eventsSummary } from '../../workflows/contract-operator-view';
import { codePoint } from '../harness/code-point';

/** Temporal counts the payload: the JSON with the name of its encoding. */
const SUMMARY_BYTES_MAX = 400;
const ENCODING_BYTES = 40;

test('a summary names the first three billing events and counts the others', () => {
  const notices = [1, 2, 3, 4, 5].map((n) => ({ inbox_id: `${n}`, details: `evt_${n} invoice.paid` }));
  expect(eventsSummary(notices, undefined)).toBe(
    'apply billing events evt_1 invoice.paid, evt_2 invoice.paid, evt_3 invoice.paid and 2 more',
  );
});

test('a signal by hand without details is not named', () => {
  expect(eventsSummary([{} as never], undefined)).toBe('apply pending billing events');
  expect(eventsSummary([null as never, { inbox_id: '1', details: 'evt_1 invoice.paid' }], undefined)).toBe(
    'apply billing events evt_1 invoice.paid and 1 more',
  );
});

test('any billing events fit into the summary of a step', () => {
  const details = fc.oneof(
    fc.string({ unit: codePoint, maxLength: 300 }),
    fc.constantFrom('€'.repeat(300), '"'.repeat(300)),
  );
  fc.assert(
    fc.property(fc.array(details, { minLength: 1, maxLength: 200 }), (given) => {
      const notices = given.map((text) => ({ inbox_id: 'any', details: text }));
      const summary = JSON.stringify(eventsSummary(notices, undefined));
      expect(Buffer.byteLength(summary) + ENCODING_BYTES).toBeLessThanOrEqual(SUMMARY_BYTES_MAX);
    }),
  );
});
