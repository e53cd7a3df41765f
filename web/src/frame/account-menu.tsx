/** Who is signed in, the language, the colours, and the way out. */
import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconKeyboard, IconLanguage, IconLogout, IconMoon, IconSun, IconUserCircle } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { roleTexts } from '../access/role-texts';
import { useSession } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { removeDrafts } from '../base/draft';
import { isRefusal } from '../base/problem';
import { useAction } from '../base/use-action';
import { chooseLanguage, useLanguage, useNames, useTexts } from '../base/texts';
import { openShortcuts } from './shortcuts';

export function AccountMenu() {
  const t = useTexts(baseTexts);
  const roleOf = useNames(roleTexts);
  const { admin } = useSession();
  const language = useLanguage();
  const dark = useComputedColorScheme('light') === 'dark';
  const { setColorScheme } = useMantineColorScheme();
  const queries = useQueryClient();
  const signOut = useAction({
    send: (everywhere: boolean) =>
      read(
        api.DELETE('/api/v1/session', { params: { query: everywhere ? { everywhere: 'true' as const } : {} } }),
      ).catch((error: unknown) => {
        // To end what has ended needs no sign-in.
        if (!isRefusal(error, 'SESSION_ENDED')) throw error;
      }),
    onDone: () => {
      removeDrafts();
      queries.clear();
      location.assign('/admin/sign-in');
    },
  });
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label={`${t('frame.account')}: ${admin.name}`}>
          <IconUserCircle size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <bdi>{admin.name}</bdi>
          <br />
          {admin.email} · {roleOf(admin.role)}
        </Menu.Label>
        <Menu.Item
          leftSection={dark ? <IconSun size={16} aria-hidden /> : <IconMoon size={16} aria-hidden />}
          onClick={() => setColorScheme(dark ? 'light' : 'dark')}
        >
          {dark ? t('frame.light') : t('frame.dark')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLanguage size={16} aria-hidden />}
          lang={language === 'de' ? 'en' : 'de'}
          onClick={() => chooseLanguage(language === 'de' ? 'en' : 'de')}
        >
          {t('frame.language')}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={openShortcuts}>
          {t('frame.shortcuts')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut.mutate(false)}>
          {t('frame.sign_out')}
        </Menu.Item>
        <Menu.Item onClick={() => signOut.mutate(true)}>{t('frame.sign_out_everywhere')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
