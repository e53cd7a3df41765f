/**
 * Writes a file atomically that only its owner can read. `write-file-atomic` does the same but installs signal
 * handlers, which would interfere with the order in which this process stops its servers.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

const PRIVATE_MODE = 0o600;

/** Replaces the file's content atomically: a reader sees the old text or the new text. */
export function writePrivateFile(file: string, text: string): void {
  const temporaryFile = `${file}.${process.pid}.new`;
  const descriptor = openSync(temporaryFile, 'w', PRIVATE_MODE);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporaryFile, file);
}
