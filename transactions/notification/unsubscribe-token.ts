/**
 * The token in the link that unsubscribes an address from a kind of mail. It names both and the language of the mail, and is signed, so that
 * it needs no login, reveals no address and ends nothing else.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { NOTIFICATION_KINDS } from '../../domain/notification/kind';
import type { NotificationKindName, OptionalKind } from '../../domain/notification/kind';
import { canUnsubscribe } from '../../domain/notification/outcome';
import { LANGUAGES } from '../../domain/notification/settings';
import type { Language } from '../../domain/notification/settings';

export interface Subscription {
  recipient_id: string;
  kind: NotificationKindName;
}

/** What a token names. */
export interface UnsubscribeLink extends Subscription {
  /** That of the mail. */
  language: Language;
}

/** What the signature is for, so that it is valid nowhere else. */
const PURPOSE = 'covenant-unsubscribe';
/** Between the kind and the language. */
const SEPARATOR = ':';
const ID_BYTES = 16;
const SIGNATURE_BYTES = 16;

export function createUnsubscribeToken({ recipient_id, kind, language }: UnsubscribeLink, pepper: string): string {
  const id = Buffer.from(recipient_id.replaceAll('-', ''), 'hex');
  const named = Buffer.concat([id, Buffer.from(`${kind}${SEPARATOR}${language}`)]);
  return Buffer.concat([signatureOf(named, pepper), named]).toString('base64url');
}

/** What a token names; undefined when it is not one of this installation, or of a kind that is always sent. */
export function readUnsubscribeToken(
  token: string,
  pepper: string,
): (UnsubscribeLink & { kind: OptionalKind }) | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const [signature, named] = [bytes.subarray(0, SIGNATURE_BYTES), bytes.subarray(SIGNATURE_BYTES)];
  if (named.length <= ID_BYTES || !timingSafeEqual(signature, signatureOf(named, pepper))) return undefined;
  const hex = named.subarray(0, ID_BYTES).toString('hex');
  const recipient_id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const [kind, text] = named.subarray(ID_BYTES).toString().split(SEPARATOR) as [OptionalKind, string | undefined];
  const language = LANGUAGES.find((one) => one === text) ?? 'en';
  return Object.hasOwn(NOTIFICATION_KINDS, kind) && canUnsubscribe(kind) ? { recipient_id, kind, language } : undefined;
}

function signatureOf(named: Buffer, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(`${PURPOSE}\0`).update(named).digest().subarray(0, SIGNATURE_BYTES);
}
