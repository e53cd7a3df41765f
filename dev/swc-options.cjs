/** Options with which TypeScript is compiled in jest, in the development stack, and in the processes that tests start. */
module.exports = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs', ignoreDynamic: false },
  sourceMaps: 'inline',
};
