/** What an issued license shows: its id and its source. */
import fc from 'fast-check';
import { contractNameOf, licenseIdText, licenseSource, parseLicenseId } from '../../domain/license/license';

test('an id survives formatting and parsing', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
      (id) => parseLicenseId(licenseIdText(id.toString())) === id.toString(),
    ),
  );
});

test.each([
  '',
  'lic_',
  '1',
  'lic_0',
  'lic_01',
  'lic_-1',
  'lic_1.0',
  'lic_1 ',
  'LIC_1',
  'lic_9223372036854775808',
  'lic_99999999999999999999',
])('%j is no id', (text) => {
  expect(parseLicenseId(text)).toBeNull();
});

test('a source contains the name of its contract, for any name', () => {
  fc.assert(fc.property(fc.string(), (name) => contractNameOf(licenseSource(name)) === name));
  expect(contractNameOf('Manual')).toBeNull();
});
