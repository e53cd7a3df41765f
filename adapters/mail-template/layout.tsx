/** What every mail has around its body: the line that mail programs show beside the subject, the heading, and why it was sent. */
import { Body } from '@react-email/body';
import { Container } from '@react-email/container';
import { Head } from '@react-email/head';
import { Heading } from '@react-email/heading';
import { Html } from '@react-email/html';
import { Preview } from '@react-email/preview';
import { Section } from '@react-email/section';
import { Text } from '@react-email/text';
import type { ReactNode } from 'react';
import type { MailFrame } from '../../domain/notification/content';
import { LinkLine, Note, Sentence } from './blocks';
import { readerOf } from './contract-name';
import { DARK_SHEET, STYLES } from './styles';
import { inline } from './words';
import type { Words } from './words';

interface LayoutProps {
  frame: MailFrame;
  words: Words;
  /** The subject without its environment. */
  heading: string;
  lead: string;
  unsubscribe_url: string | null;
  children: ReactNode;
}

export function Layout({ frame, words, heading, lead, unsubscribe_url, children }: LayoutProps) {
  return (
    <Html lang={words.language} dir="ltr">
      <Head>
        <title>{heading}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <style>{DARK_SHEET}</style>
      </Head>
      <Preview>{lead}</Preview>
      <Body className="page" style={STYLES.body}>
        <Container style={STYLES.container}>
          <Section className="panel" style={STYLES.panel}>
            <Heading as="h1" className="ink" style={STYLES.heading} dir="auto">
              {heading}
            </Heading>
            <EnvironmentNote environment={frame.environment} words={words} />
            <Sentence>{lead}</Sentence>
            {children}
          </Section>
          <Footer frame={frame} words={words} unsubscribe_url={unsubscribe_url} />
        </Container>
      </Body>
    </Html>
  );
}

function EnvironmentNote({ environment, words }: { environment: MailFrame['environment']; words: Words }) {
  if (!isNamed(environment)) return null;
  return (
    <Text className="environment" style={STYLES.environment}>
      {words.text('facts.environment')}: {environment}
    </Text>
  );
}

/** Whether mails of an environment say so. Those of production do not. */
export function isNamed(environment: MailFrame['environment']): environment is 'staging' | 'development' {
  return environment !== null && environment !== 'production';
}

/** The contract in the API. People of the customer have no key of it. */
export function ContractLink({ frame, words }: { frame: MailFrame; words: Words }) {
  if (frame.contract === null || readerOf(frame).reader === 'customer') return null;
  return <LinkLine href={frame.contract.url}>{words.text('footer.show_contract')}</LinkLine>;
}

function Footer({ frame, words, unsubscribe_url }: Pick<LayoutProps, 'frame' | 'words' | 'unsubscribe_url'>) {
  const { role, contract } = frame;
  const why = { role, known: contract ? 'yes' : 'no', contract: inline(contract?.name ?? '') };
  return (
    <Section style={STYLES.footer}>
      <Note>{words.text('footer.why', why)}</Note>
      <ContractLink frame={frame} words={words} />
      {unsubscribe_url !== null && <LinkLine href={unsubscribe_url}>{words.text('footer.unsubscribe')}</LinkLine>}
    </Section>
  );
}
