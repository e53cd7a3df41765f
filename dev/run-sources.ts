/** How processes run from the sources: the programs of a stack, and those that tests start. */
import { join } from 'node:path';

/** The flags with which Node runs TypeScript, instead of `--import tsx`. See `register-sources.cjs`. */
export const RUN_SOURCES = ['--require', join(__dirname, 'register-sources.cjs')] as const;
