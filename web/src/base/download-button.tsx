/** A link to a file of the interface. The browser saves it as it comes, so a file of any size needs no memory. */
import { Button } from '@mantine/core';
import type { ButtonProps } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

interface DownloadButtonProps extends ButtonProps {
  href: string;
  children: string;
}

export function DownloadButton({ href, children, ...button }: DownloadButtonProps) {
  return (
    <Button
      component="a"
      href={href}
      download
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
      {...button}
    >
      {children}
    </Button>
  );
}

/** The address of a file with its parameters. */
export function fileAddress(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
