/**
 * Starts one process, and ends it as soon as the process that started the watchdog has ended, even by `kill -9`.
 *
 * The system closes the watchdog's stdin when the other process ends, however it ends, without a signal handler. The
 * file is plain JavaScript, so that a watchdog starts in 40 ms and needs no compiler. Usage: `node watchdog.js
 * '{"command", "args", "cwd", "uid", "gid", "umask", "stop_signal", "grace_ms"}'`, with a pipe as descriptor 3, to
 * which it writes one JSON line `{"pid"}` and later `{"code", "signal"}`, or `{"error"}`.
 */
const { spawn } = require('node:child_process');
const { writeSync } = require('node:fs');

const REPORT_DESCRIPTOR = 3;
const options = JSON.parse(process.argv[2]);

// Ctrl-C reaches every process of a terminal. The process at the other end of stdin decides when this one stops.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});

if (options.umask !== undefined) process.umask(options.umask);
const child = spawn(options.command, options.args, {
  cwd: options.cwd,
  uid: options.uid,
  gid: options.gid,
  stdio: ['ignore', 'inherit', 'inherit'],
});

child.on('spawn', () => report({ pid: child.pid }));
child.on('error', (error) => {
  if (child.pid !== undefined) return;
  report({ error: error.message });
  process.exit(1);
});
child.on('exit', (code, signal) => {
  report({ code, signal });
  process.exit(0);
});

process.stdin.on('end', stop);
process.stdin.on('error', stop);
process.on('SIGTERM', stop);
process.stdin.resume();

function stop() {
  child.kill(options.stop_signal);
  setTimeout(() => child.kill('SIGKILL'), options.grace_ms).unref();
}

function report(line) {
  try {
    writeSync(REPORT_DESCRIPTOR, `${JSON.stringify(line)}\n`);
  } catch {
    // The other process has ended. The `end` event of stdin follows and stops the child.
  }
}
