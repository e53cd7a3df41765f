/** The blocks of which the bodies of mails are made. They read well as text too. */
import { Button } from '@react-email/button';
import { Link } from '@react-email/link';
import { Section } from '@react-email/section';
import { Text } from '@react-email/text';
import type { ReactNode } from 'react';
import { STYLES } from './styles';

/** A sentence. */
export function Sentence({ children }: { children: ReactNode }) {
  return (
    <Text className="ink" style={STYLES.text}>
      {children}
    </Text>
  );
}

/** A sentence that is less important. */
export function Note({ children }: { children: ReactNode }) {
  return (
    <Text className="faint" style={STYLES.note}>
      {children}
    </Text>
  );
}

/** Facts with their names, a line each. Facts without a value are left out. */
export function Facts({ of: facts }: { of: readonly (readonly [name: string, value: string | null])[] }) {
  return (
    <Section className="card" style={STYLES.card}>
      {facts.map(([name, value]) => value !== null && <Fact key={name} name={name} value={value} />)}
    </Section>
  );
}

/** One fact. The value has a direction of its own. */
export function Fact({ name, value }: { name: string; value: string }) {
  return (
    <Text className="ink line" style={STYLES.fact}>
      <span className="faint" style={STYLES.name}>
        {name}:
      </span>{' '}
      <bdi dir="auto">{value}</bdi>
    </Text>
  );
}

/** A link in a line of its own. */
export function LinkLine({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Note>
      <Link className="link" href={href} style={STYLES.link}>
        {children}
      </Link>
    </Note>
  );
}

/** A text that is copied, such as a license key. It breaks at any character, so that it fits on a phone. */
export function Code({ children }: { children: string }) {
  return (
    <Text className="ink line" style={STYLES.code}>
      <bdi dir="ltr">{children}</bdi>
    </Text>
  );
}

/** The one thing to do next. */
export function Action({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Section style={STYLES.action}>
      <Button className="button" href={href} style={STYLES.button}>
        {children}
      </Button>
    </Section>
  );
}
