/**
 * Jest's module system, except that packages are loaded once for all test files of a worker, by Node, and that the project's own
 * modules, new in each file, are compiled once.
 *
 * With jest's own, each file loads and compiles the SDK, zod, express and their like again, which takes about 1 s of computing.
 */
const { createRequire, isBuiltin } = require('node:module');
const { Script } = require('node:vm');
const { fromJest } = require('./jest-parts');
const { default: JestRuntime } = fromJest('jest-runtime');

/** Packages that keep what a file registers: loaded again in each file. */
const WITH_STATE = ['prom-client'];

/** What was compiled by this worker, by file name: `{ source, script }`. */
const compiled = new Map();

module.exports = class Runtime extends JestRuntime {
  constructor(...given) {
    super(...given);
    // Jest compiles a module for the context of its environment, and ours has none.
    const { executor } = this;
    if (typeof executor?.compile !== 'function') throw new Error('This version of jest compiles modules elsewhere.');
    executor.compile = (source, file) => compile(source, file, executor.injectedModuleParameters);
  }

  requireModule(from, name, options, isRequireActual) {
    const isShared = options?.isInternalModule !== true && isPackage(name) && !WITH_STATE.includes(name);
    if (isShared) return createRequire(from)(name);
    return super.requireModule(from, name, options, isRequireActual);
  }

  /** Jest replaces `process.getBuiltinModule` in the environment's copy of `process`; here it is the process's own. */
  installGetBuiltinModule() {}
};

/** The function of a module. Its text is compiled once a worker; each call returns a new function. */
function compile(source, file, parameters) {
  const known = compiled.get(file);
  if (known?.source === source) return known.script.runInThisContext();
  const head = `(function (${parameters.join(', ')}) {`;
  const script = new Script(`${head}${source}\n})`, { filename: file, columnOffset: -head.length });
  compiled.set(file, { source, script });
  return script.runInThisContext();
}

function isPackage(name) {
  return name !== undefined && !/^[./]/.test(name) && !isBuiltin(name);
}
