import type { ValueSet } from '@medplum/fhirtypes'
import { Lately } from '../../base/lately.js'
import { canonical } from '../../fhir/canonical.js'
import { compose } from './compose.js'
import type { Composition, Reading } from './composition.js'

/** So many value sets that were used lately stay composed. */
const kept = new Lately<Promise<Composition>>(300)

/**
 * As `compose`; what was composed once is not composed again as long as all that is known stays the same.
 * @param valueSet  of the library of the reading
 */
export function composition(valueSet: ValueSet, reading: Reading): Promise<Composition> {
  const { url, version } = valueSet
  if (url === undefined) return compose(valueSet, reading)
  const key = `${canonical(url, version)} ${keyOf(reading)}`
  const known = kept.get(key)
  if (known) return known
  const composed = compose(valueSet, reading)
  kept.set(key, composed, 1)
  // What failed may be right once more is known.
  composed.catch(() => kept.delete(key))
  return composed
}

function keyOf({ systems, supplements = [], adapt, ...rest }: Reading): string {
  const names = supplements.map(({ url = '', version }) => canonical(url, version))
  return JSON.stringify([systems.revision, names, adapt?.name, rest])
}
