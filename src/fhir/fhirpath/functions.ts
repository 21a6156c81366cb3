import { boundaries } from './functions/boundaries.js'
import { collections } from './functions/collections.js'
import { conversion } from './functions/conversion.js'
import { dates } from './functions/dates.js'
import { existence } from './functions/existence.js'
import { fhir } from './functions/fhir.js'
import { math } from './functions/math.js'
import { strings } from './functions/strings.js'
import { utility } from './functions/utility.js'
import type { Functions } from './scope.js'

/** Every function, by name: those of FHIRPath N1, what its 2.0 and R4's FHIRPath page add. */
export const functions: Functions = {
  ...existence,
  ...collections,
  ...conversion,
  ...strings,
  ...math,
  ...boundaries,
  ...dates,
  ...utility,
  ...fhir,
}
