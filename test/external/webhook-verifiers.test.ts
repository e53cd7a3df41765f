/** The programs of docs/webhooks in Python, Go and Java, and the library `standardwebhooks` of PyPI. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTool, runTool } from '../harness/external-tool';
import { testWebhookVerifier } from '../harness/webhook-verifier';
import type { WebhookVerifier } from '../harness/webhook-verifier';

const PROGRAMS = join(__dirname, '..', '..', 'docs', 'webhooks');
const BUILD_MS = 120_000;

/** Runs a program that reads the body from its input. */
function program(path: string, ...args: string[]): WebhookVerifier {
  return ({ headers, body }, secrets) => {
    const fields = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers[name] ?? '');
    return runTool(path, [...args, ...fields, ...secrets], { input: body });
  };
}

describeWithTool('python', (python) => testWebhookVerifier(program(python, join(PROGRAMS, 'python', 'verify.py'))));

describeWithTool('standardwebhooks-python', (python) =>
  testWebhookVerifier(program(python, join(__dirname, '..', 'harness', 'standardwebhooks-library.py'))),
);

describeWithTool('go', (go) => {
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'webhooks-go-'));
    const built = await runTool(go, ['build', '-o', join(directory, 'verify'), '.'], { cwd: join(PROGRAMS, 'go') });
    expect([built.code, built.output]).toEqual([0, expect.anything()]);
  }, BUILD_MS);
  afterAll(() => rmSync(directory, { recursive: true }));

  testWebhookVerifier((...request) => program(join(directory, 'verify'))(...request));
});

describeWithTool('jose-java', (java) => testWebhookVerifier(program(java, join(PROGRAMS, 'java', 'Verify.java'))));
