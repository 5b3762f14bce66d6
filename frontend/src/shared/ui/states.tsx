/** What a place shows while it has nothing to show: loading, empty, or an error with what to do. */
import { Button, Loader } from '@mantine/core';
import type { ReactNode } from 'react';

import { errorSentence } from '@/shared/api/problem';

import { IconReset } from './icons';
import css from './ui.module.css';

export function Loading({ what }: { what: string }) {
  return (
    <div className={css.state} role="status">
      <Loader size="sm" color="var(--ff-muted)" aria-hidden />
      <span>Loading {what}…</span>
    </div>
  );
}

export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={css.state}>
      <strong>{title}</strong>
      <p>{children}</p>
      {action}
    </div>
  );
}

export function LoadError({ what, error, retry }: { what: string; error: unknown; retry?: () => void }) {
  return (
    <div className={css.state} role="alert">
      <strong>{what} couldn’t be loaded</strong>
      <p>{errorSentence(error)}</p>
      {retry && (
        <Button variant="default" onClick={retry} leftSection={<IconReset />}>
          Try again
        </Button>
      )}
    </div>
  );
}
