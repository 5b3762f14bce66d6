import { Button, type ButtonProps } from '@mantine/core';
import { useEffect, useState } from 'react';

import { IconCheck, IconCopy } from './icons';

/** Copies text; where the browser forbids the clipboard (plain HTTP), through a selection. */
export function CopyButton({ text, label, ...props }: { text: string; label: string } & ButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => {
      setCopied(false);
    }, 1600);
    return () => {
      clearTimeout(timer);
    };
  }, [copied]);
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      leftSection={copied ? <IconCheck /> : <IconCopy />}
      onClick={() => {
        void copy(text).then(setCopied);
      }}
      {...props}
    >
      {copied ? 'Copied' : label}
    </Button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    // Deprecated, and the only way outside of secure contexts.
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
