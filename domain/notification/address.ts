/** Mail addresses as a mail server takes them. */

const ADDRESS_LENGTH_MAX = 320;

/**
 * Whether a text is one address without a name. It has no character that could begin another address or another line, so it can stand in a
 * mail and in a command of SMTP as it is.
 */
export function isMailAddress(text: string): boolean {
  return text.length <= ADDRESS_LENGTH_MAX && /^[^\s\p{C}<>()[\],;:\\"@]+@[^\s\p{C}<>()[\],;:\\"@]+$/u.test(text);
}

/** An address that its owner recognizes, and others cannot use. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return `${[...address.slice(0, at)][0] ?? ''}***${address.slice(at)}`;
}

/** Addresses are the same in any letter case. */
export function addressKey(address: string): string {
  return address.toLowerCase();
}
