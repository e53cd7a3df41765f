/**
 * Settings of mail: for each kind, whether it is sent, to whom, and whether it may wait for the digest of its day.
 *
 * The installation, a customer and a contract each make choices. Each single choice of a contract holds over that of its customer, that
 * over the installation's, and that over the default of {@link NOTIFICATION_KINDS}.
 */
import { KIND_NAMES, NOTIFICATION_KINDS } from './kind';
import type { NotificationKindName, Role } from './kind';
import { addressKey } from './address';

/** The languages of mail. */
export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The kinds about which settings decide. A digest only carries others. */
export const SETTABLE_KINDS = KIND_NAMES.filter((kind) => kind !== 'digest');
export type SettableKind = Exclude<NotificationKindName, 'digest'>;

/** What is decided about one kind. */
export interface KindSettings {
  is_sent: boolean;
  roles: readonly Role[];
  /** Further addresses. */
  addresses: readonly string[];
  /** Whether it may wait for the digest, if the recipient wants one. */
  may_wait: boolean;
}

/** The choices of one scope. What is left out comes from the next wider scope. */
export type KindChoices = Partial<Record<SettableKind, Partial<KindSettings>>>;

/** Scopes from the widest to the narrowest. */
export const SETTING_SOURCES = ['default', 'installation', 'customer', 'contract'] as const;
export type SettingSource = (typeof SETTING_SOURCES)[number];
export type ChoicesByScope = Partial<Record<Exclude<SettingSource, 'default'>, KindChoices>>;

/** The settings of the installation that no narrower scope has. */
export interface InstallationMail {
  operator_addresses: readonly string[];
  language: Language;
  /** The time zone in which digests are sent. */
  time_zone: string;
}

/** What holds for one kind, and which scope decided each field. */
export interface EffectiveKind extends KindSettings {
  from: Record<keyof KindSettings, SettingSource>;
}

/** What holds for a kind in the narrowest of the given scopes. */
export function effectiveKind(kind: SettableKind, scopes: ChoicesByScope): EffectiveKind {
  const { to, may_wait } = NOTIFICATION_KINDS[kind];
  const settings: KindSettings = { is_sent: true, roles: to, addresses: [], may_wait };
  const from: EffectiveKind['from'] = {
    ...{ is_sent: 'default', roles: 'default', addresses: 'default', may_wait: 'default' },
  };
  for (const source of ['installation', 'customer', 'contract'] as const) {
    const choice = scopes[source]?.[kind];
    if (choice === undefined) continue;
    Object.assign(settings, choice);
    for (const field of Object.keys(choice) as (keyof KindSettings)[]) from[field] = source;
  }
  return { ...settings, from };
}

/** An edit of choices: null takes a choice back, or all choices about a kind. What is left out stays. */
export type KindsEdit = {
  [Kind in SettableKind]?:
    { [Field in keyof KindSettings]?: KindSettings[Field] | null | undefined } | null | undefined;
};

/** The choices after an edit. Kinds without a choice are left out, so that equal choices are equal. */
export function editChoices(before: KindChoices, edit: KindsEdit): KindChoices {
  const after: Record<string, Partial<KindSettings>> = {};
  for (const kind of SETTABLE_KINDS) {
    const given = edit[kind];
    const merged = given === null ? {} : { ...before[kind], ...given };
    const kept = Object.entries(merged).filter(([, value]) => value !== null && value !== undefined);
    if (kept.length > 0) after[kind] = Object.fromEntries(kept);
  }
  return after;
}

/** The choices without these addresses. */
export function withoutAddresses(choices: KindChoices, erased: ReadonlySet<string>): KindChoices {
  const kept = Object.entries(choices).map(([kind, { addresses, ...choice }]) => [
    kind,
    addresses === undefined
      ? choice
      : { ...choice, addresses: addresses.filter((one) => !erased.has(addressKey(one))) },
  ]);
  return Object.fromEntries(kept) as KindChoices;
}
