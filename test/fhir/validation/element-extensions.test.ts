// Extensions of ElementDefinition that say what a value must be like.
import { describe, expect, it } from 'vitest'
import { decimalOf } from '../../../src/fhir/json.js'
import { said } from './validated.js'

type Json = Record<string, unknown>

const profile = 'http://example.org/StructureDefinition/p'
const BASE = 'http://hl7.org/fhir/StructureDefinition'

function asking(path: string, ...extension: Json[]) {
  const [type] = path.split('.')
  const steps = path.split('.').map((_, i, all) => all.slice(0, i + 1).join('.'))
  return {
    resourceType: 'StructureDefinition',
    url: profile,
    type,
    kind: 'resource',
    derivation: 'constraint',
    snapshot: {
      element: steps.map((step) => ({ id: step, path: step, min: 0, max: '*', ...(step === path && { extension }) })),
    },
  }
}

const xhtml = (content: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${content}</div>`
const narrative = (content: string, more: Json = {}) => ({
  text: { status: 'generated', div: xhtml(content) },
  ...more,
})
const section = (language: string) => `<div lang="${language}" xml:lang="${language}">a</div>`

describe('an extension of an element', () => {
  it.each<[string, string, Json, Json, boolean]>([
    ['regex', 'Patient.language', { valueString: '[a-z]{2}' }, { language: 'de' }, true],
    ['regex', 'Patient.language', { valueString: '[a-z]{2}' }, { language: 'de-CH' }, false],
    ['regex', 'Patient.language', { valueString: '(' }, { language: 'de' }, false],
    ['minLength', 'Patient.name.family', { valueInteger: 2 }, { name: [{ family: 'Li' }] }, true],
    ['minLength', 'Patient.name.family', { valueInteger: 3 }, { name: [{ family: 'Li' }] }, false],
    ['maxSize', 'Patient.photo.data', { valueDecimal: 3 }, { photo: [{ contentType: 'a/b', data: 'AAAA' }] }, true],
    ['maxSize', 'Patient.photo.data', { valueDecimal: 2 }, { photo: [{ contentType: 'a/b', data: 'AAAA' }] }, false],
    ['maxDecimalPlaces', 'Location.position.latitude', { valueInteger: 2 }, at(decimalOf('1.50')), true],
    ['maxDecimalPlaces', 'Location.position.latitude', { valueInteger: 1 }, at(decimalOf('1.50')), false],
    [
      'narrative-source-control',
      'Patient.text',
      { valueCode: 'error' },
      narrative('<p class="generated">a <b>b</b></p>'),
      true,
    ],
    ['narrative-source-control', 'Patient.text', { valueCode: 'error' }, narrative('<p class="big">a</p>'), false],
    [
      'narrative-source-control',
      'Patient.text',
      { valueCode: 'error' },
      narrative('a<p class="generated">b</p>'),
      false,
    ],
    ['narrative-language-control', 'Patient.text', { valueCode: '_no' }, narrative('a'), true],
    ['narrative-language-control', 'Patient.text', { valueCode: '_no' }, narrative(section('de')), false],
    ['narrative-language-control', 'Patient.text', { valueCode: '_yes' }, narrative(section('de')), true],
    ['narrative-language-control', 'Patient.text', { valueCode: '_yes' }, narrative('a'), false],
    ['narrative-language-control', 'Patient.text', { valueCode: 'fr' }, narrative(section('fr')), true],
    ['narrative-language-control', 'Patient.text', { valueCode: 'fr' }, narrative(section('de')), false],
    [
      'narrative-language-control',
      'Patient.text',
      { valueCode: '_resource' },
      narrative(section('fr'), { language: 'fr' }),
      true,
    ],
    [
      'narrative-language-control',
      'Patient.text',
      { valueCode: '_resource' },
      narrative(section('de'), { language: 'fr' }),
      false,
    ],
  ])('%s of %s %j is kept to by %j: %s', async (name, path, value, members, holds) => {
    const definitions = [asking(path, { url: `${BASE}/${name}`, ...value })]
    const resource = { resourceType: path.split('.')[0], meta: { profile: [profile] }, ...members }
    const issues = (await said(resource, { definitions })).filter((one) => one.startsWith('error'))
    expect(issues.length).toBe(holds ? 0 : 1)
  })
})

function at(latitude: unknown): Json {
  return { position: { latitude, longitude: 1 } }
}
