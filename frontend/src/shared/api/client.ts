/** The typed client: every request of the application goes through here. */
import createClient, { type Middleware } from 'openapi-fetch';

import { ApiError, toApiError } from './problem';
import type { paths } from './schema';

/** What each request carries besides its body; set from the session. */
const identity: { csrf: string; workspace: string | null } = { csrf: '', workspace: null };

export function setIdentity(next: Partial<typeof identity>): void {
  Object.assign(identity, next);
}

export function identityHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (identity.workspace) headers['X-Workspace'] = identity.workspace;
  if (method !== 'GET' && identity.csrf) headers['X-CSRFToken'] = identity.csrf;
  return headers;
}

const carryIdentity: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(identityHeaders(request.method))) {
      request.headers.set(name, value);
    }
    return request;
  },
};

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: 'same-origin',
  // Looked up on each call, so that tests can put their own in place.
  fetch: (request) => globalThis.fetch(request),
});
api.use(carryIdentity);

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/**
 * The body of a good answer as `T`; anything else is thrown as an ApiError.
 * `T` narrows the schema's type where that holds free-form JSON.
 */
export async function unwrap<T>(call: Promise<Answer>): Promise<T> {
  let answer: Answer;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw toApiError(0, null);
  }
  if (!answer.response.ok) throw toApiError(answer.response.status, answer.error);
  return answer.data as T;
}

export { ApiError };
