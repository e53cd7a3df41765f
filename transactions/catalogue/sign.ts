/**
 * Signs with the keys of products: a JWS (RFC 7515) in its compact form, with EdDSA over Ed25519 (RFC 8037). Its header has the type of what
 * is signed (RFC 8725, 3.11), so that a signed list is not accepted as a license.
 *
 * Ed25519 is deterministic: the same claims give the same text.
 */
import { createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ActiveKeyRow } from '../../db/catalogue/signing-key';
import type { JsonObject } from '../../domain/base/json';
import { refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { SealedTextInvalid, SealingKeyMissing } from '../base/sealed-text';
import type { Sealer } from '../base/sealed-text';

/** Opened keys that a process remembers. Opening a key takes several times as long as a signature. */
const OPENED_KEYS_MAX = 1_000;

/** A key of a product that is ready to sign. */
export interface Signer {
  kid: string;
  sign(type: string, claims: JsonObject): string;
  /** The same text, signed by a thread of libuv, so that many are signed on all cores while this one does other work. */
  signInThread(type: string, claims: JsonObject): Promise<string>;
}

/** What signing needs: the sealer for new keys, and the signers of stored ones. */
export interface Signing {
  sealer: Sealer;
  /** Opens the active key of a product, or refuses when it cannot be opened. */
  signerOf(key: ActiveKeyRow): Promise<Signer | Refusal>;
}

export function createSigning(sealer: Sealer): Signing {
  const opened = new LRUCache<string, Signer>({ max: OPENED_KEYS_MAX });
  return {
    sealer,
    async signerOf(key) {
      const known = opened.get(key.kid);
      if (known) return known;
      try {
        const signer = signerOf(key, await sealer.open(key.sealed, key));
        opened.set(key.kid, signer);
        return signer;
      } catch (error) {
        if (error instanceof SealingKeyMissing)
          return refuse('SIGNING_KEY_UNREADABLE', { kid: key.kid, version: error.version });
        if (error instanceof SealedTextInvalid)
          return refuse('SIGNING_KEY_UNREADABLE', { kid: key.kid, version: null });
        throw error;
      }
    },
  };
}

function signerOf({ kid, public_key: x }: ActiveKeyRow, d: string): Signer {
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x, d }, format: 'jwk' });
  const signedPart = (type: string, claims: JsonObject): string =>
    `${base64urlOf({ alg: 'EdDSA', kid, typ: type })}.${base64urlOf(claims)}`;
  return {
    kid,
    sign(type, claims) {
      const signed = signedPart(type, claims);
      return compactJws(signed, sign(null, Buffer.from(signed), key));
    },
    async signInThread(type, claims) {
      const signed = signedPart(type, claims);
      return compactJws(signed, await signatureOf(Buffer.from(signed), key));
    },
  };
}

function signatureOf(signed: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    sign(null, signed, key, (error, signature) => (error ? reject(error) : resolve(signature))),
  );
}

function compactJws(signed: string, signature: Buffer): string {
  return `${signed}.${signature.toString('base64url')}`;
}

function base64urlOf(part: JsonObject): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
