import type { Limits } from '../../fhirpath/limits.js'
import { type BundleIndex, resolveAround } from '../resolve.js'
import type { Json } from '../rule.js'

/**
 * Where a reference in an entry leads, for a constraint of the Bundle around: it is the entry's contained resources and
 * base that count.
 *
 * @param index   of the Bundle
 * @param holder  the Reference: which entry it is in tells the object itself
 */
export function resolveWithin(
  bundle: Json,
  index: BundleIndex,
  reference: string,
  holder: unknown,
  limits: Limits,
): unknown {
  const entries = Array.isArray(bundle.entry) ? (bundle.entry as Json[]) : []
  const entry = entries.find((one) => holds(one, holder, limits))
  const fullUrl = typeof entry?.fullUrl === 'string' ? entry.fullUrl : undefined
  const around = { bundle: index, fullUrl }
  return resolveAround(reference, (entry?.resource ?? bundle) as Json, around, '')?.resource
}

function holds(node: unknown, wanted: unknown, limits: Limits): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (node === wanted) return true
  limits.spend(1)
  return Object.values(node).some((child) => holds(child, wanted, limits))
}
