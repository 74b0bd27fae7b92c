// SMS over IMS: what the rest of the bridge needs of it.
export { createBack, type BackParts } from './back.ts'
export { createIms, type ImsParts } from './ip-sm-gw.ts'
export { contentType as imsContentType } from './phone.ts'
