/**
 * Loaded before a program (`node --require`). It shifts the wall clock of the process, at first by SKEW_MS, and does
 * not change the monotonic clock. Each message `{ skew_ms }` from the parent process sets the shift and is answered
 * with the same message.
 */
const RealDate = Date;
let skew_ms = Number(process.env.SKEW_MS ?? 0);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, made) =>
    Reflect.construct(target, given.length === 0 ? [target.now() + skew_ms] : given, made),
  apply: (target) => new target(target.now() + skew_ms).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? () => target.now() + skew_ms : Reflect.get(target, name, receiver),
});

if (process.channel) {
  process.on('message', (message) => {
    skew_ms = message.skew_ms;
    process.send(message);
  });
  process.channel.unref();
}
