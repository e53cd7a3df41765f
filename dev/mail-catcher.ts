/**
 * A mail server that delivers no mail and shows all of it on a web page.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isHttpReady } from './http-ready';
import type { ProcessSpec } from './managed-process';
import { reservePort } from './ports';
import type { ServerPlan } from './supervisor';

export interface MailCatcherOptions {
  pagePort: number;
  smtpPort: number;
  /** The directory that stores mails, so that they survive a restart. */
  directory: string;
  logFile: string;
}

/** How the supervisor runs a mail catcher. */
export interface MailCatcherPlan extends ServerPlan {
  /** The address of the web page since the latest start. */
  readonly pageUrl: string;
  /** The address to which mails are sent. */
  readonly smtpUrl: string;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 3_000;

/**
 * Returns how to run the mail catcher on 127.0.0.1. Only people use its page, so the page moves to the next free port when another program
 * has taken its port between two starts. The worker is set to send to the other port, which stays the same.
 */
export function planMailCatcher(options: MailCatcherOptions): MailCatcherPlan {
  const { smtpPort } = options;
  let { pagePort } = options;
  const pageUrl = (): string => `http://127.0.0.1:${pagePort}`;
  const program = join(dirname(createRequire(__filename).resolve('maildev/package.json')), 'bin', 'maildev');
  return {
    get pageUrl() {
      return pageUrl();
    },
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    get spec(): ProcessSpec {
      return {
        name: 'mail',
        command: process.execPath,
        args: [
          ...[program, '--ip', '127.0.0.1', '--smtp', String(smtpPort)],
          ...['--web-ip', '127.0.0.1', '--web', String(pagePort), '--mail-directory', options.directory],
        ],
        env: process.env,
        logFile: options.logFile,
        stopSignal: 'SIGTERM',
        graceMs: STOP_GRACE_MS,
      };
    },
    async prepare() {
      mkdirSync(options.directory, { recursive: true, mode: 0o700 });
      const page = await reservePort(pagePort);
      pagePort = page.port;
      await page.release();
    },
    isReady: () => isHttpReady(`${pageUrl()}/healthz`),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}
