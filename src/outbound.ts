// The one door for HTTP requests that we make to addresses which others chose (webhooks).
export * from './outbound/contract.ts'
export { createOutbound, type OutboundOptions } from './outbound/client.ts'
