/** Whom the customer's own people ask for what only the vendor can do. */
import type { MailFrame } from '../../domain/notification/content';
import { Sentence } from './blocks';
import { readerOf } from './contract-name';
import { inline } from './words';
import type { Words } from './words';

/** Names the account manager to people of the customer; others read `children`. */
export function Contact(props: { topic: 'quota' | 'questions'; frame: MailFrame; words: Words; children?: string }) {
  const { topic, frame, words, children } = props;
  if (readerOf(frame).reader === 'vendor') return children === undefined ? null : <Sentence>{children}</Sentence>;
  const { account_manager: address } = frame;
  const known = address === null ? 'no' : 'yes';
  return <Sentence>{words.text('contact.manager', { topic, known, address: inline(address ?? '') })}</Sentence>;
}
