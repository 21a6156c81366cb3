import { type Item, text } from './item.js'

const urls: Record<string, string> = {
  ucum: 'http://unitsofmeasure.org',
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
}

const families: readonly (readonly [prefix: string, url: string])[] = [
  ['vs-', 'http://hl7.org/fhir/ValueSet/'],
  ['ext-', 'http://hl7.org/fhir/StructureDefinition/'],
]

/**
 * Variables with a fixed value: `%ucum`, `%vs-administrative-gender`, `%ext-patient-birthTime`.
 * @see https://hl7.org/fhir/R4/fhirpath.html#variables
 */
export function constant(name: string): Item[] | undefined {
  if (Object.hasOwn(urls, name)) return [text(urls[name]!)]
  const family = families.find(([prefix]) => name.startsWith(prefix))
  return family && [text(family[1] + name.slice(family[0].length))]
}
