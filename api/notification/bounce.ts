/** Reports of the mail system about mails that came back or were called unwanted. */
import { BounceMessage } from '../../domain/notification/bounce';
import type { ReceivedReport } from '../../domain/notification/bounce';
import { BOUNCE_OUTCOMES, recordBounce } from '../../transactions/notification/record-bounce';
import { ProblemError, protocolProblem, shapeProblem } from '../http/problem';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { z } from '../http/zod';

const BounceReceivedShape = z
  .object({
    id: z.string().describe('The id that the sender gave the report'),
    outcome: z
      .enum(BOUNCE_OUTCOMES)
      .describe(
        'marked: the address gets no more mail; known: it got none already; ignored: the address is unknown, or the bounce passes',
      ),
  })
  .openapi('BounceReceived');

const SIGNED_BODY = {
  description: 'The body is read as the bytes that were signed, with any Content-Type. Unknown fields are accepted.',
  // A new object: schemas that were created before `extendZodWithOpenApi` have no `.openapi()`.
  schema: z.looseObject(BounceMessage.shape).openapi('BounceReport'),
  examples: {
    'An address that does not exist any more': {
      id: 'bounce_1042',
      type: 'bounce',
      address: 'ada@customer.example',
      permanent: true,
      reason: '550 5.1.1 No such user',
    },
  },
  headers: z.object({
    'webhook-id': z.string().optional().describe('The id of the message, which is signed with the body'),
    'webhook-timestamp': z.string().optional().describe('Seconds since 1970, at most five minutes from now'),
    'webhook-signature': z.string().optional().describe('v1,<base64>; several are separated by spaces'),
  }),
};

export const bounceRoutes: Route[] = [
  route({
    operation_id: 'receiveBounce',
    method: 'post',
    path: '/api/v1/notifications/bounces',
    tag: 'Notifications',
    summary: 'Receive a report about mails that came back',
    description: [
      'For the mail system, which authenticates by its signature (Standard Webhooks). It answers 404 until MAIL_BOUNCE_SECRET is set. A report names the address, the Message-ID, or both: the address counts, and the Message-ID when the address is unknown.',
      'A permanent bounce or a complaint marks the address: it gets no more mail, and what it is owed is not sent. A complaint also replaces the mark of a bounce. Repeats change nothing.',
    ].join(' '),
    raw_body: SIGNED_BODY,
    answers: { 202: { description: 'Received', schema: BounceReceivedShape } },
    refusals: ['BAD_SIGNATURE', 'NOT_FOUND', 'MALFORMED_JSON', 'VALIDATION_FAILED'],
    audit: ['mail_recipient.bounced', 'mail_recipient.complained'],
    async handle({ api, raw_body, headers, now, request_id, write }) {
      if (api.bounceReceiver === undefined)
        throw new ProblemError(
          protocolProblem(
            'NOT_FOUND',
            'Reports of bounces are not configured. Set MAIL_BOUNCE_SECRET and restart the API.',
          ),
        );
      const received = api.bounceReceiver.receive(raw_body, headers, now);
      if (!received.accepted) throw rejectionProblem(received);
      const { report } = received;
      const rows = [{ table: 'mail_recipients', id: (report.address ?? report.message_id ?? '').toLowerCase() }];
      return write(async (tx) => {
        const outcome = await recordBounce(tx, report, { now, request_id });
        return { status: 202, body: { id: report.id, outcome } };
      }, rows);
    },
  }),
];

function rejectionProblem(received: Extract<ReceivedReport, { accepted: false }>): ProblemError {
  if (received.why !== 'VALIDATION_FAILED') return new ProblemError(protocolProblem(received.why, received.detail));
  return new ProblemError(shapeProblem(received.errors));
}
