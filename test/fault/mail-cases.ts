/**
 * When the worker is killed while it sends mails, or Temporal loses its state, each mail arrives, and only what was being sent arrives twice,
 * with the same Message-ID. The tests of a file that has a stack, whose worker sends to the server.
 */
import { randomUUID } from 'node:crypto';
import { expectNoSecretInMails } from '../../demo/check-mails';
import type { ArrivedMail } from '../../demo/check-mails';
import { waitFor, type TestStack } from '../harness/stack';
import { RECOVERY_TIMEOUT_MS, addStackContract } from '../harness/stack-client';
import type { MailAnswers, ReceivedMail, TestMailServer } from '../harness/mail-server';
import { writeEvents } from '../harness/webhooks';

/** The settings with which a worker sends to the server. */
export function mailSettings({ port }: TestMailServer): Record<string, string> {
  return { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Covenant <licenses@covenant.example>' };
}

/** Writes events of a contract of whose mails an address of its own is the recipient. */
async function writeMailedEvents(stack: TestStack, count: number): Promise<string> {
  const contract_id = await addStackContract(stack, 10);
  const address = `${randomUUID()}@vendor.example`;
  await stack.sql`
    WITH customer AS (
      INSERT INTO customers (name, email, account_manager, created_at, updated_at)
      VALUES ('Ada', ${`ada-${address}`}, ${address}, now(), now()) RETURNING id
    )
    UPDATE contracts SET customer_id = customer.id FROM customer WHERE contracts.id = ${contract_id}`;
  await writeEvents(stack.sql, contract_id, count);
  return address;
}

const statesOf = ({ sql }: TestStack, address: string) => sql<{ id: string; state: string; attempts: number }[]>`
  SELECT n.id, n.state, n.attempts FROM notifications n JOIN mail_recipients r ON r.id = n.recipient_id
  WHERE r.address = ${address} ORDER BY n.id`;

async function waitUntilSent(stack: TestStack, address: string, count: number) {
  await waitFor(async () => (await statesOf(stack, address)).filter(({ state }) => state === 'sent').length === count, {
    timeout_ms: RECOVERY_TIMEOUT_MS,
    what: `${count} mails to be sent`,
  });
  return statesOf(stack, address);
}

/** A mail that the server refuses for now. Its next attempt is minutes ahead. */
export async function oweMail(stack: TestStack, mails: TestMailServer) {
  let is_busy = true;
  mails.answers = { rcpt: () => (is_busy ? '451 4.3.2 Busy' : undefined) };
  const address = await writeMailedEvents(stack, 1);
  await waitFor(
    async () => (await stack.sql`SELECT FROM notifications WHERE state = 'owed' AND problem = 'deferred'`).length === 1,
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'the mail to be attempted once' },
  );
  return {
    /** Lets the server accept, and the time of the next attempt come. No process is woken for it. */
    async becomeDue(): Promise<void> {
      is_busy = false;
      await stack.sql`UPDATE notifications SET due_at = now() WHERE state = 'owed'`;
    },
    async expectSent(): Promise<void> {
      await waitUntilSent(stack, address, 1);
      mails.answers = {};
    },
  };
}

/** A mail as its recipient reads it. */
function readMail({ parsed }: ReceivedMail): ArrivedMail {
  const { messageId = '', subject = '', text = '', html } = parsed;
  return { message_id: messageId, contents: [subject, text, html].join('\n') };
}

/** Declares the tests. `start` returns the stack and the mail server of their file. */
export function testMailFaults(start: () => { stack: TestStack; mails: TestMailServer }): void {
  test('a worker that is killed between the mail and its record doubles this mail only, with the same Message-ID', async () => {
    const MAILS = 20;
    const { stack, mails } = start();
    const arrived: ReceivedMail[] = [];
    let is_killed = false;
    /** Keeps the answer to one mail until the kill. */
    const data: MailAnswers['data'] = (mail) => {
      arrived.push(mail);
      return arrived.length === 3 && !is_killed ? 'hang' : undefined;
    };
    mails.answers = { data };
    const address = await writeMailedEvents(stack, MAILS);
    await waitUntilSent(stack, address, MAILS - 1);
    await stack.kill('worker');
    is_killed = true;
    // The time passes after which an attempt without a result counts as lost.
    await stack.sql`UPDATE notifications SET due_at = now() WHERE is_sending`;
    const sent = await waitUntilSent(stack, address, MAILS);
    mails.answers = {};

    const arrivals = new Map(sent.map(({ id }) => [id, 0]));
    for (const { parsed } of arrived) {
      const id = /^<(.+)@/.exec(parsed.messageId ?? '')?.[1] ?? '';
      arrivals.set(id, (arrivals.get(id) ?? NaN) + 1);
    }
    expect([...arrivals.values()].sort()).toEqual([...Array<number>(MAILS - 1).fill(1), 2]);
    for (const { id, attempts } of sent) expect(attempts).toBe(arrivals.get(id));
    await expectNoSecretInMails(stack.sql, arrived.map(readMail));
  });
}
