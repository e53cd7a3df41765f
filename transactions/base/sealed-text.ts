/**
 * Seals API keys so that they can be shown again: a JWE (RFC 7516, `dir` with A256GCM) whose `kid` is the version of the sealing key.
 * Its protected header names the contract and the key, so that a sealed text that was moved to another row is not opened.
 *
 * Keys are verified by their HMAC (transactions/access/key-secret.ts). That never needs the sealing key.
 */
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';

/** A key that seals, with its version. */
export interface SealingKey {
  version: string;
  /** 32 bytes. */
  secret: Uint8Array;
}

/** The row that a sealed text belongs to. */
export interface SealedFor {
  contract_id: string;
  key_id: string;
}

export interface Sealer {
  /** The version with which new texts are sealed. */
  version: string;
  seal(text: string, row: SealedFor): Promise<string>;
  /** @throws SealingKeyMissing, and SealedTextInvalid when the text was changed or belongs to another row */
  open(sealed: string, row: SealedFor): Promise<string>;
}

/** A sealed text was changed, or belongs to another row. */
export class SealedTextInvalid extends Error {
  constructor({ contract_id, key_id }: SealedFor, cause?: unknown) {
    super(`the sealed API key ${key_id} of contract ${contract_id} cannot be opened`, { cause });
  }
}

/** The sealing key of a text is not configured. */
export class SealingKeyMissing extends Error {
  constructor(readonly version: string) {
    super(`the sealing key ${version} is not configured`);
  }
}

const PURPOSE = 'contract-api-key';
const ALGORITHMS = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };

/** Creates a sealer. The first key seals; all of them open. Undefined without a key. */
export function createSealer(keys: readonly SealingKey[]): Sealer | undefined {
  const [current] = keys;
  if (current === undefined) return undefined;
  const secrets = new Map(keys.map(({ version, secret }) => [version, secret]));
  return {
    version: current.version,
    seal: (text, { contract_id, key_id }) =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({
          alg: 'dir',
          enc: 'A256GCM',
          kid: current.version,
          purpose: PURPOSE,
          contract_id,
          key_id,
        })
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
      const { purpose, contract_id, key_id } = protectedHeader;
      if (purpose !== PURPOSE || contract_id !== row.contract_id || key_id !== row.key_id)
        throw new SealedTextInvalid(row);
      return new TextDecoder().decode(plaintext);
    },
  };
}

/** The version of the key that sealed a text; undefined when the text is not a JWE. */
function keyVersionOf(sealed: string): string | undefined {
  try {
    return decodeProtectedHeader(sealed).kid;
  } catch {
    return undefined;
  }
}
