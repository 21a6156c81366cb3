// https://hl7.org/fhir/R4/extensibility.html and defining-extensions.html
import type { StructureDefinition } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../support/structures.js'
import { anExtension, errorsOf, issuesOf, url } from '../../support/validating.js'

const WRONG_PLACE = 'Extension_EXTP_Context_Wrong'
const patient = (change: Json): Json => ({ resourceType: 'Patient', ...change })
const extension = [{ url: url('e'), valueString: 'x' }]

describe('an extension may stand', () => {
  it.each<[string, Json, string | undefined]>([
    // context, where it stands, path of the error
    ['Patient', { extension }, undefined],
    ['DomainResource', { extension }, undefined],
    ['Element', { extension }, undefined],
    ['Observation', { extension }, 'Patient'],
    ['Patient.name', { name: [{ family: 'A', extension }] }, undefined],
    ['HumanName', { name: [{ family: 'A', extension }] }, undefined],
    ['Patient.name', { contact: [{ name: { family: 'A', extension } }] }, 'Patient.contact[0].name'],
    ['Patient.contact', { contact: [{ name: { family: 'A' }, extension }] }, undefined],
    ['BackboneElement', { contact: [{ name: { family: 'A' }, extension }] }, undefined],
    ['Patient.contact.name', { contact: [{ name: { family: 'A', extension } }] }, undefined],
    ['Patient.birthDate', { birthDate: '2000', _birthDate: { extension } }, undefined],
    ['date', { birthDate: '2000', _birthDate: { extension } }, undefined],
    ['HumanName.family', { name: [{ family: 'A', _family: { extension } }] }, undefined],
    ['Patient.active', { birthDate: '2000', _birthDate: { extension } }, 'Patient.birthDate'],
    ['Patient.deceased[x]', { deceasedBoolean: true, _deceasedBoolean: { extension } }, undefined],
    ['Patient.deceased', { deceasedBoolean: true, _deceasedBoolean: { extension } }, undefined],
  ])('of the context %s: %j', async (expression, change, path) => {
    const definition = anExtension('e', {}, { context: [{ type: 'element', expression }] })
    expect(await errorsOf(patient(change), { definitions: [definition] })).toEqual(
      path ? [`${path} ${WRONG_PLACE}`] : [],
    )
  })

  it.each<[string, Partial<StructureDefinition>, Json, string | undefined]>([
    [
      'where a path leads',
      { context: [{ type: 'fhirpath', expression: "Patient.name.where(use = 'usual')" }] },
      { name: [{ use: 'usual', family: 'A', extension }] },
      undefined,
    ],
    [
      'not where a path does not lead',
      { context: [{ type: 'fhirpath', expression: "Patient.name.where(use = 'usual')" }] },
      { name: [{ use: 'old', family: 'A', extension }] },
      'Patient.name[0]',
    ],
    [
      'where an invariant holds',
      { contextInvariant: ['family.exists()'] },
      { name: [{ family: 'A', extension }] },
      undefined,
    ],
    [
      'not where an invariant does not hold',
      { contextInvariant: ['family.exists()'] },
      { name: [{ text: 'A', extension }] },
      'Patient.name[0]',
    ],
  ])('%s', async (_where, more, change, path) => {
    const definitions = [anExtension('e', {}, more)]
    expect(await errorsOf(patient(change), { definitions })).toEqual(path ? [`${path} ${WRONG_PLACE}`] : [])
  })

  it('in another one', async () => {
    const definitions = [
      anExtension('outer', { 'Extension.value[x]': { max: '0' } }),
      anExtension('e', {}, { context: [{ type: 'extension', expression: url('outer') }] }),
    ]
    expect(await errorsOf(patient({ extension: [{ url: url('outer'), extension }] }), { definitions })).toEqual([])
    expect(await errorsOf(patient({ extension }), { definitions })).toEqual([`Patient ${WRONG_PLACE}`])
  })
})

describe('an extension', () => {
  const complex = anExtension('complex', {
    'Extension.extension': { slicing: { discriminator: [{ type: 'value', path: 'url' }], rules: 'open' } },
    'Extension.extension:a': { min: 1, max: '1' },
    'Extension.extension:a.url': { fixedUri: 'a' },
    'Extension.extension:a.value[x]': { min: 1, type: [{ code: 'code' }] },
    'Extension.value[x]': { max: '0' },
  })
  const simple = anExtension('simple', { 'Extension.value[x]': { min: 1, type: [{ code: 'boolean' }] } })
  const modifier = anExtension('modifier', { Extension: { isModifier: true, isModifierReason: 'It is.' } })

  it.each<[string, Json, string[]]>([
    ['with the type that it must have', { extension: [{ url: url('simple'), valueBoolean: true }] }, []],
    [
      'with another type',
      { extension: [{ url: url('simple'), valueString: 'x' }] },
      ['Patient.extension[0].value.ofType(string) Bundle_BUNDLE_Entry_Type3'],
    ],
    ['with its parts', { extension: [{ url: url('complex'), extension: [{ url: 'a', valueCode: 'x' }] }] }, []],
    [
      'without a part',
      { extension: [{ url: url('complex'), extension: [{ url: url('simple'), valueBoolean: true }] }] },
      ['Patient.extension[0] Validation_VAL_Profile_Minimum_SLICE'],
    ],
    [
      'with a part that it does not have',
      {
        extension: [
          {
            url: url('complex'),
            extension: [
              { url: 'a', valueCode: 'x' },
              { url: 'b', valueCode: 'x' },
            ],
          },
        ],
      },
      ['Patient.extension[0].extension[1] Extension_EXT_SubExtension_Invalid'],
    ],
    [
      'that is a modifier, among others',
      { extension: [{ url: url('modifier'), valueString: 'x' }] },
      ['Patient.extension[0] Extension_EXT_Modifier_Y'],
    ],
    ['that is a modifier, in its place', { modifierExtension: [{ url: url('modifier'), valueString: 'x' }] }, []],
    [
      'that is none, among modifiers',
      { modifierExtension: [{ url: url('simple'), valueBoolean: true }] },
      ['Patient.modifierExtension[0] Extension_EXT_Modifier_N'],
    ],
    [
      'of a relative url',
      { extension: [{ url: 'simple', valueBoolean: true }] },
      ['Patient.extension[0].url Extension_EXT_Url_Absolute'],
    ],
    [
      'that is no extension',
      { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/bp', valueBoolean: true }] },
      ['Patient.extension[0] Extension_EXT_Url_NotFound'],
    ],
  ])('%s', async (_what, change, errors) => {
    expect(await errorsOf(patient(change), { definitions: [complex, simple, modifier] })).toEqual(errors)
  })

  it.each([
    ['extension', 'information'],
    ['modifierExtension', 'warning'],
  ])('in %s that nobody knows is said once, as %s', async (where, severity) => {
    const unknown = { url: url('unknown'), valueString: 'x' }
    const issues = await issuesOf(patient({ [where]: [unknown, unknown] }))
    expect(
      issues.filter(({ details }) => details?.coding?.[0]?.code === 'Extension_EXT_Unknown_NotHere'),
    ).toMatchObject([{ severity, expression: [`Patient.${where}[0]`] }])
  })
})
