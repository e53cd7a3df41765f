/** What a person may do with a resource, as `allowed_actions` of the interface says: absent, disabled with the reason, or possible. */
import { Button, Menu, Text, Tooltip } from '@mantine/core';
import type { ButtonProps } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { reasonTexts } from './reason-texts';
import type { ReasonCode } from './reason-texts';
import { useTexts } from './texts';

/** An entry of `allowed_actions`. */
export type AllowedAction = true | { code: string };

/** The role, or the kind of caller, can never do this. Its button is absent. */
const NEVER = new Set(['FORBIDDEN_ROLE', 'FORBIDDEN_CALLER']);

/** Whether the action has a place on the page: everything but what the role can never do. */
export function isOffered(allowed: AllowedAction): boolean {
  return allowed === true || !NEVER.has(allowed.code);
}

/** Says why an action is not possible now. A code without a text is shown as it is. */
export function useReason(): (allowed: AllowedAction) => string | undefined {
  const t = useTexts(reasonTexts);
  return (allowed) => {
    if (allowed === true) return undefined;
    return allowed.code in reasonTexts.messages.en ? t(allowed.code as ReasonCode) : allowed.code;
  };
}

interface AllowedButtonProps extends ButtonProps {
  allowed: AllowedAction;
  /** What the button does, or the page to which it leads as a link. */
  onClick?: () => void;
  to?: string;
  children: ReactNode;
}

/** A button of an action. A disabled one stays in the order of the Tab key, so that everybody can read the reason. */
export function AllowedButton({ allowed, onClick, to, children, ...button }: AllowedButtonProps) {
  const reason = useReason()(allowed);
  if (!isOffered(allowed)) return null;
  if (reason === undefined && to !== undefined)
    return (
      <Button {...button} component={Link} to={to}>
        {children}
      </Button>
    );
  if (reason === undefined)
    return (
      <Button {...button} onClick={onClick}>
        {children}
      </Button>
    );
  return (
    <Tooltip label={reason} multiline maw="20rem" events={{ hover: true, focus: true, touch: true }}>
      <Button {...button} data-disabled aria-disabled onClick={(event) => event.preventDefault()}>
        {children}
      </Button>
    </Tooltip>
  );
}

interface AllowedMenuItemProps {
  allowed: AllowedAction;
  onClick: () => void;
  children: ReactNode;
  color?: string;
  leftSection?: ReactNode;
}

/** The same in a menu, where the reason stands below the name. */
export function AllowedMenuItem({ allowed, onClick, children, color, leftSection }: AllowedMenuItemProps) {
  const reason = useReason()(allowed);
  if (!isOffered(allowed)) return null;
  if (reason === undefined)
    return (
      <Menu.Item onClick={onClick} leftSection={leftSection} {...(color ? { color } : {})}>
        {children}
      </Menu.Item>
    );
  return (
    <Menu.Item aria-disabled closeMenuOnClick={false} leftSection={leftSection}>
      <Text size="sm" c="dimmed">
        {children}
      </Text>
      <Text size="xs" c="dimmed" maw="18rem" style={{ whiteSpace: 'normal' }}>
        {reason}
      </Text>
    </Menu.Item>
  );
}
