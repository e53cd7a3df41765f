/** Reads the license key from what a user enters into a program: the key, or a certificate of its license. Only reads. */
import { compactVerify, errors } from 'jose';
import type { JWK } from 'jose';
import type { Sql } from '../../db/base/database';
import { findPublishedKey } from '../../db/catalogue/signing-key';
import { isStorableText } from '../../domain/base/text';
import { CERTIFICATE_TYPE } from '../../domain/license/certificate';

/** The beginning of every JWS: `{"` in base64url. */
const JWS_BEGIN = 'eyJ';

/**
 * The key that a certificate names; other texts as they are, and so also a certificate that was changed, or that a retired key signed. Its
 * other claims do not count: the stored license says what is valid now.
 */
export async function readKey(sql: Sql, entered: string): Promise<string> {
  if (!entered.startsWith(JWS_BEGIN)) return entered;
  try {
    const verified = await compactVerify(entered, ({ kid }) => publicKeyOf(sql, kid), { algorithms: ['EdDSA'] });
    if (verified.protectedHeader.typ !== CERTIFICATE_TYPE) return entered;
    return (JSON.parse(Buffer.from(verified.payload).toString()) as { jti: string }).jti;
  } catch (error) {
    if (error instanceof errors.JOSEError) return entered;
    throw error;
  }
}

async function publicKeyOf(sql: Sql, kid: unknown): Promise<JWK> {
  const key = typeof kid === 'string' && isStorableText(kid) ? await findPublishedKey(sql, kid) : undefined;
  if (key === undefined) throw new errors.JWKSNoMatchingKey();
  return { kty: 'OKP', crv: 'Ed25519', x: key.public_key };
}
