/**
 * When a worker or the API is killed during an import, every row of the file is decided about exactly once. The tests of a file that has a
 * stack with a chunk gate.
 */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { IMPORT_CHUNK_ROWS } from '../../domain/import/file';
import { deleteOldImports } from '../../transactions/system/delete-expired';
import { closeChunkGate } from '../harness/chunk-gate';
import { expectInvariants } from '../harness/invariants';
import { waitFor, type TestStack } from '../harness/stack';
import { RECOVERY_TIMEOUT_MS, addStackContract, callStack, quotaOf } from '../harness/stack-client';
import type { StackAnswer } from '../harness/stack-client';

const ROWS = 10 * IMPORT_CHUNK_ROWS;
const BAD_EVERY = 100;
const BAD = ROWS / BAD_EVERY;

/** A file of which one of a hundred rows is bad. */
function fileOf(): string {
  const lines = Array.from(
    { length: ROWS },
    (_, n) => `${randomUUID()},${n % BAD_EVERY === 0 ? 'none' : `buyer-${n % 50}@covenant.test`}`,
  );
  return `key,customer\n${lines.join('\n')}\n`;
}

/** Declares the tests. `start` returns the stack of their file. */
export function testImportFaults(start: () => TestStack): void {
  let stack: TestStack;
  beforeAll(() => {
    stack = start();
  });

  async function upload(contract_id: string, file: string): Promise<StackAnswer> {
    const { api_url, super_admin_key } = stack.addresses;
    const response = await fetch(`${api_url}/api/v1/contracts/${contract_id}/licenses/import`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${super_admin_key}`, 'Content-Type': 'text/csv' },
      body: file,
    });
    return { status: response.status, body: await response.json() };
  }

  /** Waits for the end of an import, and expects each row to be decided about once. */
  async function expectExact({ id, contract_id }: { id: string; contract_id: string }): Promise<void> {
    const path = `/contracts/${contract_id}/licenses/import/${id}`;
    const ended = await waitFor(
      async () => {
        const { body } = await callStack(stack, 'GET', path);
        return ['SUCCEEDED', 'PARTIAL', 'FAILED'].includes(body.state) ? body : undefined;
      },
      { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'the end of the import' },
    );
    expect(ended).toMatchObject({
      state: 'PARTIAL',
      rows: ROWS,
      counts: { imported: ROWS - BAD, skipped: 0, rejected: BAD, pending: 0 },
    });
    expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: ROWS - BAD, reserved: 0, remaining: BAD });
    const [row] = await stack.sql`
      SELECT (SELECT count(*)::int FROM license_facts f JOIN generation_jobs g ON g.serial = f.license_id >> 24
              WHERE g.id = ${id} AND f.customer_id IS NOT NULL) AS assigned,
             (SELECT count(*)::int FROM customers WHERE email LIKE 'buyer-%@covenant.test') AS customers`;
    expect(row).toEqual({ assigned: ROWS - BAD, customers: 50 });
    await expectInvariants(stack.sql);
  }

  test('a worker that is killed with -9 twice during an import loses and duplicates no row', async () => {
    const contract_id = await addStackContract(stack, ROWS);
    // Two ranges of five chunks each. Both are partly imported.
    const chunks = await closeChunkGate(stack, [1, 6]);
    const { status, body } = await upload(contract_id, fileOf());
    expect(status).toBe(202);
    await chunks.waitForBlocked(2);
    await stack.kill('worker');
    await chunks.open([3, 8]);
    await chunks.waitForBlocked(2);
    await stack.kill('worker');
    await chunks.open();
    await expectExact(body);
  });

  test('an API that is killed with -9 while a file arrives imports nothing of it, and the same file is imported afterwards', async () => {
    const contract_id = await addStackContract(stack, ROWS);
    const file = fileOf();
    const { api_url, super_admin_key } = stack.addresses;
    const sending = request(`${api_url}/api/v1/contracts/${contract_id}/licenses/import`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${super_admin_key}`, 'Content-Type': 'text/csv' },
    });
    sending.on('error', () => undefined);
    sending.write(file.slice(0, file.length / 2));
    await waitFor(
      async () =>
        (
          await stack.sql`SELECT FROM license_import_chunks k JOIN license_imports i ON i.id = k.import_id WHERE i.contract_id = ${contract_id}`
        ).count >= 3,
      { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'three chunks of the file to be stored' },
    );
    await stack.kill('api');
    await stack.ready('api');
    expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: 0, reserved: 0 });
    const { body } = await upload(contract_id, file);
    await expectExact(body);

    const stored = () => stack.sql`SELECT FROM license_imports WHERE contract_id = ${contract_id}`;
    expect((await stored()).count).toBe(2);
    await stack.sql`UPDATE license_imports SET received_at = now() - interval '1 day' WHERE contract_id = ${contract_id}`;
    await deleteOldImports(stack.sql);
    expect((await stored()).count).toBe(1);
    const [left] = await stack.sql`SELECT count(payload)::int FROM license_import_chunks WHERE import_id = ${body.id}`;
    expect(left).toEqual({ count: 0 });
  });
}
