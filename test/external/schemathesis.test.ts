/** A fuzzer of another hand, driven by the OpenAPI document, finds no 5xx and no answer that the document does not describe. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { describeWithTool, runTool } from '../harness/external-tool';
import { expectInvariants } from '../harness/invariants';

/** Requests for each operation and phase. More of them: `FUZZ_RUNS=200 npm run fuzz`. */
const RUNS = process.env['FUZZ_RUNS'] ?? '10';
const SEED = process.env['FUZZ_SEED'] ?? '1';
const TIMEOUT_MS = 1_200_000;

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance',
];

describeWithTool('schemathesis', (path) => {
  let api: TestApi;
  let directory: string;
  beforeAll(async () => {
    api = await startTestApi({ worker: true });
    directory = mkdtempSync(join(tmpdir(), 'covenant-test-schemathesis-'));
    const catalogue = await addCatalogue(api);
    const { id } = await addContract(api, catalogue);
    const made = (await api.call('POST', `/contracts/${id}/generate`, { body: { count: 3 } })).body;
    const customer = (await api.call('POST', '/customers', { body: { email: 'buyer@example.com', name: 'Buyer' } }))
      .body;
    const existing = {
      contracts: id,
      jobs: made.job_id,
      licenses: made.licenses[0].id,
      customers: customer.id,
      products: catalogue.product_id,
      generators: catalogue.generator_id,
    };
    // With unknown ids only, most code would never run.
    const operations = Object.entries(existing).map(
      ([noun, id]) =>
        `[[operations]]\ninclude-path-regex = "^/api/v1/${noun}/"\nparameters = { "path.id" = "${id}" }\n`,
    );
    writeFileSync(join(directory, 'schemathesis.toml'), operations.join('\n'));
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await api.close();
  });

  test(
    'every answer is documented, and none is a server error',
    async () => {
      const { code, output } = await runTool(
        path,
        [
          ...['run', `${api.url}/openapi.json`, '--checks', CHECKS.join(',')],
          ...['--header', `Authorization: Bearer ${api.keys.super_admin}`],
          ...['--phases', 'examples,coverage,fuzzing', '--max-examples', RUNS, '--seed', SEED],
          ...['--continue-on-failure', '--no-color', '--request-timeout', '30'],
        ],
        { cwd: directory },
      );
      expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
      await expectInvariants(api.sql);
    },
    TIMEOUT_MS,
  );
});
