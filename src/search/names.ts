import { counted, hashOften } from './hash.js'

/** The names under which values are hashed: what a write and a query must spell alike. */
export const prefixOf = (tenant: number, type: string, code: string): string => `${tenant} ${type}.${code}`

/** A parameter in the value tables, and the salt of its references. */
export const paramOf = (tenant: number, type: string, code: string): bigint =>
  hashOften(`${prefixOf(tenant, type, code)}#`)

/** Under which `total` counts the resources of a type. */
export const typeTotal = (tenant: number, type: string): bigint => counted(hashOften(`${tenant} ${type}`))

/** Before a word of the texts that a parameter's `:text` looks into. */
export const textPrefix = (tenant: number, type: string, code: string): string =>
  `${prefixOf(tenant, type, code)}:text\t`

/** Before a word of all other prose, or of the narrative. */
export const prosePrefix = (tenant: number, type: string, code: '_content' | '_text'): string =>
  `${tenant} ${type} ${code}\t`

/** A token of the resources on which the expression of a tenant's own parameter cannot be evaluated. */
export const failureMark = (tenant: number, type: string, code: string): bigint =>
  counted(hashOften(`${prefixOf(tenant, type, code)}!`))
