/** The notices of a day in one mail: the subject and the first sentence of each. */
import { Section } from '@react-email/section';
import type { ItemContent } from '../../../domain/notification/content';
import { Note, Sentence } from '../blocks';
import { ContractLink } from '../layout';
import { STYLES } from '../styles';
import type { Template } from '../template';
import type { Words } from '../words';

/** How the items of a digest are headed; given, because the templates of all kinds include that of the digest. */
type Headed = (item: ItemContent, words: Words) => { subject: string; lead: string };

export function digestTemplate(headed: Headed): Template<'digest'> {
  return {
    subject: ({ count, day }, words) => words.text('digest.subject', { count, day: words.date(day) }),
    lead: ({ count }, words) => words.text('digest.lead', { count }),
    Body: ({ content: { items, count }, words }) => (
      <>
        {items.map((item) => (
          <DigestItem key={item.notification_id} {...headed(item, words)} item={item} words={words} />
        ))}
        {count > items.length && <Sentence>{words.text('digest.more', { count: count - items.length })}</Sentence>}
      </>
    ),
  };
}

function DigestItem(props: { subject: string; lead: string; item: ItemContent; words: Words }) {
  const { subject, lead, item, words } = props;
  return (
    <Section className="card" style={STYLES.card}>
      <Sentence>
        <strong>{subject}</strong>
      </Sentence>
      <Sentence>{lead}</Sentence>
      <Note>{words.time(item.at)}</Note>
      <ContractLink frame={item} words={words} />
    </Section>
  );
}
