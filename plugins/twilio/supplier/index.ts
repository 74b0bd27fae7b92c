export { supplierCallbacks } from './callbacks.ts'
export { supplierSession } from './session.ts'
export { supplierConfig, type SupplierConfig } from './settings.ts'
