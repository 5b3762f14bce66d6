/** A place that takes a file, dropped or chosen, tells how far its upload is, and shows what was refused. */
import { Button, FileButton } from '@mantine/core';
import { type ReactNode, useRef, useState } from 'react';

import { errorSentence } from '@/shared/api/problem';
import { percent } from '@/shared/format/numbers';

import { Callout } from './Callout';
import { IconUpload } from './icons';
import { Meter } from './Meter';
import css from './UploadArea.module.css';

interface UploadAreaProps {
  label: string;
  accept: string;
  hint: ReactNode;
  busy: boolean;
  fraction: number;
  error: unknown;
  onFile: (file: File, signal: AbortSignal) => void;
}

export function UploadArea({ label, accept, hint, busy, fraction, error, onFile }: UploadAreaProps) {
  const [over, setOver] = useState(false);
  const [name, setName] = useState('');
  const stop = useRef<AbortController>(null);
  const resetRef = useRef<() => void>(null);
  const take = (file: File | null | undefined) => {
    if (!file || busy) return;
    setName(file.name);
    stop.current = new AbortController();
    onFile(file, stop.current.signal);
    // So that the same file can be chosen again.
    resetRef.current?.();
  };
  const stopped = error instanceof DOMException && error.name === 'AbortError';
  return (
    <div className={css.wrap}>
      {/* Dropping is a shortcut; the button inside does the same by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div
        className={css.area}
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => {
          setOver(false);
        }}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files[0]);
        }}
      >
        {busy ? (
          <div className={css.progress}>
            <span>
              {fraction < 1
                ? `Uploading ${name}: ${percent(fraction, 0)}`
                : `${name} is here; the server stores it…`}
            </span>
            <Meter label={`Upload of ${name}`} fraction={fraction} />
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => {
                stop.current?.abort();
              }}
            >
              Stop
            </Button>
          </div>
        ) : (
          <>
            <FileButton
              accept={accept}
              onChange={take}
              resetRef={resetRef}
              inputProps={{ 'aria-label': label }}
            >
              {(props) => (
                <Button {...props} leftSection={<IconUpload />}>
                  {label}
                </Button>
              )}
            </FileButton>
            <p>{hint}</p>
          </>
        )}
      </div>
      {error !== null && error !== undefined && !stopped && (
        <Callout tone="bad" role="alert">
          <span className={css.refusal}>{errorSentence(error)}</span>
        </Callout>
      )}
    </div>
  );
}
