/** The features and the activation limit of a license (domain.md 5.8, decisions 13). */
import type { Json, JsonObject } from '../base/json';

/** The activation limit of a contract: a number, `unlimited`, or null for the generator's default. */
export type ActivationLimitOverride = number | 'unlimited' | null;

/** The generator's features with the contract's overrides merged in (RFC 7396: objects merge, null removes). */
export function effectiveFeatures(generator: JsonObject, overrides: JsonObject): JsonObject {
  const merged: JsonObject = { ...generator };
  for (const [key, override] of Object.entries(overrides)) {
    if (override === null) delete merged[key];
    else if (isObject(override)) merged[key] = effectiveFeatures(objectAt(merged, key), override);
    else merged[key] = override;
  }
  return merged;
}

/** The activation limit of a new license; null means unlimited. */
export function effectiveActivationLimit(generator: number | null, override: ActivationLimitOverride): number | null {
  if (override === null) return generator;
  return override === 'unlimited' ? null : override;
}

/** The paths of overrides whose JSON type differs from that of the generator's feature. */
export function mistypedOverrides(generator: JsonObject, overrides: JsonObject, path = ''): string[] {
  return Object.entries(overrides).flatMap(([key, override]) => {
    const known = Object.hasOwn(generator, key) ? generator[key] : undefined;
    if (override === null || known === undefined || known === null) return [];
    if (typeOf(known) !== typeOf(override)) return [path + key];
    return isObject(known) && isObject(override) ? mistypedOverrides(known, override, `${path}${key}.`) : [];
  });
}

/** The JSON type as a refusal names it. */
export function typeOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The object under an own key; inherited properties are no features. */
function objectAt(features: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(features, key) ? features[key] : undefined;
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
