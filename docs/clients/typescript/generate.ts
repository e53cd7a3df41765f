/**
 * Generates licenses of a contract with its API key, and prints their keys, one a line.
 *
 * export COVENANT_URL=https://licenses.example.com COVENANT_CONTRACT_ID=… COVENANT_API_KEY=…
 * npx tsx generate.ts 50 [idempotency key]
 */
import { randomUUID } from 'node:crypto';
import { createContractClient } from './client';

const { COVENANT_TIMEOUT_SECONDS = '30' } = process.env;

async function main(count?: string, idempotency_key: string = randomUUID()): Promise<void> {
  if (count === undefined) return exit('How many licenses?');
  const contract = createContractClient({
    url: setting('COVENANT_URL'),
    contract_id: setting('COVENANT_CONTRACT_ID'),
    api_key: setting('COVENANT_API_KEY'),
    timeout_ms: Number(COVENANT_TIMEOUT_SECONDS) * 1_000,
  });
  try {
    for (const { key } of await contract.generate(Number(count), idempotency_key)) console.log(key);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`With the idempotency key ${idempotency_key}, this request never generates twice.`);
    process.exitCode = 1;
  }
}

function setting(name: string): string {
  return process.env[name] || exit(`${name}: is not set`);
}

function exit(message: string): never {
  console.error(message);
  process.exit(1);
}

void main(...(process.argv.slice(2) as [string?, string?]));
