import type { Json } from './rule.js'

const LOINC = 'http://loinc.org'
const SNOMED = 'http://snomed.info/sct'

/**
 * Vital signs by what they are coded as. "If implementations use this Resource when expressing vital signs, they SHALL
 * conform to this profile", whether they declare it or not. Left out are codes that a great deal of data has alone, where
 * the profile wants another one beside it: 55284-4 and 8480-6 for a blood pressure, 59408-5 for pulse
 * oximetry, 8331-1 for a temperature.
 * @see https://hl7.org/fhir/R4/observation-vitalsigns.html
 */
const vitalSigns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  vitalspanel: { [LOINC]: '85353-1', [SNOMED]: '46680005' },
  resprate: {
    [LOINC]: '9279-1 11291-2 19840-8 33438-3 76170-0 76171-8 76172-6 76270-8',
    [SNOMED]: '86290005 271625008 271306003',
  },
  heartrate: {
    [LOINC]:
      '8867-4 8886-4 8889-8 8890-6 8891-4 8892-2 8893-0 11328-2 40443-4 55425-3 60978-4 68999-2 69000-8 73795-7 73799-9 76476-1 76477-9',
    [SNOMED]: '249043002 251670001 399017001 429525003 429614003 444981005',
  },
  oxygensat: {
    [LOINC]: '2708-6 2709-4 2710-2 2713-6 19224-5 20564-1 51733-4 59417-6 89276-0 97549-0',
    [SNOMED]: '431314004 442476006',
  },
  bodytemp: {
    [LOINC]:
      '8310-5 8309-7 8328-7 8329-5 8330-3 8332-9 8333-7 8334-5 60834-9 60835-6 60836-4 60838-0 60955-2 61009-7 75539-7 75987-8 76010-8 76011-6 76278-1 91371-5 98657-0 98663-8',
    [SNOMED]:
      '386725007 276885007 300076005 307047009 364246006 415882003 415929009 415945006 415974002 431598003 698831002 698832009 708499008 1222808002',
  },
  bodyheight: {
    [LOINC]: '8302-2 3137-7 3138-5 8306-3 8308-9',
    [SNOMED]: '50373000 1153637007 1162392001 1162417005 1162418000 1162419008 1230278008',
  },
  headcircum: { [LOINC]: '9843-4 8287-5', [SNOMED]: '363812007 169876006 363811000 1269262007' },
  bodyweight: {
    [LOINC]: '29463-7 3141-9 3142-7 8350-1 8351-9 75292-3 79348-9',
    [SNOMED]: '424927000 425024002 735395000 784399000 1162415002 1162416001',
  },
  bmi: { [LOINC]: '39156-5 89270-3', [SNOMED]: '60621009' },
  bp: {
    [LOINC]: '85354-9 8459-0 35094-2 76534-7',
    [SNOMED]:
      '163033001 163035008 251076008 271649006 271650006 386534000 386536003 399304008 407554009 407556006 716579001',
  },
}

/** System → code → canonical of the profile */
const profiles = new Map<string, Map<string, string>>()
for (const [name, bySystem] of Object.entries(vitalSigns)) {
  for (const [system, codes] of Object.entries(bySystem)) {
    const ofSystem = profiles.get(system) ?? new Map<string, string>()
    profiles.set(system, ofSystem)
    for (const code of codes.split(' ')) ofSystem.set(code, `http://hl7.org/fhir/StructureDefinition/${name}`)
  }
}

const none: readonly string[] = []

/** Canonicals of the profiles that a resource must meet because of what it is. */
export function impliedProfiles(resource: Json): readonly string[] {
  if (resource.resourceType !== 'Observation') return none
  const codings = (resource.code as Json | undefined)?.coding
  if (!Array.isArray(codings)) return none
  for (let i = 0; i < codings.length; i++) {
    const profile = profiles.get(codings[i]?.system)?.get(codings[i]?.code)
    if (profile !== undefined) return [profile]
  }
  return none
}
