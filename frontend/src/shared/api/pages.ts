/** Reading lists that come in pages joined by cursors. */
import type { Page } from './types';

/** The cursor of a `next` address, or null at the end. */
export function cursorOf(next: string | null): string | null {
  if (!next) return null;
  return new URL(next, window.location.origin).searchParams.get('cursor');
}

/** All results, page by page: for lists that a person made by hand and that stay short. */
export async function allPages<T>(load: (cursor?: string) => Promise<Page<T>>, limit = 20): Promise<T[]> {
  const results: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < limit; page += 1) {
    const answer = await load(cursor);
    results.push(...answer.results);
    const next = cursorOf(answer.next);
    if (!next) break;
    cursor = next;
  }
  return results;
}
