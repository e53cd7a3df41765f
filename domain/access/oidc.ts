/**
 * Signing in with the account that an admin has at the identity provider of the organization (OpenID Connect, authorization code with
 * PKCE). The provider says who a person is; Covenant decides which admin that is.
 */
import type { Instant } from '../base/instant';
import { millisLater } from '../base/instant';

/** How long a person has at the identity provider. */
export const OIDC_MINUTES = 10;
/** By how much the clocks of the provider and of Covenant may differ when a fresh sign-in is checked. */
const CLOCK_TOLERANCE_MS = 30_000;

/** Why a sign-in at the identity provider did not begin a session. The sign-in page says each in words. */
export const OIDC_FAILURES = [
  /** No attempt of this browser: it has expired, was finished already, or began in another browser. */
  'attempt_invalid',
  'not_configured',
  'provider_unavailable',
  /** The provider refused, or the person cancelled. */
  'provider_refused',
  'answer_invalid',
  'email_unverified',
  /** There is no such admin, or it is disabled. */
  'no_admin',
  /** The admin signs in with another account of the provider. */
  'other_account',
  'too_many_attempts',
  /** A confirmation: the session has ended meanwhile. */
  'session_ended',
  /** A confirmation: the account is not that of the admin of the session. */
  'other_person',
  /** A confirmation: the provider did not ask for a new sign-in. */
  'not_recent',
] as const;
export type OidcFailure = (typeof OIDC_FAILURES)[number];

/** What proves that an answer of the provider belongs to a request. */
export interface OidcSecrets {
  state: string;
  nonce: string;
  code_verifier: string;
}

/** A sign-in that has begun. The browser keeps it sealed in a cookie. */
export interface OidcAttempt extends OidcSecrets {
  /** A path below the admin pages, without `/admin`. */
  return_to: string;
  /** The session whose admin proves again who they are; null for a sign-in. */
  session_id: string | null;
  began_at: Instant;
}

/** An account at an identity provider. The subject is unique at its issuer and never changes. */
export interface ProviderAccount {
  issuer: string;
  subject: string;
  /** Null when the provider does not say that it has verified the address. */
  verified_email: string | null;
  /** When the person last signed in at the provider; null when it does not say. */
  authenticated_at: Instant | null;
}

/** The identity provider of the organization. Both functions throw {@link ProviderFailed}. */
export interface IdentityProvider {
  /** Its name on buttons. */
  label: string;
  /** The page of the provider, and the secrets of this request. `fresh`: the person signs in there again, also when they have just done so. */
  begin(options: { fresh: boolean }): Promise<{ authorization_url: string; secrets: OidcSecrets }>;
  /** The account of the person who comes back with these parameters. */
  finish(parameters: Readonly<Record<string, string>>, secrets: OidcSecrets): Promise<ProviderAccount>;
}

/** A request to the identity provider failed. The message has no secret: it is logged. */
export class ProviderFailed extends Error {
  constructor(
    readonly failure: Extract<OidcFailure, 'provider_unavailable' | 'provider_refused' | 'answer_invalid'>,
    reason: string,
  ) {
    super(reason);
  }
}

export function isExpired({ began_at }: Pick<OidcAttempt, 'began_at'>, now: Instant): boolean {
  return now >= millisLater(began_at, OIDC_MINUTES * 60_000);
}

/** Whether a person has signed in at the provider since an attempt began. */
export function isFresh({ authenticated_at }: ProviderAccount, { began_at }: Pick<OidcAttempt, 'began_at'>): boolean {
  return authenticated_at !== null && millisLater(authenticated_at, CLOCK_TOLERANCE_MS) >= began_at;
}
