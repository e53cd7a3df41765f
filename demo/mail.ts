/** Reads the mails of a scenario from the mail catcher, as their recipients would see them. */
import { z } from 'zod';
import { waitFor } from '../dev/waiting';
import { ScenarioError } from './client';

/** A mail that the mail catcher has received. */
export type CaughtMail = z.infer<typeof Mail>;
const Mail = z.object({
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  to: z.array(z.object({ address: z.string() })),
});

/** The sweep, which runs each minute, notices exceeded limits and mails whose wake-up was lost. */
const MAIL_TIMEOUT_MS = 150_000;
const CALL_TIMEOUT_MS = 10_000;
const INTERVAL_MS = 250;

/** All mails so far, the oldest first. */
export async function listMails(mail_url: string): Promise<CaughtMail[]> {
  const response = await fetch(`${mail_url}/email`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  if (response.status !== 200) throw new ScenarioError(`the mail catcher answered ${response.status}`);
  return z.array(Mail).parse(await response.json());
}

/** Waits for the only mail to an address whose subject begins with a text. Throws ScenarioError when there are several. */
export async function waitForMail(
  mail_url: string,
  { to, subject }: { to: string; subject: string },
): Promise<CaughtMail> {
  const isWanted = (mail: CaughtMail): boolean =>
    mail.subject.startsWith(subject) && mail.to.some(({ address }) => address.toLowerCase() === to.toLowerCase());
  const mails = await waitFor(
    async () => {
      const found = (await listMails(mail_url)).filter(isWanted);
      return found.length > 0 ? found : undefined;
    },
    { timeout_ms: MAIL_TIMEOUT_MS, interval_ms: INTERVAL_MS, what: `the mail “${subject}…” to ${to}` },
  );
  const [mail, ...others] = mails;
  if (mail === undefined || others.length > 0)
    throw new ScenarioError(`${to} got ${mails.length} mails “${subject}…”, not one`);
  return mail;
}

/** Throws ScenarioError unless the text and the HTML of a mail contain each of the texts. */
export function assertMailSays(mail: CaughtMail, ...texts: readonly string[]): void {
  for (const part of ['text', 'html'] as const)
    for (const text of texts)
      if (!mail[part].includes(text))
        throw new ScenarioError(`the ${part} of the mail “${mail.subject}” does not say “${text}”:\n${mail[part]}`);
}
