/** All terms of a contract: duration, renewal, what its licenses get, API limits, pool, and metadata. */
import { Code } from '@mantine/core';
import { Facts } from '../../base/facts';
import type { Fact } from '../../base/facts';
import { EntityName } from '../../base/entity-name';
import { Instant } from '../../base/instant';
import { formatLocalDate, formatNumber } from '../../base/instants';
import { formatPeriod, formatUnit } from '../../base/periods';
import { useLanguage, useNames, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import type { Contract } from '../states';
import { Section } from './section';
import { termsTexts } from './terms-texts';

export function Terms({ contract }: TabProps) {
  const t = useTexts(termsTexts);
  return (
    <>
      <TermsSection title={t('duration')} rows={useDuration(contract)} />
      <TermsSection title={t('renewal')} rows={useRenewal(contract)} />
      <TermsSection title={t('licenses')} rows={useLicenseTerms(contract)} />
      {contract.type === 'pool' && <TermsSection title={t('pool')} rows={usePool(contract)} />}
      <TermsSection title={t('access')} rows={useAccess(contract)} />
    </>
  );
}

function TermsSection({ title, rows }: { title: string; rows: readonly Fact[] }) {
  return (
    <Section title={title}>
      <Facts label={title} rows={rows} />
    </Section>
  );
}

function useDay(): (date: string | null) => string | null {
  const language = useLanguage();
  return (date) => date && formatLocalDate(date, language);
}

function useDuration({ start_date, term, timezone, expiry_grace_days, grace_allows_generation }: Contract): Fact[] {
  const t = useTexts(termsTexts);
  const language = useLanguage();
  const day = useDay();
  return [
    [t('start_date'), day(start_date) ?? t('at_activation')],
    [t('term.number'), term.number],
    [t('term.length'), term.length ? formatPeriod(term.length, language) : t('no_end')],
    [t('term.from'), day(term.start_date)],
    [t('term.last_day'), day(term.last_day) ?? t('no_end')],
    [t('grace'), formatUnit(expiry_grace_days, 'day', language)],
    [t('grace_allows_generation'), t(grace_allows_generation ? 'yes' : 'no')],
    [t('timezone'), timezone],
  ];
}

function useRenewal({ renewal, timezone }: Contract): Fact[] {
  const t = useTexts(termsTexts);
  const nameOf = useNames(termsTexts);
  const language = useLanguage();
  const day = useDay();
  return [
    [t('renewal.mode'), nameOf(renewal.mode, 'mode.')],
    [t('renewal.term'), renewal.term ? formatPeriod(renewal.term, language) : t('renewal.same_length')],
    [t('renewal.notice'), formatUnit(renewal.notice_days, 'day', language)],
    [t('renewal.notice_date'), day(renewal.notice_date)],
    [
      t('renewal.quota'),
      renewal.quota_effect && t('renewal.adds', { add: formatNumber(renewal.quota_effect.add, language) }),
    ],
    [t('renewal.max'), renewal.max_renewals ?? t('no_limit')],
    [t('renewal.late'), formatUnit(renewal.late_renewal_days, 'day', language)],
    [t('renewal.coterm'), renewal.coterm_with && <EntityName kind="contract" id={renewal.coterm_with} />],
    [t('renewal.opted_out'), renewal.opt_out_at && <Instant at={renewal.opt_out_at} zone={timezone} />],
    [t('renewal.last_term'), renewal.opt_out_term],
  ];
}

type Expiry = { duration?: string; basis?: string; date?: string } | null;

function useLicenseTerms(contract: Contract): Fact[] {
  const t = useTexts(termsTexts);
  const nameOf = useNames(termsTexts);
  const language = useLanguage();
  const { activation_limit, device_lease_minutes, cap_expiry_at_contract_end, on_suspend, feature_overrides } =
    contract;
  const expiry = contract.expiry as Expiry;
  const expires = expiry?.date
    ? t('expiry.date', { date: formatLocalDate(expiry.date, language) })
    : expiry?.duration
      ? t('expiry.duration', {
          period: formatPeriod(expiry.duration, language),
          basis: nameOf(expiry.basis ?? 'generation', 'basis.'),
        })
      : t('expiry.never');
  return [
    [t('expiry'), expires],
    [t('expiry.capped'), t(cap_expiry_at_contract_end ? 'yes' : 'no')],
    [
      t('activation_limit'),
      activation_limit === null
        ? t('of_generator')
        : activation_limit === 'unlimited'
          ? t('unlimited')
          : activation_limit,
    ],
    [
      t('device_lease'),
      device_lease_minutes === null ? t('lease.none') : formatUnit(device_lease_minutes, 'minute', language),
    ],
    [t('on_suspend'), nameOf(on_suspend.issued_licenses, 'on_suspend.')],
    [t('features'), isEmpty(feature_overrides) ? t('features.none') : <Json value={feature_overrides} />],
  ];
}

function usePool({ low_water, min_remaining_validity, auto_replenish }: Contract): Fact[] {
  const t = useTexts(termsTexts);
  const language = useLanguage();
  return [
    [t('pool.low_water'), formatNumber(low_water, language)],
    [t('pool.validity'), min_remaining_validity ? formatPeriod(min_remaining_validity, language) : t('pool.any')],
    [
      t('pool.replenish'),
      auto_replenish ? t('pool.up_to', { target: formatNumber(auto_replenish.target, language) }) : t('no'),
    ],
  ];
}

function useAccess({ api_access, rate_limits, ip_allowlist, webhook_url, metadata }: Contract): Fact[] {
  const t = useTexts(termsTexts);
  const { licenses, ...requests } = rate_limits;
  return [
    [t('access.enabled'), t(api_access.enabled ? 'yes' : 'no')],
    [t('access.requests'), useLimits(requests)],
    [t('access.licenses'), useLimits(licenses)],
    [t('access.addresses'), ip_allowlist.length > 0 ? ip_allowlist.join(', ') : t('access.any_address')],
    [t('access.webhook'), webhook_url ?? t('none')],
    [t('metadata'), isEmpty(metadata) ? t('none') : <Json value={metadata} />],
  ];
}

type Limits = Record<'per_minute' | 'per_hour' | 'per_day', number | null>;

function useLimits(limits: Limits): string {
  const t = useTexts(termsTexts);
  const language = useLanguage();
  const windows = (['per_minute', 'per_hour', 'per_day'] as const).flatMap((window) => {
    const limit = limits[window];
    return limit === null ? [] : [t(window, { limit: formatNumber(limit, language) })];
  });
  return windows.length === 0 ? t('no_limit') : windows.join(', ');
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function Json({ value }: { value: unknown }) {
  return (
    <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
      {JSON.stringify(value, null, 2)}
    </Code>
  );
}
