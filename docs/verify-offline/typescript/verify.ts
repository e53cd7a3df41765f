/** Verifies the certificate of a license without a connection, with the package `jose`. */
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload } from 'jose';

/** How far the clock of the device may be wrong. */
const CLOCK_TOLERANCE_S = 60;

/**
 * Returns the claims of a certificate, or throws. `key_sources` are read in order until one has the key of the certificate: first the stored keys,
 * then `GET /api/v1/products/{id}/jwks.json`, because a new key may sign since.
 */
export async function verifyLicense(
  certificate: string,
  product_id: string,
  key_sources: readonly (() => Promise<JSONWebKeySet>)[],
): Promise<JWTPayload> {
  for (const readKeys of key_sources) {
    try {
      const { payload } = await jwtVerify(certificate, createLocalJWKSet(await readKeys()), {
        algorithms: ['EdDSA'],
        typ: 'license+jwt',
        audience: product_id,
        requiredClaims: ['jti'],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
  }
  throw new Error('the key of the certificate is unknown');
}
