/** Texts about exceeded limits and mails of a contract. */
import { texts } from '../../base/texts';

export const noticeTexts = texts({
  en: {
    episodes: 'When more was asked for than the quota allows',
    none: 'It has never happened.',
    since: 'Since',
    until: 'Until',
    open: 'still open',
    limit: 'Quota',
    used: 'Used',
    demand: 'Quota that would be enough',
    mails: 'Mails about this contract',
  },
  de: {
    episodes: 'Wann mehr verlangt wurde, als das Kontingent erlaubt',
    none: 'Es ist noch nie geschehen.',
    since: 'Seit',
    until: 'Bis',
    open: 'noch offen',
    limit: 'Kontingent',
    used: 'Verbraucht',
    demand: 'Kontingent, das reichen würde',
    mails: 'E-Mails zu diesem Vertrag',
  },
});
