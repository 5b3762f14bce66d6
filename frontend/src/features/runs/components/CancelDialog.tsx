import { Button, Group, Modal } from '@mantine/core';

interface CancelDialogProps {
  opened: boolean;
  close: () => void;
  confirm: () => void;
}

/** Cancelling can't be undone, so it is asked for twice. */
export function CancelDialog({ opened, close, confirm }: CancelDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Cancel this run?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <p>The engine stops, and the run can’t be resumed. To go on later, pause it instead.</p>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep running
        </Button>
        <Button color="red.9" onClick={confirm}>
          Yes, cancel it
        </Button>
      </Group>
    </Modal>
  );
}
