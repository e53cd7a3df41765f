/** What verifies webhooks in JavaScript: docs/webhooks/typescript, and the library of Svix. The others are in test/external/webhook-verifiers.test.ts. */
import { Webhook as SvixWebhook } from 'svix';
import { verifyWebhook } from '../../docs/webhooks/typescript/verify';
import { testWebhookVerifier } from '../harness/webhook-verifier';

/** Runs a function that returns the event or throws. */
async function outcomeOf(verify: () => unknown): Promise<{ code: number; output: string }> {
  try {
    return { code: 0, output: JSON.stringify(verify()) };
  } catch (error) {
    return { code: 1, output: `refused: ${(error as Error).message}` };
  }
}

describe('docs/webhooks/typescript, with the library standardwebhooks', () =>
  testWebhookVerifier(({ body, headers }, secrets) => outcomeOf(() => verifyWebhook(body, headers, secrets))));

describe('the library svix', () =>
  testWebhookVerifier(({ body, headers }, secrets) =>
    outcomeOf(() => {
      const outcomes = secrets.map((secret) => {
        try {
          return new SvixWebhook(secret).verify(body, headers);
        } catch (error) {
          return error;
        }
      });
      const event = outcomes.find((outcome) => !(outcome instanceof Error));
      if (event === undefined) throw outcomes[0];
      return event;
    }),
  ));
