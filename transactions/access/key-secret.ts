/** Secrets of API keys. Only their HMAC with the installation's pepper is stored, from which a key cannot be computed. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../../domain/access/api-key';

export function secretHmac(key: ApiKey, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(`${key.key_id}_${key.secret}`).digest();
}

/** Whether the stored HMAC is that of this key. Compares in constant time. */
export function isSecretOf(key: ApiKey, pepper: string, stored_hmac: Buffer): boolean {
  return timingSafeEqual(stored_hmac, secretHmac(key, pepper));
}
