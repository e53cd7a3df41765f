/** The metrics of a contract in figures. */
import { Facts } from '../../base/facts';
import { formatLocalDate, formatNumber, formatShare, locale } from '../../base/instants';
import { formatUnit } from '../../base/periods';
import { useLanguage, useTexts } from '../../base/texts';
import { chartTexts } from './chart-texts';
import { CHANNELS } from './metrics';
import type { Metrics } from './metrics';

export function KeyFigures({ metrics }: { metrics: Metrics }) {
  const t = useTexts(chartTexts);
  const language = useLanguage();
  const { quota, velocity, time_to_quota, channels, attempts, throttled, last_24_hours } = metrics;
  const rate = (share: number | null) => (share === null ? '–' : formatShare(share, language));
  const decimal = new Intl.NumberFormat(locale(language), { maximumFractionDigits: 1 });
  const shares = CHANNELS.filter(({ name }) => channels[name].share !== null).map(
    ({ name }) => `${t(`channel.${name}`)} ${formatShare((channels[name].share ?? 0) / 100, language)}`,
  );
  return (
    <Facts
      label={t('metrics')}
      rows={[
        [t('utilization'), formatShare(quota.utilization / 100, language)],
        [
          t('velocity'),
          t('velocity.text', { day: decimal.format(velocity.per_day), week: decimal.format(velocity.per_week) }),
        ],
        [
          t('time_to_quota'),
          time_to_quota.days === null
            ? t('never')
            : `${formatUnit(time_to_quota.days, 'day', language)}${time_to_quota.date ? ` (${formatLocalDate(time_to_quota.date, language)})` : ''}`,
        ],
        [t('shares'), shares.length > 0 ? shares.join(', ') : '–'],
        [t('error_rate'), `${rate(attempts.error_rate)} (${t('attempts', { count: attempts.total })})`],
        [t('throttled'), `${rate(throttled.rate)} (${t('attempts', { count: throttled.requests })})`],
        [
          t('last_24_hours'),
          last_24_hours.spike
            ? t('spike', { licenses: formatNumber(last_24_hours.licenses, language) })
            : formatNumber(last_24_hours.licenses, language),
        ],
      ]}
    />
  );
}
