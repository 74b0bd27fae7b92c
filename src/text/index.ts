export * from './segment.ts'
