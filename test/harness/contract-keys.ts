/** API keys of contracts for tests, inserted directly. */
import { randomFillSync } from 'node:crypto';
import { contractKeyKind, lastFourOf, newApiKey } from '../../domain/access/api-key';
import { insertContractApiKey } from '../../db/access/contract-api-key';
import { secretHmac } from '../../transactions/access/key-secret';
import type { TestApi } from './api';

/** Inserts the current API key of a contract that has none, and returns its text. It cannot be shown again. */
export async function addContractKey({ sql, api }: Pick<TestApi, 'sql' | 'api'>, contract_id: string): Promise<string> {
  const [{ environment }] = await sql<[{ environment: 'production' | 'staging' | 'development' }]>`
    SELECT environment FROM contracts WHERE id = ${contract_id}`;
  const key = newApiKey(contractKeyKind(environment), randomFillSync);
  await insertContractApiKey(sql, {
    contract_id,
    key_id: key.key_id,
    secret_hmac: secretHmac(key, api.keyPepper),
    last_four: lastFourOf(key),
    sealed: 'not sealed',
    sealed_by: 'none',
    created_at: new Date().toISOString(),
    created_by: 'test',
  });
  return key.text;
}
