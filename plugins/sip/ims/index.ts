// SMS over IMS: what the rest of the bridge needs of it.
export { createBack } from './back.ts'
export { createIms } from './ip-sm-gw.ts'
