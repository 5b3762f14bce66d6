import { Button, Group, Modal } from '@mantine/core';
import { useState } from 'react';

import { errorSentence } from '@/shared/api/problem';

import { Callout } from './Callout';
import { IconTrash } from './icons';

interface DeleteButtonProps {
  what: string;
  consequence: string;
  busy: boolean;
  error: unknown;
  onDelete: () => void;
  label?: string;
  verb?: string;
}

/** Deleting is asked for twice; a refusal (still in use) is told in the dialog. */
export function DeleteButton({
  what,
  consequence,
  busy,
  error,
  onDelete,
  label = 'Delete',
  verb = 'delete',
}: DeleteButtonProps) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconTrash />}
        aria-label={`${label} ${what}`}
        onClick={() => {
          setOpened(true);
        }}
      >
        {label}
      </Button>
      <Modal
        opened={opened}
        onClose={() => {
          setOpened(false);
        }}
        title={`${label} ${what}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <p>{consequence}</p>
        {error !== null && error !== undefined && (
          <Callout tone="bad" role="alert">
            {errorSentence(error)}
          </Callout>
        )}
        <Group justify="flex-end" mt="lg">
          <Button
            variant="default"
            onClick={() => {
              setOpened(false);
            }}
            data-autofocus
          >
            Keep it
          </Button>
          <Button color="red.9" loading={busy} onClick={onDelete}>
            Yes, {verb} it
          </Button>
        </Group>
      </Modal>
    </>
  );
}
