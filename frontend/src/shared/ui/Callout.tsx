import type { ReactNode } from 'react';

import type { Tone } from './Badge';
import { IconCheck, IconWarning } from './icons';
import css from './ui.module.css';

export function Callout({
  tone,
  children,
  role,
}: {
  tone: Tone;
  children: ReactNode;
  role?: 'alert' | 'status';
}) {
  return (
    <div className={`${css.callout ?? ''} ${css[tone] ?? ''}`} role={role}>
      {tone === 'good' ? <IconCheck /> : <IconWarning />}
      <div>{children}</div>
    </div>
  );
}
