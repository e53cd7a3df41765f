/**
 * The limit of wrong license keys from one address.
 *
 * License keys are short enough to be typed, so they can be guessed: a generator has a million possible keys for each license. At the
 * default limit, an address finds a key of a full generator in 11 days on average, and each further address takes as long. Unlike an API
 * key, a license key is refused from a limited address even when it exists: otherwise the limit would not slow down a guesser.
 */

/** Wrong keys of one address in a minute, after which all keys from it are refused until the next minute. */
export const WRONG_KEYS_MAX = 60;
export const WRONG_KEYS_MAX_MAX = 1_000_000;
