import { texts } from '../base/texts';

export const frameTexts = texts({
  en: { licensing: 'Licensing', delivery: 'Delivery', operation: 'Operation' },
  de: { licensing: 'Lizenzen', delivery: 'Zustellung', operation: 'Betrieb' },
});
