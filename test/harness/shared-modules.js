/**
 * The product's modules, loaded once for all test files of a worker. They have no state that a test could meet in another
 * file, with one exception: modules that use a package with state, directly or through others, are loaded in each file.
 *
 * Loading them again in each file takes 0.2 s of CPU, most of it for shapes.
 */
const { existsSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, extname, join, sep } = require('node:path');

const ROOT = join(__dirname, '..', '..');
const FOLDERS = ['activities', 'adapters', 'api', 'db', 'domain', 'temporal', 'transactions', 'workflows'];
/** A module of the tests that only reads the document of the interface. */
const OF_TESTS = join(__dirname, 'documented-answer.ts');

/** Packages that store what a test file registers. */
const WITH_STATE = ['prom-client'];

/** The loaded modules by file name. */
const modules = new Map();
/** Whether the module of a file is shared, by file name. */
const shared = new Map();
/** Where the source map of a loaded module is, by file name. */
const sourceMaps = new Map();

/**
 * Returns the file of a shared module that is required by its relative name; undefined for any other. `transform` returns
 * the compiled source of a file.
 */
function sharedFile(from, name, transform) {
  if (!/^\.\.?\//.test(name)) return undefined;
  const file = sourceOf(dirname(from), name);
  return isShared(file, transform) ? file : undefined;
}

/** The file of a relative name, as TypeScript resolves it. */
function sourceOf(folder, name) {
  const file = `${join(folder, name)}.ts`;
  return !existsSync(file) && existsSync(`${file}x`) ? `${file}x` : file;
}

function isShared(file, transform) {
  const known = shared.get(file);
  if (known !== undefined) return known;
  // The answer for a circle of imports, which dependency-cruiser refuses.
  shared.set(file, false);
  const answer =
    (isOfProduct(file) || file === OF_TESTS) &&
    existsSync(file) &&
    requiredBy(transform(file)).every((name) => isShareable(file, name, transform));
  shared.set(file, answer);
  return answer;
}

/** Whether a file is in a folder of the product, or one of the modules beside them. */
function isOfProduct(file) {
  return dirname(file) === ROOT || FOLDERS.some((folder) => file.startsWith(join(ROOT, folder) + sep));
}

/** Whether a module may require this if it is shared. */
function isShareable(from, name, transform) {
  if (WITH_STATE.includes(name)) return false;
  if (!name.startsWith('.') || extname(name) === '.json') return true;
  return isShared(sourceOf(dirname(from), name), transform);
}

/** The names that compiled code requires. */
function requiredBy(code) {
  return [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
}

/**
 * Returns the exports of a shared module. `transform` returns the compiled source of a file, `compile` the function of a
 * module.
 */
function requireShared(file, { transform, compile }) {
  const known = modules.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {}, filename: file, id: file, path: dirname(file) };
  modules.set(file, module);
  try {
    const own = createRequire(file);
    const load = (name) =>
      name.startsWith('.') && extname(name) !== '.json'
        ? requireShared(sourceOf(module.path, name), { transform, compile })
        : own(name);
    const run = compile(transform(file), file);
    run.call(module.exports, module, module.exports, Object.assign(load, own), module.path, file, undefined);
  } catch (error) {
    modules.delete(file);
    throw error;
  }
  return module.exports;
}

module.exports = { WITH_STATE, requireShared, sharedFile, sourceMaps };
