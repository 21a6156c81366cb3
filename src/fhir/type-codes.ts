import { resourceTypes } from './definitions.js'

/**
 * Resource types as the small numbers that the database keys by: position in R4's alphabetical list, from 1.
 * R4 is closed, so these never change; start-up compares them with the table `resource_type`.
 */
const codes = new Map(resourceTypes.map((name, i) => [name, i + 1]))

export const typeCode = (name: string): number => codes.get(name)!
export const typeName = (code: number): string => resourceTypes[code - 1]!
