/** Texts of the page of one contract that all its tabs share. */
import { texts } from '../base/texts';

export const detailsTexts = texts({
  en: {
    contract: 'Contract',
    tabs: 'Parts of the contract',
    'deleted.title': 'A deleted contract',
    'deleted.text': 'The contract and its API keys are deleted. Its licenses stay valid, and its history stays here.',
    'tab.overview': 'Overview',
    'tab.generation': 'Generation',
    'tab.licenses': 'Licenses',
    'tab.api': 'API access',
    'tab.activity': 'Activity',
    'tab.timeline': 'Timeline',
    'tab.charts': 'Charts',
    'tab.amendments': 'Amendments',
    'tab.schedules': 'Schedules',
    'tab.imports': 'Imports',
    'tab.webhooks': 'Webhooks',
    'tab.notifications': 'Notifications',
  },
  de: {
    contract: 'Vertrag',
    tabs: 'Teile des Vertrags',
    'deleted.title': 'Ein gelöschter Vertrag',
    'deleted.text':
      'Der Vertrag und seine API-Schlüssel sind gelöscht. Seine Lizenzen bleiben gültig, und seine Geschichte bleibt hier.',
    'tab.overview': 'Übersicht',
    'tab.generation': 'Erzeugung',
    'tab.licenses': 'Lizenzen',
    'tab.api': 'API-Zugang',
    'tab.activity': 'Aktivität',
    'tab.timeline': 'Zeitlinie',
    'tab.charts': 'Diagramme',
    'tab.amendments': 'Nachträge',
    'tab.schedules': 'Zeitpläne',
    'tab.imports': 'Importe',
    'tab.webhooks': 'Webhooks',
    'tab.notifications': 'Benachrichtigungen',
  },
});
