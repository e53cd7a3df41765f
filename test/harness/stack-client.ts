/**
 * Calls the API of a test stack as its super admin, and reads the results of its generation jobs.
 */
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { generationJobWorkflowId } from '../../temporal/ids';
import { addCatalogue, contractBody } from './catalogue';
import { waitFor } from './stack';
import type { TestStack } from './stack';
import { NAMESPACE } from './temporal';

export interface StackAnswer {
  status: number;

  body: any;
}

export interface StackCallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  /** The origin of the API process. Default: the stack's first one. */
  url?: string;
}

/** Fault tests run at the same time as other tests, so an operation of one second can take much longer. */
export const RECOVERY_TIMEOUT_MS = 120_000;

/** Sends a request to `/api/v1` of the stack. Throws when there is no answer. */
export async function callStack(
  stack: TestStack,
  method: string,
  path: string,
  options: StackCallOptions = {},
): Promise<StackAnswer> {
  const { api_url, super_admin_key } = stack.addresses;
  const response = await fetch(`${options.url ?? api_url}/api/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${super_admin_key}`,
      ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/**
 * Creates a contract with its own product and generator. It is active unless `more` sets another status. Returns its
 * id.
 */
export async function addStackContract(
  stack: TestStack,
  quota: number,
  more: Record<string, unknown> = {},
  url?: string,
): Promise<string> {
  const body = contractBody(await addCatalogue(stack), { quota, ...more });
  const answer = await callStack(stack, 'POST', '/contracts', { body, ...(url === undefined ? {} : { url }) });
  if (answer.status !== 201) throw new Error(`the contract was not created: ${JSON.stringify(answer)}`);
  return (answer.body as { id: string }).id;
}

/** Requests licenses as a background job. Returns the job's id. */
export async function requestJob(stack: TestStack, contract_id: string, count: number): Promise<string> {
  const answer = await callStack(stack, 'POST', `/contracts/${contract_id}/generate`, { body: { count } });
  if (answer.status !== 202) throw new Error(`the job was not accepted: ${JSON.stringify(answer)}`);
  return (answer.body as { job_id: string }).job_id;
}

/** Resolves when the job has succeeded. Throws when it ends in another state. */
export async function waitForJobSuccess(stack: TestStack, job_id: string): Promise<void> {
  let state = 'unknown';
  await waitFor(
    async () => {
      const [job] = await stack.sql<{ state: string }[]>`SELECT state FROM generation_jobs WHERE id = ${job_id}`;
      state = job?.state ?? 'missing';
      return state === 'SUCCEEDED';
    },
    {
      timeout_ms: RECOVERY_TIMEOUT_MS,
      what: `job ${job_id} to succeed`,
      giveUpReason: () => (['PARTIAL', 'FAILED', 'CANCELLED'].includes(state) ? `the job ended ${state}` : undefined),
    },
  );
}

/** Counts the licenses of a job. */
export async function countLicenses(stack: TestStack, job_id: string): Promise<number> {
  const [row] = await stack.sql<[{ count: number }]>`
    SELECT count(*)::int AS count FROM issued_licenses WHERE job_id = ${job_id}`;
  return row.count;
}

/** Returns the quota of a contract from the API. */
export async function quotaOf(stack: TestStack, contract_id: string): Promise<Record<string, number>> {
  const { body } = await callStack(stack, 'GET', `/contracts/${contract_id}`);
  return (body as { quota: Record<string, number> }).quota;
}

/** Calls `run` with a client of the stack's Temporal server, and closes the connection. */
export async function withTemporal<T>(stack: TestStack, run: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.addresses.temporal_address });
  try {
    return await run(new Client({ connection, namespace: NAMESPACE }));
  } finally {
    await connection.close();
  }
}

/** Whether the Temporal server has a workflow of the job, running or ended. */
export async function hasWorkflow(client: Client, job_id: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(generationJobWorkflowId(job_id)).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
