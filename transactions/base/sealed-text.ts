/**
 * Seals secrets that must be read again: a JWE (RFC 7516, `dir` with A256GCM) whose `kid` is the version of the sealing key. Its protected
 * header names what the secret is for and the row that it belongs to, so that a sealed text that was moved to another row is not opened.
 *
 * API keys are verified by their HMAC (transactions/access/key-secret.ts). That never needs the sealing key.
 */
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';

/** A key that seals, with its version. */
export interface SealingKey {
  version: string;
  /** 32 bytes. */
  secret: Uint8Array;
}

/** What a sealed text belongs to: the API key of a contract, the signing key of a product, or a secret of a webhook endpoint. */
export type SealedFor =
  | { contract_id: string; key_id: string }
  | { product_id: string; kid: string }
  | { endpoint_id: string; secret_id: string };

export interface Sealer {
  /** The version with which new texts are sealed. */
  version: string;
  seal(text: string, row: SealedFor): Promise<string>;
  /** @throws SealingKeyMissing, and SealedTextInvalid when the text was changed or belongs to another row */
  open(sealed: string, row: SealedFor): Promise<string>;
}

/** A sealed text was changed, or belongs to another row. */
export class SealedTextInvalid extends Error {
  constructor(row: SealedFor, cause?: unknown) {
    super(`this sealed text cannot be opened: ${JSON.stringify(boundTo(row))}`, { cause });
  }
}

/** The sealing key of a text is not configured. */
export class SealingKeyMissing extends Error {
  constructor(readonly version: string) {
    super(`the sealing key ${version} is not configured`);
  }
}

const ALGORITHMS = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };

/** Creates a sealer. The first key seals; all of them open. Undefined without a key. */
export function createSealer(keys: readonly SealingKey[]): Sealer | undefined {
  const [current] = keys;
  if (current === undefined) return undefined;
  const secrets = new Map(keys.map(({ version, secret }) => [version, secret]));
  return {
    version: current.version,
    seal: (text, row) =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: current.version, ...boundTo(row) })
        .encrypt(current.secret),
    async open(sealed, row) {
      const kid = keyVersionOf(sealed) ?? 'none';
      const secret = secrets.get(kid);
      if (secret === undefined) throw new SealingKeyMissing(kid);
      const { plaintext, protectedHeader } = await compactDecrypt(sealed, secret, ALGORITHMS).catch(
        (error: unknown) => {
          throw new SealedTextInvalid(row, error);
        },
      );
      const is_bound = Object.entries(boundTo(row)).every(([name, value]) => protectedHeader[name] === value);
      if (!is_bound) throw new SealedTextInvalid(row);
      return new TextDecoder().decode(plaintext);
    },
  };
}

/** The fields of the protected header that bind a text to its purpose and its row. */
function boundTo(row: SealedFor): Record<string, string> {
  if ('contract_id' in row) return { purpose: 'contract-api-key', contract_id: row.contract_id, key_id: row.key_id };
  if ('endpoint_id' in row)
    return { purpose: 'webhook-secret', endpoint_id: row.endpoint_id, secret_id: row.secret_id };
  return { purpose: 'signing-key', product_id: row.product_id, key_id: row.kid };
}

/** The version of the key that sealed a text; undefined when the text is not a JWE. */
function keyVersionOf(sealed: string): string | undefined {
  try {
    return decodeProtectedHeader(sealed).kid;
  } catch {
    return undefined;
  }
}
