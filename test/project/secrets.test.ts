/** `npm run check` fails for secrets in the repository and for known vulnerabilities, and prints what to do. */
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { assessAudit } from '../../project/vulnerabilities';
import { newApiKey } from '../../domain/access/api-key';

const ROOT = join(__dirname, '..', '..');

const advisory = (severity: string) => ({ title: 'Bad thing', url: 'https://example.com/1', severity });
const report = (severity: string, fixAvailable: unknown = false) =>
  JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: {
      express: { name: 'express', severity, via: [advisory(severity)], fixAvailable },
      'needs-express': { name: 'needs-express', severity, via: ['express'], fixAvailable },
    },
  });

test.each(['moderate', 'high', 'critical'])('a %s vulnerability of a dependency fails the check', (severity) => {
  expect(assessAudit(report(severity))).toEqual({
    passed: false,
    lines: [
      `express: ${severity}: Bad thing (https://example.com/1). There is no version of express without this vulnerability: replace the package, or override it in package.json.`,
    ],
  });
});

test('a low vulnerability is listed and does not fail the check', () => {
  const { passed, lines } = assessAudit(report('low', true));
  expect(passed).toBe(true);
  expect(lines).toEqual(['express: low: Bad thing (https://example.com/1). Run: npm audit fix']);
});

test('the version without the vulnerability is printed', () => {
  const { lines } = assessAudit(report('high', { name: 'express', version: '99.0.0' }));
  expect(lines[0]).toContain('Run: npm install express@99.0.0');
});

test.each([
  ['an error', '{ "message": "405 Method Not Allowed", "error": {} }'],
  ['no answer', ''],
])('%s of the registry prints a notice and does not fail the check', (_what, output) => {
  expect(assessAudit(output)).toEqual({ passed: true, lines: [expect.stringMatching(/^notice: /)] });
});

test('without vulnerabilities the check passes and prints nothing', () => {
  expect(assessAudit('{ "vulnerabilities": {} }')).toEqual({ passed: true, lines: [] });
});

test.each([
  ['an API key of the product', () => newApiKey('admin', randomFillSync).text],
  ['the password of a database', () => `postgres://joe:${'S3cret'}WordLong@db.example.com/covenant`],
])('%s in the repository fails the check for secrets', (_what, secret) => {
  const run = spawnSync('npx', ['secretlint', '--stdinFileName', 'notes.md'], {
    cwd: ROOT,
    input: secret(),
    encoding: 'utf8',
  });
  expect(run.status).toBe(1);
});
