/**
 * The link in a mail that ends mails of its kind, without a login (RFC 8058).
 *
 * Programs that check links open them, so opening it changes nothing: the page has a form. Mail programs with a button of their own post to
 * the same address.
 */
import { notFound } from '../../domain/base/refusal';
import type { Language } from '../../domain/notification/settings';
import { findRecipient } from '../../db/notification/recipient-mark';
import { unsubscribe } from '../../transactions/notification/unsubscribe';
import { readUnsubscribeToken } from '../../transactions/notification/unsubscribe-token';
import type { Api } from '../http/api';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { z } from '../http/zod';

const TOKEN_LENGTH_MAX = 200;
const TokenParams = z.object({
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(TOKEN_LENGTH_MAX)
    .describe('The signed token of the link'),
});
const PAGE = { media_type: 'text/html', schema: z.string() };

const TEXTS: Record<Language, Record<'title' | 'question' | 'button' | 'done', string>> = {
  en: {
    title: 'Unsubscribe',
    question: 'Do you want no more mails of this kind?',
    button: 'Unsubscribe',
    done: 'You get no more mails of this kind.',
  },
  de: {
    title: 'Abbestellen',
    question: 'Möchten Sie keine E-Mails dieser Art mehr erhalten?',
    button: 'Abbestellen',
    done: 'Sie erhalten keine E-Mails dieser Art mehr.',
  },
};

export const unsubscribeRoutes: Route[] = [
  route({
    operation_id: 'getUnsubscribePage',
    method: 'get',
    path: '/api/v1/unsubscribe/:token',
    tag: 'Notifications',
    summary: 'Show the page of an unsubscribe link',
    description: 'A page with a form for the recipient of a mail. Opening it changes nothing.',
    params: TokenParams,
    answers: { 200: { description: 'The page', ...PAGE } },
    audit: [],
    async handle({ api, params }) {
      const found = await findSubscription(api, params.token);
      if (found === undefined) return notFound('unsubscribe link', params.token);
      const { question, button } = TEXTS[found.language];
      const form = `<p>${question}</p><form method="post"><button type="submit">${button}</button></form>`;
      return { status: 200, html: pageOf(found.language, form) };
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
    audit: ['mail_recipient.unsubscribed'],
    async handle({ api, params, now, request_id, write }) {
      const found = await findSubscription(api, params.token);
      if (found === undefined) return notFound('unsubscribe link', params.token);
      const html = pageOf(found.language, `<p>${TEXTS[found.language].done}</p>`);
      return write(
        async (tx) => {
          await unsubscribe(tx, found, { now, request_id });
          return { status: 200, html };
        },
        [{ table: 'mail_recipients', id: found.recipient_id }],
      );
    },
  }),
];

/** What a link ends, and the language of its recipient; undefined when it is not valid, or the recipient was removed. */
async function findSubscription(api: Api, token: string) {
  const subscription = readUnsubscribeToken(token, api.keyPepper);
  const recipient = subscription && (await findRecipient(api.db, subscription.recipient_id));
  return subscription && recipient && { ...subscription, language: recipient.language ?? 'en' };
}

function pageOf(language: Language, content: string): string {
  const { title } = TEXTS[language];
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>`;
  return `<!doctype html><html lang="${language}"><head>${head}</head><body><h1>${title}</h1>${content}</body></html>`;
}
