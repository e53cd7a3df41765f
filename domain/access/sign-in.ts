/**
 * Limits of attempts to sign in. An attempt is counted before its password is compared, so that many at once get no further, and taken
 * back when it succeeds. The limit of an account holds for its password only: an attacker who reaches it cannot keep the admin
 * from signing in with an API key or a link.
 */

/** How long attempts count together. */
export const SIGN_IN_WINDOW_MINUTES = 15;
/** Failed attempts of a window. */
export interface SignInLimits {
  /** With the password of one account. */
  account: number;
  /** From one address, for all accounts and in every way. */
  address: number;
}

export const SIGN_IN_LIMITS: SignInLimits = { account: 10, address: 50 };
