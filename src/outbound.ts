// The one door for HTTP requests that we make to addresses which others chose (webhooks).
export * from './outbound/contract.ts'
export { plainQueryAt } from './outbound/query.ts'
export { createOutboundThread } from './outbound/thread.ts'
export { createOutbound, type OutboundOptions } from './outbound/client.ts'
export { isPrivateAddress } from './outbound/guard.ts'
