/** Processes that tests start from the sources. */
import { join } from 'node:path';

/** The flags with which Node runs TypeScript, in place of `--import tsx`; see `register-sources.cjs`. */
export const RUN_SOURCES = ['--require', join(__dirname, 'register-sources.cjs')] as const;
