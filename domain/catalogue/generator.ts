/** A generator: the key format, features and activation limit that its product's licenses get. */
import type { JsonObject } from '../base/json';
import { keyspaceOf, largestQuotaFor } from './license-key';
import type { KeyFormat } from './license-key';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

export const GENERATOR_KINDS = ['plain', 'signed'] as const;

export interface GeneratorFacts {
  id: string;
  product_id: string;
  name: string;
  /** How its licenses are shown: by their keys, or by their certificates (domain/license/certificate.ts). */
  kind: (typeof GENERATOR_KINDS)[number];
  format: KeyFormat;
  features: JsonObject;
  /** The number of devices on which a license can be active; null: unlimited. */
  activation_limit: number | null;
  status: 'active' | 'inactive';
  revision: number;
}

/** Refuses a generator that does not exist, is inactive, or belongs to another product. */
export function generatorRefusal(
  generator: GeneratorFacts | null,
  generator_id: string,
  product_id: string,
): Refusal | null {
  if (generator === null) return refuse('GENERATOR_NOT_AVAILABLE', { generator_id, why: 'does not exist' });
  if (generator.product_id !== product_id)
    return refuse('GENERATOR_NOT_AVAILABLE', { generator_id, why: 'belongs to another product' });
  if (generator.status !== 'active') return refuse('GENERATOR_NOT_AVAILABLE', { generator_id, why: 'is inactive' });
  return null;
}

/** Refuses a key format with too few keys for a quota (decisions 10). */
export function keyspaceRefusal(format: KeyFormat, quota: number): Refusal | null {
  const largest = largestQuotaFor(format);
  if (largest >= BigInt(quota)) return null;
  return refuse('GENERATOR_KEYSPACE_TOO_SMALL', {
    quota,
    keyspace: keyspaceOf(format).toString(),
    largest_quota: largest.toString(),
  });
}
