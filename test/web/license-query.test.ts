/** How the list of licenses reads its filters from the URL, and what is selected in it. */
import { dayOf, dayStart } from '../../web/src/base/days';
import { INITIAL, createBody, isComplete } from '../../web/src/license/create-body';
import { fileQuery, operationFilter } from '../../web/src/license/license-query';
import { NOTHING, isSelected, toggled } from '../../web/src/license/selection';

const search = {
  ...{ contract_id: 'c', status: 'held,assigned', has_devices: 'false', is_test: 'true', search: 'CADV' },
  ...{ cursor: 'x', order: 'asc', columns: 'key' },
};

test('a file has the filters of the list without its page', () => {
  const { cursor: _cursor, order: _order, columns: _columns, ...filters } = search;
  expect(fileQuery(search)).toEqual(filters);
});

test('an operation takes the filters as a body', () => {
  expect(operationFilter(search)).toEqual({
    ...{ contract_id: 'c', search: 'CADV' },
    ...{ status: ['held', 'assigned'], has_devices: false },
  });
});

test('a day filter includes both of its days', () => {
  expect(dayOf(dayStart('2027-03-28'))).toBe('2027-03-28');
  expect(dayOf(dayStart('2027-03-28', 1), 1)).toBe('2027-03-28');
  expect(Date.parse(dayStart('2027-12-31', 1))).toBe(new Date(2028, 0, 1).getTime());
  expect([dayStart(''), dayOf(undefined), dayOf('no instant')]).toEqual(['', '', '']);
});

test('a selection keeps the rows of other pages', () => {
  const first = toggled(NOTHING, ['a', 'b'], ['a', 'b']);
  const both = toggled(first, ['c'], ['c', 'd']);
  expect(['a', 'b', 'c', 'd'].map((id) => isSelected(both, id))).toEqual([true, true, true, false]);
  expect(toggled(both, ['a', 'b'], ['a', 'b'])).toEqual({ kind: 'ids', ids: new Set(['c']) });
});

test('a row that is removed from everything leaves the other rows of its page', () => {
  expect(isSelected({ kind: 'filter' }, 'z')).toBe(true);
  expect(toggled({ kind: 'filter' }, ['a'], ['a', 'b', 'c'])).toEqual({ kind: 'ids', ids: new Set(['b', 'c']) });
});

test('a created license has an expiry, a limit and features only where they are chosen', () => {
  const form = { ...INITIAL, product_id: 'p', generator_id: 'g' };
  expect(createBody(form, {})).toEqual({
    ...{ product_id: 'p', generator_id: 'g', count: 1, customer_email: null, note: null },
    ...{ activation_limit: null, expiry: null },
  });
  const chosen = { ...form, unlimited: true, expiry: 'duration' as const, duration: 6, unit: 'M' as const };
  expect(createBody(chosen, { seats: 2 })).toMatchObject({
    ...{ activation_limit: 'unlimited', feature_overrides: { seats: 2 } },
    expiry: { duration: 'P6M', basis: 'generation' },
  });
  expect([isComplete(INITIAL), isComplete(form), isComplete({ ...form, expiry: 'date' })]).toEqual([
    false,
    true,
    false,
  ]);
});
