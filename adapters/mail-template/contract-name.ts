/** The contract of a mail, as it is named in sentences, subjects and facts. */
import type { MailFrame } from '../../domain/notification/content';
import { isOfCustomer } from '../../domain/notification/role';
import { inline, short } from './words';
import type { Words } from './words';

/** The name of the contract for a sentence. */
export function named({ contract }: MailFrame): { contract: string } {
  return { contract: inline(contract?.name ?? '') };
}

/** The name of the contract for a subject. */
export function titled({ contract }: MailFrame): { contract: string } {
  return { contract: short(contract?.name ?? '') };
}

/** Who reads a mail: the customer's own people, or those who can act for the vendor. */
export function readerOf({ role }: MailFrame): { reader: 'customer' | 'vendor' } {
  return { reader: isOfCustomer(role) ? 'customer' : 'vendor' };
}

/** The contract with its product and its customer. */
export function contractFacts({ contract, product, customer }: MailFrame, words: Words): [string, string | null][] {
  return [
    [words.text('facts.contract'), contract?.name ?? null],
    [words.text('facts.product'), product],
    [words.text('facts.customer'), customer],
  ];
}
