import fc from 'fast-check';
import { contractTitle, escapedMarkdown, keywordOf, shownName } from '../../domain/base/operator-text';
import { codePoint } from '../harness/code-point';

const contract = { type: 'reseller', environment: 'production' } as const;

test('the title of a contract has its name, type and environment', () => {
  expect(contractTitle({ name: 'TechReseller Inc - Q1 2026', ...contract })).toBe(
    'TechReseller Inc - Q1 2026 (reseller, production)',
  );
});

test.each([
  ['an image', '![x](https://evil.example/x.png)', '\\!\\[x\\](https\\://evil.example/x.png)'],
  ['a link', '[click](https://evil.example)', '\\[click\\](https\\://evil.example)'],
  ['a bare address', 'see https://evil.example', 'see https\\://evil.example'],
  ['markup', '<b>x</b> & `y` *z* _w_ ~v~ | u', '\\<b\\>x\\</b\\> \\& \\`y\\` \\*z\\* \\_w\\_ \\~v\\~ \\| u'],
  ['a heading', '# Q1 # 2026', '\\# Q1 # 2026'],
  ['a list', '- Q1 - 2026', '\\- Q1 - 2026'],
  ['a numbered list', '1. Q1 2026.', '1\\. Q1 2026.'],
  ['an escape of its own', 'A \\*', 'A \\\\\\*'],
])('a name with %s is shown as it is written', (_what, name, escaped) => {
  expect(escapedMarkdown(name)).toBe(escaped);
});

/** Temporal counts the payload: the JSON with the name of its encoding. */
const SUMMARY_BYTES_MAX = 400;
const ENCODING_BYTES = 40;

test('any name fits into a summary, a short one whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, minLength: 1, maxLength: 200 }), (name) => {
      const summary = `10000000 licenses: ${contractTitle({ name, type: 'subscription', environment: 'development' })}`;
      expect(Buffer.byteLength(JSON.stringify(summary)) + ENCODING_BYTES).toBeLessThanOrEqual(SUMMARY_BYTES_MAX);
    }),
  );
  expect(shownName('ö'.repeat(100))).toBe('ö'.repeat(100));
  expect(shownName('*'.repeat(200))).toMatch(/^(\\\*)+…$/);
});

test('a keyword has at most 255 characters and never half a character', () => {
  expect(keywordOf('a'.repeat(200))).toBe('a'.repeat(200));
  expect(keywordOf('😀'.repeat(300))).toBe('😀'.repeat(255));
});
