/**
 * A worker that dies leaves a job that another one finishes, with no license lost and none doubled.
 */
import { closeChunkGate, installChunkGate } from './harness/chunk-gate';
import { expectInvariants } from './harness/invariants';
import { startTestStack, type TestStack } from './harness/stack';
import { addStackContract, countLicenses, jobSucceeded, quotaOf, requestJob } from './harness/stack-client';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
  await installChunkGate(stack);
});
afterAll(() => stack.end());

test('a worker killed with -9 in the middle of 20,000 licenses, twice, loses none and doubles none', async () => {
  const contract_id = await addStackContract(stack, 20_000);
  // Two ranges of ten chunks each: both are in their middle.
  const gate = await closeChunkGate(stack, [4, 14]);
  const job_id = await requestJob(stack, contract_id, 20_000);

  await gate.held(2);
  expect(await countLicenses(stack, job_id)).toBe(8_000);
  await stack.kill('worker');
  await expectInvariants(stack.sql);
  // The statements of the dead worker go on in Postgres and commit with nobody to hear of it.
  await gate.open([8, 18]);

  await gate.held(2);
  expect(await countLicenses(stack, job_id)).toBe(16_000);
  await stack.kill('worker');
  await expectInvariants(stack.sql);
  await gate.open();

  await jobSucceeded(stack, job_id);
  await expectInvariants(stack.sql);
  expect(await countLicenses(stack, job_id)).toBe(20_000);
  expect(await quotaOf(stack, contract_id)).toMatchObject({ generated: 20_000, reserved: 0, remaining: 0 });
});
