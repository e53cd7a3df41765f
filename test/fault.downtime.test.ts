/**
 * Nothing has to run for time to count: a contract is right at the first look after any downtime.
 */
import { expectInvariants } from './harness/invariants';
import { addPastContract, auditedCrossings } from './harness/past-contract';
import { startTestStack, type TestStack } from './harness/stack';
import { callStack } from './harness/stack-client';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.end());

test('a contract whose dates passed while everything was down is right at the first look, each boundary at its own instant', async () => {
  for (const server of ['api', 'worker', 'temporal'] as const) await stack.stop(server);
  const past = await addPastContract(stack.sql);
  expect(await auditedCrossings(stack.sql, past.id)).toEqual(past.crossings.slice(0, 1));
  await stack.start('temporal');
  await stack.start('api');

  const first = await callStack(stack, 'GET', `/contracts/${past.id}`);
  expect(first).toMatchObject({
    status: 200,
    body: { state: 'EXPIRED', status: 'inactive', inactive_reason: 'EXPIRED', next_boundary: null },
  });
  expect(await auditedCrossings(stack.sql, past.id)).toEqual(past.crossings);

  const second = await callStack(stack, 'GET', `/contracts/${past.id}`);
  expect(second).toEqual(first);
  const refused = await callStack(stack, 'POST', `/contracts/${past.id}/generate`, { body: { count: 1 } });
  expect(refused).toMatchObject({ status: 409, body: { code: 'CONTRACT_EXPIRED' } });
  await stack.start('worker');
  expect(await auditedCrossings(stack.sql, past.id)).toEqual(past.crossings);
  await expectInvariants(stack.sql);
});
