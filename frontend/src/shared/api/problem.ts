/** A refusal or failure of the API, as `application/problem+json` tells it. */

export interface FieldProblem {
  code: string;
  detail: string;
  pointer: string | null;
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: FieldProblem[];

  constructor(status: number, code: string, detail: string, fields: FieldProblem[] = []) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

interface ProblemBody {
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  pointer?: string | null;
  errors?: { code?: string; detail?: string; pointer?: string | null }[];
}

/** Reads any error body: problem+json where the API wrote it, a sentence of our own where a proxy did. */
export function toApiError(status: number, body: unknown): ApiError {
  const problem: ProblemBody = typeof body === 'object' && body !== null ? body : {};
  const detail = problem.detail ?? problem.title ?? sentenceFor(status);
  const fields = (problem.errors ?? []).map((error) => ({
    code: error.code ?? 'invalid',
    detail: error.detail ?? detail,
    pointer: error.pointer ?? null,
  }));
  if (fields.length === 0 && problem.pointer) {
    fields.push({ code: problem.code ?? 'invalid', detail, pointer: problem.pointer });
  }
  return new ApiError(status, problem.code ?? `http_${String(status)}`, detail, fields);
}

function sentenceFor(status: number): string {
  if (status === 0) return 'The server can’t be reached. Check that FermiForge is running, then try again.';
  if (status === 404) return 'This isn’t here: it may have been deleted, or it belongs to another workspace.';
  if (status === 413) return 'The file is larger than this server takes.';
  if (status >= 500)
    return 'The server failed to answer. Try again; if it goes on, look at the server’s log.';
  return `The server refused the request (${String(status)}).`;
}

/**
 * The errors by field: `/requirements/0/value` becomes the key `requirements/0/value`.
 * Errors without a pointer stay out: show `error.message` for those.
 */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const found: Record<string, string> = {};
  for (const { pointer, detail } of error.fields) {
    const key = pointer?.replace(/^#?\//, '');
    if (key && !(key in found)) found[key] = detail;
  }
  return found;
}

export function errorSentence(error: unknown): string {
  if (error instanceof Error) return error.message;
  return 'Something went wrong. Try again.';
}
