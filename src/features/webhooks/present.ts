import type { Endpoint } from './store.ts';

const iso = (atMs: number) => new Date(atMs).toISOString();

/** As the API prints an endpoint: no secret, and of its headers the names alone. */
export function presentEndpoint(endpoint: Endpoint) {
  return {
    webhookId: endpoint.endpointId,
    programId: endpoint.programId,
    url: endpoint.url,
    events: endpoint.events,
    categories: endpoint.categories,
    description: endpoint.description,
    active: endpoint.state === 'active',
    state: endpoint.state,
    stateReason: endpoint.stateReason,
    stateSince: iso(endpoint.stateAt),
    headerNames: endpoint.headerNames,
    rateLimitPerSecond: endpoint.rateLimitPerSecond,
    createdAt: iso(endpoint.createdAt),
    updatedAt: iso(endpoint.updatedAt),
  };
}
