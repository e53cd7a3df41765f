/** The programs of docs/verify-offline in Python, Go and Java, each with an ordinary JOSE library. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTool, runTool } from '../harness/external-tool';
import { testOfflineVerifier } from '../harness/offline-verifier';

const PROGRAMS = join(__dirname, '..', '..', 'docs', 'verify-offline');
/** The first build downloads the library. */
const BUILD_MS = 120_000;

describeWithTool('jose-python', (python) =>
  testOfflineVerifier((...args) => runTool(python, [join(PROGRAMS, 'python', 'verify.py'), ...args.flat()])),
);

describeWithTool('go', (go) => {
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'verify-offline-go-'));
    const built = await runTool(go, ['build', '-o', join(directory, 'verify'), '.'], { cwd: join(PROGRAMS, 'go') });
    expect([built.code, built.output]).toEqual([0, expect.anything()]);
  }, BUILD_MS);
  afterAll(() => rmSync(directory, { recursive: true }));

  testOfflineVerifier((...args) => runTool(join(directory, 'verify'), args.flat()));
});

describeWithTool('jose-java', (java) =>
  testOfflineVerifier((...args) => runTool(java, [join(PROGRAMS, 'java', 'Verify.java'), ...args.flat()])),
);
