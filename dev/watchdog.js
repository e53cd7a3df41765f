/**
 * Keeps one process: starts it, and ends it as soon as whoever started the keeper is gone, even by `kill -9`.
 *
 * The keeper's stdin is the lifeline. The system closes it when the other side dies, however that happens, and no
 * signal handler has to run for it. Plain JavaScript, so that a keeper starts in 40 ms and needs no compiler.
 * Usage: `node watchdog.js '{"command", "args", "cwd", "uid", "gid", "umask", "stop_signal", "grace_ms"}'`, with a pipe as descriptor 3,
 * on which it reports one JSON line `{"pid"}` and later `{"code", "signal"}`, or `{"error"}`.
 */
const { spawn } = require('node:child_process');
const { writeSync } = require('node:fs');

const REPORT_DESCRIPTOR = 3;
const kept = JSON.parse(process.argv[2]);

// Ctrl-C reaches every process of a terminal; the order of stopping belongs to the one who holds the lifeline.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});

if (kept.umask !== undefined) process.umask(kept.umask);
const child = spawn(kept.command, kept.args, {
  cwd: kept.cwd,
  uid: kept.uid,
  gid: kept.gid,
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
  child.kill(kept.stop_signal);
  setTimeout(() => child.kill('SIGKILL'), kept.grace_ms).unref();
}

function report(line) {
  try {
    writeSync(REPORT_DESCRIPTOR, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads any more: the other side is gone, and the end of stdin will say so.
  }
}
