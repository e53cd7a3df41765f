/** What callers without the right to see license keys see of what receivers answer. */
import { maskOfPayload, maskedUrl } from '../../domain/webhook/masked-text';

const SHORT = 'CAD-AB12C-DE34F';
const LONG = 'CAD-AB12C-DE34F-GH56J';
const OTHER = 'Ünï-☃-x';
const { payload, mask } = maskOfPayload(
  JSON.stringify({ data: { licenses: [{ key: SHORT }, { key: LONG }, { key: OTHER }], url: `https://a/${SHORT}` } }),
);

test('the keys of a payload are masked, also one that begins like another', () => {
  const licenses = [{ key: '…E34F' }, { key: '…H56J' }, { key: '…-☃-x' }];
  expect(JSON.parse(payload)).toEqual({ data: { licenses, url: 'https://a/…E34F' } });
});

test.each([
  ['as it is', `got ${SHORT}.`, 'got …E34F.'],
  ['in lower case', SHORT.toLowerCase(), '…E34F'],
  ['without separators', 'CADAB12CDE34F!', '…E34F!'],
  ['with other separators', 'CAD AB12C_DE34F and CAD–AB12C · DE34F', '…E34F and …E34F'],
  ['escaped in a URL', 'CAD%2DAB12C%2dDE34F', '…E34F'],
  ['escaped twice in a URL', '%43AD%252DAB12C%252DDE34F', '…E34F'],
  ['escaped in JSON', 'CAD\\u002dAB12C\\u002DDE34F', '…E34F'],
  ['escaped in HTML', 'CAD&#45;AB12C&#x2d;DE34F', '…E34F'],
  ['next to another key', `${SHORT}${LONG}`, '…E34F…H56J'],
  ['cut off', 'the key is cad%2Dab1', 'the key is …'],
  ['with other letters, escaped in a URL', encodeURIComponent(OTHER), '…83-x'],
])('a key in an answer is masked %s', (_form, text, shown) => {
  expect(mask(text)).toBe(shown);
});

test('other text of an answer stays as it is', () => {
  const text = '{"error":"100 % of CAD-AB99C… &amp; %zz &#9999999; \\ud83d"}';
  expect(mask(text)).toBe(text);
});

test.each([
  ['https://a/b', 'https://a/b'],
  ['https://a/b?x=1&y=2?3&z&', 'https://a/b?x=…&y=…&…&'],
  ['https://a?secret', 'https://a?…'],
])('the values of the query of %s are masked', (url, shown) => {
  expect(maskedUrl(url)).toBe(shown);
});
