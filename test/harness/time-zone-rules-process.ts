/**
 * Processes with older rules of time zones than those of the test, which has those of its Node.
 *
 * ICU, by which Node knows time zones, reads the rules from `ICU_TIMEZONE_FILES_DIR` where it is set. By the rules of 2023c days in
 * Almaty begin an hour earlier than by those of 2024a and later (+06:00, not +05:00), and winter days in Asunción an hour later than
 * by those of 2025a and later (-04:00, not -03:00).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { makeRunDirectory } from './run-directory';
import type { ContractStep, StepResult, ProgramMessage } from './time-zone-rules-program';

export const OLDER_RULES = '2023c';

const FILE = join(__dirname, '..', 'fixtures', `time-zones-${OLDER_RULES}`, 'zoneinfo64.res.br');
const PROGRAM = join(__dirname, 'time-zone-rules-program.ts');

/** The environment in which Node has the older rules. */
export function olderRulesEnvironment(): { ICU_TIMEZONE_FILES_DIR: string } {
  const directory = makeRunDirectory('time-zones');
  writeFileSync(join(directory, 'zoneinfo64.res'), brotliDecompressSync(readFileSync(FILE)));
  return { ICU_TIMEZONE_FILES_DIR: directory };
}

/** A process with rules of its own. */
export interface RulesProcess {
  rules: string;
  /** Does this to the database, one after the other, and answers how each act left its contract. Rejects when one is refused. */
  act(...acts: ContractStep[]): Promise<StepResult[]>;
  stop(): Promise<void>;
}

/** Starts one that is connected to a database. `node` is the Node that runs it, that of the test unless given. */
export async function startRulesProcess(
  database_url: string,
  { env, node = process.execPath }: { env?: Record<string, string>; node?: string } = {},
): Promise<RulesProcess> {
  const child = fork(PROGRAM, [database_url], {
    cwd: join(__dirname, '..', '..'),
    execPath: node,
    execArgv: ['--require', 'tsx/cjs'],
    env: { PATH: process.env['PATH'], ...env },
  });
  const ended = once(child, 'exit');
  const nextMessage = async (): Promise<ProgramMessage> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      ended.then(() => [{ failure: 'the process apart has ended' }]),
    ])) as [ProgramMessage];
    return message;
  };
  const hello = await nextMessage();
  if (!('rules' in hello)) throw new Error('the process apart did not start');
  return {
    rules: hello.rules,
    async act(...acts) {
      const all: StepResult[] = [];
      for (const one of acts) {
        const answered = nextMessage();
        child.send(one);
        const answer = await answered;
        if (!('acted' in answer)) throw new Error('failure' in answer ? answer.failure : 'no answer');
        all.push(answer.acted);
      }
      return all;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
