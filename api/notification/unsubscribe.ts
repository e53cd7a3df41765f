/**
 * The link in a mail that ends mails of its kind, without a login (RFC 8058).
 *
 * Programs that check links open them, so opening it changes nothing: the page has a form. Mail programs with a button of their own post to
 * the same address.
 */
import { notFound } from '../../domain/base/refusal';
import { findRecipient } from '../../db/notification/recipient-mark';
import { unsubscribe } from '../../transactions/notification/unsubscribe';
import { readUnsubscribeToken } from '../../transactions/notification/unsubscribe-token';
import type { Api } from '../http/api';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { z } from '../http/zod';
import { donePage, invalidPage, questionPage } from './unsubscribe-page';
import type { PageSubject } from './unsubscribe-page';

const TOKEN_LENGTH_MAX = 200;
const TokenParams = z.object({
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(TOKEN_LENGTH_MAX)
    .describe('The signed token of the link'),
});
const PAGE = { media_type: 'text/html', schema: z.string() };

export const unsubscribeRoutes: Route[] = [
  route({
    operation_id: 'getUnsubscribePage',
    method: 'get',
    path: '/api/v1/unsubscribe/:token',
    tag: 'Notifications',
    summary: 'Show the page of an unsubscribe link',
    description:
      'A page with a form for the recipient of a mail, in the language of the mail. Opening it changes nothing. For a link that is not valid, a browser gets a page too, with status 404.',
    params: TokenParams,
    answers: { 200: { description: 'The page', ...PAGE } },
    not_found_page: invalidPage,
    audit: [],
    async handle({ api, params }) {
      const found = await findSubscription(api, params.token);
      if (found === undefined) return notFound('unsubscribe link', params.token);
      return { status: 200, html: questionPage(found) };
    },
  }),
  route({
    operation_id: 'unsubscribeRecipient',
    method: 'post',
    path: '/api/v1/unsubscribe/:token',
    tag: 'Notifications',
    summary: 'Unsubscribe from a kind of mail',
    description:
      'What the form of the page and the button of mail programs send (`List-Unsubscribe-Post`, RFC 8058). Repeats change nothing.',
    params: TokenParams,
    raw_body: {
      description: 'Mail programs send `List-Unsubscribe=One-Click`; the body is not read.',
      schema: z.string(),
      examples: { 'One click': 'List-Unsubscribe=One-Click' },
      headers: z.object({}),
    },
    answers: { 200: { description: 'The page that confirms it', ...PAGE } },
    not_found_page: invalidPage,
    audit: ['mail_recipient.unsubscribed'],
    async handle({ api, params, now, request_id, write }) {
      const found = await findSubscription(api, params.token);
      if (found === undefined) return notFound('unsubscribe link', params.token);
      return write(
        async (tx) => {
          await unsubscribe(tx, found, { now, request_id });
          return { status: 200, html: donePage(found) };
        },
        [{ table: 'mail_recipients', id: found.recipient_id }],
      );
    },
  }),
];

/** What a link ends, for whom and in which language; undefined when it is not valid, or the recipient was removed. */
async function findSubscription(api: Api, token: string): Promise<PageSubject | undefined> {
  const link = readUnsubscribeToken(token, api.keyPepper);
  const recipient = link && (await findRecipient(api.db, link.recipient_id));
  if (!recipient || recipient.status === 'erased') return undefined;
  return { ...link, language: recipient.language ?? link.language, address: recipient.address };
}
