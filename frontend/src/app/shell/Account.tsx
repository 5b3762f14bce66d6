import { Menu, UnstyledButton } from '@mantine/core';

import { useSignOut } from '@/features/session/api/session';
import { useIdentity } from '@/shared/session';
import { IconCheck } from '@/shared/ui/icons';

import css from './Shell.module.css';

/** The workspace and who works in it; more workspaces to change to, where there are some. */
export function Account() {
  const { session, workspace, selectWorkspace } = useIdentity();
  const signOut = useSignOut();
  const name = session.user?.username ?? '';
  return (
    <Menu position="top-start" width={230} withinPortal>
      <Menu.Target>
        <UnstyledButton className={css.account}>
          <span className={css.avatar} aria-hidden>
            {name.slice(0, 1).toUpperCase()}
          </span>
          <span className="visually-hidden">Account and workspace: </span>
          <span className={css.who}>
            <b>{workspace?.name ?? 'No workspace'}</b>
            <small>{name}</small>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Workspaces</Menu.Label>
        {session.workspaces.map(({ id, name: label, role }) => (
          <Menu.Item
            key={id}
            rightSection={id === workspace?.id ? <IconCheck /> : null}
            onClick={() => {
              selectWorkspace(id);
            }}
          >
            {label} <small>({role})</small>
          </Menu.Item>
        ))}
        {!session.embedded && (
          <>
            <Menu.Divider />
            <Menu.Item
              onClick={() => {
                signOut.mutate();
              }}
            >
              Sign out
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
