import { open, type Source } from './sources.js'

/** What others refer to goes first. A type that is not named here refers to patients and comes last. */
const ranks: Record<string, number> = {
  Bundle: 0, // the envelope itself
  Organization: 0,
  Substance: 0,
  Location: 1,
  Practitioner: 1,
  Medication: 1,
  Endpoint: 1,
  InsurancePlan: 1,
  HealthcareService: 2,
  PractitionerRole: 2,
  OrganizationAffiliation: 2,
  Patient: 3,
}
const last = 4

/**
 * Sources in groups: every file of a group may refer to those of earlier groups, none to a later one.
 * A file ranks by the latest of the resource types in it; tables of patients and messages rank as patients.
 */
export async function inOrder(sources: Source[]): Promise<Source[][]> {
  const groups: Source[][] = Array.from({ length: last + 1 }, () => [])
  for (const source of sources) groups[await rankOf(source)]?.push(source)
  return groups.filter((group) => group.length > 0)
}

/** Reads only until a type of the last rank is met, which in a patient's bundle is the first few kilobytes. */
async function rankOf(source: Source): Promise<number> {
  if (source.kind === 'csv' || source.kind === 'hl7') return ranks.Patient ?? last
  let highest = 0
  let kept = ''
  try {
    for await (const chunk of open(source)) {
      const text: string = kept + chunk
      for (const [, type] of text.matchAll(/"resourceType"\s*:\s*"(\w+)"/g)) {
        highest = Math.max(highest, ranks[type as string] ?? last)
      }
      if (highest === last) break
      kept = text.slice(-100) // a name that was cut in two
    }
  } catch {
    return last // the loader will meet the same error and report it
  }
  return highest
}
