import { typeDefinition } from '../fhir/definitions.js'
import type { Expression } from '../fhir/path/parse.js'
import { isA } from '../fhir/path/routes.js'
import { Unfit } from './unfit.js'

/** Types whose values may stand beside each other in an operator or a column. */
export type Family = 'text' | 'number' | 'boolean' | 'temporal' | 'complex'

const families: [ancestor: string, family: Family][] = [
  ['boolean', 'boolean'],
  ['integer', 'number'],
  ['decimal', 'number'],
  ['date', 'temporal'],
  ['dateTime', 'temporal'],
  ['instant', 'temporal'],
  ['time', 'temporal'],
]

/** @param type  a type of R4: `positiveInt`, `Quantity`, `Patient.contact` */
export function familyOf(type: string): Family {
  const found = families.find(([ancestor]) => isA(type, ancestor))
  if (found) return found[1]
  return typeDefinition(type)?.kind === 'primitive-type' ? 'text' : 'complex'
}

/** System types of FHIRPath by the FHIR type that stands for them here. */
const system = new Map([
  ['Boolean', 'boolean'],
  ['String', 'string'],
  ['Integer', 'integer'],
  ['Decimal', 'decimal'],
  ['Date', 'date'],
  ['DateTime', 'dateTime'],
  ['Time', 'time'],
  ['Quantity', 'Quantity'],
])

/**
 * The type that an argument names: `Quantity`, `FHIR.Patient`, `System.String`.
 * @throws Unfit  it names none
 */
export function typeNamed(argument: Expression): string {
  if (argument.is === 'member') {
    const { name, of } = argument
    if (of?.is === 'member' && !of.of && of.name === 'System') return known(system.get(name), name)
    if (!of || (of.is === 'member' && !of.of && of.name === 'FHIR'))
      return known(typeDefinition(name) ? name : system.get(name), name)
  }
  throw new Unfit('a type is given by its name, such as Quantity')
}

function known(type: string | undefined, name: string): string {
  if (type === undefined) throw new Unfit(`'${name}' is not a type of FHIR R4`)
  return type
}
