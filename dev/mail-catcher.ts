/**
 * A mail server that delivers nothing and shows everything on a page.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isHttpReady } from './http-ready';
import type { ServerPlan } from './supervisor';

export interface MailCatcherOptions {
  pagePort: number;
  smtpPort: number;
  /** Where mails are kept, so that they survive a restart. */
  directory: string;
  logFile: string;
}

/** A mail catcher that can be supervised. */
export interface MailCatcherPlan extends ServerPlan {
  pageUrl: string;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 3_000;

/** Says how to run the mail catcher on 127.0.0.1. */
export function planMailCatcher(options: MailCatcherOptions): MailCatcherPlan {
  const pageUrl = `http://127.0.0.1:${options.pagePort}`;
  const program = join(dirname(createRequire(__filename).resolve('maildev/package.json')), 'bin', 'maildev');
  return {
    pageUrl,
    spec: {
      name: 'mail',
      command: process.execPath,
      args: [
        ...[program, '--ip', '127.0.0.1', '--smtp', String(options.smtpPort)],
        ...['--web-ip', '127.0.0.1', '--web', String(options.pagePort), '--mail-directory', options.directory],
      ],
      env: process.env,
      logFile: options.logFile,
      stopSignal: 'SIGTERM',
      graceMs: STOP_GRACE_MS,
    },
    prepare() {
      mkdirSync(options.directory, { recursive: true, mode: 0o700 });
      return Promise.resolve();
    },
    isReady: () => isHttpReady(`${pageUrl}/healthz`),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
}
