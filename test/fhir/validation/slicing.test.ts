// https://hl7.org/fhir/R4/profiling.html#slicing
import type { ElementDefinition } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../support/structures.js'
import { anExtension, aProfile, errorsBy, url } from '../../support/validating.js'

type Slicing = NonNullable<ElementDefinition['slicing']>
type Elements = Parameters<typeof aProfile>[2]

const by = (type: string, path: string, more: Partial<Slicing> = {}): Partial<ElementDefinition> => ({
  slicing: { discriminator: [{ type, path }], rules: 'open', ...more } as Slicing,
})
const none: string[] = []
const least = (path: string) => `${path} Validation_VAL_Profile_Minimum_SLICE`
const most = (path: string) => `${path} Validation_VAL_Profile_Maximum_SLICE`
const outside = (path: string) => `${path} Validation_VAL_Profile_NotSlice`

const phone = (use?: string) => ({ system: 'phone', value: '555', ...(use && { use }) })
const email = { system: 'email', value: 'a@example.org' }

describe('slices of Patient.telecom told apart by', () => {
  const bySystem: Elements = {
    'Patient.telecom': by('value', 'system'),
    'Patient.telecom:phone': { min: 1, max: '1' },
    'Patient.telecom:phone.system': { min: 1, fixedCode: 'phone' },
    'Patient.telecom:phone.use': { min: 1 },
  }
  const rules = (rules: string, more: Elements = {}): Elements => ({
    ...bySystem,
    ...more,
    'Patient.telecom': by('value', 'system', { rules } as Partial<Slicing>),
  })
  const ordered: Elements = {
    'Patient.telecom': by('value', 'system', { ordered: true }),
    'Patient.telecom:phone': { max: '2' },
    'Patient.telecom:phone.system': { min: 1, fixedCode: 'phone' },
    'Patient.telecom:email': { max: '1' },
    'Patient.telecom:email.system': { min: 1, fixedCode: 'email' },
  }
  const byUse: Elements = {
    'Patient.telecom': by('exists', 'use'),
    'Patient.telecom:used': { max: '1' },
    'Patient.telecom:used.use': { min: 1 },
    'Patient.telecom:unused': { max: '1' },
    'Patient.telecom:unused.use': { max: '0' },
  }
  const reSliced: Elements = {
    'Patient.telecom': by('value', 'system'),
    'Patient.telecom:phone': { min: 1, ...by('value', 'use') },
    'Patient.telecom:phone.system': { min: 1, fixedCode: 'phone' },
    'Patient.telecom:phone/home': { sliceName: 'phone/home', min: 1, max: '1' },
    'Patient.telecom:phone/home.system': { min: 1, fixedCode: 'phone' },
    'Patient.telecom:phone/home.use': { min: 1, fixedCode: 'home' },
  }
  it.each<[string, Elements, Json[], string[]]>([
    ['a value, the slice missing', bySystem, [email], [least('Patient')]],
    ['a value, the slice there', bySystem, [email, phone('home')], none],
    ['a value, the slice there too often', bySystem, [phone('home'), phone('work')], [most('Patient')]],
    [
      'a value, something missing in the slice',
      bySystem,
      [email, phone()],
      ['Patient.telecom[1] Validation_VAL_Profile_Minimum'],
    ],
    ['a value, closed', rules('closed'), [phone('home'), email], [outside('Patient.telecom[1]')]],
    ['a value, open at the end', rules('openAtEnd'), [phone('home'), email], none],
    [
      'a value, open at the end, others first',
      rules('openAtEnd'),
      [email, phone('home')],
      ['Patient.telecom[1] Validation_VAL_Profile_NotAtEnd'],
    ],
    ['a value, in their order', ordered, [phone(), phone(), email], none],
    ['a value, out of order', ordered, [email, phone()], ['Patient.telecom[1] Validation_VAL_Profile_OutOfOrder']],
    ['whether something exists', byUse, [phone('home'), phone()], none],
    ['whether something exists, one too often', byUse, [phone('home'), phone('work')], [most('Patient')]],
    ['a value, and again by another', reSliced, [phone('work'), phone('home')], none],
    ['a value, and again by another, of which one is missing', reSliced, [phone('work')], [least('Patient')]],
  ])('%s', async (_what, elements, telecom, errors) => {
    expect(await errorsBy(aProfile('p', 'Patient', elements), { resourceType: 'Patient', telecom })).toEqual(errors)
  })
})

describe('slices of Observation told apart by', () => {
  const code = (code: string) => ({
    coding: [
      { system: 'urn:a:b', code },
      { system: 'urn:a:c', code: 'z' },
    ],
  })
  const pattern = (code: string) => ({ patternCodeableConcept: { coding: [{ system: 'urn:a:b', code }] } })
  const observation = (change: Json): Json => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    ...change,
  })

  const components: Elements = {
    'Observation.component': by('pattern', 'code'),
    'Observation.component:sys': { min: 1, max: '1' },
    'Observation.component:sys.code': pattern('sys'),
    'Observation.component:sys.value[x]': { min: 1, type: [{ code: 'Quantity' }] },
    'Observation.component:dia': { min: 0, max: '1' },
    'Observation.component:dia.code': pattern('dia'),
  }
  const partOfPattern: Elements = { ...components, 'Observation.component': by('value', 'code.coding.code') }
  const categories: Elements = {
    'Observation.category': by('pattern', '$this'),
    'Observation.category:lab': { min: 1, max: '1', ...pattern('lab') },
  }
  const values: Elements = {
    'Observation.value[x]': { slicing: { discriminator: [{ type: 'type', path: '$this' }], rules: 'closed' } },
    'Observation.value[x]:valueQuantity': { type: [{ code: 'Quantity' }] },
    'Observation.value[x]:valueQuantity.unit': { min: 1 },
  }
  const bound: Elements = {
    'Observation.category': by('value', '$this', { rules: 'closed' }),
    'Observation.category:sex': {
      min: 1,
      binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
    },
  }
  const sex = (code: string) => ({ coding: [{ system: 'http://hl7.org/fhir/administrative-gender', code }] })
  const quantity = { value: 1, unit: 'g' }

  it.each<[string, Elements, Json, string[]]>([
    [
      'a pattern below',
      components,
      {
        component: [
          { code: code('sys'), valueQuantity: quantity },
          { code: code('dia'), valueString: 'x' },
        ],
      },
      none,
    ],
    [
      'a pattern below, missing',
      components,
      { component: [{ code: code('dia'), valueString: 'x' }] },
      [least('Observation')],
    ],
    [
      'a pattern below, with a wrong type in it',
      components,
      { component: [{ code: code('sys'), valueString: 'x' }] },
      ['Observation.component[0].value.ofType(string) Bundle_BUNDLE_Entry_Type3'],
    ],
    ['a part of a pattern', partOfPattern, { component: [{ code: code('sys'), valueQuantity: quantity }] }, none],
    ['a pattern of its own', categories, { category: [code('x'), code('lab')] }, none],
    ['a pattern of its own, missing', categories, { category: [code('x')] }, [least('Observation')]],
    ['type', values, { valueQuantity: quantity }, none],
    [
      'type, something missing in it',
      values,
      { valueQuantity: { value: 1 } },
      ['Observation.value.ofType(Quantity) Validation_VAL_Profile_Minimum'],
    ],
    ['type, of which there is no slice', values, { valueString: 'x' }, [outside('Observation.value.ofType(string)')]],
    ['a required binding', bound, { category: [sex('male')] }, none],
    [
      'a required binding that is not met',
      bound,
      { category: [sex('male'), code('x')] },
      [outside('Observation.category[1]')],
    ],
  ])('%s', async (_what, elements, change, errors) => {
    expect(await errorsBy(aProfile('p', 'Observation', elements), observation(change))).toEqual(errors)
  })

  it('a value in an extension', async () => {
    const profile = aProfile('p', 'Observation', {
      'Observation.component': by('value', `extension('${url('kind')}').value`),
      'Observation.component:a': { min: 1 },
      'Observation.component:a.extension': by('value', 'url'),
      'Observation.component:a.extension:kind': { min: 1, type: [{ code: 'Extension', profile: [url('kind')] }] },
      'Observation.component:a.extension:kind.value[x]': { fixedCode: 'a', type: [{ code: 'code' }] },
      'Observation.component:a.interpretation': { min: 1 },
    })
    const component = (kind: string) => ({
      extension: [{ url: url('kind'), valueCode: kind }],
      code: { text: 'x' },
      valueInteger: 1,
    })
    expect(await errorsBy(profile, observation({ component: [component('b')] }), [anExtension('kind')])).toEqual([
      least('Observation'),
    ])
    expect(
      await errorsBy(profile, observation({ component: [component('b'), component('a')] }), [anExtension('kind')]),
    ).toEqual(['Observation.component[1] Validation_VAL_Profile_Minimum'])
  })
})

describe('slices of Bundle.entry told apart by', () => {
  const named = aProfile('named', 'Patient', { 'Patient.name': { min: 1 } })
  const bundle = (...resources: Json[]) => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: resources.map((resource, i) => ({ fullUrl: `urn:uuid:c757873d-ec9a-4326-a141-556f4323952${i}`, resource })),
  })
  const basic = { resourceType: 'Basic', code: { text: 'x' } }
  const [with_, without] = [{ resourceType: 'Patient', name: [{ text: 'A' }] }, { resourceType: 'Patient' }]
  const entries = (type: string, profile?: string[]): Elements => ({
    'Bundle.entry': by(type, 'resource', { rules: 'closed' }),
    'Bundle.entry:patient': { min: 1, max: '1' },
    'Bundle.entry:patient.resource': { min: 1, type: [{ code: 'Patient', ...(profile && { profile }) }] },
  })
  it.each<[string, Elements, Json, string[]]>([
    ['type', entries('type'), bundle(with_), none],
    ['type, another', entries('type'), bundle(with_, basic), [outside('Bundle.entry[1]')]],
    [
      'type, held to a profile then',
      entries('type', [url('named')]),
      bundle(without),
      ['Bundle.entry[0].resource Validation_VAL_Profile_Minimum'],
    ],
    ['profile', entries('profile', [url('named')]), bundle(with_), none],
    [
      'profile, not met',
      entries('profile', [url('named')]),
      bundle(without),
      [outside('Bundle.entry[0]'), least('Bundle')],
    ],
  ])('%s', async (_what, elements, resource, errors) => {
    expect(await errorsBy(aProfile('p', 'Bundle', elements), resource, [named])).toEqual(errors)
  })
})

it('Slices by what a reference leads to', async () => {
  const profile = aProfile('p', 'List', {
    'List.entry': by('type', 'item.resolve()', { rules: 'closed' }),
    'List.entry:patient': { max: '1' },
    'List.entry:patient.item': {
      type: [{ code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Patient'] }],
    },
  })
  const list = (...references: string[]) => ({
    resourceType: 'List',
    status: 'current',
    mode: 'working',
    contained: [{ resourceType: 'Basic', id: 'b', code: { text: 'x' } }],
    entry: references.map((reference) => ({ item: { reference } })),
  })
  expect(await errorsBy(profile, list('Patient/1', '#b'))).toEqual([outside('List.entry[1]')])
  expect(await errorsBy(profile, list('Patient/1', 'Patient/2', '#b'))).toEqual([
    outside('List.entry[2]'),
    most('List'),
  ])
})
