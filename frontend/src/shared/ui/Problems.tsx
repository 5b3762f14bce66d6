import type { CheckProblem } from '@/shared/api/types';
import { plural } from '@/shared/format/numbers';

import { Callout } from './Callout';
import css from './lists.module.css';

const SHOWN = 20;

/** What a check found, each with what to mend and the files concerned. */
export function Problems({ problems }: { problems: readonly CheckProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul className={css.plainList}>
      {problems.map(({ code, severity, message, files = [] }) => (
        <li key={`${code}${message}`}>
          <Callout tone={severity === 'error' ? 'bad' : 'warn'}>
            <b>{severity === 'error' ? 'Error' : 'Warning'}:</b> {message}
            {files.length > 0 && (
              <details className={css.files}>
                <summary>{plural(files.length, 'file')}</summary>
                <ul>
                  {files.slice(0, SHOWN).map((file) => (
                    <li key={file}>
                      <code>{file}</code>
                    </li>
                  ))}
                </ul>
                {files.length > SHOWN && <p>and {plural(files.length - SHOWN, 'more file')}</p>}
              </details>
            )}
          </Callout>
        </li>
      ))}
    </ul>
  );
}
