/** What a template of a kind of mail takes and gives. */
import type { ReactNode } from 'react';
import type { ContentOf } from '../../domain/notification/content';
import type { NotificationKindName } from '../../domain/notification/kind';
import type { Language } from '../../domain/notification/settings';
import type { Words } from './words';

export interface MailOptions {
  language: Language;
  /** Where the recipient can unsubscribe from the kind; null for kinds that are always sent. */
  unsubscribe_url: string | null;
}

export interface Template<Kind extends NotificationKindName> {
  subject: (content: ContentOf<Kind>, words: Words) => string;
  /** The first sentence. Mail programs show it beside the subject. */
  lead: (content: ContentOf<Kind>, words: Words) => string;
  /** What follows the first sentence. */
  Body: (props: { content: ContentOf<Kind>; words: Words }) => ReactNode;
}

export type Templates = { [Kind in NotificationKindName]: Template<Kind> };
