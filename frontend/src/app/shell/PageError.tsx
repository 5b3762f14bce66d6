import { Button } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';

import { errorSentence } from '@/shared/api/problem';
import { PageHead } from '@/shared/ui/Panel';

/** Shown when a page breaks, or when its code is gone after an update of the server. */
export function PageError({ error }: ErrorComponentProps) {
  return (
    <div role="alert">
      <PageHead title="This page broke">
        Reload it; if that doesn’t help, report this: {errorSentence(error)}
      </PageHead>
      <Button
        onClick={() => {
          window.location.reload();
        }}
      >
        Reload
      </Button>
    </div>
  );
}
