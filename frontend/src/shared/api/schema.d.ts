/** Stands for the generated schema until the backend serves one: `npm run gen:api` replaces this file. */
type Id = { path: { id: string } };
type Reply = { 200: { content: { 'application/json': unknown } } };
interface Op<P = object, B = never> {
  parameters: P;
  requestBody?: [B] extends [never] ? never : { content: { 'application/json': B } };
  responses: Reply;
}
type Json = Record<string, unknown>;
type Query<Q> = { query?: Q };
export interface paths {
  '/api/v1/session/': { get: Op; post: Op<object, { username: string; password: string }>; delete: Op };
  '/api/v1/tokens/': { get: Op<Query<{ cursor?: string }>>; post: Op<object, { name: string }> };
  '/api/v1/tokens/{id}/': { delete: Op<Id> };
  '/api/v1/datasets/': { get: Op<Query<{ cursor?: string }>> };
  '/api/v1/datasets/{id}/': { get: Op<Id>; patch: Op<Id, Json>; delete: Op<Id> };
  '/api/v1/prototypes/': { get: Op<Query<{ cursor?: string }>> };
  '/api/v1/prototypes/{id}/': { get: Op<Id>; delete: Op<Id> };
  '/api/v1/runs/': {
    get: Op<Query<{ cursor?: string }>>;
    post: Op<{ header?: { 'Idempotency-Key'?: string } }, Json>;
  };
  '/api/v1/runs/{id}/': { get: Op<Id> };
  '/api/v1/runs/{id}/pause/': { post: Op<Id> };
  '/api/v1/runs/{id}/resume/': { post: Op<Id> };
  '/api/v1/runs/{id}/cancel/': { post: Op<Id> };
  '/api/v1/runs/{id}/events/': { get: Op<Id & Query<{ after?: number; limit?: number }>> };
  '/api/v1/runs/{id}/networks/': {
    get: Op<Id & Query<{ cursor?: string; ordering?: string; verified?: boolean; state?: string }>>;
    post: Op<Id, Json>;
  };
}
