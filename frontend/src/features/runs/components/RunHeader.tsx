/** A run's name, standing, time and progress, with what can be asked of it now. */
import { Button } from '@mantine/core';
import { useState } from 'react';

import { errorSentence } from '@/shared/api/problem';
import type { Run } from '@/shared/api/types';
import { requirementText } from '@/shared/format/metrics';
import { percent } from '@/shared/format/numbers';
import { useNow } from '@/shared/hooks/useNow';
import { useIdentity } from '@/shared/session';
import { Badge } from '@/shared/ui/Badge';
import { Callout } from '@/shared/ui/Callout';
import { IconPause, IconPlay, IconStop } from '@/shared/ui/icons';
import { Meter } from '@/shared/ui/Meter';

import { type Control, useControlRun } from '../api/controlRun';
import { isActive } from '../api/runs';
import type { LiveRunView } from '../model/liveStore';
import { happening, timing } from '../model/words';
import { CancelDialog } from './CancelDialog';
import css from './RunHeader.module.css';
import { StateBadge } from './StateBadge';

interface RunHeaderProps {
  live: LiveRunView;
  /** When the snapshot's clock was right, in ms. */
  clockedAt: number;
}

const WORKED: ReadonlySet<string> = new Set(['STARTING', 'RUNNING', 'PAUSING', 'CANCELLING']);

export function RunHeader({ live: { run, history, link }, clockedAt }: RunHeaderProps) {
  const { canEdit } = useIdentity();
  const control = useControlRun(run.id);
  const [cancelling, setCancelling] = useState(false);
  const worked = WORKED.has(run.state);
  const now = useNow(worked);
  const elapsed = (run.elapsed_s ?? 0) + (worked ? Math.max(0, now - clockedAt) / 1000 : 0);
  const ask = (what: Control) => {
    control.mutate(what);
  };
  const can = (action: Control) => canEdit && run.actions.includes(action);

  return (
    <header className={css.header}>
      <div className={css.top}>
        <div className={css.title}>
          <h1>{run.name}</h1>
          <StateBadge run={run} />
          {link === 'reconnecting' && (
            <span role="status">
              <Badge tone="warn" moving>
                Reconnecting
              </Badge>
            </span>
          )}
        </div>
        <div className={css.actions}>
          {can('pause') && (
            <Button
              variant="default"
              leftSection={<IconPause />}
              loading={control.isPending}
              onClick={() => {
                ask('pause');
              }}
            >
              Pause
            </Button>
          )}
          {can('resume') && (
            <Button
              leftSection={<IconPlay />}
              loading={control.isPending}
              onClick={() => {
                ask('resume');
              }}
            >
              Resume
            </Button>
          )}
          {can('cancel') && (
            <Button
              variant="default"
              leftSection={<IconStop />}
              onClick={() => {
                setCancelling(true);
              }}
            >
              Cancel run
            </Button>
          )}
        </div>
      </div>
      <p className={css.facts}>
        <span>{run.prototype.name}</span>
        <span>{run.dataset.name}</span>
        <span>{run.requirements.map(requirementText).join(', ')}</span>
        <span>seed {run.seed}</span>
        <span>confidence {percent(run.confidence)}</span>
        {run.device && <span>{deviceName(run.device)}</span>}
      </p>
      {isActive(run.state) && <Meter label="Progress of the run" fraction={run.summary.fraction} />}
      <div className={css.now}>
        <p aria-live="polite">{happening(run, history)}</p>
        <span>{timing(run, elapsed, run.state === 'RUNNING' ? run.summary.remaining_s : null)}</span>
      </div>
      {run.state === 'FAILED' && run.failure && (
        <Callout tone="bad">
          {run.failure.message} <code>{run.failure.code}</code>
        </Callout>
      )}
      {control.isError && (
        <Callout tone="bad" role="alert">
          {errorSentence(control.error)}
        </Callout>
      )}
      <CancelDialog
        opened={cancelling}
        close={() => {
          setCancelling(false);
        }}
        confirm={() => {
          setCancelling(false);
          ask('cancel');
        }}
      />
    </header>
  );
}

function deviceName({ kind, name, threads }: NonNullable<Run['device']>): string {
  if (kind === 'cuda') return `GPU ${name}`;
  return threads ? `CPU ${name}, ${String(threads)} ${threads === 1 ? 'thread' : 'threads'}` : `CPU ${name}`;
}
