import type { ReactNode } from 'react';

import css from './ui.module.css';

export interface Column<T> {
  head: string;
  cell: (row: T) => ReactNode;
  number?: boolean;
}

interface DataTableProps<T> {
  caption: string;
  columns: Column<T>[];
  rows: readonly T[];
  rowKey: (row: T, index: number) => string | number;
}

/** A plain table whose first column names the row; it scrolls sideways where the page is narrow. */
export function DataTable<T>({ caption, columns, rows, rowKey }: DataTableProps<T>) {
  return (
    // A region that scrolls must be reachable by the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.tableWrap} tabIndex={0} role="group" aria-label={caption}>
      <table className={css.table}>
        <thead>
          <tr>
            {columns.map(({ head, number }) => (
              <th key={head} scope="col" data-number={number || undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={rowKey(row, index)}>
              {columns.map(({ head, cell, number }, column) =>
                column === 0 ? (
                  <th key={head} scope="row" data-number={number || undefined}>
                    {cell(row)}
                  </th>
                ) : (
                  <td key={head} data-number={number || undefined}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
