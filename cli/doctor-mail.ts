/** Checks mail: the server accepts the login, events are planned, and mails arrive. */
import { createMailSender } from '../adapters/mail';
import { mailServerOf } from '../config';
import type { Config } from '../config';
import type { MailTrouble } from '../db/notification/counts';
import { ok, warning, wrong, type Finding } from './finding';

const ANSWER_MS = 5_000;
const TIMEOUT_MS = 10_000;

/** Connects to the mail server and logs in. Sends nothing. */
export async function checkMailServer(config: Config): Promise<Finding> {
  const server = mailServerOf(config);
  if (server === undefined)
    return warning(
      'mail server',
      'mail is off: notifications are recorded and not sent',
      'Set SMTP_URL and MAIL_FROM in all workers and here (docs/configuration.md).',
    );
  const sender = createMailSender(server, { connections: 1, answer_ms: ANSWER_MS, timeout_ms: TIMEOUT_MS });
  try {
    const result = await sender.check();
    const at = `${server.host}:${server.port}`;
    if (result.outcome === 'accepted')
      return ok('mail server', `${at} ${server.login === null ? 'answers' : 'accepts the login'}`);
    return wrong(
      'mail server',
      `${at}: ${result.problem}${result.words === '' ? '' : ` (${result.words})`}`,
      'Check SMTP_URL, SMTP_STARTTLS and SMTP_CA. Mails are tried for three days; see docs/operations.md, "Mail".',
    );
  } finally {
    sender.close();
  }
}

/** Events that could not be planned, and mails that failed. */
export function mailFindings({ unplanned, failed }: MailTrouble): Finding[] {
  const findings: Finding[] = [];
  if (unplanned.length > 0)
    findings.push(
      warning(
        'mail planning',
        `the mails of some events could not be planned: ${unplanned.join(', ')}`,
        'The column `problem` of their rows in `notices` has the reason. See docs/operations.md, "Mail".',
      ),
    );
  if (failed.length > 0)
    findings.push(
      warning(
        'mail',
        `mails failed within a day: ${failed.map(({ problem, count }) => `${count} ${problem}`).join(', ')}`,
        'Read them with GET /api/v1/notifications?state=failed: `meaning` says what to do. Then send them again with POST …/resend.',
      ),
    );
  return findings;
}
