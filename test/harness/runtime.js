/**
 * Jest's module system with two changes: Node loads packages once for all test files of a worker, and the project's own
 * modules, which are new in each file, are compiled once.
 *
 * Without these changes each file loads and compiles the SDK, zod, express and other packages again, which takes about
 * 1 s of CPU.
 */
const { createRequire, isBuiltin } = require('node:module');
const { Script } = require('node:vm');
const { fromJest } = require('./jest-parts');
const { WITH_STATE, requireShared, sharedFile, sourceMaps } = require('./shared-modules');
const { default: JestRuntime } = fromJest('jest-runtime');

/** The compiled modules of this worker, by file name: `{ source, script }`. */
const compiled = new Map();

module.exports = class Runtime extends JestRuntime {
  #loader;

  constructor(...given) {
    super(...given);
    // Jest compiles a module for the context of its environment, and this environment has none.
    const { executor } = this;
    if (typeof executor?.compile !== 'function') throw new Error('This version of jest compiles modules elsewhere.');
    executor.compile = (source, file) => compile(source, file, executor.injectedModuleParameters);
    this.#loader = { transform: (file) => this.#transform(file), compile: executor.compile };
    // For the stacks of errors in modules that earlier files have loaded.
    for (const [file, map] of sourceMaps) this.transformCache.getSourceMaps().set(file, map);
  }

  requireModule(from, name, options, isRequireActual) {
    const isShared = options?.isInternalModule !== true && isPackage(name) && !WITH_STATE.includes(name);
    if (isShared) return createRequire(from)(name);
    const file = options?.isInternalModule === true ? undefined : sharedFile(from, name ?? '', this.#loader.transform);
    if (file !== undefined) return requireShared(file, this.#loader);
    return super.requireModule(from, name, options, isRequireActual);
  }

  /** Returns the compiled source of a file. */
  #transform(file) {
    const code = this.transformCache.transform(file);
    const map = this.transformCache.getSourceMaps().get(file);
    if (map !== undefined) sourceMaps.set(file, map);
    return code;
  }

  /** Jest replaces `process.getBuiltinModule` in the environment's copy of `process`. Here `process` is not a copy. */
  installGetBuiltinModule() {}
};

/** Returns the function of a module. The source is compiled once for each worker; each call returns a new function. */
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
