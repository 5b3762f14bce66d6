import type { ReactNode } from 'react';

import css from './ui.module.css';

export type Tone = 'neutral' | 'active' | 'good' | 'bad' | 'warn';

/** A state in a word; the dot pulses while something moves. */
export function Badge({
  tone,
  moving = false,
  children,
}: {
  tone: Tone;
  moving?: boolean;
  children: ReactNode;
}) {
  return (
    <span className={`${css.badge ?? ''} ${css[tone] ?? ''}`}>
      <span className={`${css.dot ?? ''} ${moving ? (css.pulse ?? '') : ''}`} aria-hidden />
      {children}
    </span>
  );
}
