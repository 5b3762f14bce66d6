/** What the engine and the supervisor wrote, the newest at the bottom and in view. */
import { useEffect, useRef } from 'react';

import { Panel } from '@/shared/ui/Panel';

import type { LogEntry } from '../model/history';
import css from './run.module.css';

export function LogPanel({ log }: { log: readonly LogEntry[] }) {
  const box = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && follow.current) element.scrollTop = element.scrollHeight;
  }, [log]);

  return (
    <Panel title="Log">
      {log.length === 0 ? (
        <p className={css.quiet}>Nothing has been logged yet.</p>
      ) : (
        // A region that scrolls must be reachable by the keyboard.
        <div
          ref={box}
          className={css.log}
          role="log"
          aria-label="Log of the run"
          aria-live="off"
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            follow.current = scrollHeight - scrollTop - clientHeight < 24;
          }}
        >
          {log.map(({ seq, level, text }, index) => (
            <div key={`${String(seq)}-${String(index)}`} data-level={level}>
              {text}
            </div>
          ))}
        </div>
      )}
    </Panel>
  );
}
